"""Verbs on partners: who they are, the lists that they sent, and what may be done with these."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from jobs.cli import erase as erasing
from jobs.cli.options import HERE, Folder, Json, Limit, opened, require_known
from jobs.cli.partner_correct import correct
from jobs.cli.partner_mapping import mapping

app = typer.Typer(help="Your partners: add and remove them, look at their lists, take one in by hand.")

HELD = 6
PartnerKey = Annotated[str, typer.Argument(metavar="PARTNER", help="Its key.")]
_DAY: Any = {"formats": ["%Y-%m-%d"], "metavar": "YYYY-MM-DD"}
AsOf = Annotated[
    datetime | None,
    typer.Option(help="The day that it speaks of; without, the date in its name, or its own.", **_DAY),
]
Since = Annotated[
    datetime | None, typer.Option("--from", help="The earlier list's day; without, the one before the later.", **_DAY)
]
Until = Annotated[datetime | None, typer.Option("--to", help="The later list's day; without, the newest.", **_DAY)]


@app.command()
def add(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Small letters, digits, hyphens; it never changes.")],
    name: Annotated[str, typer.Option(help="What people call it.")],
    files: Annotated[str, typer.Option(help="Where its lists are, as in 'inbox/globex*'.")],
    population: Annotated[
        str | None, typer.Option(help="What its accounts are to it where the list does not say. Customers without.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE", help="How to get there if FILES is no folder, as in password=env:NAME; repeat it."
        ),
    ] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write a commented table for a new partner into overlap.toml."""
    from rich.markup import escape

    from jobs.cli import console, show
    from jobs.partners.partner_settings import add as write

    wish = {"name": name, "files": files} | ({"population": population} if population else {})
    with opened(folder) as context:
        made = write(context, key, wish, _pairs(source or ()))
    if as_json:
        console.print_json(made)
        return
    before = f" It was one before: {made.lists:,} of its lists are known, and in force again." if made.lists else ""
    said = escape(f"[partners.{key}] is written into {made.settings}.{before}")
    show.next_steps(said, ["overlap check", "overlap pull"])


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {key.strip(): value.strip() for key, _, value in (one.partition("=") for one in given)}
    if "" in pairs or "" in pairs.values():
        raise typer.BadParameter("--source is KEY=VALUE, as in username=acme")
    return pairs


@app.command("list")
def list_(folder: Folder = HERE, as_json: Json = False) -> None:
    """Show every partner with its list in force, its age, its terms and its overlaps."""
    from dataclasses import asdict

    from jobs.cli import console, partner_tables
    from jobs.partners import partner_views

    with opened(folder) as context:
        found = partner_views.states(context)
    if as_json:
        console.print_json({"partners": [asdict(one) for one in found]})
    else:
        partner_tables.states(found)


@app.command()
def show(partner: PartnerKey, folder: Folder = HERE, as_json: Json = False) -> None:
    """Show all of one partner: its lists, how they are read, bad rows, terms, and overlaps by cell."""
    from jobs.cli import console, partner_tables
    from jobs.partners import partner_views

    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        found = partner_views.details(context, partner)
    if as_json:
        console.print_json(partner_views.as_json(found))
    else:
        partner_tables.details(found)


@app.command("import")
def import_(
    partner: PartnerKey,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, XLSX or Parquet file, wherever it lies.")],
    as_of: AsOf = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it, and keep nothing.")] = False,
    accept: Annotated[bool, typer.Option("--accept", help="Take it though it is held: you looked at it.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take one list in from anywhere, through the same checks as a list that a pull finds."""
    from jobs.cli import console, partner_tables
    from jobs.partners.imports import Wish, import_list

    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        report = import_list(context, partner, file, Wish(as_of.date() if as_of else None, accept, dry_run))
    if as_json:
        console.print_json(report)
    else:
        partner_tables.imported(report, file, dry_run)
    if report.state == "held":
        raise typer.Exit(HELD)


@app.command()
def diff(
    partner: PartnerKey,
    since: Since = None,
    until: Until = None,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Show which rows appeared, vanished or changed between two accepted lists of a partner."""
    from dataclasses import asdict

    from jobs.cli import console, partner_tables
    from jobs.partners.partner_views import difference

    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        found = difference(context, partner, since.date() if since else None, until.date() if until else None)
    if as_json:
        counts = {what: found.count(what) for what in ("appeared", "vanished", "changed")}
        console.print_json({**asdict(found), "counts": counts})
    else:
        partner_tables.difference(found, limit)


@app.command()
def remove(
    partner: PartnerKey,
    erase: Annotated[
        bool, typer.Option("--erase", help="And erase all that we hold of it at once, in your CRM and here, for good.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Take a partner out of overlap.toml: the next run retires its overlaps. It says first what that means."""
    from jobs.cli import console, partner_tables
    from jobs.cli import show as shown
    from jobs.erasing import erased_records
    from jobs.partners import partner_settings

    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        means = partner_settings.what_removal_means(context, partner)
        unreached = erased_records.unreached(context) if erase else ()
    if not as_json:
        partner_tables.removal(means)
        erasing.unreached(unreached)
    if not yes:
        shown.ask(
            f"Remove '{partner}' and erase it for good? Nothing brings it back" if erase else f"Remove '{partner}'?"
        )
    with opened(folder) as context:
        done = partner_settings.remove(context, partner)
    if erase:
        erasing.erase_removed(partner, folder, as_json)
    elif as_json:
        console.print_json(done)
    else:
        shown.next_steps(f"\\[partners.{partner}] is out of overlap.toml.", ["overlap run"])


app.command()(mapping)
app.command()(correct)
