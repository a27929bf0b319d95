"""What runs found is kept for a while by age and number, and as long as anything needs it.

A folder of a run gets a hidden name before anything of it goes, so that no reader ever sees half a run.
"""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, func, select

from jobs.context import Context
from jobs.steps import step
from jobs.stores import outbox, plans, schema
from jobs.stores.snapshot import sync

_LEAVING: Final = re.compile(r"\.\d+\.removed")


def prune(context: Context) -> list[int]:
    """Remove what is older than the settings keep and nothing needs any more; return the numbers of these runs.

    Call it under the workspace's lock.
    """
    folder, settings = context.workspace.runs, context.workspace.settings.runs
    for path in folder.glob(".*.removed"):  # of a run that a crash kept from going altogether
        if _LEAVING.fullmatch(path.name):
            _delete(path)
    oldest = context.now - timedelta(days=settings.keep_days)
    kept = sorted((int(path.name) for path in folder.glob("*") if path.name.isdecimal()), reverse=True)
    needed = _needed(context)
    gone = [number for number in kept[settings.keep :] if number not in needed and _made_at(context, number) < oldest]
    for number in gone:
        leaving = folder / f".{number}.removed"
        step("run: remove")
        (folder / str(number)).rename(leaving)
        sync(folder)
        step("run: hidden")
        _delete(leaving)
    if gone:
        context.report(f"{len(gone):,} runs older than {settings.keep_days} days were removed")
    return gone


def _delete(path: Path) -> None:
    step("run: delete")
    shutil.rmtree(path)
    step("run: deleted")


def _needed(context: Context) -> set[int]:
    """Return the published run, those of plans that can be applied, finished or explained, and of releases in force."""
    ledger, released = context.ledger, schema.releases
    needed = {int(run) for run in [ledger.pinned("published_run")] if run is not None}
    for crm in context.workspace.settings.crm:
        last = plans.last_applied(ledger, crm)
        needed |= {int(last.run_id)} if last is not None else set()
        needed |= {int(plans.header(ledger, str(number)).run_id) for number in outbox.unfinished(ledger, crm)}
    for crm in ledger.pins("org:"):
        last_plan = plans.latest_id(ledger, crm)
        needed |= set() if last_plan is None else {int(plans.header(ledger, str(last_plan)).run_id)}
    with ledger.engine.connect() as connection:
        of_partner = select(func.max(released.c.run_id)).where(released.c.partner == bindparam("partner"))
        for partner in ledger.pins("partner:"):
            needed |= set(connection.execute(of_partner, {"partner": partner}).scalars()) - {None}
    return needed


def _made_at(context: Context, number: int) -> datetime:
    """Return when run *number* began; the ledger may have been restored and not know it."""
    query = select(schema.runs.c.started_at).where(schema.runs.c.id == number)
    with context.ledger.engine.connect() as connection:
        began: datetime | None = connection.execute(query).scalar()
    folder = context.workspace.runs / str(number)
    return began or datetime.fromtimestamp(folder.stat().st_mtime, UTC)
