"""What is kept between runs, in the schema ``matching`` of a DuckDB file: normalised rows, keys, pairs and decisions.

Rows of ours are numbered from 0, those of theirs from `THEIRS`, so that the order of numbers is that of
`accounts.tables`. A row whose content changed is a row that is gone and a new one: no number ever means two contents.
Everything here belongs to one version of the engine; another one starts anew (see `engine_version`).
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching import country_habits
from matching.accounts import Tables, tables
from matching.changed import changed
from matching.partners import portions
from matching.statements import ArrowView, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    import duckdb
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: The number of the first row of theirs.
THEIRS: Final = 2**31
#: Queries for the rows of ours, of some partners, and of both.
OURS: Final = "select row from matching.accounts where side = 'o'"
THEIRS_OF: Final = "select row from matching.accounts where side = 't' and book in (select unnest($partners))"
BOTH: Final = f"{OURS} union all {THEIRS_OF}"
#: What may turn the same text into other words, places or hashes.
_LIBRARIES: Final = ("anyascii", "duckdb", "numba", "numpy", "polars", "publicsuffixlist", "pycountry")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the kept pairs and decisions were made with.

    *statistics* is the name of the frozen statistics, *model* all that a model is but *match_at*; *changed* counts the
    rows that changed since the words were counted. None: nothing has been compared yet.
    """

    statistics: str | None = None
    model: str | None = None
    match_at: float = 0.0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """How many rows are new and gone since the last run; numbers of new ones begin at *first_ours*, *first_theirs*."""

    new: int
    gone: int
    first_ours: int
    first_theirs: int

    @property
    def is_first(self) -> bool:
        """Whether there was no row before."""
        return (self.first_ours, self.first_theirs) == (0, THEIRS)


@cache
def engine_version() -> str:
    """Return 16 hex digits that change whenever the same rows might be normalised, keyed or compared otherwise.

    Hashes of polars and DuckDB are kept, and these promise nothing beyond a process: a sample of each goes in too.
    """
    facts = hashlib.sha256()
    for name, content in sorted(_sources(files("matching"))):
        facts.update(f"{name} {len(content)} ".encode() + content)
    facts.update(repr([sys.version_info[:2], *((name, version(name)) for name in _LIBRARIES)]).encode())
    facts.update(repr(pl.Series(["a", "overlap", None]).hash().to_list()).encode())
    return facts.hexdigest()[:16]


def _sources(folder: Traversable, before: str = "") -> Iterator[tuple[str, bytes]]:
    """Return the files of the engine; models are not among them, they only weigh."""
    for entry in folder.iterdir():
        name = f"{before}{entry.name}"
        if entry.is_dir() and entry.name not in ("models", "__pycache__"):
            yield from _sources(entry, f"{name}/")
        elif name.endswith((".py", ".sql", ".toml")):
            yield name, entry.read_bytes()


class Kept:
    """The kept state behind *connection*, whose tables ``accounts`` and ``partner_accounts`` are both sides today.

    Change it inside a transaction: then it is complete, or as it was.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self._whole: tuple[Array, Tables] | None = None
        self.run_file("kept")
        ((sample,),) = self.run("select hash('overlap', null, 1)")
        self._engine = f"{engine_version()} {sample}"
        if self._fact("engine") != self._engine:
            self.run("drop schema matching cascade")
            self.run_file("kept")
            self._set_fact("engine", self._engine)

    def forget(self) -> None:
        """Make the state that of a first run."""
        # Not by dropping tables: DuckDB 2.0 commits no drop of what the same transaction has written to.
        for (table,) in self.run("select table_name from duckdb_tables() where schema_name = 'matching'"):
            self.run(f"delete from matching.{table}")
        self._set_fact("engine", self._engine)

    @property
    def facts(self) -> Facts:
        """What the kept pairs were made with."""
        found = self._fact("facts")
        return Facts(**json.loads(found)) if found else Facts()

    @facts.setter
    def facts(self, facts: Facts) -> None:
        self._set_fact("facts", json.dumps(asdict(facts)))

    def look(self, left_out: pl.DataFrame | None = None) -> Change:
        """Compare both sides as they are today with the rows that are kept; those *left_out* (crm, id) are absent."""
        nobody = pl.DataFrame(schema={"crm": pl.String, "id": pl.String})
        self.land("left_out", nobody if left_out is None else left_out.select("crm", "id"))
        self.run_file("changed_rows")
        for side, of_side in (("ours", "<"), ("theirs", ">=")):
            today, before = self.read(f"from {side}"), self.read(f"from matching.rows where row {of_side} {THEIRS}")
            new_rows, gone_rows = changed(today, before)
            self._landed("insert into new_rows by name select * from landing", new_rows)
            self._landed("insert into gone select row from landing", gone_rows)
        self._read_again()
        ((new, gone),) = self.run("select (select count(*) from new_rows), (select count(*) from gone)")
        ((ours, theirs),) = self.run(
            "select max(row) filter (row < $theirs), max(row) filter (row >= $theirs) "
            "from (select row from matching.rows union all from matching.dead)",
            theirs=THEIRS,
        )
        return Change(new, gone, 0 if ours is None else ours + 1, THEIRS if theirs is None else theirs + 1)

    def has_both_sides(self) -> bool:
        """Whether there are rows of ours and of theirs."""
        ((ours, theirs),) = self.run(
            "select count(*) filter (row < $theirs), count(*) filter (row >= $theirs) from matching.rows", theirs=THEIRS
        )
        return bool(ours and theirs)

    def take_in(self, change: Change) -> None:
        """Normalise the new rows and drop those that are gone; keys and pairs stay as they are."""
        first_ours, first_theirs = change.first_ours, change.first_theirs
        sizes = self.run("select partner, count(*) from new_theirs group by partner order by partner")
        groups = (portions(sizes) or [[]]) if change.new else []
        for number, partners in enumerate(groups):
            ours = self.read(f"select * from new_ours {'limit 0' if number else ''}")
            theirs = self.read("select * from new_theirs where partner in (select unnest($books))", books=partners)
            rows = pl.concat([_numbers(first_ours, ours.height), _numbers(first_theirs, theirs.height)])
            made = self._normalised(ours, theirs)
            self._keep(made, pl.concat([ours.select("place", "raw"), theirs.select("place", "raw")]), rows)
            self._whole = (rows.to_numpy(), made) if len(groups) == 1 and change.is_first else None
            first_ours, first_theirs = first_ours + ours.height, first_theirs + theirs.height
        for table in ("rows", "accounts", "names") if change.gone else ():
            self.run(f"delete from matching.{table} where row in (from gone)")
        if change.new:
            self.run_file("books")

    def whole(self, partners: list[str]) -> tuple[Array, Tables]:
        """Return what `tables` gives for all of ours and *partners*, who are all; it is at hand until `let_go`."""
        if self._whole is None:
            self._whole = self.tables(BOTH, partners=partners)
        return self._whole

    def let_go(self) -> None:
        """Do not hold the whole in memory any longer."""
        self._whole = None

    def tables(self, rows: str, **values: Any) -> tuple[Array, Tables]:
        """Return the numbers, rising, and the tables of the *rows* that a query gives."""
        self.run(f"create or replace temp table wanted as {rows}", **values)
        accounts = self.read("select a.* from matching.accounts as a semi join wanted using (row) order by row")
        names = self.read("select n.* from matching.names as n semi join wanted using (row) order by row, variant")
        numbers = accounts["row"].to_numpy()
        at = pl.Series("row", np.searchsorted(numbers, names["row"].to_numpy()).astype(np.uint32))
        return numbers, Tables(accounts.drop("row"), names.with_columns(at))

    def books(self) -> pl.DataFrame:
        """Return ``side``, ``book`` and ``number`` of each crm (below 0) and partner (above), also of those gone."""
        return self.read("select side, book, number from matching.books order by number")

    def add(self, table: str, frame: pl.DataFrame) -> None:
        """Put the rows of *frame* into a kept *table*."""
        self._landed(f"insert into matching.{table} by name select * from landing", frame)

    def land(self, table: str, frame: pl.DataFrame) -> None:
        """Make *frame* a temporary *table*."""
        self._landed(f"create or replace temp table {table} as select * from landing", frame)

    def read(self, query: str, **values: Any) -> pl.DataFrame:
        """Return what *query* gives."""
        return pl.DataFrame(ArrowView(self.connection.sql(query, params=values or None)))

    def run(self, statement: str, **values: Any) -> list[Any]:
        """Run one *statement* and return its rows."""
        return self.connection.execute(statement, values or None).fetchall()

    def run_file(self, name: str, **values: Any) -> None:
        """Run ``sql/<name>.sql``."""
        run(self.connection, name, **values)

    def _read_again(self) -> None:
        """Count rows as new and gone whose country reads otherwise now because of others."""
        if self.run("select 1 where exists (from new_rows) or exists (from gone)"):
            counted = country_habits.with_states(self.read("from countries"))
            reads = country_habits.readings(counted)
            self.land("reads", reads)
            self.land("counted", counted)
            self.run_file("read_again")

    def _normalised(self, ours: pl.DataFrame, theirs: pl.DataFrame) -> Tables:
        """Return the tables of rows, read as among all rows of their books."""
        here = pl.concat([ours.select("country", book="crm"), theirs.select("country", book="partner")])
        others = country_habits.company(self.read("from counted"), here).rename({"book": "partner"})
        made = tables(ours, pl.concat([theirs, others], how="diagonal"))
        return Tables(made.accounts.head(here.height), made.names)

    def _keep(self, made: Tables, said: pl.DataFrame, row: pl.Series) -> None:
        """Add normalised rows with their numbers, and the places and hashes of what they were made of."""
        self.add("rows", said.with_columns(row=row))
        accounts = made.accounts.with_columns(row=row)
        names = made.names.with_columns(row=row.gather(made.names["row"]))
        has_tables = self.run("from duckdb_tables() where schema_name = 'matching' and table_name = 'accounts'")
        for table, frame in (("accounts", accounts), ("names", names)):
            if has_tables:
                self.add(table, frame)
            else:  # not empty first: DuckDB 2.0 does not see rows behind an empty "create as" of the same transaction
                self._landed(f"create table matching.{table} as select * from landing", frame)

    def _landed(self, statement: str, frame: pl.DataFrame) -> None:
        self.connection.register("landing", ArrowView(frame))
        self.run(statement)
        self.connection.unregister("landing")

    def _fact(self, name: str) -> str | None:
        rows = self.run("select value from matching.facts where name = $name", name=name)
        return rows[0][0] if rows else None

    def _set_fact(self, name: str, value: str) -> None:
        self.run("insert or replace into matching.facts values ($name, $value)", name=name, value=value)


def _numbers(first: int, rows: int) -> pl.Series:
    return pl.int_range(first, first + rows, dtype=pl.Int64, eager=True).alias("row")
