"""What the verbs that look after a workspace show."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli.console import out
from jobs.cli.show import next_steps

if TYPE_CHECKING:
    from config.showing import Setting
    from jobs.stores.audit import Line, Verified
    from jobs.upkeep.backup import BackupReport
    from jobs.upkeep.diagnosis import Diagnosis
    from jobs.upkeep.migration import Migration
    from jobs.upkeep.restore import RestoreReport

_SIGNS = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}


def diagnoses(found: Sequence[Diagnosis]) -> None:
    """Print one line per finding, and the remedy where there is something to do."""
    for one in found:
        out.print(f"{_SIGNS[one.level]} [bold]{escape(one.subject)}[/] {escape(one.detail)}", soft_wrap=True)
        if one.remedy:
            out.print(f"  → {escape(one.remedy)}", soft_wrap=True)
    count = Counter(one.level.value for one in found)
    bad, doubtful = count["fail"], count["warn"]
    out.print(f"{bad} broken, {doubtful} to look at, {count['ok']} well." if bad or doubtful else "All well.")


def settings(found: Sequence[Setting], everything: bool) -> None:
    """Print each setting with its value and where it came from."""
    for one in found:
        value = json.dumps(one.value, ensure_ascii=False)
        said = "" if one.resolves is None else " → a secret is there" if one.resolves else f" → {one.missing}"
        out.print(
            f"[bold]{escape(one.key)}[/] = {escape(value)}{escape(said)}  [dim]{escape(one.origin)}[/]", soft_wrap=True
        )
    if not everything:
        out.print("[dim]everything else is the default: overlap config show --all[/]")


def backed_up(made: BackupReport) -> None:
    """Print where the backup is, and what is not in it."""
    out.print(
        f"{escape(made.path)}: {made.files:,} files, {made.bytes / 1e6:,.1f} MB, read back and right", soft_wrap=True
    )
    for name in made.removed:
        out.print(f"deleted, being older: {escape(name)}", soft_wrap=True)
    _needs(made.needs, "Not in it, keep them elsewhere:")
    next_steps("It holds partners' lists and tokens: keep it where only you can read it.", [])


def restored(done: RestoreReport) -> None:
    """Print what came back, and what is to be done before the next run."""
    out.print(
        f"{escape(done.folder)} is workspace '{escape(done.workspace)}' as of {done.made_at:%Y-%m-%d %H:%M} UTC "
        f"({done.files:,} files, all as they were)",
        soft_wrap=True,
    )
    if done.migrated:
        out.print(f"its ledger was migrated: {', '.join(done.migrated)}")
    if done.aside:
        out.print(f"what was there before is in {escape(done.aside)}", soft_wrap=True)
    _needs(done.needs, "Secrets are in no backup; it asks for:")
    for kind, mark, day in done.erase_again:
        out.print(f"[red]erased on {day}, and back: a {kind} ({mark}); erase it again[/]")
    out.print("Lists that came after the backup are not in it: put them into inbox/ again.")
    steps = ["overlap doctor", "overlap run", "look at the first plan: it is held, and settles what came in between"]
    next_steps("", [f"cd {done.folder}", *steps])


def _needs(needs: Sequence[str], said: str) -> None:
    if needs:
        out.print(said)
        for one in needs:
            out.print(f"  {escape(one)}", soft_wrap=True)


def migration(found: Migration) -> None:
    """Print what is pending, or what was done."""
    for number, purpose in found.pending:
        out.print(f"{number}  {escape(purpose)}", soft_wrap=True)
    if found.copy:
        out.print(
            f"The ledger is of version {found.to}; as it was before, it lies in {escape(found.copy)}", soft_wrap=True
        )
    elif found.pending:
        next_steps(f"The ledger is of version {found.of}; these are pending.", ["overlap migrate"])
    else:
        out.print(f"The ledger is of version {found.to}." if found.of else "There is no ledger yet.")


def audit(found: Sequence[Line], zone: ZoneInfo) -> None:
    """Print who did what."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("line", "when", "who", "did", "what"):
        table.add_column(name, overflow="fold")
    for one in found:
        what = json.dumps({name: said for name, said in one.what.items() if name != "rewritten"}, ensure_ascii=False)
        at = f"{one.at.astimezone(zone):%Y-%m-%d %H:%M}"
        table.add_row(str(one.id), at, escape(one.who), escape(one.did), escape(what))
    out.print(table if found else "Nobody did anything of that.")


def verified(found: Verified) -> None:
    """Print whether the audit is as it was written."""
    for flaw in found.flaws:
        out.print(f"[red]line {flaw.line}: {escape(flaw.what)}[/]")
    if found.rewritten:
        out.print(f"{len(found.rewritten)} lines had words taken out by erasures, which vouch for what is left")
    said = f"{len(found.flaws)} flaws" if found.flaws else "none changed, none missing"
    out.print(f"{found.lines:,} lines: {said}. Head: {found.head[:16]}")
