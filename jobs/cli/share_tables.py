"""What would go out to a partner, and what went out, as tables."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli import times
from jobs.cli.console import out

if TYPE_CHECKING:
    from jobs.sharing.share import Offer
    from jobs.stores.releases import Release


def offer(made: Offer, limit: int) -> None:
    """Print how much would go out, cell by cell, what stays here, and what is different from the last release."""
    until = f", agreed until {made.expires}" if made.expires else ""
    by = f" ({escape(made.agreement)})" if made.agreement else ""
    named = ", ".join(made.fields) or "nothing"
    out.print(f"To [bold]{escape(made.name)}[/]{by}{until}: of ours {named}; run {made.run_id}", soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("ours x theirs")
    table.add_column("rows", justify="right")
    for cell, rows in made.cells.items():
        table.add_row(escape(cell), f"{rows:,}")
    out.print(table if made.cells else "Nothing would go out.")
    for why, companies in made.withheld.items():
        out.print(f"{companies:,} {'company stays' if companies == 1 else 'companies stay'} here: {why}")
    if made.since is None:
        out.print("Nothing was released to it before.")
    else:
        kept = made.rows - len(made.new)
        out.print(
            f"Compared with release {made.since}: {len(made.new):,} new, {len(made.gone):,} gone, {kept:,} as before"
        )
    _rows("would go out now" if made.since is None else "new", made.new, limit)
    _rows("no longer shared", made.gone, limit)


def released(done: Release) -> None:
    """Print where the file is."""
    out.print(f"Release {done.id}: {done.rows:,} rows in {escape(done.file_name)}", soft_wrap=True)
    out.print(f"next: [bold]overlap releases show {done.id}[/]")


def releases(known: Sequence[Release], limit: int) -> None:
    """Print one line per release."""
    if not known:
        out.print("Nothing has been released yet: overlap share PARTNER --preview")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("id", "partner", "released", "by", "run", "rows", "file"):
        table.add_column(name, overflow="fold", justify="right" if name in ("id", "run", "rows") else "left")
    for one in known[:limit]:
        when = times.minute(one.released_at)
        facts = (str(one.id), one.partner, when, one.who, str(one.run_id), f"{one.rows:,}", one.file_name)
        table.add_row(*map(escape, facts))
    out.print(table)
    if len(known) > limit:
        out.print(f"and {len(known) - limit:,} more; --limit shows them")


def release(one: Release, rows: Sequence[Mapping[str, Any]], limit: int) -> None:
    """Print what went out in one release."""
    share = json.loads(one.policy_text).get("share")
    out.print(
        f"Release {one.id} to {one.partner} by {escape(one.who)}, {times.stamp(one.released_at)}, of run "
        f"{one.run_id}: {one.rows:,} rows in {escape(one.file_name)}",
        soft_wrap=True,
    )
    for cell, level in share["cells"].items() if share else ():
        out.print(f"  {cell}: {level}")
    ours = f"of ours: {', '.join(share['fields']) or 'nothing'}" if share else "the partner was erased"
    out.print(f"  {ours}\n  sha256 {one.sha256}", soft_wrap=True)
    _rows("went out", [row for row in rows if row], limit)


def _rows(title: str, rows: Sequence[Mapping[str, Any]], limit: int) -> None:
    if not rows:
        return
    shown = [name for name in rows[0] if any(row.get(name) is not None for row in rows)]
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in shown:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows[:limit]:
        table.add_row(*("" if row.get(name) is None else escape(str(row[name])) for name in shown))
    out.print(table)
    if len(rows) > limit:
        out.print(f"and {len(rows) - limit:,} more; --limit shows them")
