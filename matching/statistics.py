"""What is counted over all accounts: how common a word, a name and a website are.

A pair is compared by its own two rows and these counts, nothing else. Kept between runs, they make a new row cost what
that row costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching import texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.accounts import Tables

    Array = NDArray[Any]

#: Names that we pretend to have seen beside those at hand, so that small lists do not make every word look common.
BACKGROUND_NAMES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts over both sides.

    *names* is how many names were counted; *words*: ``word``, ``hash`` (`texts.TEXT`), ``occurrences`` (names that have
    it), sorted by hash; *homonyms*: ``hash`` (of the name without spaces), ``companies`` (different websites that go by
    it within one crm or partner, from 2 on), sorted; *sharers*: ``side``, ``book``, ``domain``, ``sharers`` (rows that
    have it, from 2 on); *shares*: ``crm``, ``partner``, ``rows`` (of the smaller list), ``equal`` (rows that have a
    company of the very name in the other list: the fewer of either side).
    """

    names: int
    words: pl.DataFrame
    homonyms: pl.DataFrame
    sharers: pl.DataFrame
    shares: pl.DataFrame

    def occurrences(self, hashes: Array) -> Array:
        """Return in how many names the words with these *hashes* occur."""
        return _looked_up(hashes, self.words, "occurrences", 0)

    def companies(self, hashes: Array) -> Array:
        """Return how many companies go by the names with these *hashes*, at least 1."""
        return _looked_up(hashes, self.homonyms, "companies", 1)

    def sharers_of(self, side: pl.Series, book: pl.Series, domain: pl.Series) -> pl.Series:
        """Return how many rows of the same side and book have the website of each row, at least 1."""
        rows = pl.DataFrame({"side": side, "book": book, "domain": domain})
        on = ["side", "book", "domain"]
        return rows.join(self.sharers, on=on, how="left", maintain_order="left")["sharers"].fill_null(1)


def measure(tables: Tables) -> Statistics:
    """Count over all rows of *tables*."""
    _, vocabulary, occurrences = tables.words
    words = pl.DataFrame({"hash": vocabulary["hash"][1:], "occurrences": occurrences[1:]})
    words = words.with_columns(pl.Series("word", texts.spelled(vocabulary[1:])))
    on = ["side", "book", "domain"]
    shared = tables.accounts.lazy().filter(pl.col("domain").is_not_null()).group_by(on).len("sharers")
    sharers = shared.filter(pl.col("sharers") > 1).collect()
    again = _names_again(tables)
    return Statistics(
        tables.names.height, words.sort("hash"), _homonyms(again), sharers, _shares(tables.accounts, again)
    )


def _names_again(tables: Tables) -> pl.DataFrame:
    """Return ``hash``, ``variant``, ``side``, ``book``, ``domain`` of the names that occur twice; most do not."""
    hashes = pl.Series("hash", texts.packed(tables.names["squeezed"])["hash"])
    again = tables.names.select("row", "variant", hash=hashes).filter(hashes.is_duplicated())
    return pl.concat(
        [again.select("hash", "variant"), tables.accounts.select("side", "book", "domain")[again["row"]]],
        how="horizontal",
    )


def _homonyms(again: pl.DataFrame) -> pl.DataFrame:
    found = again.lazy().drop_nulls("domain").group_by("side", "book", "hash")
    companies = found.agg(companies=pl.col("domain").n_unique()).group_by("hash").agg(pl.col("companies").max())
    return companies.filter(pl.col("companies") > 1).sort("hash").collect()


def _looked_up(hashes: Array, table: pl.DataFrame, column: str, otherwise: int) -> Array:
    """Return the *column* of the rows of *table* with these hashes; it is sorted by them."""
    if table.is_empty():
        return np.full(len(hashes), otherwise)
    known, values = table["hash"].to_numpy(), table[column].to_numpy()
    at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return np.where(known[at] == hashes, values[at], otherwise)


def _shares(accounts: pl.DataFrame, again: pl.DataFrame) -> pl.DataFrame:
    """Return how much of each two lists has a company of the very name on the other side."""
    main = again.lazy().filter(pl.col("variant") == 0)
    ours, theirs = main.filter(pl.col("side") == "o"), main.filter(pl.col("side") == "t")
    ours, theirs = ours.group_by("hash", crm="book").len("ours"), theirs.group_by("hash", partner="book").len("theirs")
    of_both = ours.join(theirs, on="hash").group_by("crm", "partner")
    equal = of_both.agg(equal=pl.min_horizontal(pl.col("ours").sum(), pl.col("theirs").sum()))
    rows = accounts.lazy().group_by("side", "book").len("rows")
    mine = rows.filter(pl.col("side") == "o").select(crm="book", ours="rows")
    yours = rows.filter(pl.col("side") == "t").select(partner="book", theirs="rows")
    found = mine.join(yours, how="cross").join(equal, on=["crm", "partner"], how="left", maintain_order="left")
    shares = found.select(
        "crm", "partner", rows=pl.min_horizontal("ours", "theirs"), equal=pl.col("equal").fill_null(0)
    )
    return shares.sort("crm", "partner").collect()
