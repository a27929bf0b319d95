"""The models of a workspace: those shipped and those in its folder ``models/``, and which one weighs its pairs.

A file's own name is the model's name, so that what the settings and a run's manifest name can always be found.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from jobs.context import Context
from jobs.finding.profiles import left_out, rows_of, with_currencies
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import open_warehouse
from matching.model import Model, Models
from matching.model_file import load, shipped
from overlap.errors import ConfigError

#: Sums of weights, in bits, at which two calibrations are compared.
_SUMS = (-5.0, 0.0, 3.0, 6.0, 9.0)


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that could be chosen. *fault* says why this version cannot use it; then it has no versions."""

    name: str
    place: str
    chosen: bool
    same: str | None
    family: str | None
    fault: str | None = None


def chosen(context: Context) -> Model:
    """Return the model that the settings choose, for their question, with the *match_at* of their precision.

    Raises:
        ConfigError: there is no such model, this version cannot use it, or it cannot promise that precision.
    """
    return as_asked(context, chosen_models(context))


def chosen_models(context: Context) -> Models:
    """Return the model that the settings choose, for either question."""
    name = context.workspace.settings.matching.model
    return shipped()[0] if name is None else named(context, name)


def as_asked(context: Context, models: Models) -> Model:
    """Return *models* for the question and the precision in the settings."""
    wanted = context.workspace.settings.matching
    return models.for_mode(wanted.mode).for_precision(wanted.precision)


def named(context: Context, name: str) -> Models:
    """Return the model *name* of the workspace or, if it has none, the shipped one.

    Raises:
        ConfigError: there is none, this version cannot use it, or the file calls itself otherwise.
    """
    path = folder(context) / f"{name}.toml"
    if path.is_file() and path.parent == folder(context):
        return _checked(path)
    try:
        return load(name)
    except ConfigError as error:
        raise ConfigError(f"{folder(context)} has no {name}.toml, and {error}") from error


def folder(context: Context) -> Path:
    """Where the workspace keeps models of its own; it need not be there."""
    return context.workspace.folder / "models"


def listed(context: Context) -> list[Listed]:
    """Return every model that the settings could name, the shipped ones first."""
    wanted = context.workspace.settings.matching.model or shipped()[0].name
    rows = [_listed(models, "shipped", wanted) for models in shipped()]
    for path in sorted(folder(context).glob("*.toml")):
        try:
            rows.append(_listed(_checked(path), str(path), wanted))
        except ConfigError as error:
            rows.append(Listed(path.stem, str(path), path.stem == wanted, None, None, str(error)))
    return rows


def differences(before: Model, after: Model) -> pl.DataFrame:
    """Return what differs between two models: ``what``, ``level``, ``before``, ``after``, ``change``, largest first.

    *what* is a comparison, whose levels weigh bits, or ``decision`` with the numbers behind it, ``calibration`` with
    the log-odds in bits that a sum of bits stands for, or ``precision`` with the least probability of a match.
    """
    mine, yours = _numbers(before), _numbers(after)
    both = mine.join(yours, on=["what", "level"], how="full", coalesce=True, suffix="_after")
    both = both.rename({"number": "before", "number_after": "after"})
    changed = both.filter(pl.col("before").ne_missing(pl.col("after")))
    changed = changed.with_columns(change=(pl.col("after").fill_null(0) - pl.col("before").fill_null(0)).round(4))
    return changed.sort(pl.col("change").abs(), "what", "level", descending=[True, False, False])


def pulled(context: Context) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return our accounts and the partners' as the warehouse holds them, without those that the settings exclude.

    Raises:
        ConfigError: a CRM has not been read yet.
    """
    with workspace_lock(context.workspace.lock_file), open_warehouse(context.workspace.warehouse_file) as warehouse:
        unread = [crm for crm in context.crms() if warehouse.watermark(crm) is None]
        if unread:
            raise ConfigError(f"nothing has been pulled from '{unread[0]}' yet; run 'overlap pull' first")
        accounts, theirs = warehouse.frame("accounts"), warehouse.frame("partner_accounts")
        known = (with_currencies(context, rows) for rows in (accounts, warehouse.frame("opportunities")))
        gone = left_out(context, rows_of(context, *known))
    return accounts.join(gone.accounts, on=["crm", "id"], how="anti", maintain_order="left"), theirs


def _checked(path: Path) -> Models:
    models = load(path)
    if models.name != path.stem:
        raise ConfigError(f"{path} calls itself '{models.name}'; write name = \"{path.stem}\" in it, or rename it")
    if path.stem in [known.name for known in shipped()]:
        raise ConfigError(f"{path} has the name of a shipped model; give it another")
    return models


def _listed(models: Models, place: str, wanted: str) -> Listed:
    return Listed(models.name, place, models.name == wanted, models.same.version, models.family.version)


def _numbers(model: Model) -> pl.DataFrame:
    """Return every number of *model* that moves a pair: ``what``, ``level``, ``number``."""
    weights = [(ladder.comparison, level.code, level.weight) for ladder in model.ladders for level in ladder.levels]
    decision = [
        ("decision", key, float(getattr(model, key)))
        for key in ("prior", "lists", "margin", "slope", "most_lost", "review_at", "match_at")
    ]
    log_odds = pl.DataFrame({"bits": _SUMS}).select(pl.col("bits"), p=model.probability(pl.col("bits")))
    odds = log_odds.with_columns(number=(pl.col("p") / (1 - pl.col("p"))).log(2).round(2))
    calibration = [("calibration", f"a sum of {bits:g} bits", number) for bits, _, number in odds.rows()]
    precision = [("precision", f"{target:g}", least) for target, least in model.precision]
    rows = [*weights, *decision, *calibration, *precision]
    schema = {"what": pl.String, "level": pl.String, "number": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
