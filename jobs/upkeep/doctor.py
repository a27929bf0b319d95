"""Doctor: look at everything that a workspace lives on, and go on with the rest where something is broken.

It changes nothing. A ledger that is missing, damaged or of another version is looked at, and an empty one takes its
place for whatever else needs one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from config.workspace import Workspace, open_workspace
from connectors.base import Finding
from jobs.connecting.check import of_connections
from jobs.context import Context, whoami
from jobs.partners.terms import warnings
from jobs.stores import outbox, runs
from jobs.stores.ledger import RunRecord, open_ledger
from jobs.upkeep import kept, machine
from jobs.upkeep.diagnosis import Diagnosis, Level, fail, looked, ok, warn
from jobs.views import list_status
from overlap.errors import ConfigError, OverlapError

_RUN_EVERY: Final = timedelta(days=8)


def doctor(folder: Path, environment: str | None, now: datetime, offline: bool = False) -> list[Diagnosis]:
    """Return what is well and what is not, in the order in which a person would mend it. Raises nothing of ours.

    *offline* asks no CRM.
    """
    found = [*looked("versions", machine.versions), *looked("disk", partial(machine.room, folder))]
    found += looked("ledger", partial(kept.ledger, folder / "ledger.sqlite"))
    is_whole = found[-1].level is Level.OK and (folder / "ledger.sqlite").is_file()
    found += looked("warehouse", partial(kept.warehouse, folder / "warehouse.duckdb"))
    found += looked("half made", partial(machine.left_behind, folder, now))
    try:
        workspace = open_workspace(folder, environment)
    except ConfigError as error:
        remedy = "correct this first: secrets, connections and lists were not looked at"
        return [*(fail("settings", line, remedy) for line in str(error).splitlines()), *found]
    found.insert(0, ok("settings", workspace.settings_files))
    found += looked("secrets", partial(machine.secrets, workspace))
    looks: list[tuple[str, Callable[[Context], Iterable[Diagnosis]]]] = []
    if is_whole:
        looks += [("audit", kept.chain), ("published run", kept.published), ("lists", kept.bytes_of_lists)]
        looks += [("runs", _last_runs), ("plans", _unfinished), ("lists", _lists), ("backup", kept.known_backups)]
    if not offline:
        looks.append(("connections", _connections))
    try:
        with _context(workspace, now, is_whole) as context:
            for subject, look in looks:
                found += looked(subject, partial(look, context))
    except OverlapError as error:
        found.append(fail("ledger", str(error), "correct this first: runs, lists and connections were not looked at"))
    return found


@contextmanager
def _context(workspace: Workspace, now: datetime, is_whole: bool) -> Iterator[Context]:
    """Yield a context whose ledger is the workspace's, or an empty one where that is not whole."""
    with TemporaryDirectory(prefix="overlap-doctor-") as elsewhere:
        path = workspace.ledger_file if is_whole else Path(elsewhere) / "ledger.sqlite"
        with open_ledger(path, workspace.settings.workspace.id) as ledger:
            yield Context(workspace, ledger, now, whoami())


def _connections(context: Context) -> Iterator[Diagnosis]:
    if not context.workspace.settings.crm:
        yield warn("connections", "there is no CRM in the settings", "fill in [crm.salesforce] or [crm.hubspot]")
        return
    for finding in of_connections(context):
        yield replace(_of(finding), of_connection=True)


def _of(finding: Finding) -> Diagnosis:
    level = Level.OK if finding.ok else Level.FAIL
    return Diagnosis(level, finding.subject, finding.detail, "" if finding.ok else finding.remedy)


def _last_runs(context: Context) -> Iterator[Diagnosis]:
    """Yield how the last run of each verb ended, and whether the weekly job is done at all."""
    lines = runs.as_they_are(context.ledger, context.workspace.logs, context.ledger.last_runs())
    for run in lines:
        day = f"{run.started_at.astimezone(context.workspace.zone):%Y-%m-%d %H:%M}"
        if run.state == "failed":
            yield warn(run.verb, f"run {run.id} of {day} failed: {_why(run)}", f"overlap {_again(run)}")
        elif run.state == "crashed":
            said = f"run {run.id} of {day} was cut short: its process is gone"
            yield warn(run.verb, said, "overlap run: it finishes what was begun, and writes nothing twice")
        else:
            yield ok(run.verb, f"run {run.id} of {day}: {run.state}")
    good = [run for run in lines if run.verb == "match" and run.state == "done"]
    if lines and not (good and context.now - good[-1].started_at <= _RUN_EVERY):
        last = f"{good[-1].started_at:%Y-%m-%d}" if good else "never"
        yield warn("weekly job", f"the last good match: {last}", "overlap run")


def _why(run: RunRecord) -> str:
    return str(run.summary.get("error", "it does not say why")).splitlines()[0]


def _again(run: RunRecord) -> str:
    return run.verb if run.verb in ("pull", "match", "plan") else "status"


def _unfinished(context: Context) -> Iterator[Diagnosis]:
    for crm in context.workspace.settings.crm:
        for number in outbox.unfinished(context.ledger, crm):
            yield warn(crm, f"plan {number} is written in part", f"overlap apply {number}, or overlap run")


def _lists(context: Context) -> Iterator[Diagnosis]:
    """Yield how old the list of each partner is, and what its terms say."""
    terms = warnings(context)
    for key, partner in context.workspace.settings.partners.items():
        found = list_status(context, key)
        if found.held:
            yield warn(key, f"a newer list is held: {found.held}", f"look at it, then: overlap pull --accept {key}")
        if found.as_of is None:
            yield warn(key, "no list was accepted yet", f"ask {partner.name} for one, or: overlap partner import {key}")
        elif found.late:
            said = f"its list is of {found.as_of:%Y-%m-%d}, later than every {partner.expected_every_days} days"
            yield warn(key, said, f"ask {partner.name} for a new one: until then its overlaps are unknown")
        else:
            yield ok(key, f"list of {found.as_of:%Y-%m-%d}, {found.accounts:,} accounts")
        if key in terms:
            yield warn(key, terms[key], f"agree anew and set [partners.{key}.terms] expires")
