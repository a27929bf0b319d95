"""Verbs that do something: set up, check, and the steps of the weekly job."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.cli import service
from jobs.cli.options import HERE, Folder, Json, memory_size, opened, require_known
from jobs.cli.service import LogFormat

CHANGES_PENDING, REJECTED, HELD = 4, 5, 6


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    name: Annotated[str | None, typer.Option(help="Your company; the folder's name by default.")] = None,
    time_zone: Annotated[str, typer.Option(help="For the dates that people see.")] = "UTC",
    as_json: Json = False,
) -> None:
    """Make a workspace: a commented overlap.toml and the folders."""
    from zoneinfo import available_timezones

    from config.workspace import init as make
    from jobs.cli import console, show

    require_known("time zone", (time_zone,), available_timezones())
    path = make(folder, name, time_zone)
    if as_json:
        console.print_json({"workspace": str(folder), "settings": str(path)})
    else:
        show.next_steps(f"{path} is written.", [f"fill it in, then: overlap check --dir {folder}"])


def check(
    crm: Annotated[str | None, typer.Argument(help="Only this CRM connection.")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Sign in, look at every permission and file that a run needs, change nothing."""
    from dataclasses import asdict

    from jobs.cli import console, show
    from jobs.connecting.check import check as look_at

    with opened(folder) as context:
        if crm is not None:
            require_known("CRM connection", (crm,), context.crms())
        findings = look_at(context, crm)
    if as_json:
        console.print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        show.findings(findings)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(3)


def pull(
    full: Annotated[bool, typer.Option("--full", help="Read everything again.")] = False,
    accept: Annotated[list[str] | None, typer.Option(help="Take this partner's held list: you looked at it.")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Read what changed in the CRM, and the partners' lists."""
    from jobs.cli import console, show
    from jobs.pulling.pull import UnfinishedPullError
    from jobs.pulling.pull import pull as read

    unfinished = None
    with opened(folder) as context:
        require_known("partner", accept or (), context.workspace.settings.partners)
        try:
            report = read(context, full, accept or ())
        except UnfinishedPullError as error:
            report, unfinished = error.report, error
    if as_json:
        console.print_json(report)
    else:
        show.pulled(report)
    if unfinished is not None:
        raise unfinished
    if not as_json:
        show.next_steps("", ["overlap match"])
    if report.held:
        raise typer.Exit(HELD)


def match(
    left: Annotated[
        Path | None, typer.Argument(help="A CSV, XLSX or Parquet file, to match without a workspace.")
    ] = None,
    right: Annotated[Path | None, typer.Argument(help="The file to match it with.")] = None,
    left_id: Annotated[str | None, typer.Option(help="The column with LEFT's ids; guessed without.")] = None,
    right_id: Annotated[str | None, typer.Option(help="The column with RIGHT's ids; guessed without.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The CSV, XLSX or Parquet file to write; beside LEFT without.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(metavar="same|family", help="Same company, or same account family? The first without.")
    ] = None,
    precision: Annotated[
        float | None, typer.Option(min=0.5, max=1.0, help="How precise matches are to be; 0.99 without.")
    ] = None,
    least: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="The least probability to write; 0.5 without.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Add the evidence, and show some pairs.")] = False,
    diagnose: Annotated[bool, typer.Option("--diagnose", help="Say how complete and costly the search was.")] = False,
    memory_limit: Annotated[
        str | None,
        typer.Option(envvar="OVERLAP_MEMORY_LIMIT", help="What DuckDB may take, such as 2GB.", callback=memory_size),
    ] = None,
    old_rows: Annotated[
        bool, typer.Option("--old-rows", help="Also where the last pull could not read a CRM: with its rows of before.")
    ] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Find, rank and explain the overlaps in what was pulled; or match any two files."""
    given = {"mode": mode, "precision": precision, "least": least, "explain": explain, "diagnose": diagnose}
    wishes: dict[str, Any] = {name: wish for name, wish in given.items() if wish is not None and wish is not False}
    if left is not None:
        if old_rows:
            raise typer.BadParameter("--old-rows is for what was pulled; two files are matched as they are")
        wishes |= {"memory_limit": memory_limit}
        _match_files(left, right, (left_id, right_id), output, wishes, as_json)
        return
    if wishes or any(named is not None for named in (left_id, right_id, output)):
        raise typer.BadParameter("these options belong to 'overlap match LEFT RIGHT'; name the two files too")
    from jobs.cli import console, show
    from jobs.finding.match import match as find

    with opened(folder) as context:
        report = find(context, old_rows)
    if as_json:
        console.print_json(report)
    else:
        show.matched(report)


def _match_files(
    left: Path,
    right: Path | None,
    ids: tuple[str | None, str | None],
    output: Path | None,
    wishes: dict[str, Any],
    as_json: bool,
) -> None:
    from jobs.cli import files
    from jobs.files_match import MODES, Side, Wishes

    if right is None:
        raise typer.BadParameter("matching files needs two of them: overlap match LEFT RIGHT")
    if "mode" in wishes:
        require_known("mode", (wishes["mode"],), MODES)
    files.run(Side(left, ids[0]), Side(right, ids[1]), output, Wishes(**wishes), as_json)


def plan(
    crm: Annotated[str | None, typer.Option(help="Only for this CRM connection.")] = None,
    number: Annotated[
        str | None, typer.Option("--show", metavar="PLAN", help="Show a plan that was made before.")
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 if there is anything to write.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Show every change, not just the first ones.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show what the CRM should say and does not. Writes nothing to it."""
    from jobs.cli import console, show
    from jobs.stores import plans
    from jobs.writeback.apply import standing
    from jobs.writeback.plan import plan as make

    with opened(folder) as context:
        names = (crm,) if crm else context.crms()
        require_known("CRM connection", names, context.crms())
        made = [plans.load(context.ledger, number)] if number else [make(context, name) for name in names]
        stands = {one.id: standing(context, one) for one in made}
    if as_json:
        console.print_json({"plans": [show.plan_as_json(one) for one in made]})
    else:
        for one in made:
            show.plan(one, everything, stands[one.id])
    if exit_code and any(one.changes for one in made):
        raise typer.Exit(CHANGES_PENDING)


def apply(
    number: Annotated[str, typer.Argument(metavar="PLAN", help="The plan's number, or 'latest'.")],
    approve: Annotated[bool, typer.Option("--approve", help="You looked at why it is held.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    gone: Annotated[
        str | None,
        typer.Option("--give-up-job", metavar="ID", help="This bulk job is gone for sure: go on without it."),
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write a plan to the CRM: the only verb that does, besides run."""
    from jobs.cli import console, show
    from jobs.stores import outbox, plans
    from jobs.stores.entries import OPEN, State
    from jobs.writeback.apply import UnfinishedApplyError, standing
    from jobs.writeback.apply import apply as write

    with opened(folder) as context:
        planned = plans.load(context.ledger, number)
        waiting = outbox.entries(context.ledger, planned.id, (State.PLANNED, *OPEN))
        can_go = standing(context, planned) is None
    if waiting and can_go and not (yes or approve):
        show.ask(f"Write {len(waiting):,} records to '{planned.crm}'?")
    unfinished = None
    with opened(folder) as context:
        try:
            report = write(context, planned.id, approve, gone)
        except UnfinishedApplyError as error:
            report, unfinished = error.report, error
    if as_json:
        console.print_json(report)
    else:
        show.applied(report)
    if unfinished is not None:
        raise unfinished
    if report.superseded:
        raise typer.Exit(HELD)
    if report.troubles:
        raise typer.Exit(REJECTED)


def run(
    approve: Annotated[bool, typer.Option("--approve", help="Also apply a plan that is held.")] = False,
    accept: Annotated[list[str] | None, typer.Option(help="Take this partner's held list: you looked at it.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Only what a schedule has due: for cron.")] = False,
    log_format: LogFormat = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """The weekly job: pull, match, plan, and apply what lies within the limits."""
    from jobs.cli import console, show
    from jobs.run import UnfinishedRunError
    from jobs.run import run as work
    from jobs.service import logs
    from jobs.telling.alerts import alerting

    if log_format:
        service.logged(log_format)
    if once:
        if approve or accept:
            raise typer.BadParameter("--once approves and accepts nothing: nobody has looked")
        if service.did_once(folder, as_json):
            return
    unfinished = None
    with opened(folder) as context, alerting(context) as ended:
        require_known("partner", accept or (), context.workspace.settings.partners)
        try:
            report = work(context, approve, accept or ())
        except UnfinishedRunError as error:
            report, unfinished = error.report, error
        ended(unfinished or report)
    written = sum(done.written for done in report.applied)
    held = len(report.pulled.held) + (0 if approve else len(report.held))
    logs.info("report", written=written, rejected=len(report.troubles), held=held)
    if as_json:
        console.print_json(show.run_as_json(report))
    else:
        show.ran(report)
    if unfinished is not None:
        raise unfinished
    if report.pulled.held or (report.held and not approve):
        raise typer.Exit(HELD)
    if report.troubles:
        raise typer.Exit(REJECTED)


def judge(
    ours: Annotated[str, typer.Argument(help="Our account: id or name.")],
    theirs: Annotated[str, typer.Argument(help="The partner's: id, PARTNER:ID or name.")],
    verdict: Annotated[str, typer.Argument(metavar="same|different|undo", help="What you know.")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Say for good whether two accounts are one company. It beats every score."""
    from jobs.cli import console, show
    from jobs.finding.pairs import judge as settle

    if verdict not in ("same", "different", "undo"):
        raise typer.BadParameter(f"'{verdict}' is no verdict; say same, different or undo")
    with opened(folder) as context:
        made = settle(context, ours, theirs, verdict)
    if as_json:
        console.print_json(
            {"verdict": verdict, "ours": made.ours_id, "partner": made.partner, "theirs": made.theirs_id}
        )
    else:
        said = "The verdict is undone." if verdict == "undo" else f"Judged {verdict}. It holds until you undo it."
        show.next_steps(said, ["overlap match", "overlap plan"])
