"""Look at one pair as `DuckDbEngine.match` does: among all pairs that compete with it, by the counts over all rows.

A pair can be looked at that was never proposed; it then stands beside those that were. And it can be asked what would
be thought if one of its rows said something else: the counts stay as they are, for one row does not move them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from matching import candidates, statistics
from matching.accounts import tables
from matching.decide import decide
from matching.features import featurise
from matching.keys import MOST_PAIRS, keys
from matching.pairs import FLOOR
from matching.spellings import near_counted
from matching.weighing import rows_of, weigh
from overlap.model import PAIR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from matching.accounts import Tables
    from matching.features import Features
    from matching.model import Model
    from matching.statistics import Statistics

    Array = NDArray[Any]

_IDS: Final = ("ours_id", "theirs_id")
#: Steps from pair to pair over a common row: the pair's rivals; what these lose to theirs; what makes a row taken or
#: the only one at an address; and the pair of a parent account.
_REACH: Final = 4
#: Stands between a row's id and the number of the thought in which it says something else.
_IN_THOUGHT: Final = "\x1f"


class Keys(NamedTuple):
    """How many rows of our crm (*ours*) and of the partner (*theirs*) have each *key*; *near* as in `keys.keys`.

    *key* and *word* are sorted; *word* are hashes of all words, *near* those of the words they may be misspelt for.
    """

    key: Array
    ours: Array
    theirs: Array
    word: Array
    near: Array


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A pair and what is near it.

    *pair* is one row of `PAIR`; *ours* and *theirs* are the rows within reach, *pairs* the candidates among them, and
    *proposed* says whether the pair is one. *statistics* and *keys* are counted over everything.
    """

    pair: pl.DataFrame
    ours: pl.DataFrame
    theirs: pl.DataFrame
    pairs: pl.DataFrame
    proposed: bool
    statistics: Statistics
    keys: Keys


@dataclass(frozen=True, slots=True)
class Thought:
    """What the pair's rows would say: columns of ours and of theirs with other values."""

    ours: Mapping[str, Any] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is thought then: *decided* (`decide.decide`) has the pair and all around it.

    *usable* and *frequent* are the keys that the two rows share: those that propose the pair, and those that too many
    rows have. A row without a usable name is in no pair.
    """

    decided: pl.DataFrame
    usable: tuple[int, ...]
    frequent: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """All rows, read and counted once, so that one pair after the other can be looked at.

    *o* and *t* are the candidates, as places in *read*; *counted* keeps `Keys` by the books of the pairs looked at.
    """

    ours: pl.DataFrame
    theirs: pl.DataFrame
    read: Tables
    statistics: Statistics
    features: Features
    o: Array
    t: Array
    counted: dict[tuple[int, int], Keys] = field(default_factory=dict)


def survey(ours: pl.DataFrame, theirs: pl.DataFrame, counted: Statistics | None = None) -> Survey:
    """Return *ours* and *theirs* (see `matching.engine.Engine`) ready to look at any of their pairs.

    *counted* are the statistics of the run that is to be explained; without them, *ours* and *theirs* are counted.
    """
    read = tables(ours, theirs)
    counted = statistics.measure(read) if counted is None else counted
    features = featurise(read, counted)
    return Survey(ours, theirs, read, counted, features, *candidates.propose(features, counted))


def look_at(
    ours: pl.DataFrame, theirs: pl.DataFrame, pair: pl.DataFrame, counted: Statistics | None = None
) -> Surroundings:
    """Return what surrounds *pair* (one row of `PAIR`); the rest as in `survey`.

    Raises:
        ValueError: one of the pair's rows is not there.
    """
    return look_from(survey(ours, theirs, counted), pair)


def look_from(known: Survey, pair: pl.DataFrame) -> Surroundings:
    """Return what surrounds *pair* (one row of `PAIR`) in what is *known*.

    Raises:
        ValueError: one of the pair's rows is not there.
    """
    read, features, o, t = known.read, known.features, known.o, known.t
    (a, b) = (rows[0] if len(rows) else -1 for rows in rows_of(pair, read))
    if a < 0:
        raise ValueError(f"no such pair of rows: {pair.row(0)}")
    # Pairs compete within one crm and one partner.
    within = (features.book[o] == features.book[a]) & (features.book[t] == features.book[b])
    o, t = o[within], t[within]
    near = _within_reach(o, t, (a, b))
    mine, yours = (read.accounts.select("book", "id")[rows[near]] for rows in (o, t))
    named = {"crm": mine["book"], "ours_id": mine["id"], "partner": yours["book"], "theirs_id": yours["id"]}
    pair, pairs = pair.select(PAIR), pl.DataFrame(named)
    books = (int(features.book[a]), int(features.book[b]))
    if books not in known.counted:
        known.counted[books] = _counted_keys(features, known.statistics, books)
    return Surroundings(
        pair=pair,
        ours=_reached(known.ours, pl.concat([pairs, pair]), "crm", "ours_id"),
        theirs=_reached(known.theirs, pl.concat([pairs, pair]), "partner", "theirs_id"),
        pairs=pairs,
        proposed=bool(((o == a) & (t == b)).any()),
        statistics=known.statistics,
        keys=known.counted[books],
    )


def _within_reach(o: Array, t: Array, pair: tuple[int, int]) -> Array:
    """Return which pairs are near *pair*."""
    near: Array = (o == pair[0]) | (t == pair[1])
    for _ in range(_REACH - 1):
        near = np.isin(o, o[near]) | np.isin(t, t[near])
    return near


def _reached(rows: pl.DataFrame, pairs: pl.DataFrame, book: str, key: str) -> pl.DataFrame:
    return rows.join(pairs, left_on=[book, "id"], right_on=[book, key], how="semi")


def _counted_keys(features: Features, counted: Statistics, books: tuple[int, int]) -> Keys:
    text = features.words["text"]
    near = near_counted(text, counted)
    every = keys(features, near)
    book = pl.Series("book", features.book)[every["row"]]
    here = (
        every.with_columns(book=book)
        .group_by("key")
        .agg(ours=(pl.col("book") == books[0]).sum(), theirs=(pl.col("book") == books[1]).sum())
    )
    here = here.filter((pl.col("ours") > 0) | (pl.col("theirs") > 0)).sort("key")
    order = np.argsort(text["hash"])
    key, ours, theirs = (here[name].to_numpy() for name in ("key", "ours", "theirs"))
    return Keys(key, ours, theirs, text["hash"][order], near[order])


def think(around: Surroundings, model: Model, thoughts: Sequence[Thought]) -> list[Outcome]:
    """Return what is thought of the pair under each of *thoughts*; ``Thought()`` changes nothing."""
    read, features = _with_copies(around, thoughts)
    pairs = pl.concat([around.pairs, around.pair]).unique(PAIR)
    every = pl.concat([pairs, *(_renamed(around, pairs, number) for number in range(len(thoughts)))])
    is_pair = pl.all_horizontal(_plain(column) == around.pair[column][0] for column in _IDS)
    # The pair itself is weighed however little it is, all others as `match` weighs them.
    weighed = pl.concat(
        weigh(read, around.statistics, features, rows_of(every.filter(chosen), read), model, least)
        for chosen, least in ((is_pair, 0.0), (~is_pair, FLOOR))
    )
    shared = _shared(around, read, features, len(thoughts))
    return [
        Outcome(decide(_of_thought(around, weighed, number), model), *shared[number]) for number in range(len(thoughts))
    ]


def shared_keys(around: Surroundings, thoughts: Sequence[Thought]) -> list[set[int]]:
    """Return the keys, usable or too frequent, that the pair's rows share under each of *thoughts*."""
    found = _shared(around, *_with_copies(around, thoughts), len(thoughts))
    return [{*usable, *frequent} for usable, frequent in found]


def _with_copies(around: Surroundings, thoughts: Sequence[Thought]) -> tuple[Tables, Features]:
    """Return the rows within reach, and behind each side's those of the pair once for each thought."""
    ours = [around.ours, *_copies(around, "crm", "ours_id", [thought.ours for thought in thoughts])]
    theirs = [around.theirs, *_copies(around, "partner", "theirs_id", [thought.theirs for thought in thoughts])]
    read = tables(pl.concat(ours), pl.concat(theirs))
    return read, featurise(read, around.statistics)


def _copies(around: Surroundings, book: str, key: str, facts: Sequence[Mapping[str, Any]]) -> list[pl.DataFrame]:
    """Return the pair's row of one side once for each thought, with what it would say."""
    rows = around.ours if book == "crm" else around.theirs
    here = rows.filter((pl.col(book) == around.pair[book][0]) & (pl.col("id") == around.pair[key][0]))
    return [
        here.with_columns(
            pl.concat_str("id", pl.lit(f"{_IN_THOUGHT}{number}")).alias("id"),
            *(pl.lit(value, rows.schema[name]).alias(name) for name, value in said.items()),
        )
        for number, said in enumerate(facts)
    ]


def _renamed(around: Surroundings, pairs: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return the pairs of the pair's two rows as pairs of their copies in thought *number*."""
    touches = pl.any_horizontal(pl.col(column) == around.pair[column][0] for column in _IDS)
    copied = [
        pl.when(pl.col(column) == around.pair[column][0])
        .then(pl.concat_str(column, pl.lit(f"{_IN_THOUGHT}{number}")))
        .otherwise(column)
        .alias(column)
        for column in _IDS
    ]
    return pairs.filter(touches).with_columns(copied)


def _of_thought(around: Surroundings, weighed: pl.DataFrame, number: int) -> pl.DataFrame:
    """Return the pairs of thought *number* under their plain ids: copies, and what the copied rows are no part of."""
    original = pl.any_horizontal(pl.col(column) == around.pair[column][0] for column in _IDS)
    copied = pl.any_horizontal(pl.col(column).str.contains(_IN_THOUGHT, literal=True) for column in _IDS)
    of_this = pl.any_horizontal(pl.col(column).str.ends_with(f"{_IN_THOUGHT}{number}") for column in _IDS)
    here = weighed.filter(of_this | ~(copied | original))
    return here.with_columns(_plain("ours_id"), _plain("theirs_id"))


def _plain(column: str) -> pl.Expr:
    return pl.col(column).str.split(_IN_THOUGHT).list.first()


def _shared(
    around: Surroundings, read: Tables, features: Features, thoughts: int
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return the usable and the too frequent keys that the copies of the pair's rows share in each thought."""
    near = _looked_up(features.words["text"]["hash"], around.keys.word, around.keys.near)
    made = keys(features, near)
    of_row = read.accounts["id"][made["row"]].str.split(_IN_THOUGHT)
    made = made.with_columns(
        thought=of_row.list.get(1, null_on_oob=True).cast(pl.Int64), ours=made["row"] < features.ours
    )
    both = made.drop_nulls().group_by("thought", "key").agg(pl.col("ours").any(), theirs=(~pl.col("ours")).any())
    shared = both.filter("ours", "theirs").sort("key")
    key = shared["key"].to_numpy()
    ours, theirs = (_looked_up(key, around.keys.key, counted) for counted in (around.keys.ours, around.keys.theirs))
    # What nobody else has, the copy itself would have.
    proposes = np.maximum(ours, 1).astype(np.int64) * np.maximum(theirs, 1)
    few = proposes <= np.array(MOST_PAIRS)[(key & np.uint64(3)).astype(np.int64)]
    thought = shared["thought"].to_numpy()
    here = thought == np.arange(thoughts)[:, None]
    return [(tuple(key[at & few].tolist()), tuple(key[at & ~few].tolist())) for at in here]


def _looked_up(wanted: Array, known: Array, values: Array) -> Array:
    """Return the values of what is *wanted*, 0 for what is not *known* (sorted)."""
    if not len(known):
        return np.zeros(len(wanted), dtype=values.dtype)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, values[at], values.dtype.type(0))
