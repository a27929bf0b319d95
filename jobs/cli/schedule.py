"""Verbs on schedules: what is done when, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, environment, opened, require_known

if TYPE_CHECKING:
    from jobs.context import Context
    from jobs.service.schedules import ScheduleState

app = typer.Typer(help="What is done when: add schedules, look at them, pause them, run one now.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME", help="The schedule's name.")]


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, hyphens.")],
    cron: Annotated[str, typer.Argument(metavar="CRON", help="Minute hour day month weekday, as in '0 7 * * mon'.")],
    zone: Annotated[str | None, typer.Option(help="Its time zone; the workspace's without.")] = None,
    does: Annotated[
        str | None, typer.Option(metavar="run|pull|digest|alerts", help="What it does; run without.")
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write a schedule into overlap.toml, and show when it will be due."""
    from jobs.service import schedules

    said = {key: value for key, value in (("cron", cron), ("zone", zone), ("does", does)) if value is not None}
    with opened(folder) as context:
        made = schedules.add(context, name, said)
    _told([made], as_json)
    if not as_json:
        _next_steps("", ["overlap serve", "overlap run --once, from cron or Kubernetes"])


@app.command("list")
def list_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Show every schedule in plain words, its next five times, and how its last one went."""
    from jobs.service import schedules

    with opened(folder) as context:
        found = schedules.states(context)
    _told(found, as_json)
    if not found and not as_json:
        _next_steps("There is no schedule yet.", ["overlap schedule add weekly '0 7 * * mon'"])


@app.command()
def pause(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """Let nothing of it begin until you resume it. What is at work goes on."""
    from jobs.service import schedules

    with opened(folder) as context:
        _require(context, name)
        found = schedules.pause(context, name)
    _told([found], as_json)


@app.command()
def resume(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """Let it begin again, from now on: what was due while it was paused is not made up for."""
    from jobs.service import schedules

    with opened(folder) as context:
        _require(context, name)
        found = schedules.resume(context, name)
    _told([found], as_json)


@app.command()
def run(name: Name, folder: Folder = HERE, as_json: Json = False) -> None:
    """Run it now, whatever its clock shows: 'overlap serve' does so if it is at work, else this call."""
    from jobs.cli import console, service
    from jobs.service import schedules
    from jobs.service.once import once
    from overlap.errors import GuardError

    with opened(folder) as context:
        _require(context, name)
        slot = schedules.ask(context, name)
    service.logged(None)
    try:
        worked = once(folder, environment(), slot)
    except GuardError:
        if as_json:
            console.print_json({"slots": [], "asked": True})
        else:
            said = (
                f"Another process is at work: '{name}' is put down, and 'overlap serve' or 'run --once' does it next."
            )
            _next_steps(said, ["overlap schedule list"])
        return
    service.worked(worked, as_json)


def _require(context: Context, name: str) -> None:
    require_known("schedule", (name,), context.workspace.settings.schedules)


def _told(found: list[ScheduleState] | tuple[ScheduleState, ...], as_json: bool) -> None:
    from dataclasses import asdict

    from jobs.cli import console, schedule_tables

    if as_json:
        console.print_json({"schedules": [asdict(one) for one in found]})
    else:
        schedule_tables.states(found)


def _next_steps(said: str, steps: list[str]) -> None:
    from jobs.cli import show

    show.next_steps(said, steps)
