"""Any two tables for `overlap match LEFT RIGHT`: no partner, no populations, just companies to compare."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from connectors.files import values
from connectors.files.headings import check_recognised, did_you_mean, recognise
from connectors.files.reader import read_table
from connectors.files.rows import one_per_id, parsed, trimmed
from overlap.errors import ConfigError

#: What companies are compared by; all String but headcount.
_COLUMNS: Final = (
    *("id", "name", "website", "phone", "street", "city", "state", "postcode", "country"),
    *("industry", "headcount"),
)


@dataclass(frozen=True, slots=True)
class Accounts:
    """Companies to compare, sorted by id, each id once. *dropped* counts the file's other rows; *notes* say why."""

    rows: pl.DataFrame
    dropped: int
    notes: tuple[str, ...]


def read_accounts(path: Path, id_column: str, encoding: str | None = None) -> Accounts:
    """Return the companies in the table at *path*; the heading *id_column* holds what each is called by in the result.

    Columns: id, name, website, phone, street, city, state, postcode, country, industry (String), headcount (Int64); one
    that the file lacks is all None. Rows that cannot be read, or that lack an id or a name, are dropped, and so is an
    id that comes again.

    Raises:
        ConfigError: no such file or encoding, or no heading *id_column*.
        GuardError: the file as a whole cannot be trusted; the message says why and what to do.
    """
    table = read_table(path, encoding)
    if id_column not in table.headings:
        raise ConfigError(f"{path.name}: no column '{id_column}'{did_you_mean(id_column, table.headings)}")
    headings = recognise(table.headings, {"id": id_column})
    check_recognised(headings, table.headings, path)
    rows, notes = parsed(trimmed(table, headings, _COLUMNS), "headcount", values.headcount, pl.Int64)
    usable = rows.drop_nulls(["id", "name"])
    unique, duplicates, more_notes = one_per_id(usable)
    counts = (
        (table.rejects.height, "rows could not be read"),
        (rows.height - usable.height, "rows without id or name were dropped"),
        (duplicates, "rows with an id that comes again were dropped"),
    )
    dropped = tuple(f"{count} {what}" for count, what in counts if count)
    return Accounts(
        unique.select(_COLUMNS), table.rows_in - unique.height, (*table.notes, *notes, *more_notes, *dropped)
    )
