"""`overlap review`: settle doubtful pairs one after the other, or send them as a workbook and read it back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jobs.cli.options import HERE, Folder, Json, Partner, opened, require_known
from overlap.errors import ConfigError

if TYPE_CHECKING:
    from jobs.context import Context
    from jobs.reviewing.doubtful import Doubt
    from jobs.reviewing.scales import Scales
    from jobs.reviewing.session import Session
    from matching.why_not import WhyNot

_TERMINAL_ONLY = (
    "review asks for single keys and needs a terminal; 'overlap reviews' lists the pairs, "
    "'overlap review --workbook FILE' writes them into a workbook"
)


def review(
    partner: Partner = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="At most so many pairs.")] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="So many matches instead, drawn by chance: to see how right they are."),
    ] = None,
    workbook: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the pairs into a workbook (.xlsx, or a folder) instead.")
    ] = None,
    read: Annotated[Path | None, typer.Option(metavar="FILE", help="Take the verdicts of such a workbook.")] = None,
    folder: Folder = HERE,
    as_json: Json = False,
) -> None:
    """Settle doubtful pairs with single keys, what matters most first; or by workbook."""
    if read is not None:
        _read(read, folder, as_json)
    elif workbook is not None:
        _write(workbook, (partner, limit, sample), folder, as_json)
    elif as_json:
        raise ConfigError("--json goes with --workbook and --read; 'overlap reviews --json' lists the pairs")
    elif not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ConfigError(_TERMINAL_ONLY)
    else:
        _sit(partner, limit, sample, folder)


def _sit(partner: str | None, limit: int | None, sample: int | None, folder: Path) -> None:
    from jobs.cli import console, show
    from jobs.reviewing.doubtful import doubtful
    from jobs.reviewing.scales import scales
    from jobs.reviewing.session import Session

    with opened(folder) as context:
        require_known("partner", (partner,) if partner else (), context.workspace.settings.partners)
        context.report("looking for pairs")
        pairs = doubtful(context, partner, sample)[:limit]
        weighing = scales(context) if pairs else None
    if weighing is None:
        console.out.print("No pair waits for your judgement.")
        return
    with opened(folder, quiet=True) as context:  # a bar would be drawn over the pairs
        session = _until_ended(Session.of(len(pairs)), pairs, weighing, context)
    said = [verdict for verdict in session.verdicts if verdict is not None]
    counts = f"{said.count('same'):,} same, {said.count('different'):,} different, {session.left:,} still open"
    next_steps = ["overlap match", "overlap plan"] if said else []
    show.next_steps(f"{counts}. Take one back with: overlap judgements undo NUMBER", next_steps)


def _until_ended(session: Session, pairs: tuple[Doubt, ...], weighing: Scales, context: Context) -> Session:
    """Show pair after pair, and store each verdict before the next one is shown."""
    from jobs.cli.console import out
    from jobs.cli.keys import single_keys
    from jobs.cli.review_screen import screen
    from jobs.reviewing.verdicts import settle

    known: dict[int, WhyNot] = {}
    with single_keys() as key:
        while not session.ended:
            doubt = pairs[session.at]
            if session.at not in known:
                out.clear()
                out.print(screen(session, doubt, None))
                known[session.at] = weighing.weigh(doubt)
            out.clear()
            out.print(screen(session, doubt, known[session.at]))
            pressed, wish = session.press(key())
            if wish is not None:
                settle(context, pairs[wish.at], wish.verdict)
            session = pressed
    return session


def _write(workbook: Path, wanted: tuple[str | None, int | None, int | None], folder: Path, as_json: bool) -> None:
    from rich.markup import escape

    from jobs.cli import console, show
    from jobs.reviewing.workbook import MOST_PAIRS, write_workbook

    partner, limit, sample = wanted
    with opened(folder) as context:
        require_known("partner", (partner,) if partner else (), context.workspace.settings.partners)
        made = write_workbook(context, partner, workbook, limit or MOST_PAIRS, sample)
    if as_json:
        console.print_json(made)
    elif not made.pairs:
        console.out.print("No pair waits for a judgement; no workbook was written.")
    else:
        left = f" {made.left:,} more wait; --limit takes more." if made.left else ""
        said = f"{made.pairs:,} pairs with {made.partner} are in {made.file}.{left}"
        said += " Once filled in, put it into inbox/, or:"
        show.next_steps(escape(said), [f"overlap review --read {made.file}"])


def _read(file: Path, folder: Path, as_json: bool) -> None:
    from jobs.cli import console, review_tables, show
    from jobs.reviewing.answers import read_workbook

    with opened(folder) as context:
        report = read_workbook(context, file)
    if as_json:
        console.print_json(report)
        return
    review_tables.reviewed(report)
    show.next_steps("", ["overlap match", "overlap plan"] if report.taken else [])
