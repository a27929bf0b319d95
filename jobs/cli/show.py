"""What the verbs of the weekly job say when they are done."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli import changes, review_tables, tables, times
from jobs.cli.console import err, out
from overlap.errors import ConfigError
from overlap.fields import BY_NAME

if TYPE_CHECKING:
    from connectors.base import Finding
    from jobs.finding.match import MatchReport
    from jobs.partners.corrections import Correction
    from jobs.pulling.pull import PullReport
    from jobs.run import RunReport
    from jobs.writeback.apply import ApplyReport
    from overlap.plan import SyncPlan

_OF_A_RUN = ("id", "crm", "run_id", "counts", "unchanged", "held", "notes", "calls", "drift")
_STANDS = "; until then the list accepted before stays in force"


def next_steps(said: str, steps: Sequence[str]) -> None:
    """Print what happened and the commands to go on with."""
    out.print(said, soft_wrap=True)
    for step in steps:
        out.print(f"next: [bold]{escape(step)}[/]", soft_wrap=True)


def ask(question: str) -> None:
    """Let the person at the terminal say yes.

    Raises:
        ConfigError: there is no terminal to ask at.
        typer.Exit: the person said no.
    """
    if not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask at; say --yes")
    try:
        answer = err.input(f"{escape(question)} \\[y/N] ")  # not typer's: it prints a part of it to stdout
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        err.print("Nothing was written.")
        raise typer.Exit(1)


def findings(found: Sequence[Finding]) -> None:
    """Print one line per finding, and the remedy where it is not well."""
    for finding in found:
        sign = "[green]✓[/]" if finding.ok else "[red]✗[/]"
        out.print(f"{sign} [bold]{escape(finding.subject)}[/] {escape(finding.detail)}", soft_wrap=True)
        if not finding.ok and finding.remedy:
            out.print(f"  → {escape(finding.remedy)}", soft_wrap=True)
    bad = sum(not finding.ok for finding in found)
    next_steps(f"{bad} of {len(found)} need you." if bad else "All well.", [] if bad else ["overlap run"])


def pulled(report: PullReport) -> None:
    """Print what was read, and which lists were held or quarantined."""
    for crm in report.crms:
        read = ", ".join(
            f"{count:,} {stream.replace('_', ' ')}"
            for stream, count in crm.rows.items()
            if not stream.startswith("record:")
        )
        since = "everything" if crm.since is None else f"since {times.stamp(crm.since)} and the look-back"
        gone = sum(crm.deleted.values())
        out.print(f"[bold]{crm.crm}[/] {since}: {read or 'nothing new'}" + (f", {gone:,} deleted" if gone else ""))
        if crm.merged:
            out.print(f"  {crm.merged:,} accounts were merged: verdicts follow to the account that is left")
        if crm.overlooked:
            out.print(f"  {crm.overlooked:,} rows came into sight that nobody changed: the sweep found and read them")
        for note in crm.drift:
            out.print(f"  [yellow]changed:[/] {escape(note)}", soft_wrap=True)
        if crm.unreadable:
            out.print(f"  [dim]missing or hidden, left empty: {escape(', '.join(crm.unreadable))}[/]", soft_wrap=True)
    for one in report.lists:
        unread = one.state == "held" and not one.rows_in
        detail = "; ".join(one.reasons) if unread or not one.file else f"{one.file}: {one.rows_in:,} rows in"
        if one.state == "accepted":
            detail += f", {one.rows_out:,} out, {one.quarantined:,} quarantined, {one.duplicates:,} duplicates"
        out.print(f"[bold]{one.partner}[/] {_state(one.state)} {escape(detail)}", soft_wrap=True)
        if one.quarantine:
            out.print(f"  bad rows, each with its reason: {escape(one.quarantine)}")
        for note in one.notes:
            out.print(f"  [dim]{escape(note)}[/]", soft_wrap=True)
        if unread:
            out.print(f"  correct this, then: overlap pull{_STANDS}", soft_wrap=True)
        elif one.state == "held":
            for reason in one.reasons:
                out.print(f"  → {escape(reason)}", soft_wrap=True)
            out.print(f"  if it is right all the same: overlap pull --accept {one.partner}{_STANDS}", soft_wrap=True)
    for one_review in report.reviews:
        review_tables.reviewed(one_review)
    excluded(report.excluded)
    if report.uncounted:
        out.print(f"[yellow]match will stop at this:[/] {escape(report.uncounted)}", soft_wrap=True)


def corrected(done: Correction) -> None:
    """Print what became of a list of which rows were corrected."""
    one = done.report
    detail = f"{one.rows_in:,} rows in, {one.rows_out:,} out, {one.quarantined:,} quarantined"
    detail = f"{done.corrected:,} rows are corrected: {detail}, {one.duplicates:,} duplicates"
    out.print(f"[bold]{one.partner}[/] {_state(one.state)} {escape(detail)}", soft_wrap=True)
    for reason in one.reasons:
        out.print(f"  → {escape(reason)}", soft_wrap=True)
    if one.state == "held":
        next_steps("Nothing was changed. Correct more rows in that file, or give it with --accept.", [])
        return
    left = f"What is still bad is in {one.quarantine}, numbered anew." if one.quarantine else "No row of it is bad."
    next_steps(left, ["overlap match"])


def excluded(by_rule: Mapping[str, int]) -> None:
    """Print how many accounts each rule leaves out."""
    for rule, count in by_rule.items():
        out.print(f"  {count:,} accounts excluded by '{rule}'")


def matched(report: MatchReport) -> None:
    """Print what a run found."""
    out.print(
        f"run {report.run_id}: {report.accounts:,} accounts against {report.partner_accounts:,} of the partners': "
        f"[bold]{report.overlaps:,} overlaps[/], {report.reviews:,} doubtful pairs, {report.suggestions:,} suggested "
        f"influences, {report.greenfield:,} greenfield, {report.judgements:,} judged",
        soft_wrap=True,
    )
    tables.in_several(report)
    for crm in report.behind:
        out.print(f"[yellow]the last pull could not read '{escape(crm)}':[/] its rows are those of an earlier one")
    excluded(report.excluded)
    next_steps("", ["overlap matrix", "overlap overlaps", "overlap plan"])


def plan(made: SyncPlan, everything: bool = False, standing: str | None = None) -> None:
    """Print a plan: counts by object and action, the first changes with old and new, and why it is held.

    *standing* says why it cannot be applied any more.
    """
    counts = Counter((change.object_name, str(change.action)) for change in made.changes)
    table = Table(
        title=f"Plan {made.id} for '{made.crm}'", box=box.SIMPLE_HEAD, title_justify="left", title_style="bold"
    )
    actions = ("create", "update", "adopt", "retire", "clear")
    table.add_column("object")
    for heading in (*actions, "unchanged"):
        table.add_column(heading, justify="right")
    for name, unchanged in made.unchanged.items():
        table.add_row(BY_NAME[name].label, *(f"{counts[name, action] or '·'}" for action in actions), f"{unchanged:,}")
    out.print(table)
    changes.listed(made, everything)
    for note in made.notes:
        out.print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
    changes.drifted(made.drift, everything)
    if made.changes:
        out.print(f"[dim]about {made.calls:,} API calls[/]")
    if standing and made.changes:
        out.print(f"[yellow]{escape(standing)}[/]", soft_wrap=True)
    elif not made.changes:
        out.print("The CRM says already what it should: nothing to write.")
    elif made.held:
        out.print(f"[yellow]held:[/] {escape('; '.join(made.held))}", soft_wrap=True)
        next_steps("", [f"overlap apply {made.id} --approve"])
    else:
        next_steps("", [f"overlap apply {made.id}"])


def plan_as_json(made: SyncPlan) -> dict[str, Any]:
    """Return *made* for JSON, with counts by object and action."""
    counts = Counter(f"{change.object_name}.{change.action}" for change in made.changes)
    return {**asdict(made), "counts": dict(counts)}


def applied(report: ApplyReport) -> None:
    """Print how a plan's changes ended."""
    changes.finished(report.finished_first)
    said = ", ".join(f"{count:,} {state}" for state, count in report.states.items()) or "nothing to write"
    out.print(f"plan {report.plan_id} for '{report.crm}': {said}")
    changes.drifted(report.drift)
    changes.troubles(report.troubles)
    if report.superseded:
        out.print("The plan was cut short and is stale by now: what it had not sent was given up.")
    if report.troubles or report.superseded:
        next_steps("", ["overlap run"])


def ran(report: RunReport) -> None:
    """Print a whole run, step by step."""
    if report.goes_on_after is not None:
        out.print(f"Run {report.goes_on_after} was cut short: what it had finished is not done again.")
    changes.finished(report.finished_first.plans)
    changes.troubles(report.finished_first.troubles)
    pulled(report.pulled)
    found = report.matched
    if found is None:
        return
    out.print(f"run {found.run_id}: {found.overlaps:,} overlaps, {found.reviews:,} doubtful pairs")
    tables.in_several(found)
    by_plan = {done.plan_id: done for done in report.applied}
    for made in report.plans:
        if made.id in by_plan:
            counts = Counter(str(change.action) for change in made.changes)
            if counts:
                out.print(", ".join(f"{count:,} to {action}" for action, count in counts.items()))
            applied(by_plan[made.id])
        else:
            plan(made)


def run_as_json(report: RunReport) -> dict[str, Any]:
    """Return *report* for JSON; plans as their counts, since their changes are in the ledger."""
    plans = []
    for made in report.plans:
        facts = plan_as_json(made)
        plans.append({name: facts[name] for name in _OF_A_RUN})
    return {
        "pulled": asdict(report.pulled),
        "matched": None if report.matched is None else asdict(report.matched),
        "plans": plans,
        "applied": [asdict(done) for done in report.applied],
        "finished_first": asdict(report.finished_first),
        "run_id": report.run_id,
        "goes_on_after": report.goes_on_after,
    }


def _state(state: str) -> str:
    return {"accepted": "[green]accepted[/]", "held": "[red]held[/]", "missing": "[red]missing[/]"}.get(state, state)
