"""The verb that takes back bad rows of a list after a person corrected them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, opened, require_known

HELD = 6


def correct(
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's key.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of its bad rows, with cells corrected.")],
    accept: Annotated[bool, typer.Option("--accept", help="You looked at why it is held.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Put corrected rows back into a partner's list: those of quarantine/, edited and saved as CSV or XLSX."""
    from jobs.cli import console, show
    from jobs.partners.corrections import correct as put_back

    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        done = put_back(context, partner, file, accept)
    if as_json:
        console.print_json(done)
    else:
        show.corrected(done)
    if done.report.state == "held":
        raise typer.Exit(HELD)
