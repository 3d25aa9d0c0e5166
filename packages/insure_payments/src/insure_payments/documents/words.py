"""Amounts in Spanish words."""

import re

from num2words import num2words


def amount_in_words(amount_in_cents: int) -> str:
    """Colombian form: `un millón doscientos mil pesos m/cte`, `veintiún mil pesos con 50/100 m/cte`."""
    pesos, cents = divmod(amount_in_cents, 100)
    words = num2words(pesos, lang="es")
    # "uno" loses its ending before a masculine noun, also before "mil" and "millones"; num2words leaves it.
    words = re.sub(r"veintiuno(?= mil| millones|$)", "veintiún", words)
    words = re.sub(r"\buno(?= mil| millones|$)", "un", words)
    unit = "peso" if pesos == 1 else "pesos"
    link = "de " if re.search(r"mill(ón|ones)$", words) else ""
    fraction = f" con {cents:02}/100" if cents else ""
    return f"{words} {link}{unit}{fraction} m/cte"
