"""Text for a terminal."""

from collections.abc import Iterable, Sequence

import click


def printable(text: str) -> str:
    """People choose their names, providers their words: nothing in them may steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def echo_table(columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[object]]) -> int:
    """Print rows as they come under titles of a fixed width, numbers to the right; returns how many."""
    click.echo("  ".join(title.ljust(width) for title, width in columns).rstrip())
    number = 0
    for row in rows:
        cells = (
            f"{value:>{width},}" if isinstance(value, int) else printable(str(value)).ljust(width)
            for value, (_, width) in zip(row, columns, strict=True)
        )
        click.echo("  ".join(cells).rstrip())
        number += 1
    return number
