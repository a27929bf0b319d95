"""Which column of a table holds the ids of its rows, where nobody says so.

The one thing to know: a heading only makes a column a candidate. It is taken if each row has a value of its own there,
because an id that comes twice would make two companies one.
"""

from __future__ import annotations

import re
from typing import Final

import polars as pl

from connectors.files.headings import ALIASES, squashed
from connectors.files.reader import Table
from connectors.files.rows import trim

_ENDS_IN_ID: Final = re.compile(r"(?:^|[^A-Za-z])[iI][dD]$|[a-z0-9]I[dD]$|[ug]uid$", re.ASCII)
#: Ids of something else than the company in the row.
_OTHERS: Final = re.compile(
    r"parent|owner|record ?type|master|created|modified|contact|lead|opportunity|deal|campaign|user|group|partner",
    re.IGNORECASE,
)
#: What a spreadsheet makes of a long number: its last digits are gone.
_DAMAGED: Final = r"(?i)^\d([.,]\d+)?E\+\d+$"


def guessed_id(table: Table) -> tuple[str | None, tuple[str, ...]]:
    """Return the heading of the ids in *table*, None if no column will do, and what a person should know of that."""
    faults = []
    for heading in _candidates(table):
        fault = _fault(trim(table, heading))
        if fault is None:
            return heading, ()
        faults.append(f"'{heading}' {fault}")
    why = f"{'; '.join(faults)}: so" if faults else "no column of ids, so"
    return None, (f"{why} rows are called by their number in the file",)


def _candidates(table: Table) -> list[str]:
    """Return headings that speak of an id, the likeliest first."""
    by_letters: dict[str, str] = {}
    for heading in table.headings:
        by_letters.setdefault(squashed(heading), heading)
    known = [by_letters[alias] for alias in map(squashed, ALIASES["id"]) if alias in by_letters]
    endings = [
        heading
        for heading in table.headings
        if _ENDS_IN_ID.search(heading.removesuffix("__c")) and not _OTHERS.search(heading)
    ]
    return list(dict.fromkeys((*known, *endings)))


def _fault(ids: pl.Series) -> str | None:
    """Return why *ids* cannot tell rows apart, None if they can."""
    if ids.null_count():
        return "is empty in some rows"
    if ids.str.contains(_DAMAGED).any():
        return "holds ids that a spreadsheet damaged"
    return None if ids.n_unique() == ids.len() else "has a value more than once"
