"""Turn both sides' frames into the tables that are compared: ours first, theirs behind them, in the order given.

Nothing behind this may depend on that order: what is equal but for its row number is treated alike.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from matching.engine import COLUMNS
from matching.normalize import names, phones, places, websites
from matching.vocabulary import numbered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Tables:
    """What a comparison needs; a row is an account's place in *accounts*.

    *accounts*: ``side`` (o or t), ``book`` (the crm or partner), ``id``, ``domain``, ``others`` (further domains),
    ``label``, ``bare``, ``phone`` (a number), ``country``, ``state``, ``city``, ``postcode``, ``outward``, ``street``,
    ``industry``, ``headcount``. *names*: ``row``, ``variant``, ``core``, ``squeezed``, ``form``, ``native``, sorted by
    row and variant; for their meaning see `names.variants`.
    """

    accounts: pl.DataFrame
    names: pl.DataFrame

    @cached_property
    def words(self) -> tuple[Array, Array, Array]:
        """The words of all names by numbers, as `vocabulary.numbered` gives them."""
        return numbered(self.names["core"])


def tables(ours: pl.DataFrame, theirs: pl.DataFrame) -> Tables:
    """Return the tables of *ours* (with ``crm``) and *theirs* (with ``partner``), see `matching.engine.Engine`."""
    both = pl.concat([_side(ours, "crm", "o"), _side(theirs, "partner", "t")])
    with ThreadPoolExecutor(2) as pool:
        named, placed = pool.submit(names.rows_of_names, both["name"]), pool.submit(_accounts, both)
        return Tables(placed.result(), named.result())


def beside(ours: Tables, theirs: Tables) -> Tables:
    """Return the tables of two sides as one."""
    later = theirs.names.with_columns(pl.col("row") + ours.accounts.height)
    return Tables(pl.concat([ours.accounts, theirs.accounts]), pl.concat([ours.names, later]))


def _side(frame: pl.DataFrame, book: str, side: str) -> pl.DataFrame:
    """Return the comparable columns of one side as text."""
    wanted = frame.select(pl.col(book).alias("book"), *COLUMNS)
    return wanted.select(pl.lit(side).alias("side"), pl.all())


def _accounts(both: pl.DataFrame) -> pl.DataFrame:
    website = _with_hosts(both["website"], both["name"])
    both = places.add_places(both.drop("name", "website"))
    both = both.with_columns(phone=phones.significant(both["phone"], both["country"]))
    return pl.concat([both, websites.rows_of_domains(website)], how="horizontal")


def _with_hosts(website: pl.Series, name: pl.Series) -> pl.Series:
    """Return *website*; where nobody filled it in, a name that is a host may stand for it."""
    empty = website.is_null().arg_true()
    dotted = empty.filter(name.gather(empty).str.contains(".", literal=True).fill_null(False))
    hosts = name.gather(dotted).to_frame().select(names.host_names(pl.first())).to_series()
    return website.clone().scatter(dotted, hosts) if hosts.count() else website
