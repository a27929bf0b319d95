"""Any two tables for `overlap match LEFT RIGHT`: no partner, no populations, just companies to compare.

The one thing to know: what a table lacks is looked for elsewhere in it. Without a named id column one is guessed, a
row without a website gets that of another column of websites or e-mail addresses. `Accounts.columns` says which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from connectors.files import values
from connectors.files.headings import check_recognised, did_you_mean, website_fallbacks
from connectors.files.identifiers import guessed_id
from connectors.files.mapping import understand
from connectors.files.reader import ROW_NUMBER, Table, read_table
from connectors.files.reading import Known
from connectors.files.rows import one_per_id, parsed, trim, trimmed, without_lists
from overlap.errors import ConfigError, GuardError

#: What companies are compared by; all String but headcount.
COLUMNS: Final = (
    *("id", "name", "website", "phone", "street", "city", "state", "postcode", "country"),
    *("industry", "headcount"),
)
_HOST_OF_EMAIL: Final = r"@([^\s@,;<>]+\.[^\s@,;<>]+)"


@dataclass(frozen=True, slots=True)
class Accounts:
    """Companies to compare, in the order of their file, each id once.

    *dropped* counts the file's other rows; *notes* say why. *columns* says which of the file's columns stood for which
    of ours; for ``id`` it may be ``row number``, and for ``website`` several, the first that is filled counts.
    """

    rows: pl.DataFrame
    dropped: int
    notes: tuple[str, ...]
    columns: Mapping[str, str]


def read_accounts(path: Path, id_column: str | None = None, encoding: str | None = None) -> Accounts:
    """Return the companies in the table at *path*; the heading *id_column* holds what each is called by in the result.

    Columns: id, name, website, phone, street, city, state, postcode, country, industry (String), headcount (Int64); one
    that the file lacks is all None. Rows that cannot be read, or that lack an id or a name, are dropped, and so is an
    id that comes again. Without *id_column* it is guessed; where no column will do, ids are row numbers.

    Raises:
        ConfigError: no such file or encoding, or no heading *id_column*.
        GuardError: the file as a whole cannot be trusted, or no row of it can be used; the message says what to do.
    """
    table = read_table(path, encoding)
    id_heading, id_notes = _id_heading(table, id_column, path)
    reading = understand(table, Known(settings={"id": id_heading or ""}))
    headings = reading.columns
    check_recognised(headings, table.headings, path, has_settings=False)
    rows, literals = without_lists(trimmed(table, headings, COLUMNS), but=ROW_NUMBER)
    if id_heading is None:
        rows = rows.with_columns(pl.col(ROW_NUMBER).cast(pl.String).alias("id"))
    rows, websites = _with_websites(rows, table, headings)
    rows, notes = parsed(rows, "headcount", values.headcount, pl.Int64)
    has_gaps = rows["id"].has_nulls() or rows["name"].has_nulls()
    usable = rows.drop_nulls(["id", "name"]) if has_gaps else rows
    if usable.is_empty():
        filled = f"both an id in '{id_heading}' and a name" if id_heading else "a name"
        raise GuardError(f"{path.name}: no row has {filled} in '{headings['name']}'; name other columns")
    # A guessed id is one because it never comes again.
    unique, duplicates, more_notes = one_per_id(usable) if id_column is not None else (usable, 0, ())
    counts = (
        (table.rejects.height, "rows could not be read"),
        (rows.height - usable.height, "rows without id or name were dropped"),
        (duplicates, "rows with an id that comes again were dropped"),
    )
    dropped = tuple(f"{count} {what}" for count, what in counts if count)
    return Accounts(
        unique.select(COLUMNS),
        table.rows_in - unique.height,
        (*table.notes, *id_notes, *reading.notes, *literals, *notes, *more_notes, *dropped),
        {**_used(headings, id_heading), **websites},
    )


def _id_heading(table: Table, named: str | None, path: Path) -> tuple[str | None, tuple[str, ...]]:
    """Return the heading of the ids, None for row numbers, and notes."""
    if named is None:
        return guessed_id(table)
    if named not in table.headings:
        raise ConfigError(f"{path.name}: no column '{named}'{did_you_mean(named, table.headings)}")
    return named, ()


def _with_websites(
    rows: pl.DataFrame, table: Table, headings: Mapping[str, str]
) -> tuple[pl.DataFrame, Mapping[str, str]]:
    """Fill empty websites from the table's other columns of websites and e-mail addresses, and say from which."""
    sites, emails = website_fallbacks(table.headings, headings)
    if not sites and not emails:
        return rows, {}
    # "n/a" and "-" are no website: something else may know it.
    first = pl.when(pl.col("website").str.contains(".", literal=True)).then("website")
    others = [trim(table, heading) for heading in sites]
    hosts = [trim(table, heading).str.extract(_HOST_OF_EMAIL) for heading in emails]
    own = (headings["website"],) if "website" in headings else ()
    filled = rows.with_columns(pl.coalesce(first, *others, *hosts, "website").alias("website"))
    return filled, {"website": " or ".join((*own, *sites, *emails))}


def _used(headings: Mapping[str, str], id_heading: str | None) -> dict[str, str]:
    named = {column: headings[column] for column in COLUMNS if column in headings}
    return {"id": "row number", **named} if id_heading is None else named
