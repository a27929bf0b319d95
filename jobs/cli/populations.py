"""Verbs on populations: who is in which, and what the org's own data proposes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import typer

from jobs.cli.options import HERE, Crm, Folder, Json, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jobs.finding.populations import Populations, Suggestions
    from overlap.proposals import Profile, Proposal

app = typer.Typer(help="Who of your accounts is customer, prospect or what you say; and proposals for it.")


@app.command()
def show(crm: Crm = None, folder: Folder = HERE, as_json: Json = False) -> None:
    """Count who is in which population by the settings as they are now, with samples."""
    from jobs.cli import console
    from jobs.finding.populations import show as look_at

    with opened(folder) as context:
        found = look_at(context, crm)
    if as_json:
        console.print_json(found)
    else:
        _print_populations(found)


@app.command()
def suggest(crm: Crm = None, folder: Folder = HERE, as_json: Json = False) -> None:
    """Propose populations and exclusions from what was pulled, as TOML to paste into overlap.toml."""
    from jobs.cli import console
    from jobs.finding.populations import suggest as propose

    with opened(folder) as context:
        found = propose(context, crm)
    if as_json:
        console.print_json(found)
    else:
        for line in _as_toml(found):
            console.out.print(line, soft_wrap=True, markup=False)


def _print_populations(found: Populations) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from jobs.cli.console import out

    table = Table(title=f"Populations of {found.accounts:,} accounts", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("population", no_wrap=True)
    table.add_column("accounts", justify="right")
    table.add_column("for example", overflow="fold", ratio=1)
    for one in found.populations:
        table.add_row(escape(one.name), f"{one.accounts:,}", escape("; ".join(one.samples)))
    out.print(table)
    for both in found.together:
        out.print(f"{both.accounts:,} are in both {escape(both.first)} and {escape(both.second)}", soft_wrap=True)
    for rule, count in found.excluded.items():
        out.print(f"{count:,} excluded by '{rule}'")
    out.print("next: [bold]overlap populations suggest[/]")


def _as_toml(found: Suggestions) -> Iterator[str]:
    """Yield the lines of TOML that could be pasted, what speaks for them as remarks."""
    yield from _seen(found.profile)
    built_in = [one for one in found.proposals if one.place.count(".") == 1 and one.place.startswith("populations.")]
    if built_in:
        yield from ("", "# These go into the [populations] that is there already, in place of its plain rules.")
        yield "[populations]"
    for one in built_in:
        yield from _remarks(one)
        yield f"{one.place.removeprefix('populations.')} = {_text(one.filter or '')}"
    for one in found.proposals:
        if one in built_in:
            continue
        *table, name = one.place.split(".", 2 if one.place.startswith("populations.") else 1)
        yield ""
        yield f"[{'.'.join(table)}.{name if name.replace('-', '').isalnum() and name.isascii() else _text(name)}]"
        yield from _remarks(one)
        yield f"filter = {_text(one.filter)}" if one.filter else f"ids = [{', '.join(map(_text, one.ids))}]"
    if not found.proposals:
        yield "# Nothing to propose: neither types, record types nor deals say more than the settings do."
    yield from ("", "# When it is pasted: overlap populations show")


def _seen(found: Profile) -> Iterator[str]:
    yield (
        f"# {found.accounts:,} accounts, {found.deals:,} deals: {found.open:,} open, {found.won:,} won, "
        f"{found.renewals:,} renewals, {found.overdue:,} open more than a year after they should have closed"
    )
    tallies = ("account types", found.account_types), ("record types", found.record_types), ("stages", found.stages)
    for what, tally in (*tallies, ("deal types", found.deal_types)):
        if tally:
            most = ", ".join(f"{_plain(name)} ({count:,})" for name, count in list(tally.items())[:12])
            yield f"# {what}: {most}" + (f" and {len(tally) - 12} more" if len(tally) > 12 else "")


def _remarks(one: Proposal) -> Iterator[str]:
    yield f"# {_plain(one.reason)}"
    yield f"# takes {one.accounts:,} account{'s' * (one.accounts != 1)}: {_plain('; '.join(one.samples))}" + (
        "; …" if one.accounts > 5 else ""
    )


def _plain(text: str) -> str:
    """Return *text* on one line, as a remark must be."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _text(text: str) -> str:
    """Return *text* as a TOML string, which escapes what JSON does and DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
