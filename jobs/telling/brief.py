"""The brief for a meeting with a partner, for ourselves alone: what moved and why, what is best, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from jobs import views
from jobs.context import Context
from jobs.partners.partner_views import require_partner
from jobs.partners.terms import require_analysed
from jobs.past import changes
from jobs.stores import snapshot
from jobs.telling import workbook
from jobs.telling.pages import Pages
from jobs.telling.partner_digests import waiting_influences
from jobs.telling.workbook import Sheet
from overlap.companies import speaking
from overlap.errors import ConfigError
from overlap.fields import PLAYS
from overlap.run_changes import APPEARED, CHANGED, VANISHED

LAST: Final = "last"
MARK: Final = "INTERNAL"
_BEST: Final = 10
_FRAMES: Final = ("overlaps", "accounts", "partner_accounts", "companies")
_SHOWN: Final = (
    *("account_name", "theirs_name", "our_population", "partner_population", "our_population_before"),
    *("partner_population_before", "why"),
)
_LINES: Final = (
    *("play", "account_name", "theirs_name", "priority", "icp_tier", "icp_reasons", "reasons", "relation"),
    *("theirs_owner_name", "theirs_owner_email"),
)


@dataclass(frozen=True, slots=True)
class Brief:
    """The files of a brief; *since* is the run that it compares with, None for none."""

    partner: str
    run_id: str
    since: str | None
    appeared: int
    changed: int
    vanished: int
    waiting: int
    files: tuple[str, ...]


def brief(context: Context, partner: str, since: str = LAST, out: Path | None = None) -> Brief:
    """Write the brief on *partner* as XLSX and HTML to the folder *out*, or into its folder under ``briefs/``.

    *since* is a day, or ``last``: the run of the brief before.

    Raises:
        ConfigError: there is no such partner or day, nothing was matched yet, or *out* is for partners.
        GuardError: the partner's terms do not let its list be looked at.
    """
    require_partner(context, partner)
    require_analysed(context, partner)
    views.published(context)
    folder = _folder(context, partner, out)
    run_id = context.ledger.pinned("published_run") or ""
    base = _base(context, partner, run_id, since)
    facts = _facts(context, partner, run_id, base)
    pages = Pages(context.workspace.templates)
    html = pages.page("brief.html", facts | _tables(facts))
    made = []
    for kind in ("xlsx", "html"):
        path = free_name(folder, f"{partner}-{context.today}-{MARK}", kind)
        draft = path.with_name(f".{path.name}.partial")
        if kind == "html":
            draft.write_text(html, encoding="utf-8")
        else:
            workbook.write(draft, _sheets(facts))
        draft.replace(path)
        made.append(str(path))
    context.ledger.pin(f"brief:{partner}", f"{run_id} {base or ''}")
    counts = {name: facts[name].height for name in (APPEARED, CHANGED, VANISHED, "waiting")}
    return Brief(partner, run_id, base, **counts, files=tuple(made))


def free_name(folder: Path, stem: str, kind: str) -> Path:
    """Return a name in *folder* that no file has yet."""
    names = (f"{stem}{'' if at == 1 else f'-{at}'}.{kind}" for at in range(1, 1_000_000))
    return next(folder / name for name in names if not (folder / name).exists())


def day_of(since: str) -> date:
    """Return the day that *since* names.

    Raises:
        ConfigError: it names none.
    """
    try:
        return date.fromisoformat(since)
    except ValueError as error:
        raise ConfigError(f"'{since}' is no day; write one like 2026-03-31, or 'last'") from error


def _folder(context: Context, partner: str, out: Path | None) -> Path:
    """Return the folder that the brief goes to. It is never one from which files go to partners."""
    folder = (context.workspace.briefs / partner) if out is None else out.resolve()
    if folder.is_relative_to(context.workspace.shared.resolve()):
        raise ConfigError(f"{folder} is for what partners get, and this brief is for you alone; choose another folder")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _base(context: Context, partner: str, run_id: str, since: str) -> str | None:
    """Return the run that the brief compares with; None if nothing was found before."""
    folder = context.workspace.runs
    numbers = sorted(int(path.name) for path in folder.glob("*") if path.name.isdecimal())
    kept = [str(number) for number in numbers if snapshot.exists(folder, str(number)) and str(number) != run_id]
    if since == LAST:
        pinned, _, since = (context.ledger.pinned(f"brief:{partner}") or "").partition(" ")
        if pinned == run_id:  # made again, it is the same brief
            pinned = since
        return next((one for one in kept if int(one) >= int(pinned)), None) if pinned else None
    day, zone = day_of(since), context.workspace.zone
    made_at = {one: datetime.fromisoformat(snapshot.manifest(folder, one)["made_at"]) for one in kept}
    # One that an erasure wrote anew is of no day.
    earlier = [one for one, at in made_at.items() if at.timestamp() and at.astimezone(zone).date() <= day]
    if not earlier:
        raise ConfigError(f"no run is kept that was made until {day}; say a later day, or 'last'")
    return earlier[-1]


def _facts(context: Context, partner: str, run_id: str, base: str | None) -> dict[str, Any]:
    """Return everything that the brief says, tables as frames."""
    now = _run(context, run_id, partner)
    found = _moves(context, partner, base or run_id, run_id)
    cells = views.matrix(context, partner).drop("partner")
    late = views.list_status(context, partner)
    return {
        "mark": MARK,
        "partner": context.workspace.settings.partners[partner].name,
        "company": context.workspace.settings.workspace.name,
        "day": context.today.isoformat(),
        "run": run_id,
        "since": base,
        "late": late.late,
        "as_of": None if late.as_of is None else f"{late.as_of.astimezone(context.workspace.zone):%Y-%m-%d}",
        "cells": cells,
        "best": _best(now["overlaps"]),
        "waiting": _waiting(context, partner, now["accounts"]),
        **{what: found.filter(change=what).select(_SHOWN) for what in (APPEARED, CHANGED, VANISHED)},
    }


def _moves(context: Context, partner: str, before: str, after: str) -> pl.DataFrame:
    """Return which overlaps with *partner* appeared, vanished or came into another cell; see `jobs.past.changes`."""
    found = changes.frame(changes.changes(context, before, after, partner).changes)
    return found.filter(pl.col("changed").str.contains("population"))  # a rank that moved alone is no news


def _run(context: Context, run_id: str, partner: str) -> dict[str, pl.DataFrame]:
    frames = dict(zip(_FRAMES, snapshot.read(context.workspace.runs, run_id, *_FRAMES), strict=True))
    frames["overlaps"] = frames["overlaps"].filter(partner=partner)
    frames["partner_accounts"] = frames["partner_accounts"].filter(partner=partner)
    if "speaks" in frames["companies"].columns:
        frames["overlaps"] = speaking(frames["overlaps"], frames["companies"])
    return frames


def _best(overlaps: pl.DataFrame) -> pl.DataFrame:
    """Return the best of each cell that has a play, in the order of the matrix."""
    cell = pl.format("{} x {}", "our_population", "partner_population").alias("cell")
    order = {f"{ours} x {theirs}": at for at, (ours, theirs) in enumerate(PLAYS)}
    ranked = overlaps.filter(pl.col("play").is_not_null()).with_columns(cell)
    ranked = ranked.sort(
        pl.col("cell").replace_strict(order, default=len(order), return_dtype=pl.Int64),
        "priority",
        "probability",
        "account_name",
        "key",
        descending=[False, True, True, False, False],
    )
    return ranked.group_by("cell", maintain_order=True).head(_BEST).select("cell", *_LINES)


def _waiting(context: Context, partner: str, accounts: pl.DataFrame) -> pl.DataFrame:
    names = accounts.select("crm", account_id="id", account_name="name")
    rows = waiting_influences(context).filter(partner=partner).join(names, on=["crm", "account_id"], how="left")
    return rows.select("opportunity_name", "account_name", "evidence")


def _sheets(facts: dict[str, Any]) -> list[Sheet]:
    partner = facts["partner"]
    first = [f"{MARK}: not for {partner}", f"Brief on {partner}, {facts['day']}, run {facts['run']}", _compared(facts)]
    return [
        Sheet(MARK, facts["cells"], first),
        *(Sheet(what.capitalize(), facts[what]) for what in (APPEARED, CHANGED, VANISHED)),
        Sheet("Best of each cell", facts["best"]),
        Sheet("Influence to decide on", facts["waiting"]),
    ]


def _compared(facts: dict[str, Any]) -> str:
    return f"compared with run {facts['since']}" if facts["since"] else "the first brief: nothing to compare with"


def _tables(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the frames of *facts* as templates read them: rows of dicts."""
    rows = {name: one.to_dicts() for name, one in facts.items() if isinstance(one, pl.DataFrame)}
    cells = facts["best"].partition_by("cell", as_dict=True, maintain_order=True)
    best = [{"cell": cell, "play": one["play"][0], "rows": one.to_dicts()} for (cell,), one in cells.items()]
    return rows | {"best": best, "compared": _compared(facts)}
