"""Verbs on models: look at the table of weights, compare two, fit one to what is known. None writes to a CRM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from jobs.cli.options import HERE, Folder, Json, Limit, opened

app = typer.Typer(
    help="The table of weights by which pairs are matched: read it, compare it, fit it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
Name = Annotated[str, typer.Argument(help="A model, as 'overlap model list' names it.")]


@app.command("list")
def list_models(folder: Folder = HERE, as_json: Json = False) -> None:
    """List the models that the settings could name."""
    from dataclasses import asdict

    from jobs.cli import console, model_tables
    from jobs.finding import models

    with opened(folder) as context:
        found = models.listed(context)
    if as_json:
        console.print_json({"models": [asdict(one) for one in found]})
    else:
        model_tables.listed(found)


@app.command()
def show(
    name: Annotated[str | None, typer.Argument(help="By default the one in force.")] = None,
    as_toml: Annotated[bool, typer.Option("--toml", help="As a file to put into models/ and edit.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Print a model's table: what is compared, what can be found, and what that weighs."""
    from dataclasses import asdict

    from jobs.cli import console, model_tables
    from jobs.finding import models
    from matching.model import MODES
    from matching.model_file import text

    if as_toml and as_json:
        raise typer.BadParameter("--toml and --json exclude each other")
    with opened(folder) as context:
        found = models.chosen_models(context) if name is None else models.named(context, name)
        asked = {mode: found.for_mode(mode) for mode in MODES}
        asked[context.workspace.settings.matching.mode] = models.as_asked(context, found)
    if as_toml:
        console.out.print(text(found), markup=False, soft_wrap=True, end="")
    elif as_json:
        shown = {mode: {**asdict(model), "version": model.version} for mode, model in asked.items()}
        console.print_json({"name": found.name, **shown})
    else:
        model_tables.weights(asked)


@app.command()
def diff(
    before: Name,
    after: Name,
    try_both: Annotated[
        bool, typer.Option("--changes", help="Match what was pulled with both, and show which pairs would change.")
    ] = False,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show what differs between two models, the largest first; with --changes also what that would change."""
    from jobs.cli import console, model_tables
    from jobs.finding import models

    with opened(folder) as context:
        old, new = (models.as_asked(context, models.named(context, name)) for name in (before, after))
        trial = None
        if try_both:
            from jobs.finding.model_trial import try_out

            trial = try_out(context, old, new)
    found = models.differences(old, new)
    if not as_json:
        model_tables.differences(found, old, new)
        if trial is not None:
            model_tables.trial(trial, limit)
        return
    facts: dict[str, object] = {"before": old.version, "after": new.version, "mode": old.mode}
    facts["differences"] = found.to_dicts()
    if trial is not None:
        first = trial.changed.head(limit).to_dicts()
        facts["pairs"] = {"before": trial.before, "after": trial.after, "changed": trial.changed.height, "first": first}
    console.print_json(facts)


@app.command()
def fit(
    teacher: Annotated[
        Literal["judgements", "domains"],
        typer.Option("--from", help="People's verdicts, or websites where both sides have one."),
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write.", show_default="in models/")
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Adjust the model in force to pairs whose truth is known, and write it beside; nothing changes yet."""
    from dataclasses import asdict

    from jobs.cli import console, model_tables
    from jobs.finding.model_fit import fit_model

    with opened(folder) as context:
        report = fit_model(context, teacher, output)
        current = context.workspace.settings.matching.model
    if as_json:
        console.print_json(asdict(report) | {"moved": report.moved.to_dicts(), "is_better": report.is_better})
    else:
        model_tables.fitted(report, current)
