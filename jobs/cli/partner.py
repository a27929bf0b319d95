"""Verbs on partners and the lists that they send."""

from __future__ import annotations

import typer

from jobs.cli.partner_correct import correct

app = typer.Typer(help="Your partners and the lists that they send.")
app.command()(correct)


@app.callback()
def partners() -> None:
    """Make a group of what would be one verb."""
