"""Tables of the published run that a partner manager enjoys reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl
from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli import times
from jobs.cli.console import out
from overlap.fields import PLAYS
from overlap.model import OTHER, POPULATIONS

if TYPE_CHECKING:
    from jobs.finding.match import MatchReport
    from jobs.several_crms import Company
    from jobs.views import Status

_TIER_STYLES = {"A": "bold green", "B": "yellow", "C": "dim"}


def matrix(
    cells: pl.DataFrame, names: Mapping[str, str], companies: pl.DataFrame, late: Mapping[str, datetime]
) -> None:
    """Print one 3x3 table per partner: counts, and the play of each cell; below it how many *companies* these are.

    *companies* are those of `overlap.counting.reconciled`; *late* says of which day a list is that is too old.
    """
    united = {row["partner"]: row for row in companies.iter_rows(named=True)}
    if cells.is_empty():
        out.print("No overlaps yet: run 'overlap pull' and 'overlap match'.")
    for partner in cells["partner"].unique(maintain_order=True):
        counts = {
            (row["our_population"], row["partner_population"]): row["accounts"]
            for row in cells.filter(pl.col("partner") == partner).iter_rows(named=True)
        }
        name = escape(names.get(partner, partner))
        table = Table(
            title=f"Our accounts that {name} knows too", box=box.ROUNDED, title_justify="left", show_lines=True
        )
        table.add_column("ours \\ theirs", style="bold")
        for theirs in POPULATIONS:
            table.add_column(theirs, justify="center")
        for ours in ("Prospects", "Open Opportunities", "Customers"):
            table.add_row(ours, *(_cell(counts.get((ours, theirs), 0), PLAYS[ours, theirs]) for theirs in POPULATIONS))
        for ours in dict.fromkeys(ours for ours, _ in counts if ours not in (*POPULATIONS, OTHER)):
            table.add_row(escape(ours), *(f"{counts.get((ours, theirs)) or '·'}" for theirs in POPULATIONS))
        out.print(table)
        if partner in united:
            out.print(_reconciled(united[partner], name))
        if partner in late:
            out.print(f"[red]unknown by now:[/] the list of {name} is of {times.day(late[partner])}, and late")


def _reconciled(found: Mapping[str, Any], name: str) -> str:
    """Say how our accounts and their rows come to one number of companies."""
    return (
        f"[dim]{found['companies']:,} companies: {found['accounts']:,} of our accounts "
        f"({found['our_doubles']:,} doubles), {found['their_rows']:,} rows of {name} "
        f"({found['their_doubles']:,} doubles)[/]"
    )


def overlaps(found: pl.DataFrame, limit: int) -> None:
    """Print the *limit* most promising overlaps with their play and why they match."""
    if found.is_empty():
        out.print("No overlap fits.")
        return
    table = _table("Overlaps, the most promising first")
    table.add_column("#", justify="right", style="dim")
    table.add_column("account, and why we think so", overflow="fold", ratio=3)
    table.add_column("partner")
    table.add_column("ours / theirs, and what to do", overflow="fold", ratio=2)
    table.add_column("ICP", justify="right", no_wrap=True)
    table.add_column("prio", justify="right", no_wrap=True)
    for rank, row in enumerate(found.head(limit).iter_rows(named=True), 1):
        others = [crm for crm in (row["crms"] or "").split(", ") if crm not in ("", row["crm"])]
        where = f" [dim]also in {', '.join(others)}[/]" if others else ""
        why = escape(_relation(row["relation"]) + row["reasons"])
        table.add_row(
            str(rank),
            f"[bold]{escape(row['account_name'])}[/]{where}\n[dim]{why}[/]",
            row["partner"] + ("\n[red]unknown by now:[/] [dim]its list is late[/]" if row["late"] else ""),
            f"{row['our_population']} / {row['partner_population']}\n[cyan]{row['play'] or ''}[/]",
            _tier(row["icp_tier"], row["icp_fit"]),
            str(row["priority"]),
        )
    _print(table, found.height, limit)


def reviews(found: pl.DataFrame, limit: int) -> None:
    """Print doubtful pairs with what speaks for and against them."""
    if found.is_empty():
        out.print("No pair waits for your judgement.")
        return
    table = _table("Pairs that wait for your judgement")
    # Ids may not be broken over two lines: people copy them.
    table.add_column("ours", style="bold", min_width=18)
    table.add_column("theirs", min_width=18)
    table.add_column("same?", justify="right")
    table.add_column("why", overflow="fold", ratio=1)
    for row in found.head(limit).iter_rows(named=True):
        ours = f"{escape(row['ours'])}\n[dim]{escape(row['ours_id'])}[/]"
        theirs = f"{escape(row['theirs'])}\n[dim]{escape(row['partner'])}:{escape(row['theirs_id'])}[/]"
        table.add_row(ours, theirs, f"{row['probability']:.0%}", escape(row["reasons"]))
    _print(table, found.height, limit)
    out.print("Settle them one after the other with: overlap review", style="dim")


def companies(found: Sequence[Company], limit: int) -> None:
    """Print companies that several CRMs have, one line per account, the CRM that speaks first."""
    if not found:
        out.print("No company fits that several CRMs have.")
        return
    table = _table("Companies in several CRMs; the first account of each speaks for it")
    table.add_column("account", overflow="fold", ratio=1)
    table.add_column("CRM: id", min_width=18, overflow="fold")
    table.add_column("population by itself")
    for one in found[:limit]:
        for account in one.accounts:
            style = "bold" if account is one.accounts[0] else ""
            population = f"[yellow]{account.population}[/]" if one.differs else account.population
            table.add_row(
                f"[{style}]{escape(account.name)}[/]" if style else escape(account.name),
                f"{account.crm}: {escape(account.id)}",
                population,
            )
    _print(table, len(found), limit)


def in_several(report: MatchReport) -> None:
    """Print how many companies several CRMs have, and which of these speaks for them."""
    if report.population_from is None:
        return
    differ = f", {report.differing:,} of them in different populations" if report.differing else ""
    out.print(
        f"  {report.in_several:,} companies are in several CRMs{differ}: '{report.population_from}' decides "
        f"(\\[companies] population_from)",
        soft_wrap=True,
    )
    if report.differing:
        out.print("  [dim]which: overlap companies --differing[/]")


def greenfield(found: pl.DataFrame, limit: int) -> None:
    """Print partners' accounts that are not ours yet, the best fit first."""
    if found.is_empty():
        out.print("No greenfield: you have every account of theirs.")
        return
    table = _table("Greenfield: their accounts that you do not have")
    table.add_column("account", overflow="fold", ratio=1)
    table.add_column("partner, its status")
    table.add_column("ICP", justify="right", no_wrap=True)
    table.add_column("why", overflow="fold", ratio=1)
    for row in found.head(limit).iter_rows(named=True):
        staff = f"{row['headcount']:,} people" if row["headcount"] else None
        table.add_row(
            f"[bold]{escape(row['name'])}[/]\n[dim]{escape(', '.join(filter(None, (row['country'], staff))))}[/]",
            f"{escape(row['partner'])}\n[dim]{row['population']}[/]",
            _tier(row["icp_tier"], row["icp_fit"]),
            escape(row["icp_reasons"]),
        )
    _print(table, found.height, limit)


def status(found: Status) -> None:
    """Print where the workspace stands."""
    out.print(f"workspace [bold]{found.workspace}[/], published run {found.published_run or 'none yet'}")
    if found.runs:
        _runs(found)
    if len(found.crms) > 1:
        _crms(found)
    if found.lists:
        _lists(found)
    for partner, ending in found.terms.items():
        out.print(f"[yellow]terms of {escape(partner)}:[/] {escape(ending)}", soft_wrap=True)
    for note in found.drift:
        out.print(f"[yellow]changed in the CRM:[/] {escape(note)}", soft_wrap=True)
    for rule, count in found.excluded.items():
        out.print(f"{count:,} accounts excluded by '{rule}'")
    for partner, said in found.precision.items():
        out.print(f"{escape(partner)}: {said}", soft_wrap=True)
    if found.unfinished:
        out.print(f"[bold red]Unfinished:[/] plan {', '.join(map(str, found.unfinished))} was cut short")
    out.print(f"next: [bold]{escape(found.next_step)}[/]", soft_wrap=True)


def _crms(found: Status) -> None:
    table = _table("What the published run found for each CRM")
    table.add_column("CRM", overflow="fold")
    for heading in ("accounts", "in other CRMs too", "overlaps"):
        table.add_column(heading, justify="right")
    table.add_column("plan")
    for one in found.crms:
        plan = "[yellow]none yet[/]" if one.plan is None else f"{one.plan}{' waits' if one.waits else ''}"
        table.add_row(one.crm, f"{one.accounts:,}", f"{one.shared:,}", f"{one.overlaps:,}", plan)
    out.print(table)


def _runs(found: Status) -> None:
    table = _table("Last runs")
    for heading in ("verb", "run", "state", f"started ({times.zone_name()})", "seconds"):
        table.add_column(heading)
    for run in found.runs:
        took = f"{(run.finished_at - run.started_at).total_seconds():.1f}" if run.finished_at else ""
        table.add_row(run.verb, str(run.id), run.state, times.second(run.started_at), took)
    out.print(table)
    for run in found.runs:
        if run.state == "failed":
            out.print(f"[red]{run.verb}:[/] {escape(str(run.summary.get('error', '')))}", soft_wrap=True)
        if run.state == "crashed":
            out.print(f"[red]{run.verb}:[/] its process is gone; 'overlap runs show {run.id}' says how far it came")


def _lists(found: Status) -> None:
    table = _table("Partners' lists in force")
    table.add_column("partner", overflow="fold")
    table.add_column("file", overflow="fold")
    table.add_column("as of", no_wrap=True)
    table.add_column("accounts", justify="right")
    table.add_column("")
    for one in found.lists:
        day = times.day(one.as_of) if one.as_of else ""
        note = "[red]late[/]" if one.late else "" if one.file else "[red]no list yet[/]"
        note = "[red]a newer one is held[/]" if one.held else note
        table.add_row(f"{escape(one.name)} ({one.partner})", escape(one.file or ""), day, f"{one.accounts:,}", note)
    out.print(table)
    for one in found.lists:
        if one.held:
            out.print(f"[red]held[/] {one.partner}: {escape(one.held)}", soft_wrap=True)


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")


def _print(table: Table, total: int, limit: int) -> None:
    if total > limit:
        table.caption = f"{limit:,} of {total:,}; more with --limit"
    out.print(table)


def _cell(count: int, play: str) -> str:
    return f"[bold]{count}[/]\n[dim]{play}[/]" if count else f"[dim]·\n{play}[/]"


def _tier(tier: str, fit: int) -> str:
    return f"[{_TIER_STYLES[tier]}]{tier}[/] {fit}"


def _relation(relation: str) -> str:
    return "" if relation == "Same" else f"{relation}; "
