"""A partner's list as accounts, and as a `connectors.base.Source`.

Law, whatever the file holds: rows in = rows out + quarantined rows + duplicates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import polars as pl

from connectors.base import Page
from connectors.files import quarantine, values
from connectors.files.answers import REVIEWED
from connectors.files.headings import COLUMNS, check_recognised
from connectors.files.mapping import understand
from connectors.files.populations import OPEN_DEAL, default_population, with_population
from connectors.files.quarantine import SHEET_OF_ROW, Check
from connectors.files.reader import Table, read_table
from connectors.files.reading import Known, Memory, Reading
from connectors.files.rows import one_per_id, parsed, trim, trimmed, without_lists
from overlap.errors import ConfigError, GuardError
from overlap.model import PartnerAccount, schema_of

if TYPE_CHECKING:
    from config.partners import PartnerSettings

STREAM: Final = "partner_accounts"
_NAME_CHARACTERS: Final = 255
#: White space is gone by now; what is left of these was never typed by a person.
_CONTROL: Final = r"[\x00-\x1f\x7f-\x9f]"
_DAMAGED_ID: Final = r"(?i)^\d([.,]\d+)?E\+\d+$"
#: Endings of files that a browser, a copy or an upload has not finished.
_UNFINISHED: Final = (".part", ".partial", ".filepart", ".crdownload", ".tmp", ".temp", ".download", ".upload")
_DATE_IN_NAME: Final = re.compile(r"(?<!\d)(20\d\d)(-?)(\d\d)\2(\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class ListRead:
    """What came of a list.

    *rows* has the columns of `PartnerAccount`, sorted by id; *quarantine* those of `quarantine.SCHEMA`, one row per
    row refused. *rows_in* = rows + quarantine + *duplicates*. *headings* says which of the partner's stood for which
    of our columns, and *reading* why, *titles* are all of the file's; *notes* are sentences on what was read otherwise
    than written.
    """

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    rows_in: int
    duplicates: int
    headings: Mapping[str, str]
    titles: tuple[str, ...]
    notes: tuple[str, ...]
    reading: Reading


@dataclass(frozen=True, slots=True)
class Hints:
    """What a list's bytes do not say: the *file_name* under which it came, what is remembered of its partner.

    *own_names* are what we are called: a list that the partner exported may have our accounts beside its own.
    """

    file_name: str | None = None
    memory: Memory = field(default_factory=Memory)
    own_names: tuple[str, ...] = ()


NO_HINTS: Final = Hints()


def read_list(path: Path, partner: str, settings: PartnerSettings, hints: Hints = NO_HINTS) -> ListRead:
    """Return the accounts in the list at *path* of the partner with the key *partner*.

    A row without an id gets one from name, website and country. A row without a status is in the population that its
    sheet is named after, else that of the file's name, else in ``settings.population``.

    Raises:
        ConfigError: no such file, sheet or encoding, or a setting names a heading that the list lacks.
        GuardError: the file as a whole cannot be trusted; the message says why and what to do.
    """
    table, reading = understood(path, partner, settings, hints)
    headings = reading.columns
    _check_name(reading, table, path)
    _check_status(headings, settings, path)
    rows, literals = without_lists(trimmed(table, headings, COLUMNS), "population")
    if table.sheets is not None:
        rows = rows.with_columns(table.sheets.alias(SHEET_OF_ROW))
    if reading.open_deal:
        rows = rows.with_columns(trim(table, reading.open_deal).alias(OPEN_DEAL))
    default, said = default_population(partner, settings, hints.file_name or path.name)
    rows = with_population(rows, settings, reading, default)
    rows, refused = quarantine.sift(rows, _checks(settings), headings, table)
    rows, notes = _typed(rows.drop(SHEET_OF_ROW, OPEN_DEAL, strict=False))
    rows, duplicates, more_notes = one_per_id(_with_ids(rows))
    return ListRead(
        rows=rows.sort("id")
        .select(pl.lit(partner).alias("partner"), *COLUMNS)
        .match_to_schema(dict(schema_of(PartnerAccount))),
        quarantine=pl.concat([refused, quarantine.of_rejects(table.rejects)]).sort("row_number"),
        rows_in=table.rows_in,
        duplicates=duplicates,
        headings=headings,
        titles=table.headings,
        notes=(*table.notes, *reading.notes, *said, *literals, *notes, *more_notes),
        reading=reading,
    )


def read_headings(path: Path, partner: str, settings: PartnerSettings, hints: Hints = NO_HINTS) -> Reading:
    """Return how the list at *path* is read, also where nothing in it is a company's name.

    Raises what `read_list` does, but for that.
    """
    return understood(path, partner, settings, hints)[1]


def understood(path: Path, partner: str, settings: PartnerSettings, hints: Hints) -> tuple[Table, Reading]:
    """Return the table in the list at *path*, and how it is read; raises what `read_headings` does."""
    known = Known(settings.headings, (settings.name, partner), hints.own_names, hints.memory)
    table = read_table(path, settings.encoding, settings.sheet, known.headings, by_population=True)
    return table, understand(table, known)


class FilesSource:
    """One list of one partner as a `connectors.base.Source`; its time is the day that the list speaks of."""

    def __init__(self, path: Path, partner: str, settings: PartnerSettings, as_of: datetime) -> None:
        self._path = path
        self._partner = partner
        self._settings = settings
        self._as_of = as_of

    @cached_property
    def content(self) -> ListRead:
        """What came of the list, quarantine and notes included; read once."""
        return read_list(self._path, self._partner, self._settings)

    def now(self) -> datetime:
        """Return the as-of time of the list, UTC."""
        return self._as_of.astimezone(UTC)

    def pages(self, since: datetime | None, until: datetime, known: datetime | None = None) -> Iterator[Page]:
        """Yield the list whole, in one page, unless it is older than *since*: a list has no changed rows.

        *until* and *known* say nothing here, since a list has one time only. Raises what `read_list` does.
        """
        del until, known
        if since is None or since <= self.now():
            yield Page(STREAM, self.content.rows)

    def ids(self) -> Iterator[tuple[str, pl.Series]]:
        """Yield the ids of all rows that can be used."""
        yield STREAM, self.content.rows["id"]

    def links(self, ids: Mapping[str, pl.Series]) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Yield nothing: a list leads nowhere."""
        del ids
        yield from ()

    def rows(self, stream: str, ids: Sequence[str], until: datetime) -> Iterator[Page]:
        """Yield those rows of the list."""
        del stream, until
        yield Page(STREAM, self.content.rows.filter(pl.col("id").is_in(ids)))

    def outline(self) -> dict[str, str]:
        """Return nothing: headings are checked list by list."""
        return {}

    def unreadable(self) -> tuple[str, ...]:
        """Return nothing: a list has the columns that it has."""
        return ()

    def landed(self) -> None:
        """Do nothing: nothing is kept."""


def newest_list(pattern: str, folder: Path) -> Path | None:
    """Return the newest file in *folder* that *pattern* names (as ``lists/acme*.csv``), None if there is none.

    Newest by `as_of`, then by name. Files of programs that are still writing (".x", "~$x") do not count, nor do review
    workbooks whose verdicts were taken.

    Raises:
        ConfigError: *pattern* is absolute or empty, or climbs with "..".
    """
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise ConfigError(f"files = '{pattern}': write a pattern within the workspace, like 'inbox/acme*.csv'")
    left = folder / "inbox" / REVIEWED
    found = (path for path in folder.glob(pattern) if path.is_file() and not is_being_written(path.name))
    found = (path for path in found if left not in path.parents)
    return max(found, key=lambda path: (as_of(path, "UTC"), path.name, str(path)), default=None)


def as_of(path: Path, zone: str) -> datetime:
    """Return the time that the list at *path* speaks of, UTC.

    It is midnight in *zone* of the last date in the file's name (2025-12-31 or 20251231); without one, the second in
    which the file was last written.
    """
    return day_in(path.stem, zone) or datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def day_in(stem: str, zone: str) -> datetime | None:
    """Return midnight in *zone* of the last date in *stem*, a file's name without its ending; None without one."""
    for year, _, month, day in reversed(_DATE_IN_NAME.findall(stem)):
        try:
            return datetime(int(year), int(month), int(day), tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except ValueError:  # eight digits that are no date
            continue
    return None


def is_being_written(name: str) -> bool:
    """Whether *name* is one that programs give a file until it is complete."""
    return name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED)


def _check_name(reading: Reading, table: Table, path: Path) -> None:
    if "name" not in reading.columns and reading.differences:
        raise GuardError(f"{path.name}: no heading for the company name; {'; '.join(reading.differences)}")
    check_recognised(reading.columns, table.headings, path)


def _check_status(headings: Mapping[str, str], settings: PartnerSettings, path: Path) -> None:
    if settings.populations and "population" not in headings:
        # Else every row would silently fall into the default population.
        raise GuardError(
            f"{path.name}: the setting 'populations' is given, but no heading for the status was recognised; "
            "name it in the setting 'headings', as in population = \"Their heading\""
        )


def _checks(settings: PartnerSettings) -> list[Check]:
    place = "the partner's setting 'populations'"
    status = (
        (f"this status is not in {place}", "add it there")
        if settings.populations
        else ("this status is not known", f"map it in {place}")
    )
    name = pl.col("name")
    return [
        *(Check(at, pl.col(at).str.contains(_CONTROL), "control characters", "type the cell again") for at in COLUMNS),
        Check("name", name.is_null(), "no company name", "write it"),
        Check(
            "name", name.str.len_chars() > _NAME_CHARACTERS, f"name longer than {_NAME_CHARACTERS} characters", "cut it"
        ),
        Check(
            "id",
            pl.col("id").str.contains(_DAMAGED_ID),
            "id damaged by a spreadsheet",
            "format the column as text and export again, or type the id",
        ),
        Check("population", pl.col("#population").is_null(), *status),
    ]


def _typed(rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    rows = rows.with_columns(pl.col("#population").alias("population")).drop("#population")
    rows, notes = parsed(rows, "headcount", values.headcount, pl.Int64)
    is_day_first = values.day_order(rows["claimed_on"].drop_nulls())
    rows, more = parsed(rows, "claimed_on", lambda text: values.day(text, is_day_first), pl.Date)
    rows, most = parsed(rows, "owner_email", values.email, pl.String)
    return rows, (*notes, *more, *most)


def _with_ids(rows: pl.DataFrame) -> pl.DataFrame:
    missing = rows["id"].is_null()
    facts = rows.filter(missing).select("name", "website", "country")
    derived = pl.Series([values.derived_id(*fact) for fact in facts.iter_rows()], dtype=pl.String)
    return rows.with_columns(rows["id"].clone().scatter(missing.arg_true(), derived))
