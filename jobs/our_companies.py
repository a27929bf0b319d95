"""Which of our accounts are one company. Found anew only when an account changed, or what they are compared by."""

from __future__ import annotations

import polars as pl

from jobs import models
from jobs.context import Context
from jobs.stores import snapshot
from matching.duckdb_engine import DuckDbEngine
from matching.duplicates import duplicates
from matching.engine import COLUMNS

_COMPARED = ("crm", *COLUMNS)


def our_companies(context: Context, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return ``crm``, ``id``, ``company`` of our *accounts*, see `matching.duplicates.duplicates`.

    Two accounts are one company or not, whatever a workspace asks of pairs with partners: the mode is always ``same``.
    """
    known = _published(context, accounts)
    if known is not None:
        return known
    context.report("looking for our own duplicates")
    precision = context.workspace.settings.matching.precision
    return duplicates(accounts, DuckDbEngine(), models.chosen_models(context).same.for_precision(precision))


def _published(context: Context, accounts: pl.DataFrame) -> pl.DataFrame | None:
    """Return what the published run found, None if it speaks of other accounts or was found by another model."""
    run_id = context.ledger.pinned("published_run")
    if run_id is None or not (context.workspace.runs / run_id).is_dir():
        return None
    facts = snapshot.manifest(context.workspace.runs, run_id)
    if "companies.parquet" not in facts["files"] or facts.get("model") != models.chosen(context).version:
        return None
    before, companies = snapshot.read(context.workspace.runs, run_id, "accounts", "companies")
    order = ["crm", "id"]
    same = before.select(_COMPARED).sort(order).equals(accounts.select(_COMPARED).sort(order))
    return companies if same else None
