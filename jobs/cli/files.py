"""`overlap match LEFT RIGHT`: run it, and say what came of it.

The result goes to stdout; which column was taken as what, and what was left out, to stderr.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape

from jobs.cli import console, show
from jobs.cli.console import err, out
from jobs.files_match import FilesReport, Side, Wishes, match_files


def run(left: Side, right: Side, output: Path | None, wishes: Wishes, as_json: bool) -> None:
    """Match the two files with progress on stderr, and print the report.

    Raises what `jobs.files_match.match_files` does.
    """
    with console.progress() as report:
        found = match_files(left, right, output, wishes, report)
    if as_json:
        console.print_json(found)
        return
    for side, file in (("left", left), ("right", right)):
        err.print(f"[dim]{escape(file.path.name)}: {escape(_said(found.columns[side]))}[/]", soft_wrap=True)
    for note in found.notes:
        err.print(f"[yellow]note:[/] {escape(note)}", soft_wrap=True)
    _show(found)
    if found.counts["review"] and not wishes.explain:
        files = shlex.join((str(left.path), str(right.path)))
        show.next_steps("", [f"overlap match {files} --explain"])


def _said(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{column} = {heading}" for column, heading in columns.items())


def _show(found: FilesReport) -> None:
    counts = found.counts
    unlikely = f", {counts['no match']:,} unlikely" if counts["no match"] else ""
    seconds = sum(found.timings_s.values())
    out.print(
        f"{found.left:,} x {found.right:,} rows: [bold]{counts['match']:,} matches[/], {counts['review']:,} to review"
        f"{unlikely}, in {escape(found.output)} [dim]({seconds:.1f} s)[/]",
        soft_wrap=True,
    )
    for decision, title in (("match", "The surest"), ("review", "The most likely of the doubtful")):
        examples = [example for example in found.examples if example.decision == decision]
        if examples:
            out.print(f"\n[bold]{title}[/]")
        for one in examples:
            out.print(f"{one.score:.2f}  {escape(one.left_name)} = {escape(one.right_name)}", soft_wrap=True)
            out.print(f"      [dim]{escape(one.reasons)}[/]", soft_wrap=True)
    if found.diagnosis is not None:
        out.print("\n[bold]Diagnosis[/]")
        for name, figure in found.diagnosis.items():
            out.print(f"{figure:>14,}  {escape(name)}", soft_wrap=True)
