"""Verbs on what people get: digests, alerts, and which messages went out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jobs.cli.options import HERE, Folder, Json, Limit, opened, require_known

if TYPE_CHECKING:
    from jobs.stores.releases import Release
    from jobs.telling.sending import Sent

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent.")]
NOT_ALL_ARRIVED = 5


def digest(
    dry_run: DryRun = False,
    owner: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only this account owner's.")] = None,
    partner_manager: Annotated[bool, typer.Option("--partner-manager", help="Only the partner managers'.")] = False,
    templates: Annotated[
        bool, typer.Option("--templates", help="Copy the templates into templates/, to be edited; send nothing.")
    ] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Send account owners and partner managers what is new or changed since the last digest that each of them got."""
    from jobs.cli import console
    from jobs.telling.digests import Wanted, digests, send

    if owner is not None and partner_manager:
        raise typer.BadParameter("say --owner or --partner-manager, not both")
    if templates:
        _copy_templates(folder, as_json)
        return
    wanted = Wanted(owners=not partner_manager, managers=owner is None, owner=owner)
    with opened(folder) as context:
        if not dry_run:
            sent = send(context, wanted)
        else:
            made = digests(context, wanted)
    if not dry_run:
        _sent(sent, as_json)
    elif as_json:
        shown = [_letter(str(one.address), one.title, one.content) for one in made.digests]
        console.print_json({"digests": shown, "nobody": made.nobody})
    else:
        for one in made.digests:
            _show(str(one.address), one.title, one.content.text)
        if not made.digests:
            console.out.print("Nobody has news.")
        if made.nobody:
            console.out.print(
                f"{made.nobody:,} overlaps have no active owner, and no partner manager who could be told"
            )


def alerts(dry_run: DryRun = False, folder: Folder = HERE, as_json: Json = False) -> None:
    """Tell whom the settings name what is wrong: late or held lists, held plans, terms that end; once while so."""
    from jobs.cli import console
    from jobs.telling.alerts import addresses, alert, content_of, due
    from jobs.telling.pages import Pages
    from overlap.errors import ConfigError

    with opened(folder) as context:
        where = [str(one) for one in addresses(context)]
        if not where and not dry_run:
            raise ConfigError(
                f"{context.workspace.settings_files}: [telling] says nobody to alert; write alerts_to = [...] "
                "(docs/digests.md), or look at them: overlap alerts --dry-run"
            )
        if not dry_run:
            sent = alert(context)
        else:
            pages = Pages(context.workspace.templates)
            made = [content_of(context, pages, cause) for cause in due(context).now]
    if not dry_run:
        _sent(sent, as_json)
    elif as_json:
        console.print_json({"alerts": [_letter(", ".join(where), title, content) for title, content in made]})
    else:
        for title, content in made:
            _show(", ".join(where), title, content.text)
        if not made:
            console.out.print("There is nothing to alert anybody to.")


def brief(
    partner: Annotated[str, typer.Argument(metavar="PARTNER", help="The partner's key.")],
    since: Annotated[
        str, typer.Option(metavar="DATE|last", help="Compare with that day, or with the brief before.")
    ] = "last",
    share: Annotated[
        bool,
        typer.Option("--share", help="Make the one that the partner gets instead, of what the settings let it see."),
    ] = False,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="The folder; briefs/ or shared/ without.")
    ] = None,
    confirm: Annotated[
        str | None, typer.Option(metavar="PARTNER", help="With --share, where all of a population goes out.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --share: do not ask.")] = False,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Write a workbook and a page for a meeting: what appeared, changed and vanished, the best of each cell."""
    from dataclasses import asdict

    from jobs.cli import console, share_tables
    from jobs.telling.brief import brief as write

    if share:
        made = _shared_brief(folder, partner, (since, out), (confirm, yes), as_json)
        if as_json:
            files = [{"release": one.id, "file": one.file_name, "rows": one.rows} for one in made]
            console.print_json({"partner": partner, "files": files})
        else:
            for one in made:
                share_tables.released(one)
        return
    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        done = write(context, partner, since, out)
    if as_json:
        console.print_json(asdict(done))
        return
    compared = f"since run {done.since}" if done.since else "the first brief: nothing to compare with"
    console.out.print(
        f"{done.appeared:,} appeared, {done.changed:,} changed, {done.vanished:,} vanished ({compared}); "
        f"{done.waiting:,} influences wait for a decision"
    )
    for file in done.files:
        console.out.print(f"for yourselves: {file}", soft_wrap=True, markup=False)


def _shared_brief(
    folder: Path, partner: str, wish: tuple[str, Path | None], said: tuple[str | None, bool], as_json: bool
) -> list[Release]:
    """Show what would go out, ask, and release it; *wish* is since and out, *said* what --confirm and --yes say."""
    from jobs.cli import share_tables, show
    from jobs.cli.share import typed_key
    from jobs.sharing.share import Approval, offer
    from jobs.telling.shared_briefs import release_brief

    confirm, yes = said
    with opened(folder) as context:
        require_known("partner", (partner,), context.workspace.settings.partners)
        made = offer(context, partner)
    if not as_json:
        share_tables.offer(made, limit=20)
    typed = confirm
    if made.in_whole and confirm is None and not yes:
        typed = typed_key(made)
    elif not made.in_whole and not yes:
        show.ask(f"Release a brief with {made.rows:,} rows to '{made.name}'?")
    with opened(folder) as context:
        return release_brief(context, made, Approval(made.looked_at, typed), *wish)


def messages(limit: Limit = 20, folder: Folder = HERE, as_json: Json = False) -> None:
    """List the messages that went out, wait, or may not have arrived."""
    from dataclasses import asdict

    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from jobs.cli import console
    from jobs.stores import messages as store

    with opened(folder) as context:
        known = store.last(context.ledger, limit)
        zone = context.workspace.zone
    if as_json:
        hidden = ("content", "about")
        plain = [{name: value for name, value in asdict(one).items() if name not in hidden} for one in known]
        console.print_json({"messages": plain})
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("made", "kind", "to", "title", "state", "why"):
        table.add_column(name, overflow="fold")
    for one in known:
        to = f"{one.channel}:{one.recipient}" if one.recipient else one.channel
        made_at = f"{one.made_at.astimezone(zone):%Y-%m-%d %H:%M}"
        table.add_row(*map(escape, (made_at, one.kind, to, one.title, one.state, one.error or "")))
    console.out.print(table if known else "No message has been made yet.")


def _copy_templates(folder: Folder, as_json: bool) -> None:
    from jobs.cli import console
    from jobs.telling.pages import copy_out

    with opened(folder) as context:
        made = [str(path) for path in copy_out(context.workspace.templates)]
    if as_json:
        console.print_json({"templates": made})
        return
    for path in made:
        console.out.print(path, soft_wrap=True, markup=False)
    console.out.print(
        "Edit them; 'overlap digest --dry-run' shows what comes of it." if made else "All are there already."
    )


def _letter(to: str, title: str, content: Any) -> dict[str, Any]:
    return {"to": to, "title": title, "text": content.text, "html": content.html, "slack": content.slack}


def _show(to: str, title: str, text: str) -> None:
    from jobs.cli.console import out

    out.rule(style="dim")
    out.print(f"To: {to or '(no channel yet)'}\nSubject: {title}\n\n{text}", markup=False, soft_wrap=True)


def _sent(sent: Sequence[Sent], as_json: bool) -> None:
    from dataclasses import asdict

    from rich.markup import escape

    from jobs.cli import console

    if as_json:
        console.print_json({"messages": [asdict(one) for one in sent]})
    else:
        for one in sent:
            to = f"{one.channel}:{one.recipient}" if one.recipient else one.channel
            sign = "[green]✓[/]" if one.is_well else "[red]✗[/]"
            console.out.print(f"{sign} {escape(to)} {escape(one.title)}", soft_wrap=True)
            if one.error:
                console.out.print(f"  {one.state}: {escape(one.error)}", soft_wrap=True)
        if not sent:
            console.out.print("There is nothing to send.")
    if not all(one.is_well for one in sent):
        raise typer.Exit(NOT_ALL_ARRIVED)
