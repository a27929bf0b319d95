"""What is thought of a pair before looking at it, and from which weight on it is something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from matching.decide import least_bits, priors

if TYPE_CHECKING:
    from matching.model import Model
    from matching.statistics import Statistics

#: A pair below this probability, before rivals are heard, is nothing, and takes nothing from others: rivals only take
#: away, from a pair that is likelier than not. (`comparisons.compare` keeps equal names and what an address may lift.)
FLOOR: Final = 0.5


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
