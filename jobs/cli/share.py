"""Verbs on what partners get: look at it, release it, and see what went out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import HERE, Folder, Json, Limit, opened, require_known

if TYPE_CHECKING:
    from jobs.sharing.share import Offer


def share(
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's key.")],
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would go out.")] = False,
    kind: Annotated[str | None, typer.Option("--format", metavar="csv|xlsx", help="CSV without.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The file; a new one in shared/PARTNER without.")
    ] = None,
    confirm: Annotated[
        str | None,
        typer.Option(metavar="PARTNER", help="Say the key once more: where all of a population goes out."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed without a terminal.")] = False,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Make the file that a partner gets: what the settings let it see of the last run, and nothing else."""
    from jobs.cli import console, share_tables, show
    from jobs.sharing.release_files import KINDS
    from jobs.sharing.share import Approval, offer, release, require_place

    kind = kind or (out.suffix.lower().removeprefix(".") if out else "") or KINDS[0]
    require_known("format", (kind,), KINDS)
    if out is not None and not preview:
        require_place(out, kind)
    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        made = offer(context, partner)
    if preview and as_json:
        console.print_json(made)
    elif not as_json:
        share_tables.offer(made, limit)
    if preview:
        return
    typed = confirm
    if made.in_whole and confirm is None and not yes:
        typed = typed_key(made)
    elif not made.in_whole and not yes:
        show.ask(f"Release {made.rows:,} rows to '{made.name}'?")
    with opened(folder) as context:
        done = release(context, partner, Approval(made.looked_at, typed), kind, out)
    if as_json:
        console.print_json({"release": _as_json(done), "cells": made.cells})
    else:
        share_tables.released(done)


def releases(
    partner: Annotated[str | None, typer.Argument(metavar="[PARTNER|show]", help="Only this partner's.")] = None,
    number: Annotated[str | None, typer.Argument(metavar="[ID]", help="After 'show': the release.")] = None,
    limit: Limit = 20,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """List what went out to partners; 'overlap releases show ID' shows the rows of one."""
    from jobs.cli import console, share_tables
    from jobs.stores import releases as store

    if number is not None and partner != "show":
        raise typer.BadParameter("say 'overlap releases [PARTNER]', or 'overlap releases show ID'")
    with opened(folder) as context:
        if number is None:
            known = store.every(context.ledger)
            if partner is not None:  # one that the settings do not have any more may have got something
                names = dict.fromkeys([*context.workspace.settings.partners, *(one.partner for one in known)])
                require_known("partner", (partner,), names)
                known = [one for one in known if one.partner == partner]
            rows: list[dict[str, Any]] = []
        else:
            known = [store.load(context.ledger, number)]
            rows = [store.row_of(text) for text in store.rows_of(context.ledger, known[0].id)]
    if as_json and number is None:
        console.print_json({"releases": [_as_json(one) for one in known]})
    elif as_json:
        console.print_json({"release": _as_json(known[0]), "rows": rows})
    elif number is None:
        share_tables.releases(known, limit)
    else:
        share_tables.release(known[0], rows, limit)


def typed_key(made: Offer) -> str:
    """Let the person at the terminal type the partner's key.

    Raises:
        ConfigError: there is no terminal to ask at.
    """
    import sys

    from rich.markup import escape

    from jobs.cli.console import err
    from overlap.errors import ConfigError

    if not sys.stdin.isatty():
        raise ConfigError(f"there is no terminal to ask at; say --confirm {made.partner}")
    whole = escape(" and ".join(made.in_whole))
    try:
        return err.input(
            f"All of your {whole} go out, also those that {escape(made.name)} does not have. "
            f"Type '{made.partner}' to release {made.rows:,} rows: "
        ).strip()
    except EOFError:
        return ""


def _as_json(one: Any) -> dict[str, Any]:
    import json

    facts = asdict(one)
    return facts | {"policy_text": json.loads(facts["policy_text"])}
