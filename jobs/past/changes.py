"""What is different between two published runs, and why. Reads their folders and the ledger, changes nothing.

`changes` gives `overlap.run_changes.OverlapChange` values; `frame` the same as a table with one row per overlap:

===================  ============================================================================================
``change``           ``appeared``, ``changed`` or ``vanished``
``crm, account_id``  ours, as the CRM that speaks for the company has it, with ``account_name``
``partner``          its key, with ``theirs_id`` and ``theirs_name``
``our_population``   and ``partner_population``, ``relation``, ``play``, ``likelihood``, ``priority``, each as it is
                     now, and with ``_before`` as it was; null where there was no overlap
``changed``          which of these differ, joined by ``, ``
``causes``           kinds of causes (`overlap.change_causes.KINDS`), the nearest first, joined by ``, ``
``why``              the causes in words, joined by ``; ``
===================  ============================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl

from jobs.context import Context
from jobs.stores import runs, snapshot
from matching.engine import COLUMNS
from overlap.errors import ConfigError
from overlap.run_changes import WATCHED, Found, OverlapChange, run_changes

LAST: Final = "last"
PREVIOUS: Final = "previous"
_FRAMES: Final = ("overlaps", "accounts", "partner_accounts", "matches", "opportunities", "companies")
_EXCLUDED: Final = {"crm": pl.String, "id": pl.String, "name": pl.String, "rule": pl.String}
_KINDS: Final[dict[str, Any]] = {"priority": pl.Int64}


@dataclass(frozen=True, slots=True)
class Difference:
    """*changes* from run *before* to run *after*, published ones, by their numbers."""

    before: str
    after: str
    changes: tuple[OverlapChange, ...]


def changes(context: Context, before: str = PREVIOUS, after: str = LAST, partner: str | None = None) -> Difference:
    """Return what changed from run *before* to run *after*, with *partner* alone if one is named.

    A run is named by its number, that of the whole run or of its match, or as ``last`` (the published one) or
    ``previous`` (of those that are kept, the one before *after*).

    Raises:
        ConfigError: there is no such run, or it is not kept any more.
    """
    last = resolved(context, after)
    first = resolved(context, before, last)
    folder = context.workspace.runs
    found = run_changes(_found(folder, first), _found(folder, last), COLUMNS)
    return Difference(first, last, tuple(one for one in found if partner is None or one.partner == partner))


def resolved(context: Context, name: str, later: str | None = None) -> str:
    """Return the number of the published run that *name* means; ``previous`` is the one before run *later*.

    Raises:
        ConfigError: there is none, or it is not kept any more.
    """
    published, kept = context.ledger.pinned("published_run"), kept_runs(context)
    if published is None:
        raise ConfigError("nothing has been matched yet; run 'overlap pull' and 'overlap match' first")
    if name == LAST:
        return published
    if name == PREVIOUS:
        later = later or published
        earlier = [number for number in kept if number < int(later)]
        if not earlier:
            raise ConfigError(f"there is no run before run {later} (any more): nothing to compare it with")
        return str(earlier[-1])
    if not name.isdecimal():
        raise ConfigError(f"'{name}' is no run; name one by its number, or say 'last' or 'previous'")
    if int(name) in kept:
        return str(int(name))
    line = runs.load(context.ledger, int(name))
    matched = runs.match_in(context.ledger, line.part_of or line.id)
    if matched in kept:
        return str(matched)
    if matched is None:
        raise ConfigError(f"run {name} matched nothing; 'overlap runs show {name}' says what it did")
    known = f"kept are {', '.join(map(str, kept[-10:]))}" if kept else "none is kept"
    raise ConfigError(
        f"what run {name} found is not kept any more ({known}); 'overlap history' knows how long overlaps stood"
    )


def before_day(context: Context, day: date) -> str | None:
    """Return the last run that is kept and was made before *day* in the workspace's zone; None if there is none."""
    zone, lines = context.workspace.zone, runs.matches(context.ledger, kept_runs(context))
    known = [line.id for line in lines if line.started_at.astimezone(zone).date() < day]
    return str(known[-1]) if known else None


def kept_runs(context: Context) -> list[int]:
    """Return the numbers of the runs whose findings are kept, the oldest first."""
    folder = context.workspace.runs
    names = (path.name for path in folder.glob("*") if path.name.isdecimal())
    return sorted(int(name) for name in names if snapshot.exists(folder, name))


def frame(found: Sequence[OverlapChange]) -> pl.DataFrame:
    """Return *found* as the table that this module's text describes."""
    rows = [
        {
            "change": one.what,
            **{
                name: getattr(one, name)
                for name in ("crm", "account_id", "account_name", "partner", "theirs_id", "theirs_name")
            },
            **{name: one.after.get(name) for name in WATCHED},
            **{f"{name}_before": one.before.get(name) for name in WATCHED},
            "changed": ", ".join(one.columns),
            "causes": ", ".join(dict.fromkeys(cause.kind for cause in one.causes)),
            "why": "; ".join(cause.text for cause in one.causes),
        }
        for one in found
    ]
    watched = [*WATCHED, *(f"{name}_before" for name in WATCHED)]
    columns = ("change", "crm", "account_id", "account_name", "partner", "theirs_id", "theirs_name", *watched)
    columns += ("changed", "causes", "why")
    schema = {name: _KINDS.get(name.removesuffix("_before"), pl.String) for name in columns}
    return pl.DataFrame(rows, schema=schema)


def _found(folder: Path, run_id: str) -> Found:
    facts = snapshot.manifest(folder, run_id)
    frames = dict(zip(_FRAMES, snapshot.read(folder, run_id, *_FRAMES), strict=True))
    has_rules = "excluded.parquet" in facts["files"]  # a run of an earlier version has none
    frames["excluded"] = snapshot.read(folder, run_id, "excluded")[0] if has_rules else pl.DataFrame(schema=_EXCLUDED)
    return Found(frames, facts)
