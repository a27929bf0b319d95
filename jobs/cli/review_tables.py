"""What is printed of review workbooks that came back, and of verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli.console import out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jobs.reviewing.kept import KeptVerdict
    from jobs.reviewing.reports import WorkbookReport
    from jobs.reviewing.travel import Import
    from overlap.precision import Precision

_MOST_BAD: Final = 20


def reviewed(report: WorkbookReport) -> None:
    """Print what became of one workbook, and of each row that was not taken why."""
    if report.unread is not None:
        out.print(f"[red]not read[/] {escape(report.unread)}", soft_wrap=True)
        return
    counts = f"{report.taken:,} verdicts taken, {report.known:,} known already, {report.later:,} left for later"
    kept = f"; it is in {report.kept}" if report.kept else ""
    said = (
        f"[bold]{escape(report.file)}[/] by {escape(report.judged_by)}: {counts}, {len(report.bad):,} not taken{kept}"
    )
    out.print(said, soft_wrap=True)
    for bad in report.bad[:_MOST_BAD]:
        value = f" '{escape(bad.value)}'" if bad.value else ""
        out.print(f"  [red]row {bad.row}[/]{value}: {escape(bad.reason)} → {escape(bad.remedy)}", soft_wrap=True)
    if len(report.bad) > _MOST_BAD:
        out.print(f"  and {len(report.bad) - _MOST_BAD:,} more; see --json")


def verdicts(found: Sequence[KeptVerdict], right: Mapping[str, Precision], limit: int) -> None:
    """Print verdicts, the latest first, and how right the matches of each partner are."""
    if not found:
        out.print("Nobody has judged a pair yet.")
    else:
        table = Table(box=box.SIMPLE_HEAD, title="Verdicts", title_justify="left")
        table.add_column("no.", justify="right")
        table.add_column("ours", style="bold", overflow="fold", ratio=1)
        table.add_column("theirs", overflow="fold", ratio=1)
        table.add_column("verdict")
        table.add_column("by", overflow="fold")
        table.add_column("on", no_wrap=True)
        table.add_column("")
        for one in found[:limit]:
            theirs = f"{escape(one.theirs)}\n[dim]{escape(one.partner)}[/]"
            by = f"{escape(one.judged_by)}\n[dim]{one.source}[/]"
            day = f"{one.judged_at:%Y-%m-%d}"
            table.add_row(str(one.number), escape(one.ours), theirs, one.verdict, by, day, _state(one))
        out.print(table)
    if len(found) > limit:
        out.print(f"{limit:,} of {len(found):,}; more with --limit", style="dim")
    for partner, said in right.items():
        out.print(f"{escape(partner)}: {said}", soft_wrap=True)


def _state(one: KeptVerdict) -> str:
    if one.undone_at is not None:
        return f"[dim]undone {one.undone_at:%Y-%m-%d}[/]"
    return "[yellow]not in the last run[/]" if one.found is False else ""


def imported(done: Import) -> None:
    """Print what became of verdicts from elsewhere."""
    counts = f"{done.taken:,} verdicts taken, {done.known:,} known already, {len(done.not_taken):,} not taken"
    out.print(counts, soft_wrap=True)
    if done.waiting:
        out.print(f"{done.waiting:,} of them wait until both companies are here")
    for one in done.not_taken[:_MOST_BAD]:
        out.print(f"  [red]line {one.line}[/] {escape(one.about)}: {escape(one.reason)}", soft_wrap=True)
