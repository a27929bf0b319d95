"""Find, compare and decide the pairs that are kept: all of them, or those that changed rows touch.

Competition makes pairs hang together that no row connects at first sight: what a pair loses depends on rivals, which
have rivals of their own. So pairs are decided in whole chains; most chains are short.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from matching import candidates, levels, texts
from matching.comparisons import compare
from matching.compiled import compiled
from matching.decide import decide
from matching.explain import explain
from matching.features import Features, featurise
from matching.kept import OURS, THEIRS, THEIRS_OF
from matching.keys import MOST_PAIRS, keys, on_both_sides
from matching.levels import COMPARISONS
from matching.pairs import FLOOR, least_weight, with_prior
from matching.partners import joined
from matching.spellings import near_counted
from overlap.model import PAIR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from matching.accounts import Tables
    from matching.kept import Change, Kept
    from matching.model import Model
    from matching.statistics import Statistics

    Array = NDArray[Any]

#: Queries for the rows of the last change, and for which pairs are of some partners.
_NEW: Final = "select row from matching.rows where row between $ours and $last or row >= $theirs"
_OF: Final = "partner in (select number from matching.books where side = 't' and book in (select unnest($partners)))"
#: Keys that are handed to the database in one go.
_CHUNK: Final = 2_000_000
#: Bits of the table in which competing rows are marked: two that meet by chance are decided together, nothing else.
_BITS: Final = 24


@dataclass(frozen=True, slots=True)
class Rules:
    """What pairs are found and decided by; those below the probability *least* are not given out."""

    model: Model
    least: float
    statistics: Statistics


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows by their *numbers*, rising, with the numbers of their *books* and their *features* in the same order."""

    numbers: Array
    books: Array
    features: Features


class KeptPairs:
    """The keys, pairs and matches of *kept*. *compared* and *decided* count the pairs that were looked at."""

    def __init__(self, kept: Kept, rules: Rules) -> None:
        self._kept = kept
        self._rules = rules
        self.compared = 0
        self.decided = 0

    # --- everything ---------------------------------------------------------------------------------------------------

    def match_all(self, portions: Sequence[list[str]]) -> None:
        """Find all pairs from kept rows."""
        for table in ("keys", "dead", "pairs", "matches"):
            self._kept.run(f"delete from matching.{table}")
        if len(portions) == 1:
            both = self._rows(*self._kept.whole(portions[0]))
            self._kept.let_go()
            self._match_portion(both, self._keys(both))
            return
        ours = self._read(OURS)
        keys_of_ours = self._keys(ours)
        for partners in portions:
            theirs = self._read(THEIRS_OF, partners=partners)
            later = self._keys(theirs).with_columns(pl.col("row") + len(ours.numbers))
            both = _together(ours, theirs)
            self._match_portion(both, pl.concat([keys_of_ours, later]))

    def decide_all(self, portions: Sequence[list[str]]) -> None:
        """Decide all pairs anew."""
        self._kept.run("delete from matching.matches")
        for partners in portions:
            self._decide(self._kept.read(f"select * from matching.pairs where {_OF}", partners=partners))

    def _match_portion(self, both: _Rows, every: pl.DataFrame) -> None:
        """Find the pairs of our rows and some partners' from *every* key that they bear."""
        o, t, shared = candidates.pairs(on_both_sides(every, both.features.ours), both.features.book)
        del every
        self._decide(self._compare(both, (o, t), shared))

    def _keys(self, of: _Rows) -> pl.DataFrame:
        """Keep the keys of rows and return them, with the rows' places."""
        every = self._keys_of(of)
        for start in range(0, every.height, _CHUNK):
            self._kept.add("keys", _numbered(every.slice(start, _CHUNK), of))
        return every

    def _keys_of(self, of: _Rows) -> pl.DataFrame:
        return keys(of.features, near_counted(of.features.words["text"], self._rules.statistics))

    # --- what changed -------------------------------------------------------------------------------------------------

    def match_changed(self, change: Change) -> None:
        """Find the pairs that new and gone rows touch, and decide again what competes with them."""
        new_keys = pl.DataFrame(schema={"key": pl.UInt64, "row": pl.Int64, "book": pl.Int16})
        if change.new:
            new = self._read(_NEW, ours=change.first_ours, theirs=change.first_theirs, last=THEIRS - 1)
            new_keys = _numbered(self._keys_of(new), new)
        self._kept.land("new_keys", new_keys)
        self._kept.run_file("changed_keys", most_pairs=list(MOST_PAIRS))
        self._kept.run_file("changed_pairs")
        touched = self._kept.read("select o, t, crm, partner from removed")
        unseen = self._kept.read("select o, t, keys from unseen order by o, t")
        if not unseen.is_empty():
            rows = self._read("select o as row from unseen union select t from unseen")
            o, t = (np.searchsorted(rows.numbers, unseen[side].to_numpy()) for side in ("o", "t"))
            found = self._compare(rows, (o, t), unseen["keys"].to_numpy())
            touched = pl.concat([touched, found.select(touched.columns)])
        if not touched.is_empty():
            self._decide_again(touched)

    def _decide_again(self, touched: pl.DataFrame) -> None:
        """Decide the pairs that compete, over however many others, with those *touched*."""
        every = self._kept.read("select o, t, crm, partner from matching.pairs")
        marked = np.zeros(1 << _BITS, dtype=np.bool_)
        for places in _places(touched):
            marked[places] = True
        again = every.filter(pl.Series(_spread(*_places(every), marked))).select("o", "t")
        self._kept.land("again", again)
        self._kept.land("outdated", pl.concat([again, touched.select("o", "t")]).unique())
        self._kept.run_file("forget_matches")
        self._decide(self._kept.read("select p.* from matching.pairs as p semi join again using (o, t)"))

    # --- pairs --------------------------------------------------------------------------------------------------------

    def _read(self, rows: str, **values: Any) -> _Rows:
        """Return the rows that a query gives."""
        return self._rows(*self._kept.tables(rows, **values))

    def _rows(self, numbers: Array, read: Tables) -> _Rows:
        sides = read.accounts.select("side", "book")
        books = sides.join(self._kept.books(), on=["side", "book"], how="left", maintain_order="left")["number"]
        return _Rows(numbers, books.to_numpy(), featurise(read, self._rules.statistics))

    def _compare(self, of: _Rows, pairs: tuple[Array, Array], shared: Array) -> pl.DataFrame:
        """Compare *pairs* of these rows, sorted, that have *shared* keys; keep and return what may be something."""
        self.compared += len(shared)
        model, frozen = self._rules.model, self._rules.statistics
        least = least_weight(frozen, model, min(self._rules.least, FLOOR))
        found = compare(of.features, *pairs, model, least)
        o, t = found["o"].to_numpy(), found["t"].to_numpy()
        kept = found.drop("a", "b").with_columns(
            pl.col(list(COMPARISONS)).to_physical(),
            o=pl.Series(of.numbers[o]),
            t=pl.Series(of.numbers[t]),
            crm=pl.Series(of.books[o]),
            partner=pl.Series(of.books[t]),
            keys=pl.Series(shared[np.searchsorted(_one_number(*pairs), _one_number(o, t))]),
        )
        self._kept.add("pairs", kept)
        return kept

    def _decide(self, pairs: pl.DataFrame) -> None:
        """Decide kept *pairs* that compete with no others, and keep those that are given out."""
        self.decided += pairs.height
        names = dict(self._kept.books().select("number", "book").iter_rows())
        found = pairs.with_columns(
            *(levels.named(comparison, pairs[comparison].to_numpy()) for comparison in COMPARISONS),
            pl.col("crm", "partner").replace_strict(names, return_dtype=pl.String),
        )
        decided = decide(with_prior(found, self._rules.statistics, self._rules.model), self._rules.model)
        decided = decided.filter(pl.col("probability") >= self._rules.least).with_row_index("number")
        self._kept.land("shown", decided.select("number", "o", "t"))
        self._kept.run_file("described")
        shown = decided.with_columns(
            self._kept.read("select ours_id, theirs_id, domain from described order by number")
        )
        said = explain(shown, self._rules.model)
        self._kept.add("matches", said.join(shown.select(*PAIR, "o", "t"), on=PAIR))


def _numbered(every: pl.DataFrame, of: _Rows) -> pl.DataFrame:
    """Return keys as they are kept, with the numbers of their rows and books."""
    at = every["row"].to_numpy()
    return pl.DataFrame({"key": every["key"], "row": of.numbers[at], "book": of.books[at]})


def _one_number(o: Array, t: Array) -> Array:
    """Return pairs of places as one number each, in their order."""
    return o.astype(np.uint64) << np.uint64(32) | t.astype(np.uint64)


def _together(ours: _Rows, theirs: _Rows) -> _Rows:
    return _Rows(
        np.concatenate([ours.numbers, theirs.numbers]),
        np.concatenate([ours.books, theirs.books]),
        joined(ours.features, theirs.features),
    )


def _places(pairs: pl.DataFrame) -> tuple[Array, Array]:
    """Return where in a table each pair marks what it competes for: our row within a partner, theirs within a crm."""
    places = []
    for row, book in (("o", "partner"), ("t", "crm")):
        code = pairs[row].to_numpy().astype(np.uint64) << np.uint64(16)
        code += pairs[book].to_numpy().astype(np.uint16)
        places.append((texts.mixed(code) >> np.uint64(64 - _BITS)).astype(np.int64))
    return places[0], places[1]


@compiled
def _spread(ours: Array, theirs: Array, marked: Array) -> Array:
    """Return which pairs have a *marked* place, or share a place with such a pair, and so on."""
    grows = True
    while grows:
        grows = False
        for pair in range(len(ours)):
            if marked[ours[pair]] != marked[theirs[pair]]:
                marked[ours[pair]] = marked[theirs[pair]] = grows = True
    return marked[ours]
