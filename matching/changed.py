"""Tell which rows changed, by a hash of all that each says and the place where it stands.

Most rows stand where they stood and say what they said: one look at their place tells. Only the rest are searched for
by their hashes, for a database may move rows.
"""

from __future__ import annotations

import numpy as np
import polars as pl


def changed(today: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of *today* that are new, and those of *before* that are gone.

    Both have ``place`` (from 0) and ``raw`` (the hash). Rows that say the same are as many rows as they are.
    """
    here, there = (rows["place"].to_numpy() for rows in (today, before))
    says, said = (rows["raw"].to_numpy() for rows in (today, before))
    by_place = np.zeros(max(here.max(initial=0), there.max(initial=0)) + 1, dtype=np.uint64)
    by_place[here] = says
    stayed = by_place[there] == said
    by_place[:] = 0
    by_place[there[stayed]] = said[stayed]
    stays = by_place[here] == says
    return _unlike(today.filter(pl.Series(~stays)), before.filter(pl.Series(~stayed)))


def _unlike(new: pl.DataFrame, gone: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return both without the rows that only moved."""
    if new.is_empty() or gone.is_empty():
        return new, gone
    on = ["raw"]
    if new["raw"].is_duplicated().any() or gone["raw"].is_duplicated().any():
        on.append("nth")
        new, gone = (rows.with_columns(nth=pl.int_range(pl.len()).over("raw")) for rows in (new, gone))
    left = new.join(gone, on=on, how="anti"), gone.join(new, on=on, how="anti")
    return left[0].drop("nth", strict=False), left[1].drop("nth", strict=False)
