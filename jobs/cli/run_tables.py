"""What the verbs on past runs print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl
from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli.console import out
from overlap.run_changes import APPEARED, CHANGED, VANISHED, OverlapChange

if TYPE_CHECKING:
    from jobs.past.changes import Difference
    from jobs.past.logs import Line
    from jobs.past.runs import Details, Part

#: Where a plan stands that nobody has applied, and that can be.
WAITS = "waits"
_STYLES = {"done": "green", "failed": "red", "crashed": "red", "interrupted": "yellow", "running": "cyan"}


def listed(found: Sequence[Part], zone: ZoneInfo) -> None:
    """Print whole runs, the newest first."""
    if not found:
        out.print("Nothing was run yet: 'overlap run' does the whole job.")
        return
    table = _table(f"Runs, the newest first (times in {zone.key})")
    _headings(table, "run", "verb", "state", "who", "began", "seconds", "what came of it")
    for one in found:
        began = f"{one.started_at.astimezone(zone):%Y-%m-%d %H:%M}"
        table.add_row(str(one.id), one.verb, _state(one), escape(one.who or ""), began, _seconds(one), _came(one))
    out.print(table)
    out.print("next: [bold]overlap runs show RUN[/]")


def details(found: Details, zone: ZoneInfo) -> None:
    """Print one run with its parts and plans, and what to do next."""
    run = found.run
    began = f"{run.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    out.print(f"[bold]run {run.id}[/] {run.verb}, {_state(run)}, began {began} by {escape(run.who or 'nobody known')}")
    table = _table("Parts" if found.parts else "What it did")
    _headings(table, "run", "verb", "state", "seconds", "calls", "what came of it")
    for one in found.parts or (run,):
        calls = f"{one.calls:,}" if one.calls else ""
        table.add_row(str(one.id), one.verb, _state(one), _seconds(one), calls, escape(one.said))
    out.print(table)
    errors = dict.fromkeys(one.error for one in (*found.parts, run) if one.error)
    for error in errors:
        out.print(f"[red]error:[/] {escape(error)}", soft_wrap=True)
    for why in (why for one in (*found.parts, run) if one.verb == "pull" for why in one.held):
        out.print(f"[yellow]held:[/] {escape(why)}", soft_wrap=True)
    for plan in found.plans:
        words = f"plan {plan.id} for '{plan.crm}': {plan.changes:,} changes, {plan.standing}"
        why = f", held: {'; '.join(plan.held)}" if plan.held and plan.standing == WAITS else ""
        out.print(escape(words + why), soft_wrap=True)
    if run.state == "crashed":
        out.print("Its process is gone; what it had finished stands, and the next run goes on from there.")
    for step in found.next_steps:
        out.print(f"next: [bold]{escape(step)}[/]", soft_wrap=True)


def log(lines: Sequence[Line], zone: ZoneInfo) -> None:
    """Print the lines of a log."""
    for line in lines:
        at = f"{line.at.astimezone(zone):%H:%M:%S}"
        style = "red" if line.level == "error" else "default"
        out.print(f"[dim]{at} {line.part:>4}[/] [{style}]{escape(line.text)}[/]", soft_wrap=True)


def difference(found: Difference, most: int | None) -> None:
    """Print what changed between two runs, at *most* so many of each kind (None: all)."""
    counts = Counter(one.what for one in found.changes)
    said = ", ".join(f"{counts[what]:,} {what}" for what in (APPEARED, CHANGED, VANISHED))
    out.print(f"from run {found.before} to run {found.after}: [bold]{said}[/]")
    for what in (APPEARED, CHANGED, VANISHED):
        rows = [one for one in found.changes if one.what == what]
        if not rows:
            continue
        table = _table(what.capitalize())
        _headings(table, "account", "partner", "ours / theirs", "what" if what == CHANGED else "prio", "why")
        for one in rows[:most]:
            table.add_row(escape(one.account_name), escape(one.partner), _cell(one), _what(one), _why(one))
        if most is not None and len(rows) > most:
            table.caption = f"{most:,} of {len(rows):,}; all with --all, or --output FILE"
        out.print(table)
    kinds = Counter(cause.kind for one in found.changes for cause in one.causes[:1])
    if kinds:
        out.print(
            "[dim]nearest causes: " + ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common()) + "[/]"
        )


def history(found: pl.DataFrame, limit: int) -> None:
    """Print intervals, the newest first."""
    if found.is_empty():
        out.print("No overlap was so.")
        return
    table = _table("How long overlaps stood")
    _headings(table, "account", "partner", "ours / theirs", "from", "until")
    for row in found.head(limit).iter_rows(named=True):
        cell = f"{row['our_population']} / {row['partner_population']}"
        name = row["account_name"] or f"{row['crm']}:{row['account_id']}"
        ended = "[green]still[/]" if row["ended_on"] is None else f"{row['ended_on']}"
        table.add_row(escape(name), escape(row["partner"]), escape(cell), f"{row['began_on']}", ended)
    if found.height > limit:
        table.caption = f"{limit:,} of {found.height:,}; more with --limit"
    out.print(table)


def _cell(one: OverlapChange) -> str:
    said = one.after or one.before
    return escape(f"{said['our_population']} / {said['partner_population']}")


def _what(one: OverlapChange) -> str:
    if one.what != CHANGED:
        return str((one.after or one.before)["priority"])
    told = (f"{name.replace('_', ' ')}: {one.before[name] or '–'} → {one.after[name] or '–'}" for name in one.columns)
    return escape("\n".join(told))


def _why(one: OverlapChange) -> str:
    return escape("; ".join(cause.text for cause in one.causes))


def _came(one: Part) -> str:
    words = [one.said] if one.said else []
    words += [f"held: {len(one.held):,}"] if one.held else []
    words += [one.error.splitlines()[0]] if one.error else []
    return escape("; ".join(words))


def _state(one: Part) -> str:
    return f"[{_STYLES.get(one.state, 'default')}]{one.state}[/]"


def _seconds(one: Part) -> str:
    return "" if one.seconds is None else f"{one.seconds:,.1f}"


def _headings(table: Table, *names: str) -> None:
    for name in names:
        table.add_column(
            name, overflow="fold", justify="right" if name in ("seconds", "calls", "run", "prio") else "left"
        )


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
