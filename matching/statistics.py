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
from matching.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.accounts import Tables

    Array = NDArray[Any]

#: Names that we pretend to have seen beside those at hand, so that small lists do not make every word look common.
BACKGROUND_NAMES: Final = 20_000
#: The most bits of a hash that tell what recurs: two that meet by chance are counted in vain, nothing else.
_MOST_BITS: Final = 24


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
        known = self.sharers.select("sharers", hash=self.sharers.select(rows.columns).hash_rows())
        return pl.Series(_looked_up(rows.hash_rows().to_numpy(), known.sort("hash"), "sharers", 1))


def measure(tables: Tables) -> Statistics:
    """Count over all rows of *tables*."""
    _, vocabulary, occurrences = tables.words
    words = pl.DataFrame({"hash": vocabulary["hash"][1:], "occurrences": occurrences[1:]})
    words = words.with_columns(pl.Series("word", texts.spelled(vocabulary[1:])))
    again = _names_again(tables)
    return Statistics(
        tables.names.height, words.sort("hash"), _homonyms(again), _sharers(tables), _shares(tables.accounts, again)
    )


def _sharers(tables: Tables) -> pl.DataFrame:
    on = ["side", "book", "domain"]
    rows = tables.accounts.select(on).drop_nulls("domain")
    return _recurring(rows, on).group_by(on).len("sharers").filter(pl.col("sharers") > 1)


def _names_again(tables: Tables) -> pl.DataFrame:
    """Return ``hash``, ``variant``, ``side``, ``book``, ``domain`` of names that occur twice; most do not."""
    again = _recurring(tables.names.select("row", "variant", "squeezed"), ["squeezed"])
    hashes = pl.Series("hash", texts.packed(again["squeezed"])["hash"])
    of = tables.accounts.select("side", "book", "domain")[again["row"]]
    return pl.concat([again.select(hashes, "variant"), of], how="horizontal")


def _homonyms(again: pl.DataFrame) -> pl.DataFrame:
    on = ["side", "book", "hash"]
    found = _recurring(again.drop_nulls("domain"), on).group_by(on)
    companies = found.agg(companies=pl.col("domain").n_unique()).group_by("hash").agg(pl.col("companies").max())
    return companies.filter(pl.col("companies") > 1).sort("hash")


def _recurring(rows: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """Return the *rows* that others are equal to in some columns, and a few more: what is counted is rare."""
    bits = min(rows.height.bit_length() + 5, _MOST_BITS)
    return rows.filter(pl.Series(_recur(rows.select(on).hash_rows().to_numpy(), np.uint64(64 - bits))))


@compiled
def _recur(hashes: Array, shift: np.uint64) -> Array:
    """Return which *hashes* are there twice, by the bits that are left of them after a *shift* to the right."""
    times = np.zeros(1 << (np.uint64(64) - shift), dtype=np.uint8)
    for one in hashes:
        place = one >> shift
        times[place] = min(times[place] + 1, 2)
    found = np.empty(len(hashes), dtype=np.bool_)
    for at in range(len(hashes)):
        found[at] = times[hashes[at] >> shift] > 1
    return found


def _looked_up(hashes: Array, table: pl.DataFrame, column: str, otherwise: int) -> Array:
    """Return the *column* of the rows of *table* with these hashes; it is sorted by them."""
    if table.is_empty():
        return np.full(len(hashes), otherwise)
    if len(hashes) > table.height:
        found = pl.DataFrame({"hash": hashes}).join(table, on="hash", how="left", maintain_order="left")
        return found[column].fill_null(otherwise).to_numpy()
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
