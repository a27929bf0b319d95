"""Where each CRM stands: what the published run found for it, and whether a plan for it waits."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from jobs.context import Context
from jobs.stores import outbox, plans, snapshot


@dataclass(frozen=True, slots=True)
class CrmStatus:
    """What a run found for one CRM: its accounts, those of companies that other CRMs have too, its overlaps.

    *plan* is the number of the newest plan for it, None if none was made from that run; *waits*: it can be applied.
    """

    crm: str
    accounts: int
    shared: int
    overlaps: int
    plan: int | None
    waits: bool


def crm_statuses(context: Context, run_id: str | None) -> tuple[CrmStatus, ...]:
    """Return where each CRM of the settings stands with run *run_id*; nothing if that is None or gone."""
    if run_id is None or not snapshot.exists(context.workspace.runs, run_id):
        return ()
    overlaps, known, accounts = snapshot.read(context.workspace.runs, run_id, "overlaps", "companies", "accounts")
    several = known.filter("in_several") if "in_several" in known.columns else known.clear()  # an earlier version's
    found = []
    for crm in context.workspace.settings.crm:
        of_crm = pl.col("crm") == crm
        number = _plan(context, crm, run_id)
        found.append(
            CrmStatus(
                crm=crm,
                accounts=accounts.filter(of_crm).height,
                shared=several.filter(of_crm).height,
                overlaps=overlaps.filter(of_crm).height,
                plan=number,
                waits=number is not None and _waits(context, str(number)),
            )
        )
    return tuple(found)


def _plan(context: Context, crm: str, run_id: str) -> int | None:
    newest = plans.latest_id(context.ledger, crm)
    if newest is None or plans.header(context.ledger, str(newest)).run_id != run_id:
        return None
    return newest


def _waits(context: Context, plan_id: str) -> bool:
    return plans.applied_at(context.ledger, plan_id) is None and bool(outbox.tally(context.ledger, plan_id))
