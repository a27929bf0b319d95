"""Turn both sides' frames into the tables that are compared. Rows are numbered in the order of their ids.

The numbers make everything behind them independent of the order in which rows came.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from matching.engine import COLUMNS
from matching.normalize import names, places, websites


@dataclass(frozen=True, slots=True)
class Tables:
    """What a comparison needs.

    *accounts*: ``side`` (o or t), ``row``, ``book`` (the crm or partner), ``id``, ``domain``, ``label``, ``bare``,
    ``phone``, ``country``, ``state``, ``city``, ``postcode``, ``outward``, ``street``.
    *names*: ``name_id``, ``core``, ``squeezed``, ``form``. *account_names*: ``side``, ``row``, ``name_id``,
    ``variant``. For their meaning see `names.variants`.
    """

    accounts: pl.DataFrame
    names: pl.DataFrame
    account_names: pl.DataFrame


def tables(ours: pl.DataFrame, theirs: pl.DataFrame) -> Tables:
    """Return the tables of *ours* (with ``crm``) and *theirs* (with ``partner``), see `matching.engine.Engine`."""
    both = pl.concat([_side(ours, "crm", "o"), _side(theirs, "partner", "t")])
    variants = names.variants(both["name"])
    spelled = variants.select("core", "squeezed", "form").unique().sort("core", "squeezed", "form")
    spelled = spelled.with_row_index("name_id")
    account_names = (
        both.select("side", "row", "name")
        .join(variants, on="name")
        .join(spelled, on=["core", "squeezed", "form"])
        .select("side", "row", "name_id", "variant")
    )
    site = pl.coalesce("website", names.host_names(pl.col("name")))
    both = both.with_columns(website=site)
    both = both.join(websites.domains(both["website"]), on="website", how="left", maintain_order="left")
    digits = pl.col("phone").str.replace_all(r"\D", "")
    # Country and trunk prefixes come and go; the last nine digits stay.
    both = both.with_columns(phone=pl.when(digits.str.len_chars() >= 7).then(digits.str.tail(9)))
    both = places.add_places(both).drop("name", "website", "industry", "headcount")
    return Tables(both, spelled, account_names)


def _side(frame: pl.DataFrame, book: str, side: str) -> pl.DataFrame:
    """Return the comparable columns of one side as text, rows numbered in the order of (book, id)."""
    wanted = frame.select(pl.col(book).alias("book"), *(pl.col(column).cast(pl.String) for column in COLUMNS))
    numbered = wanted.sort("book", "id").with_row_index("row")
    return numbered.select(pl.lit(side).alias("side"), pl.all())
