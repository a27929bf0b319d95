"""Adjust the chosen model to what this workspace knows for sure, and write it as a model of its own.

Nothing changes by that: the settings must name the new model, and the next match is the first that it weighs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import polars as pl

from jobs.context import Context
from jobs.finding import models
from jobs.finding.identity import identified
from jobs.stores import judgements
from matching import fit, labels
from matching.model import Model
from matching.model_file import shipped, text
from overlap import judgements as verdicts
from overlap.errors import ConfigError

Teacher = Literal["judgements", "domains"]
#: With fewer labels of either kind, what is learnt is those pairs.
LEAST_LABELS = 20
#: Where websites told more of the surest pairs apart than this share, what they taught made matches worse: 14 % on
#: lists of employers with register numbers as truth, against 5 to 8 % on lists where they taught something.
MOST_CONTRADICTED = 0.1


@dataclass(frozen=True, slots=True)
class FitReport:
    """What was learnt: from how many labels of either kind, what moved (see `models.differences`), and how well.

    *loss_before* and *loss_after* are log losses in bits per pair, on pairs that the fit did not see: less is better.
    Of the *sure* pairs, which all but their websites say are the same, *contradicted* have two websites; 0 of 0 where
    people taught.
    """

    base: str
    made: str
    output: str
    same: int
    different: int
    loss_before: float
    loss_after: float
    sure: int
    contradicted: int
    moved: pl.DataFrame

    @property
    def is_misled(self) -> bool:
        """Whether websites do not stand for companies here, so that what they teach is wrong."""
        return self.contradicted > MOST_CONTRADICTED * self.sure

    @property
    def is_better(self) -> bool:
        """Whether pairs that were not learnt from are told apart better than before, by labels that can be trusted."""
        return self.loss_after < self.loss_before and not self.is_misled


def fit_model(context: Context, teacher: Teacher, output: Path | None = None) -> FitReport:
    """Fit the chosen model and write it to *output*, by default ``models/<teacher>-<day>.toml`` of the workspace.

    Raises:
        ConfigError: there are too few labels, *output* is there already or cannot be a model's, or nothing was pulled.
    """
    path = _free(output or models.folder(context) / f"{teacher}-{context.today}.toml")
    base = models.chosen_models(context)
    before = models.as_asked(context, base)
    ours, theirs = models.pulled(context)
    context.report("comparing the pairs whose truth is known")
    known = _labelled(context, teacher, (ours, theirs), before)
    same, different = known.filter("same").height, known.filter(~pl.col("same")).height
    if min(same, different) < LEAST_LABELS:
        raise ConfigError(_too_few(teacher, same, different))
    context.report(f"fitting to {known.height:,} pairs")
    after = fit.fit(known, before)
    losses = fit.held_out_loss(known, before)
    sure, apart = labels.contradicted(known, before) if teacher == "domains" else (0, 0)
    made = base.with_model(after).named(path.stem)
    report = FitReport(
        base=before.version,
        made=made.for_mode(before.mode).version,
        output=str(path),
        same=same,
        different=different,
        loss_before=round(losses[0], 4),
        loss_after=round(losses[1], 4),
        sure=sure,
        contradicted=apart,
        moved=models.differences(before, after),
    )
    if output is None:
        path.parent.mkdir(exist_ok=True)
    _write(path, text(made, _said(report, teacher, before.mode)))
    what = {"model": path.name, "from": teacher, "same": same, "different": different}
    context.ledger.note(context.who, "fitted model", what, context.now)
    return report


def _labelled(
    context: Context, teacher: Teacher, rows: tuple[pl.DataFrame, pl.DataFrame], model: Model
) -> pl.DataFrame:
    """Return the pairs whose truth *teacher* knows, see `matching.fit.fit`."""
    ours, theirs = rows
    if teacher == "domains":
        return labels.from_domains(ours, theirs, model)
    in_force = judgements.in_force(context.ledger)
    said = verdicts.resolve(in_force, identified(ours, "crm"), identified(theirs, "partner"))
    return labels.from_verdicts(ours, theirs, said, model)


def _too_few(teacher: Teacher, same: int, different: int) -> str:
    if teacher == "domains":
        return (
            f"a fit needs {LEAST_LABELS} pairs that share a website and {LEAST_LABELS} with two different ones; "
            f"there are {same} and {different}; learn from verdicts instead, with --from judgements"
        )
    return (
        f"a fit needs {LEAST_LABELS} pairs judged the same and {LEAST_LABELS} judged different; "
        f"there are {same} and {different}; judge more ('overlap reviews' lists the doubtful ones), or learn from "
        f"websites with --from domains"
    )


def _free(path: Path) -> Path:
    """Return *path* if a model can be written there."""
    if path.suffix != ".toml" or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", path.stem):
        raise ConfigError(
            f"{path}: a model's file is named by its model: up to 40 lower-case letters, digits and hyphens, then .toml"
        )
    if path.stem in [known.name for known in shipped()]:
        raise ConfigError(f"{path} has the name of a shipped model; choose another with --output")
    if path.exists():
        raise ConfigError(f"{path} is there already; nothing was changed; choose another name with --output")
    return path


def _said(report: FitReport, teacher: Teacher, mode: str) -> tuple[str, ...]:
    return (
        f"{report.base} ({mode}), adjusted to {report.same} same and {report.different} different pairs by {teacher}.",
        f"Log loss in bits per pair that the fit did not see: {report.loss_before} before, {report.loss_after} after.",
    )


def _write(path: Path, content: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_text(content, encoding="utf-8")
        partial.replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
