"""The digest of each partner manager: what moved, what waits for a decision, and whose owner nobody can tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from config.telling import Address
from jobs import views
from jobs.context import Context
from jobs.crm_status import crm_statuses
from jobs.partners.terms import terms_of, warnings
from jobs.reviewing.workbook import write_workbook
from jobs.stores import outbox, plans
from jobs.stores.messages import Told
from jobs.telling.found import Digest, Found, lines_of, needs_of, said_to
from jobs.telling.held import held_lists
from jobs.telling.pages import Pages
from overlap.digest import READER, moved, news, standing
from overlap.errors import OverlapError
from overlap.terms import FIELDS

KIND: Final = "partners"
_WRITTEN_DAYS: Final = 7
_DECIDED: Final = ("Confirmed", "Rejected")


def partner_digests(context: Context, known: Found, pages: Pages, asks: bool = False) -> list[Digest]:
    """Return one digest per partner manager of the settings, of the partners that each looks after.

    *asks*: an e-mail takes a workbook along that asks about the doubtful pairs of each partner.
    """
    settings = context.workspace.settings.telling
    managers: dict[Address, list[str]] = {}
    for partner in known.partners:
        for address in settings.managers_of(partner):
            managers.setdefault(address, []).append(partner)
    state = _State(context, known, asks)
    return [_digest(context, state, pages, address, partners) for address, partners in managers.items()]


class _State:
    """What is counted once for all managers."""

    def __init__(self, context: Context, known: Found, asks: bool) -> None:
        self.known = known
        self._context, self._asks = context, asks
        self._workbooks: dict[str, str | None] = {}
        self.cells = views.matrix(context)
        self.doubtful = _per_partner(views.reviews(context))
        self.waiting = _per_partner(waiting_influences(context))
        self.held = held_lists(context)
        self.warnings = warnings(context)
        self.terms = terms_of(context)
        self.written = outbox.written_by_partner(context.ledger, context.now - timedelta(days=_WRITTEN_DAYS))
        self.plans = [f"{crm}: {why} (overlap apply {number} --approve)" for crm, number, why in held_plans(context)]

    def workbook(self, partner: str, address: Address) -> str | None:
        """Return the workbook about the doubtful pairs with *partner* that goes to *address*, None if none does."""
        way = self._context.workspace.settings.telling.channels.get(address.channel)
        is_wanted = self._asks and self.doubtful.get(partner) and way is not None and way.type == "email"
        if not is_wanted or not self._shows(partner, *FIELDS):  # it has all that the partner says of its accounts
            return None
        if partner not in self._workbooks:
            self._workbooks[partner] = _workbook(self._context, partner)
        return self._workbooks[partner]

    def _shows(self, partner: str, *fields: str) -> bool:
        return partner not in self.terms or self.terms[partner].fields >= {*fields}

    def overlaps(self, partner: str) -> int:
        """Return how many accounts overlap with *partner*."""
        return int(self.cells.filter(partner=partner)["accounts"].sum())

    def counts(self, partner: str) -> dict[str, int]:
        """Return how many accounts lie in each cell with *partner*; nothing if its populations are not to be shown."""
        if not self._shows(partner, "population"):
            return {}
        rows = self.cells.filter(partner=partner).select("our_population", "partner_population", "accounts")
        return {f"{ours} x {theirs}": accounts for ours, theirs, accounts in rows.iter_rows()}


def _digest(context: Context, state: _State, pages: Pages, address: Address, partners: Collection[str]) -> Digest:
    known, reader = state.known, f"{KIND} {address}"  # whoever owns accounts, too, is told of these apart
    told = said_to(context, reader)
    orphans = known.rows.filter(pl.col(READER).is_null(), pl.col("partner").is_in(list(partners)))
    fresh = news(orphans, told)
    best = fresh.head(context.workspace.settings.telling.most)
    facts: dict[str, Any] = {
        "company": context.workspace.settings.workspace.name,
        "day": context.today.isoformat(),
        "partners": [_partner(state, partner, told, address) for partner in partners],
        "plans": state.plans,
        "orphans": lines_of(context, known, best),
        "more_orphans": fresh.height - best.height,
    }
    title, content = pages.message("partners", facts)
    return Digest(
        address=address,
        reader=reader,
        kind=KIND,
        title=title,
        content=replace(content, files=tuple(filter(None, (one["workbook"] for one in facts["partners"])))),
        lines=best.height,
        more=fresh.height - best.height,
        told=_told(state, partners, orphans),
        needs=needs_of(context, partners),
    )


def _partner(state: _State, partner: str, told: Mapping[str, str], address: Address) -> dict[str, Any]:
    before = {key.partition(": ")[2]: said for key, said in told.items() if key.startswith(f"{partner}: ")}
    return {
        "name": state.known.partners[partner],
        "overlaps": state.overlaps(partner),
        "moved": [{"cell": cell, "before": was, "now": now} for cell, was, now in moved(state.counts(partner), before)],
        "doubtful": state.doubtful.get(partner, 0),
        "workbook": state.workbook(partner, address),
        "influences": state.waiting.get(partner, 0),
        "held": state.held.get(partner),
        "late": state.known.late.get(partner),
        "terms": state.warnings.get(partner),
        "written": state.written.get(partner, {}),
    }


def _workbook(context: Context, partner: str) -> str | None:
    """Write the workbook and return its path in the workspace; without it, a digest goes all the same."""
    folder = context.workspace.reviews / partner
    folder.mkdir(parents=True, exist_ok=True)
    try:
        file = write_workbook(context, partner, folder).file
    except OverlapError as error:  # as when a run is at work in the warehouse
        context.report(f"no workbook about the doubtful pairs with '{partner}': {error}")
        return None
    return None if file is None else str(Path(file).relative_to(context.workspace.folder))


def _told(state: _State, partners: Collection[str], orphans: pl.DataFrame) -> Told:
    counted = {
        f"{partner}: {cell}": (partner, str(count))
        for partner in partners
        for cell, count in state.counts(partner).items()
    }
    rows = orphans.select("key", "partner", standing()).iter_rows()
    return counted | {key: (partner, said) for key, partner, said in rows}


def waiting_influences(context: Context) -> pl.DataFrame:
    """Return the suggested influences of the published run on which nobody in the CRM has decided."""
    influences, records = views.published(context, "influences", "record_partner_influence")
    decided = records.filter(pl.col("status").is_in(_DECIDED)).select("crm", key="influence_key")
    return influences.filter("suggest").join(decided, on=["crm", "key"], how="anti", maintain_order="left")


def held_plans(context: Context) -> list[tuple[str, int, str]]:
    """Return each CRM whose plan waits for a person, with the plan's number and why it is held."""
    found = []
    for one in crm_statuses(context, context.ledger.pinned("published_run")):
        if one.plan is None or not one.waits:
            continue
        header = plans.header(context.ledger, str(one.plan))
        if header.held:
            found.append((one.crm, one.plan, "; ".join(header.held)))
    return found


def _per_partner(rows: pl.DataFrame) -> dict[str, int]:
    return dict(rows.group_by("partner").len().iter_rows())
