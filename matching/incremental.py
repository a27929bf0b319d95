"""Match again what was matched before: only what the changes touch is normalised, keyed, compared and decided anew.

The decisions are those of a full run with the same statistics. These are frozen: words are counted again only when too
much has changed, for every pair's weight hangs on them. A touched pair may lie between two rows that did not change: a
key that more rows bear may propose nothing any more, and a better pair takes a row away from the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import polars as pl
from numba import njit

from matching import levels, statistics, texts
from matching.comparisons import compare
from matching.decide import decide
from matching.explain import explain
from matching.features import Features, featurise
from matching.kept import THEIRS, Change, Facts, Kept
from matching.keys import MOST_PAIRS, keys
from matching.levels import COMPARISONS
from matching.pairs import FLOOR, least_weight, with_prior
from matching.partners import joined, portions, united
from matching.spellings import near_counted
from overlap.model import Match, empty, schema_of

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

    from matching.model import Model
    from matching.statistics import Statistics

    Array = NDArray[Any]

#: Share of the rows, in percent, that may change before words are counted again.
_MOST_CHANGED_PERCENT: Final = 10
#: Bits of the table in which competing rows are marked: two that meet by chance are looked at together, nothing else.
_BITS: Final = 24

_OF: Final = "partner in (select number from matching.books where side = 't' and book in (select unnest($partners)))"
_THEIRS: Final = "select row from matching.accounts where side = 't' and book in (select unnest($partners))"
_BOTH: Final = f"select row from matching.accounts where side = 'o' union all {_THEIRS}"
_NEW: Final = "select row from matching.rows where row between $ours and $last or row >= $theirs"


class StatisticsStore(Protocol):
    """Keeps statistics for good; see `jobs.stores.statistics`."""

    def save(self, statistics: Statistics, engine: str) -> str:
        """Keep *statistics*, made by this version of the *engine*, and return their name."""
        ...

    def load(self, name: str, engine: str) -> Statistics | None:
        """Return the statistics *name*; None if they are gone or another version of the *engine* made them."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """What a run found and what it took.

    *pairs* has the columns of `overlap.model.Match`; *statistics* is the name of those that it was found with, and
    *counted_because* says why words were counted again, None if they were not. *rows* were normalised, *compared* and
    *decided* are pairs.
    """

    pairs: pl.DataFrame
    statistics: str | None
    counted_because: str | None
    rows: int
    compared: int
    decided: int


def match(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    store: StatisticsStore,
    last: str | None = None,
    least: float | None = None,
) -> Found:
    """Match the tables ``accounts`` and ``partner_accounts`` of *connection* and keep there what the next run needs.

    Call it inside a transaction. Pairs come as from `matching.engine.Engine`, down to the probability *least* (by
    default the model's review_at). *last* names the statistics of the published run: they stay in force when what was
    kept is lost.
    """
    return _Run(connection, model, store, model.review_at if least is None else least).found(last)


class _Run:
    """One run over the kept state."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, model: Model, store: StatisticsStore, least: float
    ) -> None:
        self._kept = Kept(connection)
        self._model = model
        self._store = store
        self._least = least
        self._weighed_by = f"{model.version} {least}"
        self._compared = self._decided = 0

    def found(self, last: str | None) -> Found:
        change = self._kept.look()
        self._kept.take_in(change)
        facts = self._kept.facts
        if facts.model is not None:  # in a state that was lost, every row is new and none need have changed
            facts = replace(facts, changed=facts.changed + max(change.new, change.gone))
        if not self._has_both_sides():
            self._kept.forget()
            return Found(empty(Match), None, None, change.new, 0, 0)
        name = facts.statistics or last
        frozen = None if name is None else self._store.load(name, self._kept.engine)
        why = self._why_count(name, frozen, facts)
        if why is not None or frozen is None:
            frozen = self._count()
            name, facts = self._store.save(frozen, self._kept.engine), replace(facts, changed=0)
        if why is not None or facts.model != self._weighed_by:
            self._match_all(frozen)
        else:
            self._match_changed(change, frozen, facts.match_at != self._model.match_at)
        self._kept.facts = replace(facts, statistics=name, model=self._weighed_by, match_at=self._model.match_at)
        pairs = self._kept.read(f"select {', '.join(schema_of(Match))} from matching.matches")
        pairs = pairs.sort("crm", "ours_id", "partner", "theirs_id")
        return Found(pairs, name, why, change.new, self._compared, self._decided)

    def _has_both_sides(self) -> bool:
        ((ours, theirs),) = self._kept.run(
            "select count(*) filter (row < $theirs), count(*) filter (row >= $theirs) from matching.rows", theirs=THEIRS
        )
        return bool(ours and theirs)

    def _why_count(self, name: str | None, frozen: Statistics | None, facts: Facts) -> str | None:
        """Return why words must be counted again, None if the *frozen* statistics still do."""
        if name is None:
            return "nothing was matched before"
        if frozen is None:
            return "the statistics are lost, or another version of the engine made them"
        books = self._kept.books()
        known = {"o": frozen.shares["crm"].unique(), "t": frozen.shares["partner"].unique()}
        for side, said in (("o", "crm"), ("t", "partner")):
            new = books.filter(pl.col("side") == side, ~pl.col("book").is_in(known[side].implode()))
            if not new.is_empty():
                return f"{said} '{new['book'][0]}' is new"
        ((rows,),) = self._kept.run("select count(*) from matching.rows")
        if 100 * facts.changed > _MOST_CHANGED_PERCENT * rows:
            return f"{facts.changed:,} of {rows:,} rows changed since words were last counted"
        return None

    # --- everything ---------------------------------------------------------------------------------------------------

    def _portions(self) -> list[list[str]]:
        sizes = "select book, count(*) from matching.accounts where side = 't' group by book order by book"
        return portions(self._kept.run(sizes))

    def _count(self) -> Statistics:
        """Count over all rows."""
        parts = [statistics.measure(self._kept.tables(_BOTH, partners=books)[1]) for books in self._portions()]
        if len(parts) == 1:
            return parts[0]
        return united(parts, statistics.measure(self._kept.tables(_BOTH, partners=[])[1]))

    def _match_all(self, frozen: Statistics) -> None:
        """Compare all candidates, from kept rows."""
        for table in ("keys", "pairs", "matches"):
            self._kept.run(f"delete from matching.{table}")
        ours = self._prepared(frozen, "select row from matching.rows where row < $theirs", theirs=THEIRS)
        self._kept.add("keys", self._keys(ours, frozen))
        for partners in self._portions():
            theirs = self._prepared(frozen, _THEIRS, partners=partners)
            self._kept.add("keys", self._keys(theirs, frozen))
            self._kept.run_file("all_pairs", partners=partners, most_pairs=list(MOST_PAIRS))
            proposed = self._kept.read("select o, t, keys from proposed")
            self._decide(self._compare(_together(ours, theirs), proposed, frozen), frozen)

    def _prepared(self, frozen: Statistics, rows: str, **values: Any) -> _Rows:
        """Return the features of the *rows* that a query gives."""
        numbers, read = self._kept.tables(rows, **values)
        books = read.accounts.select("side", "book").join(
            self._kept.books(), on=["side", "book"], how="left", maintain_order="left"
        )
        return _Rows(numbers, books["number"].to_numpy(), featurise(read, frozen))

    def _keys(self, of: _Rows, frozen: Statistics) -> pl.DataFrame:
        every = keys(of.features, near_counted(of.features.words["text"], frozen))
        at = every["row"].to_numpy()
        return pl.DataFrame({"key": every["key"], "row": of.numbers[at], "book": of.books[at]})

    # --- what changed -------------------------------------------------------------------------------------------------

    def _match_changed(self, change: Change, frozen: Statistics, is_threshold_new: bool) -> None:
        """Compare what the new and the gone rows touch, and decide what competes with it."""
        touched = self._compare_changed(change, frozen) if change.new or change.gone else None
        if is_threshold_new:
            self._kept.run("delete from matching.matches")
            for partners in self._portions():
                self._decide(self._kept.read(f"select * from matching.pairs where {_OF}", partners=partners), frozen)
        elif touched is not None:
            self._decide_again(touched, frozen)

    def _compare_changed(self, change: Change, frozen: Statistics) -> pl.DataFrame:
        """Bring keys and pairs up to date, and return which pairs went and came: o, t, crm, partner."""
        new_keys = pl.DataFrame(schema={"key": pl.UInt64, "row": pl.Int64, "book": pl.Int16})
        if change.new:
            first = {"ours": change.first_ours, "theirs": change.first_theirs, "last": THEIRS - 1}
            new_keys = self._keys(self._prepared(frozen, _NEW, **first), frozen)
        self._kept.land("new_keys", new_keys)
        self._kept.run_file("changed_keys", most_pairs=list(MOST_PAIRS))
        self._kept.run_file("changed_pairs")
        went = self._kept.read("select o, t, crm, partner from removed")
        unseen = self._kept.read("select o, t, keys from unseen")
        if unseen.is_empty():
            return went
        rows = self._prepared(frozen, "select o as row from unseen union select t from unseen")
        return pl.concat([went, self._compare(rows, unseen, frozen).select(went.columns)])

    def _decide_again(self, touched: pl.DataFrame, frozen: Statistics) -> None:
        """Decide the pairs that compete, over however many others, with those *touched*."""
        every = self._kept.read("select o, t, crm, partner from matching.pairs")
        marked = np.zeros(1 << _BITS, dtype=np.bool_)
        for places in _places(touched):
            marked[places] = True
        again = every.filter(pl.Series(_spread(*_places(every), marked))).select("o", "t")
        self._kept.land("again", again)
        self._kept.land("outdated", pl.concat([again, touched.select("o", "t")]).unique())
        self._kept.run_file("forget_matches")
        self._decide(self._kept.read("select p.* from matching.pairs as p semi join again using (o, t)"), frozen)

    # --- pairs --------------------------------------------------------------------------------------------------------

    def _compare(self, of: _Rows, proposed: pl.DataFrame, frozen: Statistics) -> pl.DataFrame:
        """Compare *proposed* pairs of these rows, and keep and return those that may be something."""
        self._compared += proposed.height
        o, t = (np.searchsorted(of.numbers, proposed[side].to_numpy()) for side in ("o", "t"))
        least = least_weight(frozen, self._model, min(self._least, FLOOR))
        found = compare(of.features, o, t, self._model, least)
        o, t = found["o"].to_numpy(), found["t"].to_numpy()
        kept = found.drop("a", "b").with_columns(
            pl.col(list(COMPARISONS)).to_physical(),
            o=pl.Series(of.numbers[o]),
            t=pl.Series(of.numbers[t]),
            crm=pl.Series(of.books[o]),
            partner=pl.Series(of.books[t]),
        )
        kept = kept.join(proposed, on=["o", "t"], how="left")
        self._kept.add("pairs", kept)
        return kept

    def _decide(self, pairs: pl.DataFrame, frozen: Statistics) -> None:
        """Decide kept *pairs* that compete with no others, and keep those that are given out."""
        self._decided += pairs.height
        names = dict(self._kept.books().select("number", "book").iter_rows())
        found = pairs.with_columns(
            *(levels.named(comparison, pairs[comparison].to_numpy()) for comparison in COMPARISONS),
            pl.col("crm", "partner").replace_strict(names, return_dtype=pl.String),
        )
        decided = decide(with_prior(found, frozen, self._model), self._model)
        decided = decided.filter(pl.col("probability") >= self._least).with_row_index("number")
        self._kept.land("shown", decided.select("number", "o", "t"))
        self._kept.run_file("described")
        described = self._kept.read("select ours_id, theirs_id, domain from described order by number")
        shown = decided.with_columns(described)
        said = explain(shown, self._model)
        on = ["crm", "ours_id", "partner", "theirs_id"]
        self._kept.add("matches", said.join(shown.select(*on, "o", "t"), on=on))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows by their *numbers*, rising, with the numbers of their *books* and their *features* in the same order."""

    numbers: Array
    books: Array
    features: Features


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


@njit(cache=True, nogil=True)
def _spread(ours: Array, theirs: Array, marked: Array) -> Array:
    """Return which pairs have a *marked* place, or share a place with such a pair, and so on."""
    grows = True
    while grows:
        grows = False
        for pair in range(len(ours)):
            if marked[ours[pair]] != marked[theirs[pair]]:
                marked[ours[pair]] = marked[theirs[pair]] = grows = True
    return marked[ours]
