"""The rows of a report, a few at a time however many there are."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from insure_audit.reports.kinds import ReportKind, Row

RECORDS_AT_ONCE = 2_000


class Rows:
    """Iterate within `insure_common.database.snapshot`, which also makes `total` exact."""

    def __init__(self, kind: ReportKind, parameters: Mapping[str, Any], *, is_masked: bool) -> None:
        self._kind, self._records = kind, kind.query(parameters)
        self._masks = [(at, column.mask) for at, column in enumerate(kind.columns) if is_masked and column.mask]
        self.total = self._records.count()
        self.passed = 0

    @property
    def progress(self) -> int:
        """Percent; never 100 before the file is kept."""
        return min(99, 100 * self.passed // max(1, self.total))

    def __iter__(self) -> Iterator[Row]:
        records = self._records.iterator(chunk_size=RECORDS_AT_ONCE)
        while some := list(islice(records, RECORDS_AT_ONCE)):
            for row in self._kind.rows(some):
                yield self._masked(row) if self._masks else row
            self.passed += len(some)

    def _masked(self, row: Row) -> Row:
        cells = list(row)
        for at, mask in self._masks:
            cells[at] = mask(cells[at]) if cells[at] else cells[at]
        return cells
