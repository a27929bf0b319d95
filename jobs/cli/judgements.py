"""Verbs on verdicts: look at them, take one back, carry them into another environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, Limit, Partner, opened

app = typer.Typer(help="Verdicts on pairs: list them, take one back, carry them into another environment.")

_NEXT = ["overlap match", "overlap plan"]
Target = Annotated[Path, typer.Argument(metavar="FILE", help="Verdicts as lines of JSON.")]


@app.command("list")
def list_(
    partner: Partner = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that were undone.")] = False,
    limit: Limit = 50,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show who judged which pair when, whether it is found in the last run, and how right matches are."""
    from dataclasses import asdict

    from jobs.cli import console, review_tables
    from jobs.reviewing.kept import kept
    from jobs.reviewing.measured import measured

    with opened(folder) as context:
        found, right = kept(context, partner, every), measured(context)
    right = {name: one for name, one in right.items() if partner in (None, name)}
    if as_json:
        shown = [asdict(one) for one in found[:limit]]
        precision = {name: asdict(one) for name, one in right.items()}
        console.print_json({"total": len(found), "judgements": shown, "precision": precision})
    else:
        review_tables.verdicts(found, right, limit)


@app.command()
def undo(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As 'overlap judgements list' shows it.")],
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take one verdict back: the engine's own decision is in force again."""
    from rich.markup import escape

    from jobs.cli import console, show
    from jobs.reviewing.verdicts import undo as take_back

    with opened(folder) as context:
        done = take_back(context, number).said
    if as_json:
        console.print_json({"undone": number, "ours": done.ours_id, "partner": done.partner, "theirs": done.theirs_id})
    else:
        show.next_steps(escape(f"Verdict {number} is undone: {done.verdict}, by {done.judged_by}."), _NEXT)


@app.command()
def export(file: Target, folder: Folder = HERE, as_json: Json = False) -> None:
    """Write the verdicts in force to a file that another environment can import."""
    from rich.markup import escape

    from jobs.cli import console, show
    from jobs.reviewing.travel import export as write

    with opened(folder) as context:
        count = write(context, file)
    if as_json:
        console.print_json({"file": str(file), "judgements": count})
    else:
        show.next_steps(
            escape(f"{count:,} verdicts are in {file}."), [f"overlap judgements import {file} --dir ELSEWHERE"]
        )


@app.command("import")
def import_(file: Target, folder: Folder = HERE, as_json: Json = False) -> None:
    """Take verdicts that another environment exported; companies are found by name, domain and country."""
    from jobs.cli import console, review_tables, show
    from jobs.reviewing.travel import import_ as take

    with opened(folder) as context:
        done = take(context, file)
    if as_json:
        console.print_json(done)
        return
    review_tables.imported(done)
    show.next_steps("", _NEXT if done.taken else [])
