"""What runs did, for people: the whole ones in a row, one with its parts, and what to do next. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jobs.context import Context
from jobs.past import logs
from jobs.past.changes import kept_runs
from jobs.past.logs import Line
from jobs.stores import plans, runs, snapshot
from jobs.stores.ledger import RunRecord
from jobs.writeback.apply import standing

_NEVER_APPLIED: Final = "waits"


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the ledger: a whole run, or the pull, match, plan or apply in one. *calls* are those of a CRM's API.

    *seconds* is None while it runs, and where it crashed. *said* is what came of it, *held* why something of it waits
    for a person, *error* what stopped it.
    """

    id: int
    verb: str
    state: str
    who: str | None
    started_at: datetime
    seconds: float | None
    calls: int
    said: str
    held: tuple[str, ...]
    error: str | None


@dataclass(frozen=True, slots=True)
class PlanOf:
    """A plan that a run made; *standing* says why it cannot be applied (any more), or that it waits."""

    id: int
    crm: str
    changes: int
    standing: str
    held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Details:
    """One whole run with its *parts*; *found* is the number under which what it found is kept, None if it is not."""

    run: Part
    parts: tuple[Part, ...]
    plans: tuple[PlanOf, ...]
    found: int | None
    next_steps: tuple[str, ...]


def listed(context: Context, most: int, verb: str | None = None) -> list[Part]:
    """Return the last whole runs (of *verb*), the newest first, at *most* so many."""
    lines = runs.whole(context.ledger, most, verb)
    return list(map(_part, runs.as_they_are(context.ledger, context.workspace.logs, lines)))


def details(context: Context, run_id: int) -> Details:
    """Return what run *run_id* did; a part is shown with the whole that it belongs to.

    Raises:
        ConfigError: there is no such run.
    """
    ledger = context.ledger
    line = runs.load(ledger, run_id)
    number = line.part_of or line.id
    lines = [runs.load(ledger, number), *runs.parts(ledger, number)]
    whole, *below = runs.as_they_are(ledger, context.workspace.logs, lines)
    made = tuple(_plan(context, one.summary["plan"]) for one in (whole, *below) if _has_plan(one))
    matched = runs.match_in(ledger, whole.id)
    found = matched if matched is not None and snapshot.exists(context.workspace.runs, str(matched)) else None
    has_earlier = any(number < (found or 0) for number in kept_runs(context))
    steps = _next_steps(whole, made, found, has_earlier)
    return Details(_part(whole), tuple(map(_part, below)), made, found, steps)


def log(context: Context, run_id: int) -> list[Line]:
    """Return the log of run *run_id*; that of a part is in the log of its whole.

    Raises:
        ConfigError: there is no such run, or its log is not kept any more.
    """
    line = runs.load(context.ledger, run_id)
    lines = logs.read(context.workspace.logs, line.part_of or line.id)
    return lines if line.part_of is None else [one for one in lines if one.part == run_id]


def _has_plan(line: RunRecord) -> bool:
    return line.verb in ("plan", "undo") and str(line.summary.get("plan") or "").isdecimal()


def _part(line: RunRecord) -> Part:
    took = None if line.finished_at is None else (line.finished_at - line.started_at).total_seconds()
    said = line.summary
    return Part(
        id=line.id,
        verb=line.verb,
        state=line.state,
        who=line.who,
        started_at=line.started_at,
        seconds=took,
        calls=int(said.get("calls", 0)),
        said=_in_words(line.verb, said),
        held=_held(said),
        error=said.get("error"),
    )


def _held(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return why something waits for a person, whatever verb says so."""
    partners = [f"the list of '{one}'" for one in said.get("held_lists", ())]
    told = [
        f"{one['partner']}: {why}" for one in said.get("lists", ()) if one["state"] == "held" for why in one["reasons"]
    ]
    return (*partners, *told, *said.get("held", ()))


def _in_words(verb: str, said: Mapping[str, Any]) -> str:
    """Say what came of a line whose summary is *said*: rows read, found, planned or written."""
    match verb:
        case "run":
            found = said.get("found") or {}
            words = [_counted(found, "overlaps", "overlaps"), _counted(said, "written", "records written")]
            words += [f"{said['troubles']:,} not taken"] if said.get("troubles") else []
            words += [f"goes on after run {said['goes_on_after']}"] if said.get("goes_on_after") else []
        case "pull":
            rows = sum(sum(one["rows"].values()) for one in said.get("crms", ()))
            lists = sum(one["rows_out"] for one in said.get("lists", ()) if one["state"] == "accepted")
            words = [f"{rows:,} rows of CRMs"] if "crms" in said else []
            words += [f"{lists:,} of new lists"] if lists else []
        case "match":
            names = {"overlaps": "overlaps", "reviews": "doubtful", "suggestions": "suggestions"}
            words = [_counted(said, key, word) for key, word in names.items()]
        case "plan" | "undo":
            words = [f"plan {said['plan']}" if said.get("plan") else "", _counted(said, "changes", "changes")]
        case "apply":
            words = [f"plan {said['plan']}" if said.get("plan") else ""]
            words += [f"{count:,} {state}" for state, count in said.get("states", {}).items()]
        case _:
            words = [f"{value:,} {name}" for name, value in said.items() if isinstance(value, int) and name != "calls"]
    return ", ".join(word for word in words if word)


def _counted(said: Mapping[str, Any], key: str, word: str) -> str:
    return f"{said[key]:,} {word}" if isinstance(said.get(key), int) else ""


def _plan(context: Context, number: Any) -> PlanOf:
    planned = plans.load(context.ledger, str(number))
    stands = standing(context, planned) or (_NEVER_APPLIED if planned.changes else "nothing to write")
    return PlanOf(int(planned.id), planned.crm, len(planned.changes), stands, planned.held)


def _next_steps(whole: RunRecord, made: tuple[PlanOf, ...], found: int | None, has_earlier: bool) -> tuple[str, ...]:
    """Return the commands that go on after this run, the most urgent first."""
    steps = []
    if whole.state in (*runs.CUT_SHORT, "failed"):
        steps.append(f"overlap {whole.verb}" if whole.verb in ("run", "pull", "match") else "overlap status")
    for one in made:
        if one.standing == _NEVER_APPLIED:
            steps.append(f"overlap apply {one.id}{' --approve' if one.held else ''}")
    if any(one.standing.startswith("applied") for one in made):
        steps.append(f"overlap undo run:{whole.id} --dry-run")
    if found is not None and has_earlier:
        steps.append(f"overlap diff previous {whole.id}")
    return tuple(steps)
