"""What is known of a pair beside its levels: who its accounts are, what is thought before looking, when it is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from matching.decide import least_bits, priors

if TYPE_CHECKING:
    from matching.model import Model
    from matching.statistics import Statistics

#: A pair below this probability is nothing, whatever its rivals are.
FLOOR: Final = 0.02


def least_weight(statistics: Statistics, model: Model, least: float) -> float:
    """Return the bits without prior that a pair of the likeliest two lists needs for the probability *least*, 0..1.

    Nothing is needed for 0: every pair counts.
    """
    if least <= 0:
        return -np.inf
    return least_bits(least) - max(priors(statistics.shares, model)["prior"], default=model.prior)


def with_prior(levels: pl.DataFrame, statistics: Statistics, model: Model) -> pl.DataFrame:
    """Add ``prior`` to *levels*, which have ``crm`` and ``partner``, and to their ``weight``."""
    found = levels.join(priors(statistics.shares, model), on=["crm", "partner"], how="left", maintain_order="left")
    return found.with_columns(weight=pl.col("weight") + pl.col("prior"))


def with_accounts(pairs: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Add the ids of both accounts of *pairs*, ``crm``, ``partner`` and ``domain``, the website that speaks, if any.

    *ours* and *theirs* are the pairs' accounts, in their order, with ``book``, ``id`` and ``domain``.
    """
    return pairs.with_columns(
        crm=ours["book"],
        ours_id=ours["id"],
        partner=theirs["book"],
        theirs_id=theirs["id"],
        domain=ours["domain"].zip_with(ours["domain"].is_not_null(), theirs["domain"]),
    )
