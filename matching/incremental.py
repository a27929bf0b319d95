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

from matching import levels, statistics
from matching.comparisons import compare
from matching.decide import decide
from matching.explain import explain
from matching.features import Features, featurise
from matching.kept import THEIRS, Change, Facts, Kept
from matching.keys import MOST_PAIRS, keys
from matching.levels import COMPARISONS
from matching.pairs import FLOOR, least_weight, with_accounts, with_prior
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
        facts = replace(self._kept.facts, changed=self._kept.facts.changed + max(change.new, change.gone))
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
            self._match_changed(change, frozen, facts)
        if facts.statistics is None:
            facts = replace(facts, changed=0)
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
        return portions(
            self._kept.run("select book, count(*) from matching.accounts where side = 't' group by book order by book")
        )

    def _count(self) -> Statistics:
        """Count over all rows."""
        parts = [
            statistics.measure(self._kept.tables(_OURS_AND, partners=partners)[1]) for partners in self._portions()
        ]
        if len(parts) == 1:
            return parts[0]
        return united(parts, statistics.measure(self._kept.tables(_OURS)[1]))

    def _match_all(self, frozen: Statistics) -> None:
        """Compare all candidates, from kept rows."""
        for table in ("keys", "pairs", "matches"):
            self._kept.run(f"delete from matching.{table}")
        ours_rows, ours = self._prepared(_OURS, frozen)
        for partners in self._portions():
            rows, theirs = self._prepared(_PARTNERS, frozen, partners=partners)
            books = self._kept.books().filter(pl.col("side") == "t", pl.col("book").is_in(partners))
            self._kept.run_file("all_pairs", partners=books["number"].to_list(), most_pairs=list(MOST_PAIRS))
            proposed = self._kept.read("select o, t, keys from proposed")
            found = self._compare(joined(ours, theirs), np.concatenate([ours_rows, rows]), proposed, frozen)
            self._decide(found, frozen)

    def _prepared(self, query: str, frozen: Statistics, **values: Any) -> tuple[Array, Features]:
        """Return the rows of *query* and their features, and keep their keys."""
        rows, read = self._kept.tables(query, **values)
        features = featurise(read, frozen)
        self._kept.add("keys", self._keys(rows, read.accounts, features, frozen))
        return rows, features

    def _keys(self, rows: Array, accounts: pl.DataFrame, features: Features, frozen: Statistics) -> pl.DataFrame:
        every = keys(features, near_counted(features.words["text"], frozen))
        at = every["row"].to_numpy()
        number = accounts.select("side", "book").join(
            self._kept.books(), on=["side", "book"], how="left", maintain_order="left"
        )["number"]
        return pl.DataFrame({"key": every["key"], "row": rows[at], "book": number.to_numpy()[at]})

    # --- what changed -------------------------------------------------------------------------------------------------

    def _match_changed(self, change: Change, frozen: Statistics, facts: Facts) -> None:
        """Compare what the new and the gone rows touch, and decide what competes with it."""
        if change.new or change.gone:
            self._propose_changed(change, frozen)
            proposed = self._kept.read("select o, t, keys from unseen")
            removed = self._kept.read("select o, t, crm, partner from removed")
            rows, read = self._kept.tables("select o as row from unseen union select t from unseen")
            found = self._compare(featurise(read, frozen), rows, proposed, frozen)
        if facts.match_at != self._model.match_at:
            self._kept.run("delete from matching.matches")
            for partners in self._portions():
                books = self._kept.books().filter(pl.col("side") == "t", pl.col("book").is_in(partners))
                kept = self._kept.read(
                    "select * from matching.pairs where partner in (select unnest($numbers))",
                    numbers=books["number"].to_list(),
                )
                self._decide(kept, frozen)
        elif change.new or change.gone:
            self._decide_again(pl.concat([removed, found.select(removed.columns)]), frozen)

    def _propose_changed(self, change: Change, frozen: Statistics) -> None:
        rows, read = self._kept.tables(
            "select row from matching.rows where row between $ours and $theirs - 1 or row >= $first",
            ours=change.first_ours,
            theirs=THEIRS,
            first=change.first_theirs,
        )
        self._kept.land("new_keys", self._keys(rows, read.accounts, featurise(read, frozen), frozen))
        self._kept.run_file("changed_keys", most_pairs=list(MOST_PAIRS))
        self._kept.run_file("changed_pairs")

    def _decide_again(self, touched: pl.DataFrame, frozen: Statistics) -> None:
        """Decide the pairs that compete, over however many others, with those *touched*: removed and new ones."""
        every = self._kept.read("select o, t, crm, partner from matching.pairs")
        marked = np.zeros(1 << _BITS, dtype=np.bool_)
        for place in _places(touched):
            marked[place] = True
        hit = _spread(*_places(every), marked)
        again = every.filter(pl.Series(hit)).select("o", "t")
        self._kept.land("again", again)
        self._kept.land("outdated", pl.concat([again, touched.select("o", "t")]).unique())
        self._kept.run_file("forget_matches")
        self._decide(self._kept.read("select p.* from matching.pairs as p semi join again using (o, t)"), frozen)

    # --- pairs --------------------------------------------------------------------------------------------------------

    def _compare(self, features: Features, rows: Array, proposed: pl.DataFrame, frozen: Statistics) -> pl.DataFrame:
        """Compare *proposed* pairs and keep those that may be something; *rows* are the numbers of the features' rows."""
        self._compared += proposed.height
        o, t = (np.searchsorted(rows, proposed[side].to_numpy()) for side in ("o", "t"))
        least = least_weight(frozen, self._model, min(self._least, FLOOR))
        found = compare(features, o, t, self._model, least)
        numbers = self._kept.books()
        found = found.with_columns(
            pl.col(list(COMPARISONS)).to_physical(),
            o=pl.Series(rows[found["o"].to_numpy()]),
            t=pl.Series(rows[found["t"].to_numpy()]),
        )
        found = found.drop("a", "b").join(proposed, on=["o", "t"], maintain_order="left")
        found = self._with_books(found, features, rows)
        self._kept.add("pairs", found)
        return found
