"""Pairs as `comparisons.compare` finds them, made by hand."""

from typing import Any

import polars as pl

from matching.levels import COMPARISONS, codes

Pair = dict[str, Any]


def pair(ours: str = "a", theirs: str = "x", *, crm: str = "sf", partner: str = "globex", **found: Any) -> Pair:
    """A pair of the given ids that says nothing, but for *found*; its name is `inside`."""
    nothing = dict.fromkeys(COMPARISONS, "unknown") | {"name": "inside", "weight": 0.0, "prior": 0.0}
    nothing |= {"shared": 0, "own_a": 0, "own_b": 0, "unit_a": False, "unit_b": False, "domain": None}
    # A row's number is not its id: two crms may use one id.
    ids = {"o": hash((crm, ours)), "t": hash((partner, theirs)), "crm": crm, "ours_id": ours}
    return ids | {"partner": partner, "theirs_id": theirs} | nothing | found


def frame(pairs: list[Pair]) -> pl.DataFrame:
    """Return *pairs* as the engine has them."""
    types: Any = {"domain": pl.String, "weight": pl.Float64} | {name: pl.Enum(codes(name)) for name in COMPARISONS}
    return pl.DataFrame(pairs, schema_overrides=types)
