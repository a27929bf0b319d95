"""Verbs that look after a workspace: doctor, backup, restore, migrate, audit."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, chosen_environment, opened

PENDING = 4


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask any CRM.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Look at everything that the workspace lives on, broken or not, and say what to do. Changes nothing."""
    from jobs.cli import console, upkeep_tables
    from jobs.upkeep.diagnosis import Level
    from jobs.upkeep.doctor import doctor as look

    found = look(folder, chosen_environment(), datetime.now(UTC), offline)
    if as_json:
        console.print_json({"findings": [asdict(one) for one in found]})
    else:
        upkeep_tables.diagnoses(found)
    broken = [one for one in found if one.level is Level.FAIL]
    if broken:
        raise typer.Exit(3 if all(one.of_connection for one in broken) else 1)


def backup(
    to: Annotated[Path, typer.Argument(metavar="DIR|FILE", help="A folder, or the name of a new .tar.gz.")],
    keep: Annotated[int | None, typer.Option(min=1, help="Delete older ones of that folder but so many.")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write everything that cannot be pulled again into one verified file, also while a job is at work. No secrets."""
    from jobs.cli import console, upkeep_tables
    from jobs.upkeep.backup import backup as write

    with opened(folder) as context:
        made = write(context, to, keep)
    if as_json:
        console.print_json(made)
    else:
        upkeep_tables.backed_up(made)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What 'overlap backup' wrote.")],
    to: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="DIR is not empty: keep what is there in a folder of its own.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put back what a backup holds, verified first. The next plan settles with the CRM what came after the backup."""
    from jobs.cli import console, upkeep_tables
    from jobs.upkeep.restore import restore as put_back

    done = put_back(file, to, datetime.now(UTC), replace)
    if as_json:
        console.print_json(done)
    else:
        upkeep_tables.restored(done)


def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is pending; exit code 4 if anything is.")
    ] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Bring the ledger to this version, after a verified copy of it. Every other verb does so too."""
    from config.workspace import open_workspace
    from jobs.cli import console, upkeep_tables
    from jobs.upkeep.migration import migrate as bring
    from jobs.upkeep.migration import standing

    workspace = open_workspace(folder, chosen_environment())
    found = standing(workspace) if check else bring(workspace, datetime.now(UTC))
    if as_json:
        console.print_json(found)
    else:
        upkeep_tables.migration(found)
    if check and found.pending:
        raise typer.Exit(PENDING)


def audit(
    action: Annotated[
        str | None, typer.Argument(metavar="[verify]", help="Make sure that no line was changed or taken out.")
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DATE", help="From this day on, as in 2026-01-31.")] = None,
    who: Annotated[str | None, typer.Option(help="Only what this person did.")] = None,
    did: Annotated[str | None, typer.Option(help="Only this, such as 'approved plan'.")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show who did what: approvals, verdicts, releases, erasures, restores. 'audit verify' exits with 1 if one lies."""
    from jobs.cli import console, upkeep_tables
    from jobs.stores import audit as kept
    from jobs.upkeep.kept import verified

    if action not in (None, "verify"):
        raise typer.BadParameter(f"'{action}' is nothing to do with the audit; say verify, or nothing to list it")
    day = None if since is None else _day(since)
    with opened(folder) as context:
        chain = verified(context) if action else None
        begin = None if day is None else day.replace(tzinfo=context.workspace.zone)
        with context.ledger.engine.connect() as connection:
            found = kept.lines(connection, begin, who, did)
        zone = context.workspace.zone
    if as_json:
        console.print_json(chain or {"lines": [asdict(one) for one in found]})
    elif chain is None:
        upkeep_tables.audit(found, zone)
    else:
        upkeep_tables.verified(chain)
    if chain is not None and chain.flaws:
        raise typer.Exit(1)


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError as error:
        raise typer.BadParameter(f"'{text}' is no day; write it like 2026-01-31") from error
