"""What stands under a table and is no row of it: totals, and the lines that a Salesforce report adds.

The one thing to know: what is left out is told in a note and never counted, so that rows in = rows out + quarantined +
duplicates holds of rows only. A company may be called Total: a row is one only if it says nothing but numbers besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Final

import polars as pl

from connectors.files.contents import is_number
from connectors.files.raw import ROW, SHEET, UNTIDY, RawTable

_REPORT_FOOTER: Final = re.compile(
    r"Copyright (?:\(c\)|©) .*salesforce\.com|^Confidential Information - Do Not Distribute", re.IGNORECASE
)
_TOTAL: Final = re.compile(
    r"(?:(?:grand|sub) ?-?)?totals?(?: general)?|sum|summe|gesamt|gesamtsumme|zwischensumme|somme|suma|total général|"
    r"sous-total|(?:record )?count|anzahl",
    re.IGNORECASE,
)
#: What a report writes in the total's own cell: "Grand Totals (5700 records)", "Total: 12".
_COUNTED: Final = re.compile(r"\s*:?\s*\(?[\d.,' ]+(?:records?|rows?|datensätze|zeilen)?\)?$", re.IGNORECASE)
_LAST: Final = 30
#: How a report of Salesforce marks the columns that it groups by.
_ARROWS: Final = ("↑", "↓")
_SUBTOTALS: Final = r"(?i)^\s*(sub-?totals?|zwischensumme|sous-total|count)\s*$"


def is_report_footer(text: str) -> bool:
    """Whether *text* is one of the lines that stand under every report of Salesforce."""
    return _REPORT_FOOTER.search(text.strip().strip('"')) is not None


def footer_note(count: int, row: int) -> str:
    """Return the note on *count* footer lines from *row* on."""
    return f"{count} footer lines of a Salesforce report were left out, from row {row} on"


def without_tail(raw: RawTable) -> RawTable:
    """Return *raw* without the totals and footer lines under its rows, with notes that tell of them.

    In a report with groups each row gets the name of its group.
    """
    if len(raw.headings) < 2:  # a single column of names: nothing tells a company from a footer
        return raw
    body, notes = _without_footer(raw.body)
    body, more = _without_totals(body)
    grouped = [str(at) for at, heading in enumerate(raw.headings) if heading.rstrip().endswith(_ARROWS)]
    if grouped or any("Salesforce" in note for note in (*raw.notes, *notes)):
        body, most = _without_subtotals(body)
        more = (*more, *most)
    # What a group is called stands in its first row only.
    filled = (pl.when(pl.col(at).str.strip_chars() != "").then(pl.col(at)).forward_fill().alias(at) for at in grouped)
    body = body.with_columns(*filled)
    return replace(raw, body=body, notes=(*raw.notes, *notes, *more))


def _without_footer(body: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out a report's footer: the last rows with one filled cell each, from a blank line or its first line on."""
    lone = _trailing(body, lambda cells: len(cells) == 1)
    known = [at for at, (_, cells) in enumerate(lone) if is_report_footer(cells[0])]
    if not known:
        return body, ()
    before = body[ROW][body.height - len(lone) - 1] if len(lone) < body.height else 0
    numbers = [before, *(number for number, _ in lone)]
    gaps = [at for at in range(len(lone)) if numbers[at + 1] - numbers[at] > 1]
    begin = min(*gaps, *known) if gaps else known[0]
    kept = body.head(body.height - len(lone) + begin)
    return kept, (footer_note(len(lone) - begin, lone[begin][0]),)


def _without_totals(body: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    totals = _trailing(body, _is_total)
    if not totals or len(totals) == body.height:
        return body, ()
    kept = body.head(body.height - len(totals))
    note = f"{len(totals)} rows of totals at the end were left out, from row {body[ROW][kept.height]} on"
    return kept, (note,)


def _without_subtotals(body: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out the subtotals between the groups of a report."""
    suspects = pl.any_horizontal(pl.exclude(ROW, UNTIDY, SHEET).str.contains(_SUBTOTALS).fill_null(False))
    rows = [row for row, cells in _filled(body.filter(suspects)) if _is_total(cells)]
    if not rows:
        return body, ()
    note = f"{len(rows)} rows of subtotals were left out, first row {rows[0]}"
    return body.filter(~pl.col(ROW).is_in(rows)), (note,)


def _trailing(body: pl.DataFrame, is_one: Callable[[Sequence[str]], bool]) -> list[tuple[int, list[str]]]:
    """Return number and filled cells of the last rows, as long as *is_one* says so of each, in their order."""
    return list(takewhile(lambda row: is_one(row[1]), reversed(_filled(body.tail(_LAST)))))[::-1]


def _filled(body: pl.DataFrame) -> list[tuple[int, list[str]]]:
    """Return the number of each row, and its filled cells."""
    cells = body.select(ROW, pl.exclude(ROW, UNTIDY, SHEET)).rows()
    return [(number, [cell.strip() for cell in row if cell and cell.strip()]) for number, *row in cells]


def _is_total(cells: Sequence[str]) -> bool:
    """Whether a row says that it is a total, and nothing else but numbers."""
    words = [cell for cell in cells if not is_number(cell)]
    if not words or (len(words) == len(cells) == 1 and not _COUNTED.search(cells[0])):
        return False
    return all(_TOTAL.fullmatch(_COUNTED.sub("", word).strip(" :")) for word in words)
