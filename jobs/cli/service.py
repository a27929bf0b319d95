"""The service, and what a call of it from cron says."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import HERE, Folder, environment

if TYPE_CHECKING:
    from jobs.service.once import Worked

LogFormat = Annotated[
    str | None,
    typer.Option(
        "--log-format",
        envvar="OVERLAP_LOG_FORMAT",
        metavar="json|console",
        help="Lines of log on stderr, for machines or people.",
    ),
]


def serve(log_format: LogFormat = None, folder: Folder = HERE) -> None:
    """Do what the schedules say, until Ctrl-C or SIGTERM; with /healthz, /readyz and /metrics on this machine."""
    from jobs.service.serve import serve as work

    logged(log_format)
    work(folder, environment())


def logged(form: str | None) -> None:
    """Write lines of log as *form* says; without it, for people at a terminal, for machines elsewhere."""
    from jobs.service import logs

    if form:
        logs.configure(form)
    elif not logs.from_environment():
        logs.configure("console" if sys.stderr.isatty() else logs.JSON)


def did_once(folder: Path, as_json: bool) -> bool:
    """Work off what is due in *folder* and say so; return False if there are no schedules to say what is due."""
    from config.workspace import open_workspace
    from jobs.service.once import once

    if not open_workspace(folder, environment()).settings.schedules:
        return False
    logged(None)
    worked(once(folder, environment()), as_json)
    return True


def worked(found: Sequence[Worked], as_json: bool) -> None:
    """Say which slots were worked off, and end with the exit code of the first that did not go well."""
    from dataclasses import asdict

    from jobs.cli import console, show

    if as_json:
        console.print_json({"slots": [asdict(one) for one in found]})
    elif not found:
        show.next_steps("Nothing is due.", ["overlap schedule list"])
    for one in found if not as_json else ():
        console.out.print(f"{one.schedule} {one.slot.replace('T', ' ')}: {one.state}", soft_wrap=True)
    code = next((one.code for one in found if one.code != 0), 0)
    if code:
        raise typer.Exit(code if code > 0 else 128 - code)
