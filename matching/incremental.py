"""Match again what was matched before: only what the changes touch is normalised, keyed, compared and decided anew.

The decisions are those of a full run with the same statistics. These are frozen: words are counted again only when too
much has changed, for every pair's weight hangs on them. A touched pair may lie between two rows that did not change: a
key that more rows bear may propose nothing any more, and a better pair takes a row away from the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

import polars as pl

from matching import statistics
from matching.accounts import beside
from matching.kept import OURS, THEIRS_OF, Facts, Kept, engine_version
from matching.kept_pairs import KeptPairs, Rules
from matching.partners import portions, united
from overlap.model import Match, empty, schema_of

if TYPE_CHECKING:
    import duckdb

    from matching.model import Model
    from matching.statistics import Statistics

#: Share of the rows, in percent, that may change before words are counted again.
_MOST_CHANGED_PERCENT: Final = 10


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
    left_out: pl.DataFrame | None = None,
) -> Found:
    """Match the tables ``accounts`` and ``partner_accounts`` of *connection* and keep there what the next run needs.

    Call it inside a transaction. Pairs come as from `matching.engine.Engine`, down to the probability *least* (by
    default the model's review_at). *last* names the statistics of the published run: they stay in force when what was
    kept is lost. The accounts *left_out* (crm, id) are taken for absent.
    """
    kept = Kept(connection)
    change = kept.look(left_out)
    kept.take_in(change)
    if not kept.has_both_sides():
        kept.forget()
        return Found(empty(Match), None, None, change.new, 0, 0)
    facts = kept.facts
    if facts.model is not None:  # in a state that was lost, every row is new and none need have changed
        facts = replace(facts, changed=facts.changed + max(change.new, change.gone))
    least = model.review_at if least is None else least
    weighed_by = f"{model.version} {least}"
    name = facts.statistics or last
    frozen = None if name is None else store.load(name, engine_version())
    why = _why_count(kept, name, frozen, facts)
    if frozen is None or why is not None:
        frozen = _count(kept)
        name, facts = store.save(frozen, engine_version()), Facts()
    pairs = KeptPairs(kept, Rules(model, least, frozen))
    if facts.model != weighed_by:
        pairs.match_all(_portions(kept))
    elif change.new or change.gone:
        pairs.match_changed(change)
    if facts.model == weighed_by and facts.match_at != model.match_at:
        pairs.decide_all(_portions(kept))
    kept.facts = replace(facts, statistics=name, model=weighed_by, match_at=model.match_at)
    found = kept.read(
        f"select {', '.join(schema_of(Match))} from matching.matches order by crm, ours_id, partner, theirs_id"
    )
    return Found(found, name, why, change.new, pairs.compared, pairs.decided)


def _why_count(kept: Kept, name: str | None, frozen: Statistics | None, facts: Facts) -> str | None:
    """Return why words must be counted again, None if the *frozen* statistics still do."""
    if name is None:
        return "nothing was matched before"
    if frozen is None:
        return "the statistics are lost, or another version of the engine made them"
    books = kept.books()
    for side, said, column in (("o", "crm", "crm"), ("t", "partner", "partner")):
        known = frozen.shares[column].unique()
        new = books.filter(pl.col("side") == side, ~pl.col("book").is_in(known.implode()))
        if not new.is_empty():
            return f"{said} '{new['book'][0]}' is new"
    ((rows,),) = kept.run("select count(*) from matching.rows")
    if 100 * facts.changed > _MOST_CHANGED_PERCENT * rows:
        return f"{facts.changed:,} of {rows:,} rows changed since words were last counted"
    return None


def _portions(kept: Kept) -> list[list[str]]:
    sizes = "select book, count(*) from matching.accounts where side = 't' group by book order by book"
    return portions(kept.run(sizes))


def _count(kept: Kept) -> Statistics:
    """Count over all rows."""
    groups = _portions(kept)
    if len(groups) == 1:
        return statistics.measure(kept.whole(groups[0])[1])
    _, ours = kept.tables(OURS)
    parts = [statistics.measure(beside(ours, kept.tables(THEIRS_OF, partners=partners)[1])) for partners in groups]
    return united(parts, statistics.measure(ours))
