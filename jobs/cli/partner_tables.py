"""What the verbs on partners say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli import show, times
from jobs.cli.console import out

if TYPE_CHECKING:
    from jobs.partners.lists import ListReport
    from jobs.partners.partner_settings import Removal
    from jobs.partners.partner_views import ListDifference, PartnerDetails, PartnerState
    from overlap.list_changes import RowChange

_SIGNS = {"appeared": "[green]+[/]", "vanished": "[red]-[/]", "changed": "[yellow]~[/]"}


def states(found: Sequence[PartnerState]) -> None:
    """Print one line per partner."""
    if not found:
        show.next_steps("There is no partner yet.", ["overlap partner add KEY --name NAME --files 'inbox/KEY*'"])
        return
    table = _table("Partners")
    table.add_column("partner", overflow="fold")
    table.add_column("list in force", overflow="fold")
    table.add_column("as of", no_wrap=True)
    for heading in ("days old", "accounts", "overlaps"):
        table.add_column(heading, justify="right")
    for one in found:
        age = "" if one.age_days is None else f"{one.age_days:,}"
        table.add_row(
            f"{escape(one.name)} ({one.partner})",
            escape(one.file or ""),
            times.day(one.as_of) if one.as_of else "",
            age,
            f"{one.rows:,}",
            f"{one.overlaps:,}",
        )
    out.print(table)
    for one in found:
        if _remarks(one):
            out.print(f"{one.partner}: {_remarks(one)}", soft_wrap=True)


def details(found: PartnerDetails) -> None:
    """Print everything of one partner."""
    one = found.state
    out.print(f"[bold]{escape(one.name)}[/] ({one.partner}) {_remarks(one)}", soft_wrap=True)
    out.print(f"files: {escape(found.settings['files'])}", soft_wrap=True)
    terms = found.settings["terms"]
    agreement = f"; agreement: {escape(terms['agreement'])}" if terms["agreement"] else ""
    uses = escape(", ".join(terms["uses"]) or "nothing")
    out.print(f"terms: for {uses}; {escape(one.terms) or 'no limit'}{agreement}", soft_wrap=True)
    if found.headings:
        read = ", ".join(f"{ours} = '{theirs}'" for ours, theirs in found.headings.items())
        out.print(f"read from its list: {escape(read)}", soft_wrap=True)
    if one.precision:
        out.print(one.precision)
    _lists(found)
    for file in found.quarantine[:3]:
        out.print(f"bad rows, each with its reason: {escape(file)}", soft_wrap=True)
    for cell in found.cells:
        cells = f"{cell['our_population']} x {cell['partner_population']}"
        out.print(f"  {cell['accounts']:,} {escape(cells)}")


def imported(report: ListReport, file: Path, dry: bool) -> None:
    """Print what became of a list that a person named, or would."""
    would = "would be " if dry else ""
    state = f"[{'red' if report.state == 'held' else 'green'}]{would}{report.state}[/]"
    counts = f"{report.rows_in:,} rows in, {report.rows_out:,} out, {report.quarantined:,} quarantined"
    detail = f"{counts}, {report.duplicates:,} duplicates" if report.state == "accepted" else counts
    day = f", as of {times.day(report.as_of)}" if report.as_of else ""
    out.print(f"[bold]{report.partner}[/] {state} {escape(file.name)}{day}: {detail}", soft_wrap=True)
    if report.quarantine:
        out.print(f"  bad rows, each with its reason: {escape(report.quarantine)}", soft_wrap=True)
    for reason in report.reasons:
        out.print(f"  → {escape(reason)}", soft_wrap=True)
    for note in report.notes:
        out.print(f"  [dim]{escape(note)}[/]", soft_wrap=True)
    if report.state == "held" and report.rows_in:
        out.print("  if it is right all the same, say --accept", soft_wrap=True)
    elif report.state == "accepted":
        command = f"overlap partner import {report.partner} {file}" if dry else "overlap match"
        show.next_steps("", [command])


def difference(found: ListDifference, limit: int) -> None:
    """Print the counts, and the first *limit* rows."""
    counts = ", ".join(f"{found.count(what):,} {what}" for what in _SIGNS)
    out.print(f"{found.partner}, from {times.day(found.before)} to {times.day(found.after)}: {counts}")
    for row in found.rows[:limit]:
        out.print(f"{_SIGNS[row.what]} {escape(row.id)} {escape(row.name)}{escape(_moved(row))}", soft_wrap=True)
    if len(found.rows) > limit:
        out.print(f"[dim]{limit:,} of {len(found.rows):,}; more with --limit[/]")


def removal(means: Removal) -> None:
    """Print what taking a partner out means."""
    out.print(f"Removing [bold]{escape(means.name)}[/] ({means.partner}): at the next run,", soft_wrap=True)
    out.print(f"  {means.overlaps:,} overlaps retire, and fields on accounts and opportunities lose its name")
    out.print(f"  {means.suggestions:,} suggestions of influence are withdrawn")
    out.print(f"  {means.confirmed:,} confirmed influences stay as people left them")
    out.print(f"  {means.lists:,} lists stay in lists/ and in the ledger; nobody else is given its key")
    out.print("  that plan is held: a person approves it")


def _lists(found: PartnerDetails) -> None:
    table = _table("Lists that were accepted")
    table.add_column("as of", no_wrap=True)
    table.add_column("file", overflow="fold")
    table.add_column("accepted", no_wrap=True)
    for heading in ("rows", "taken", "bad", "double"):
        table.add_column(heading, justify="right")
    table.add_column("", overflow="fold")
    for at, one in enumerate(found.lists):
        how = [*(["in force"] if at == 0 else []), *(["imported"] if one.imported else [])]
        how += [f"approved by {escape(one.approved_by)}"] if one.approved_by else []
        table.add_row(
            times.day(one.as_of),
            escape(one.file_name),
            times.day(one.accepted_at),
            *(f"{count:,}" for count in (one.rows_in, one.rows_out, one.quarantined, one.duplicates)),
            ", ".join(how),
        )
    out.print(table)


def _moved(row: RowChange) -> str:
    told = (f"{name}: {_cell(before)} → {_cell(after)}" for name, (before, after) in row.columns.items())
    return "".join(f"; {one}" for one in told)


def _cell(value: Any) -> str:
    return "nothing" if value is None else f"'{value}'"


def _remarks(one: PartnerState) -> str:
    late = "[red]late: its overlaps are unknown[/]" if one.late else ""
    none = "" if one.file else "[red]no list yet[/]"
    held = f"[red]a newer list is held:[/] {escape(one.held)}" if one.held else ""
    terms = f"[yellow]terms: {escape(one.terms)}[/]" if one.terms else ""
    return "; ".join(filter(None, (none, late, held, terms)))


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
