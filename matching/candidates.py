"""Propose pairs worth comparing: accounts that share a key (a website, a name, a rare word, a typo's rest).

A key that very many accounts share proposes nothing, or one word like "bank" would propose every bank to every bank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from matching.keys import MOST_PAIRS, keys, on_both_sides
from matching.misspellings import near_words
from matching.statements import land, read, run

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    from matching.features import Features
    from matching.statistics import Statistics

    Array = NDArray[Any]


def propose(connection: duckdb.DuckDBPyConnection, features: Features, statistics: Statistics) -> tuple[Array, Array]:
    """Return the rows of ours and of theirs of each pair that shares a key, each pair once."""
    text = features.words["text"]
    every = keys(features, near_words(text, statistics.occurrences(text["hash"])))
    every = on_both_sides(every, features.ours)
    book = pl.Series("book", features.book)[every["row"]]
    for name, is_side in (("ours", every["row"] < features.ours), ("theirs", every["row"] >= features.ours)):
        land(connection, f"keys_of_{name}", every.with_columns(book=book).filter(is_side))
    run(connection, "candidates", most_pairs=list(MOST_PAIRS))
    pairs = read(connection, "select pair from pairs")["pair"].to_numpy().copy()
    # In the order of ours, rows that are compared with one another lie closer in memory.
    pairs.sort()
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(2**32 - 1)).astype(np.int64)
