"""The lines of the ledger's runs: whole ones, and the pull, match, plan and apply that are part of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Select, select, update

from jobs.past.logs import is_at_work
from jobs.stores.ledger import Ledger, RunRecord, record_of
from jobs.stores.schema import runs
from overlap.errors import ConfigError

#: A run is cut short by the end of its process, or by a person who stops it.
CUT_SHORT = ("crashed", "interrupted")


def whole(ledger: Ledger, most: int, verb: str | None = None) -> list[RunRecord]:
    """Return the runs (of *verb*) that are part of no other one, the newest first, at *most* so many."""
    query = select(runs).where(runs.c.part_of.is_(None)).order_by(runs.c.id.desc()).limit(most)
    return _records(ledger, query if verb is None else query.where(runs.c.verb == verb))


def parts(ledger: Ledger, run_id: int) -> list[RunRecord]:
    """Return the parts of run *run_id* in the order in which they were begun."""
    return _records(ledger, select(runs).where(runs.c.part_of == run_id).order_by(runs.c.id))


def load(ledger: Ledger, run_id: int) -> RunRecord:
    """Return the line with number *run_id*.

    Raises:
        ConfigError: there is none.
    """
    found = _records(ledger, select(runs).where(runs.c.id == run_id))
    if not found:
        raise ConfigError(f"there is no run {run_id}; 'overlap runs list' shows them")
    return found[0]


def match_in(ledger: Ledger, run_id: int) -> int | None:
    """Return the number of the match that run *run_id* is, made, or went on after; None if it has none."""
    found = _records(ledger, select(runs).where((runs.c.id == run_id) | (runs.c.part_of == run_id)).order_by(runs.c.id))
    matched = [one.id for one in found if one.verb == "match" and one.state == "done"]
    taken_over = [one.summary["found"]["run"] for one in found if one.verb == "run" and one.summary.get("found")]
    return next((int(number) for number in (*matched, *taken_over)), None)


def matches(ledger: Ledger, numbers: Iterable[int]) -> list[RunRecord]:
    """Return those of the lines *numbers* that are matches that came through, the oldest first."""
    those = runs.c.id.in_(list(numbers)) & (runs.c.verb == "match") & (runs.c.state == "done")
    return _records(ledger, select(runs).where(those).order_by(runs.c.id))


def last_before(ledger: Ledger, run_id: int) -> RunRecord | None:
    """Return the last whole run that was begun before run *run_id*, of whatever verb; None if there is none."""
    query = select(runs).where(runs.c.part_of.is_(None), runs.c.id < run_id).order_by(runs.c.id.desc()).limit(1)
    found = _records(ledger, query)
    return found[0] if found else None


def as_they_are(ledger: Ledger, logs: Path, lines: Iterable[RunRecord]) -> list[RunRecord]:
    """Return *lines*, those of `crashed` as such, whatever they say themselves."""
    gone = crashed(ledger, logs)
    return [replace(line, state="crashed") if line.id in gone else line for line in lines]


def crashed(ledger: Ledger, logs: Path) -> set[int]:
    """Return the lines that say running although their process is gone: nobody holds the log of their whole run."""
    query = select(runs.c.id, runs.c.part_of).where(runs.c.state == "running")
    with ledger.engine.connect() as connection:
        rows = connection.execute(query).all()
    return {row.id for row in rows if not is_at_work(logs, row.part_of or row.id)}


def close_crashed(ledger: Ledger, logs: Path) -> None:
    """Let lines that say running although their process is gone say that they crashed; nobody knows when."""
    gone = crashed(ledger, logs)
    if gone:
        with ledger.engine.begin() as connection:
            still = runs.c.id.in_(gone) & (runs.c.state == "running")
            connection.execute(update(runs).where(still).values(state="crashed"))


def _records(ledger: Ledger, query: Select[tuple[object, ...]]) -> list[RunRecord]:
    with ledger.engine.connect() as connection:
        return [record_of(row) for row in connection.execute(query).mappings()]
