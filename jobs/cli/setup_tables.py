"""What `overlap setup` prints: a plan, a report, permission sets, refusals, and the same as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from connectors.salesforce.setup.metadata_api import Deployed
    from jobs.connecting.setup import SetupPlan, SetupReport
    from jobs.context import Context

#: The exit code of a plan that would change something.
CHANGES_PENDING: Final = 4


def connection_of(context: Context, crm: str | None, kind: str) -> str:
    """Return the CRM connection that a person means; the only one of a *kind* need not be named.

    Raises:
        ConfigError: there is none, or there are several.
    """
    from jobs.cli.options import require_known
    from overlap.errors import ConfigError

    names = context.crms()
    if crm is not None:
        require_known("CRM connection", (crm,), names)
        return crm
    ours = [name for name in names if context.workspace.settings.crm[name].type == kind]
    if len(ours) > 1:
        raise ConfigError(f"there are several CRM connections; name one: {', '.join(ours)}")
    return (ours or names)[0]


def print_plan(made: SetupPlan) -> None:
    """Print one line per change of something that is there, and one per object for what is new in it."""
    from collections import Counter, defaultdict

    from rich.markup import escape

    from jobs.cli.console import out

    counts = Counter(str(step.action) for step in made.steps)
    said = ", ".join(f"{counts[action]} to {action}" for action in ("create", "change", "keep") if counts[action])
    out.print(f"[bold]{made.crm}[/], org {made.org_id}: {said or 'nothing to do'}")
    for number in made.at_work:
        out.print(f"[yellow]Deployment {number} is still at work;[/] --apply waits for it first.")
    if made.hidden:
        out.print(f"{len(made.hidden)} are there and hidden from this user: assign a permission set.")
    new: dict[str, list[str]] = defaultdict(list)
    for step in made.changes:
        if not step.detail:
            owner, _, name = step.name.partition(".") if step.kind == "CustomField" else (step.kind, "", step.name)
            new[owner].append(name)
    for owner, names in new.items():
        out.print(f"[cyan]create[/] [bold]{escape(owner)}[/] {escape(', '.join(names))}", soft_wrap=True)
    for step in [*made.clashes, *(one for one in made.changes if one.detail)]:
        colour = "red" if step in made.clashes else "cyan"
        name = f"[bold]{escape(step.name)}[/]"
        out.print(f"[{colour}]{step.action}[/] {step.kind} {name}: {escape(step.detail)}", soft_wrap=True)
    for doubt in made.doubts:
        out.print(f"[yellow]note[/] {escape(doubt)}", soft_wrap=True)
    for step in made.notes:
        out.print(f"[yellow]note[/] [bold]{escape(step.name)}[/]: {escape(step.detail)}", soft_wrap=True)


def print_report(report: SetupReport) -> None:
    """Print what was done, and what is left to do."""
    from jobs.cli import show
    from jobs.cli.console import out
    from jobs.connecting.setup import to_assign

    if report.deployed is None:
        out.print("The org has everything: nothing to deploy.")
    elif not report.deployed.ok:
        print_failures(report.deployed)
        return
    else:
        out.print(f"Deployed {report.deployed.components} components to org {report.plan.org_id}.")
    for one in report.assigned:
        out.print(f"{one.permission_set} is assigned to {one.username}.")
    for one in report.kept:
        out.print(f"{one.username} has {one.permission_set} already.")
    if not report.assigned and not report.kept:
        out.print("[yellow]Nobody was given a permission set:[/] without one, nobody sees the new fields.")
        print_sets(to_assign())
    show.next_steps("", ["overlap check"])


def print_sets(lines: list[str]) -> None:
    """Print whom each permission set is for."""
    from rich.markup import escape

    from jobs.cli.console import out

    out.print("Permission sets to assign (--assign [SET=]USERNAME, or in Setup):")
    for line in lines:
        out.print(f"  {escape(line)}", soft_wrap=True)


def print_failures(deployed: Deployed) -> None:
    """Print what the org refused, and why."""
    from rich.markup import escape

    from jobs.cli.console import err

    err.print(f"[red]The org refused {len(deployed.failures)} components; nothing was deployed:[/]")
    for one in deployed.failures:
        err.print(f"  {one.kind} [bold]{escape(one.name)}[/]: {escape(one.problem)}", soft_wrap=True)


def print_lines(lines: list[str]) -> None:
    """Print the lines of a difference."""
    from rich.markup import escape

    from jobs.cli.console import out

    for line in lines:
        colour = "green" if line.startswith("+") else "dim"
        out.print(f"[{colour}]{escape(line)}[/]", soft_wrap=True)


def plan_as_json(made: SetupPlan) -> dict[str, Any]:
    """Return a plan as it goes into JSON."""
    from dataclasses import asdict

    steps = [asdict(step) for step in made.steps]
    facts = {"crm": made.crm, "org_id": made.org_id, "changes": len(made.changes)}
    return {**facts, "at_work": list(made.at_work), "doubts": list(made.doubts), "steps": steps}


def report_as_json(report: SetupReport) -> dict[str, Any]:
    """Return a report as it goes into JSON."""
    from dataclasses import asdict

    deployed = report.deployed
    return {
        **plan_as_json(report.plan),
        "deployed": 0 if deployed is None else deployed.components,
        "failures": [] if deployed is None else [failure(one) for one in deployed.failures],
        "assigned": [asdict(one) for one in report.assigned],
        "already_assigned": [asdict(one) for one in report.kept],
    }


def failure(one: Any) -> dict[str, str]:
    """Return a refused component as it goes into JSON."""
    return {"kind": one.kind, "name": one.name, "problem": one.problem}
