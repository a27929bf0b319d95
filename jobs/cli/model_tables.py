"""Models and what they change, as tables that can be read aloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.markup import escape
from rich.table import Table

from jobs.cli import show
from jobs.cli.console import out

if TYPE_CHECKING:
    from jobs.finding.model_fit import FitReport
    from jobs.finding.model_trial import Trial
    from jobs.finding.models import Listed
    from matching.model import Mode, Model

_CAPTION = "+1 bit doubles the odds that the answer is yes, -1 halves them"


def listed(found: Sequence[Listed]) -> None:
    """Print the models that could be chosen, with their versions for either question."""
    table = _table("Models")
    for heading in ("name", "same company", "account family", "where", ""):
        table.add_column(heading, overflow="fold")
    for one in found:
        versions = [(version or "").rpartition(" ")[2] for version in (one.same, one.family)]
        table.add_row(f"[bold]{escape(one.name)}[/]", *versions, escape(one.place), "in force" if one.chosen else "")
    out.print(table)
    for one in found:
        if one.fault:
            out.print(f"[red]unusable:[/] {escape(one.fault)}", soft_wrap=True)
    out.print('Choose one in overlap.toml: \\[matching] model = "NAME"', style="dim")


def weights(asked: Mapping[Mode, Model]) -> None:
    """Print the ladders with their weights for either question, and what becomes of the sum."""
    same, family = asked["same"], asked["family"]
    table = _table(f"{same.name}: same company {_version(same)}, account family {_version(family)}")
    table.add_column("compared", style="bold")
    table.add_column("found", overflow="fold")
    table.add_column("same", justify="right")
    table.add_column("family", justify="right")
    for mine, others in zip(same.ladders, family.ladders, strict=True):
        by_code = {other.code: other for other in others.levels}
        for at, level in enumerate(mine.levels):
            other = by_code[level.code]
            words = escape(level.words.replace("{website}", "…") or f"{level.code}: says nothing")
            table.add_row(mine.comparison if at == 0 else "", words, _bits(level.weight), _bits(other.weight))
        table.add_section()
    table.add_row("prior", "before anything is compared", _bits(same.prior), _bits(family.prior))
    table.caption = _CAPTION
    out.print(table)
    for model in (same, family):
        knots = "the sum of bits as it is" if model.is_identity else _knots(model)
        out.print(
            f"{model.mode}: log-odds are {knots}; a better pair on either row takes away what lies beyond "
            f"{model.margin:+g}, at most {model.most_lost:g} bits; match from {model.match_at:.1%} on, review from "
            f"{model.review_at:.1%} on",
            soft_wrap=True,
        )


def differences(found: pl.DataFrame, before: Model, after: Model) -> None:
    """Print what differs between two models, both numbers and the change."""
    if found.is_empty():
        out.print(f"{escape(before.version)} and {escape(after.version)} weigh the same ({before.mode}).")
        return
    table = _table(f"{before.version} and {after.version} ({before.mode})")
    table.add_column("what", style="bold")
    table.add_column("level", overflow="fold")
    for name in (before.name, after.name):
        table.add_column(escape(name), justify="right")
    table.add_column("change", justify="right")
    for row in found.iter_rows(named=True):
        numbers = ("" if row[name] is None else f"{row[name]:.2f}" for name in ("before", "after"))
        table.add_row(row["what"], escape(row["level"]), *numbers, _bits(row["change"]))
    out.print(table)


def trial(found: Trial, limit: int) -> None:
    """Print how many pairs either model finds, and the first ones that would change."""
    for decision, count in found.before.items():
        out.print(f"{decision}: {count:,} before, {found.after[decision]:,} after")
    if found.changed.is_empty():
        out.print("No pair would change.")
        return
    for change, count in sorted(found.changed["change"].value_counts().rows()):
        out.print(f"{change}: {count:,}")
    table = _table("Pairs that would change, the most different first")
    table.add_column("ours", style="bold", min_width=18)
    table.add_column("theirs", min_width=18)
    table.add_column("before")
    table.add_column("after")
    table.add_column("why", overflow="fold", ratio=1)
    for row in found.changed.head(limit).iter_rows(named=True):
        ours = f"{escape(row['ours'] or '')}\n[dim]{escape(row['ours_id'])}[/]"
        theirs = f"{escape(row['theirs'] or '')}\n[dim]{escape(row['partner'])}:{escape(row['theirs_id'])}[/]"
        decided = (_decided(row[f"decision_{when}"], row[f"probability_{when}"]) for when in ("before", "after"))
        table.add_row(ours, theirs, *decided, escape(row["reasons"] or ""))
    if found.changed.height > limit:
        table.caption = f"{limit:,} of {found.changed.height:,}; more with --limit"
    out.print(table)


def fitted(report: FitReport, current: str | None) -> None:
    """Print what was learnt, whether it helps, and how to put it in force."""
    out.print(
        f"{report.same:,} pairs known to be the same and {report.different:,} known to be different", soft_wrap=True
    )
    table = _table(f"What moved from {report.base}")
    table.add_column("what", style="bold")
    table.add_column("level", overflow="fold")
    table.add_column("before", justify="right")
    table.add_column("after", justify="right")
    for row in report.moved.iter_rows(named=True):
        table.add_row(row["what"], row["level"], _bits(row["before"]), _bits(row["after"]))
    out.print(table if report.moved.height else "No weight moved.")
    if report.is_misled:
        verdict = "[yellow]but by labels that mislead: stay with what you have[/]"
    else:
        verdict = "better" if report.is_better else "[yellow]no better: stay with what you have[/]"
    out.print(
        f"on pairs that it did not learn from: {report.loss_before:.3f} bits lost per pair before, "
        f"{report.loss_after:.3f} after, {verdict}",
        soft_wrap=True,
    )
    if report.is_misled:
        out.print(
            f"[yellow]{report.contradicted:,} of {report.sure:,} pairs that all else says are the same have two "
            f"websites:[/] here a website does not stand for a company; rather learn from verdicts",
            soft_wrap=True,
        )
    name = Path(report.output).stem
    old = current or report.base.partition(" ")[0]
    steps = [f"overlap model diff {old} {name} --changes"]
    if report.is_better:
        steps.append(f'write model = "{name}" under [matching] in overlap.toml')
    show.next_steps(f"{escape(report.output)} is written ({escape(report.made)}).", steps)


def _table(title: str) -> Table:
    return Table(title=escape(title), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")


def _version(model: Model) -> str:
    return model.version.rpartition(" ")[2]


def _knots(model: Model) -> str:
    return ", ".join(f"{known:+g} at {bits:+g}" for bits, known in model.calibration)


def _bits(weight: float) -> str:
    style = "green" if weight > 0 else "red" if weight < 0 else "dim"
    return f"[{style}]{weight:+.2f}[/]"


def _decided(decision: str, probability: float | None) -> str:
    return decision if probability is None else f"{decision}\n[dim]{probability:.0%}[/]"
