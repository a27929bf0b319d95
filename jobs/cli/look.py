"""Verbs that show something of the published run. They change nothing and need no CRM."""

from __future__ import annotations

from typing import Annotated

import typer

from jobs.cli.options import HERE, Crm, Folder, Json, Limit, Partner, opened

Population = Annotated[
    str | None, typer.Option("--population", help="Only accounts in this population of ours, also one of your own.")
]


def matrix(
    partner: Partner = None,
    population: Population = None,
    crm: Crm = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show how many accounts lie in each cell: our populations by theirs, with the play of each cell."""
    from jobs import views
    from jobs.cli import console, tables

    with opened(folder) as context:
        cells = views.matrix(context, partner, population, crm)
        companies = views.reconciled(context, partner, crm)
        if population is not None:
            companies = companies.clear()  # they are counted over all populations
        names = {key: settings.name for key, settings in context.workspace.settings.partners.items()}
        late = views.late_lists(context)
    if as_json:
        console.print_json({"cells": cells.to_dicts(), "companies": companies.to_dicts(), "late": late})
    else:
        tables.matrix(cells, names, companies, late)


def overlaps(
    partner: Partner = None,
    account: Annotated[
        str | None, typer.Option("--account", "-a", help="Only accounts with this in their name.")
    ] = None,
    population: Population = None,
    crm: Crm = None,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """List the overlaps, the most promising first."""
    from jobs import views
    from jobs.cli import console, tables

    with opened(folder) as context:
        found = views.overlaps(context, partner, account, population, crm)
    if as_json:
        console.print_json({"total": found.height, "overlaps": found.head(limit).to_dicts()})
    else:
        tables.overlaps(found, limit)


def reviews(partner: Partner = None, limit: Limit = 20, folder: Folder = HERE, as_json: Json = False) -> None:
    """List the doubtful pairs that wait for your judgement, the surest first."""
    from jobs import views
    from jobs.cli import console, tables

    with opened(folder) as context:
        found = views.reviews(context, partner)
    if as_json:
        console.print_json({"total": found.height, "reviews": found.head(limit).to_dicts()})
    else:
        tables.reviews(found, limit)


def greenfield(partner: Partner = None, limit: Limit = 20, folder: Folder = HERE, as_json: Json = False) -> None:
    """List the partners' accounts that you do not have, the best ICP fit first."""
    from jobs import views
    from jobs.cli import console, tables

    with opened(folder) as context:
        found = views.greenfield(context, partner)
    if as_json:
        console.print_json({"total": found.height, "greenfield": found.head(limit).to_dicts()})
    else:
        tables.greenfield(found, limit)


def companies(
    account: Annotated[str | None, typer.Option("--account", "-a", help="Only with this in an account's name.")] = None,
    differing: Annotated[bool, typer.Option("--differing", help="Only where populations differ.")] = False,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """List the companies that several of your CRMs have, and their accounts in each."""
    from dataclasses import asdict

    from jobs import several_crms
    from jobs.cli import console, tables

    with opened(folder) as context:
        found = several_crms.companies(context, differing, account)
    if as_json:
        console.print_json({"total": len(found), "companies": [asdict(one) for one in found[:limit]]})
    else:
        tables.companies(found, limit)


def status(folder: Folder = HERE, as_json: Json = False) -> None:
    """Show the last runs, the lists in force and their age, and what to do next."""
    from jobs import views
    from jobs.cli import console, tables

    with opened(folder) as context:
        found = views.status(context)
    if as_json:
        console.print_json(found)
    else:
        tables.status(found)


def explain(
    ours: Annotated[str, typer.Argument(help="Our account: id or name.")],
    theirs: Annotated[str, typer.Argument(help="The partner's: id, PARTNER:ID or name.")],
    why_not: Annotated[
        bool,
        typer.Option("--why-not", help="Say also how it was found, what speaks against it and what would settle it."),
    ] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show both sides of a pair and what speaks for and against it, matched or not."""
    from jobs.cli import console, pair_tables
    from jobs.finding.pairs import explain as look_at

    with opened(folder) as context:
        found = look_at(context, ours, theirs, why_not)
    if as_json:
        console.print_json(found)
    else:
        pair_tables.explanation(found)
