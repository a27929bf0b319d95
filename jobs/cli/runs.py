"""Verbs on what runs did: the runs themselves, what is different between two of them, how long overlaps stood."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.cli.options import HERE, Folder, Json, Limit, Partner, opened, require_known
from overlap.errors import ConfigError

app = typer.Typer(help="What runs did: list them, look at one with its parts, read its log.")

RunNumber = Annotated[int, typer.Argument(metavar="RUN", min=1, help="Its number, as 'overlap runs list' shows it.")]
_DAY: Any = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
_RECORDED = ("run", "pull", "match", "plan", "apply", "undo", "import", "erase")
_NAMED = "Its number, 'last' or 'previous'."


@app.command("list")
def list_runs(
    verb: Annotated[str | None, typer.Option(help="Only runs of this verb, as in run or pull.")] = None,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """List the last runs: when, who, how long, and what came of it."""
    from jobs.cli import console, run_tables
    from jobs.past import runs

    require_known("verb", [verb] if verb else (), _RECORDED)
    with opened(folder, quiet=True) as context:
        found = runs.listed(context, limit, verb)
        zone = context.workspace.zone
    if as_json:
        console.print_json({"runs": [asdict(one) for one in found]})
    else:
        run_tables.listed(found, zone)


@app.command()
def show(number: RunNumber, folder: Folder = HERE, as_json: Json = False) -> None:
    """Show one run with its parts: seconds, calls, what came of each, why something is held, what to do next."""
    from jobs.cli import console, run_tables
    from jobs.past import runs

    with opened(folder, quiet=True) as context:
        found = runs.details(context, number)
        zone = context.workspace.zone
    if as_json:
        console.print_json(found)
    else:
        run_tables.details(found, zone)


@app.command()
def log(number: RunNumber, folder: Folder = HERE, as_json: Json = False) -> None:
    """Print what a run said while it worked, and what stopped it."""
    from jobs.cli import console, run_tables
    from jobs.past import runs

    with opened(folder, quiet=True) as context:
        lines = runs.log(context, number)
        zone = context.workspace.zone
    if as_json:
        console.print_json({"run": number, "lines": [asdict(line) for line in lines]})
    else:
        run_tables.log(lines, zone)


def diff(
    before: Annotated[str, typer.Argument(metavar="RUN", help=_NAMED)] = "previous",
    after: Annotated[str, typer.Argument(metavar="RUN", help=_NAMED)] = "last",
    partner: Partner = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all of it to this CSV, XLSX or Parquet file.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every change, not just the first ones.")] = False,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show which overlaps appeared, changed or vanished between two runs, and why."""
    from jobs.cli import console, run_tables
    from jobs.past import changes, changes_file

    if output is not None:
        changes_file.require_place(output)
    with opened(folder, quiet=True) as context:
        require_known("partner", [partner] if partner else (), context.workspace.settings.partners)
        found = changes.changes(context, before, after, partner)
        if output is not None:
            changes_file.write(changes.frame(found.changes), output)
    if as_json:
        console.print_json(asdict(found))
    else:
        run_tables.difference(found, None if everything else limit)
        if output is not None:
            console.err.print(f"{output} is written.", markup=False, soft_wrap=True)


def history(
    account: Annotated[
        str | None, typer.Argument(help="Only accounts with this in their name, or with this id.")
    ] = None,
    partner: Partner = None,
    at: Annotated[datetime | None, typer.Option(help="Only what was so on that day.", **_DAY)] = None,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show from when to when accounts were in a cell with a partner, the newest first."""
    from jobs.cli import console, run_tables
    from jobs.past import history as past

    if account is None and partner is None and at is None:
        raise ConfigError("name an account, or say --partner KEY or --at YYYY-MM-DD")
    with opened(folder, quiet=True) as context:
        found = past.history(context, account, partner, None if at is None else at.date())
    if as_json:
        console.print_json({"total": found.height, "intervals": found.head(limit).to_dicts()})
    else:
        run_tables.history(found, limit)
