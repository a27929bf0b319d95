"""What is different between two runs: overlaps that appeared, changed or vanished, each with its causes. Pure.

Causes are read from what both runs keep: every account and row as it was, verdicts in force, and the fingerprints of
settings and model. Where two are possible, both are named; where nothing that is kept moved, that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from overlap import change_causes
from overlap.change_causes import Cause
from overlap.companies import speaking
from overlap.overlaps import OFF_LIMITS
from overlap.run_facts import Pair, Sides, looked_up

APPEARED: Final = "appeared"
CHANGED: Final = "changed"
VANISHED: Final = "vanished"
#: What of an overlap is compared.
WATCHED: Final = ("our_population", "partner_population", "relation", "play", "likelihood", "priority")
#: Least probability and the word for it, the surest first. A verdict makes it 1.
LIKELIHOODS: Final = ((1.0, "sure"), (0.99, "almost sure"), (0.95, "very likely"), (0.0, "likely"))
_PAIR: Final = ["crm", "account_id", "partner"]


@dataclass(frozen=True, slots=True)
class Found:
    """What one run found, by the names of its frames, and *facts*, those of its manifest."""

    frames: Mapping[str, pl.DataFrame]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OverlapChange:
    """An overlap that *appeared*, *changed* or *vanished*; *before* and *after* hold `WATCHED`, where there was one.

    *columns* are those of them that differ; all of a new or gone one. The nearest of *causes* comes first.
    """

    what: str
    crm: str
    account_id: str
    account_name: str
    partner: str
    theirs_id: str
    theirs_name: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    columns: tuple[str, ...]
    causes: tuple[Cause, ...]


def run_changes(before: Found, after: Found, compared: Sequence[str]) -> list[OverlapChange]:
    """Return how the overlaps of *after* differ from those of *before*: new ones, changed ones, gone ones.

    Each kind is sorted by falling priority. A company that several CRMs have is there once, as the CRM that speaks for
    it has it. *compared* are the columns of a company by which pairs are weighed.
    """
    then, now = (_watched(found.frames["overlaps"]) for found in (before, after))
    both = now.join(then, on=_PAIR, suffix=":before")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}:before")) for name in WATCHED)
    new = _spoken(now.join(then, on=_PAIR, how="anti"), after)
    moved = _spoken(both.filter(differs), after)
    gone = _spoken(then.join(now, on=_PAIR, how="anti"), before)
    touched = pl.concat([frame.select(_PAIR) for frame in (new, moved, gone)]).unique()
    sides = looked_up(
        (before.frames, before.facts),
        (after.frames, after.facts),
        touched,
        tuple(one for one in compared if one != "id"),
    )
    return [
        *(_appeared(row, sides) for row in _rows(new)),
        *(_changed(row, sides) for row in _rows(moved)),
        *(_vanished(row, sides) for row in _rows(gone)),
    ]


def _watched(overlaps: pl.DataFrame) -> pl.DataFrame:
    words = pl.lit(LIKELIHOODS[-1][1])
    for least, word in reversed(LIKELIHOODS[:-1]):
        words = pl.when(pl.col("probability") >= least).then(pl.lit(word)).otherwise(words)
    shown = ("account_name", "theirs_id", "theirs_name", "icp_fit", "engagement")
    return overlaps.with_columns(likelihood=words).select(*_PAIR, *WATCHED, *shown)


def _spoken(overlaps: pl.DataFrame, found: Found) -> pl.DataFrame:
    known = found.frames["companies"]
    return speaking(overlaps, known) if "speaks" in known.columns else overlaps  # a run of an earlier version


def _rows(overlaps: pl.DataFrame) -> Iterable[dict[str, Any]]:
    order = ["priority", "account_name", "crm", "account_id", "partner"]
    return overlaps.sort(order, descending=[True, False, False, False, False]).iter_rows(named=True)


def _appeared(row: Mapping[str, Any], sides: Sides) -> OverlapChange:
    causes = change_causes.of_matching(sides.turned(), _pair(row), is_new=True)
    return _change(APPEARED, row, {}, _said(row), WATCHED, causes)


def _vanished(row: Mapping[str, Any], sides: Sides) -> OverlapChange:
    causes = change_causes.of_matching(sides, _pair(row), is_new=False)
    return _change(VANISHED, row, _said(row), {}, WATCHED, causes)


def _changed(row: Mapping[str, Any], sides: Sides) -> OverlapChange:
    before, after = _said(row, ":before"), _said(row)
    columns = tuple(name for name in WATCHED if before[name] != after[name])
    pair, causes = _pair(row), list[Cause]()
    if before["our_population"] != after["our_population"]:
        causes += change_causes.of_our_side(sides, pair, "populations")
    if before["partner_population"] != after["partner_population"]:
        causes += change_causes.of_their_side(sides, pair)
    if OFF_LIMITS in (row["engagement"], row["engagement:before"]) and row["engagement"] != row["engagement:before"]:
        causes.append(Cause("ours", f"our account is {'' if row['engagement'] == OFF_LIMITS else 'not '}off limits"))
    if "priority" in columns and row["icp_fit"] != row["icp_fit:before"]:
        causes += change_causes.of_our_side(sides, pair, "icp")
    if before["relation"] != after["relation"] or before["likelihood"] != after["likelihood"] or not causes:
        causes += change_causes.of_weighing(sides, pair)
    return _change(CHANGED, row, before, after, columns, causes)


def _pair(row: Mapping[str, Any]) -> Pair:
    return (row["crm"], row["account_id"], row["partner"])


def _said(row: Mapping[str, Any], suffix: str = "") -> dict[str, Any]:
    return {name: row[f"{name}{suffix}"] for name in WATCHED}


def _change(
    what: str,
    row: Mapping[str, Any],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    columns: Sequence[str],
    causes: Iterable[Cause],
) -> OverlapChange:
    return OverlapChange(
        what=what,
        crm=row["crm"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        partner=row["partner"],
        theirs_id=row["theirs_id"],
        theirs_name=row["theirs_name"],
        before=before,
        after=after,
        columns=tuple(columns),
        causes=tuple(dict.fromkeys(causes)),
    )
