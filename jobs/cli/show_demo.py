"""What the demo says when it is done."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from jobs.cli import show, tables
from jobs.cli.console import out
from overlap.fields import BY_NAME

if TYPE_CHECKING:
    from jobs.demo import DemoReport


def printed(shown: DemoReport) -> None:
    """Print the demo: what was read and matched, the ten best overlaps, what each CRM got, and what to try next."""
    from jobs import views
    from jobs.cli.options import opened
    from jobs.demo import FICTION

    folder = shown.folder
    out.print(f"[bold]{FICTION}[/]\n")
    show.pulled(shown.first.pulled)
    tables.in_several(shown.found)
    with opened(folder) as context:
        cells, companies, best = views.matrix(context), views.reconciled(context), views.overlaps(context)
        names = {key: settings.name for key, settings in context.workspace.settings.partners.items()}
    tables.matrix(cells, names, companies, {})
    tables.overlaps(best, 10)
    out.print(
        f"Matches: precision {shown.precision:.3f}, recall {shown.recall:.3f} on the demo's own truth "
        f"(a smoke test, no measure of quality)."
    )
    out.print("A sandbox's first plan is held like any first plan; the demo approved it itself, a real CRM needs you.")
    _written(shown)
    out.print(f"Second run, same lists: {_by_crm(shown.second_run_writes)} writes.")
    redated = _by_crm(shown.second_run_writes_redated)
    out.print(f"Third run, same lists with a newer date: {redated} writes (one per partner and CRM).\n")
    example = best.row(0, named=True)
    overlap = _command()
    show.next_steps(
        f"The workspace is {folder}. Try:",
        [
            f"{overlap} explain {example['account_id']} {example['partner']}:{example['theirs_id']} --dir {folder}",
            f"{overlap} companies --dir {folder}",
            f"{overlap} reviews --dir {folder}",
            f"{overlap} greenfield --partner {example['partner']} --dir {folder}",
        ],
    )


def _written(shown: DemoReport) -> None:
    """Print what the first run wrote into each CRM: its own records, whatever the others have."""
    refused = sum(len(done.troubles) for done in shown.first.applied)
    title = f"Written to the sandbox CRMs ({refused} refused)"
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.add_column("object")
    for made in shown.first.plans:
        table.add_column(made.crm, justify="right")
    for name in dict.fromkeys(name for made in shown.first.plans for name in made.unchanged):
        counts = (sum(change.object_name == name for change in made.changes) for made in shown.first.plans)
        table.add_row(BY_NAME[name].label, *(f"{count or '·'}" for count in counts))
    table.add_section()
    table.add_row("records", *(f"{shown.written[made.crm]:,}" for made in shown.first.plans))
    out.print(table)


def _by_crm(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{crm} {count:,}" for crm, count in counts.items())


def as_json(shown: DemoReport) -> dict[str, Any]:
    """Return the demo's figures: of all CRMs together, and of each."""
    streams = ("accounts", "opportunities")
    read = {crm.crm: {stream: crm.rows.get(stream, 0) for stream in streams} for crm in shown.first.pulled.crms}
    writes = {
        "written": shown.written,
        "second_run_writes": shown.second_run_writes,
        "second_run_writes_redated": shown.second_run_writes_redated,
    }
    return {
        "folder": str(shown.folder),
        "pulled": {
            **{stream: sum(rows[stream] for rows in read.values()) for stream in streams},
            "partner_accounts": shown.found.partner_accounts,
        },
        "matches": shown.found.matches,
        "reviews": shown.found.reviews,
        "precision": round(shown.precision, 4),
        "recall": round(shown.recall, 4),
        "overlaps": shown.found.overlaps,
        "companies_in_both_crms": shown.found.in_several,
        **{name: sum(counts.values()) for name, counts in writes.items()},
        "crms": {crm: rows | {name: counts[crm] for name, counts in writes.items()} for crm, rows in read.items()},
    }


def _command() -> str:
    """How to call `overlap` from here: the environment that runs it may not be on the person's path."""
    found = shutil.which("overlap")
    if found and Path(found).resolve() == Path(sys.argv[0]).resolve():
        return "overlap"
    return os.path.relpath(sys.argv[0])
