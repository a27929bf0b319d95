"""Say how two accounts are related: the same company, its parent, its subsidiary, or a sister of it.

By names: both share a brand (a distinctive word), and words left over behind it that name a unit (a region, a
division, something distinctive) make that side the unit. Left over on their side, theirs is our subsidiary; on ours,
theirs is our parent; where both sides call themselves otherwise, they are siblings. Words before the brand ("Banco
Santander") and words that describe ("Group") name no unit, nor does any but a listed one where both have one phone.

By what else the rows say: a side that names its owner ("part of Acme") has that owner as its parent; and of two
companies at one postcode, without a website in common, the one called a holding is the parent.

Our CRM's hierarchy, which beats both, is `matching.hierarchy`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from matching.hierarchy import by_hierarchy
from matching.normalize import names, websites
from overlap.model import PAIR, PARENT, SAME, SIBLING, SUBSIDIARY

if TYPE_CHECKING:
    from matching.model import Model

#: Information of a word, in 1/100 bit, from which on it is a name and not a description.
_DISTINCTIVE: Final = 900
#: What stands before, or around, the name of an owner.
_OWNER: Final = (
    r"(?i)\b(?:(?:part|subsidiary|division|unit|member) of|(?:owned|acquired|bought) by)\s+(?:the )?([^()\[\]]+)",
    r"(?i)(?:,|\s[-–—])\s*an?\s+(.+?)\s+(?:company|business|brand|subsidiary|division)\W*$",
)
_HOLDING: Final = r"(?i)\b(?:holdings?|hldgs?)\b"


def by_names() -> pl.Expr:
    """Return one of `overlap.model.RELATIONS` for the columns of `comparisons.compare`."""
    name, website = pl.col("name").cast(pl.String), pl.col("website").cast(pl.String)
    apart = (pl.col("shared") >= _DISTINCTIVE) & ~name.str.contains("^(?:equal|near$|resembles$|abbreviated)")
    one_phone = pl.col("phone").cast(pl.String) == "same"
    one = one_phone | website.is_in(["same", "same_other"])
    tells = ~one_phone & (name != "inside_late")
    ours = apart & (pl.col("unit_a") | (tells & (pl.col("own_a") >= _DISTINCTIVE)))
    theirs = apart & (pl.col("unit_b") | (tells & (pl.col("own_b") >= _DISTINCTIVE)))
    otherwise_called = apart & name.is_in(["generic_both", "inside_mixed"]) & (ours | theirs | ~one)
    return (
        pl.when((ours & theirs) | otherwise_called)
        .then(pl.lit(SIBLING))
        .when(theirs)
        .then(pl.lit(SUBSIDIARY))
        .when(ours)
        .then(pl.lit(PARENT))
        .otherwise(pl.lit(SAME))
    )


def relate(found: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return *found* (columns of Match) with the relations that rows and hierarchy tell better than names do.

    *ours* and *theirs* are what was matched; *ours* may have ``parent_id``. Asked for families, *model* lets the
    hierarchy add pairs. Sorted by the four ids.
    """
    return by_hierarchy(_by_rows(found, ours, theirs), ours, model).sort(PAIR)


def _by_rows(found: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Correct the relation of pairs of which one side names its owner or is called a holding."""
    sides = ((ours, "crm", "ours_id"), (theirs, "partner", "theirs_id"))
    telling = [found.join(_telling(rows, book, key), on=[book, key], how="semi") for rows, book, key in sides]
    pairs = pl.concat(telling).unique(PAIR).select(*PAIR, "relation")
    if pairs.is_empty():
        return found
    for rows, book, key in sides:
        asked = rows.join(pairs, left_on=[book, "id"], right_on=[book, key], how="semi")
        pairs = pairs.join(_said(asked, book, key), on=[book, key], how="left")
    return found.update(pairs.with_columns(_plain(pairs)).select(*PAIR, relation=_told()), on=PAIR)


def _telling(rows: pl.DataFrame, book: str, key: str) -> pl.DataFrame:
    tells = pl.any_horizontal(pl.col("name").str.contains(pattern) for pattern in (*_OWNER, _HOLDING))
    return rows.filter(tells).select(book, pl.col("id").alias(key))


def _said(rows: pl.DataFrame, book: str, key: str) -> pl.DataFrame:
    """Return what the rows of one side say, each column with the side's *key* behind its name."""
    post = pl.col("postcode").str.to_uppercase().str.replace_all(r"\W", "")
    said = {"name": pl.col("name"), "website": pl.col("website"), "post": post}
    said |= {
        "owner": pl.coalesce(pl.col("name").str.extract(pattern) for pattern in _OWNER),
        "holds": pl.col("name").str.contains(_HOLDING),
    }
    return rows.select(book, pl.col("id").alias(key), **{f"{what} {key}": value for what, value in said.items()})


def _plain(pairs: pl.DataFrame) -> list[pl.Series]:
    """Return names and owners as they are compared, and the domains of websites."""
    texts = [pairs[column] for column in pairs.columns if column.startswith(("name ", "owner "))]
    cores = names.variants(pl.concat([text.rename("text") for text in texts]).drop_nulls().unique())
    own = cores.filter(pl.col("variant") == 0)
    sites = [pairs[column] for column in pairs.columns if column.startswith("website ")]
    known = websites.domains(pl.concat([site.rename("website") for site in sites]).drop_nulls().unique())
    plain = [_mapped(text, own["name"], own["squeezed"]) for text in texts]
    return plain + [_mapped(site, known["website"], known["domain"]) for site in sites]


def _mapped(values: pl.Series, known: pl.Series, said: pl.Series) -> pl.Series:
    return values.replace_strict(known, said, default=None, return_dtype=pl.String)


def _told() -> pl.Expr:
    """Return the relation that the columns of `_said` tell, else the one before."""
    ours, theirs = ({what: pl.col(f"{what} {key}") for what in _WHAT} for key in ("ours_id", "theirs_id"))
    one_site = (ours["website"] == theirs["website"]).fill_null(False)
    neighbours = (pl.col("relation") == SAME) & (ours["post"] == theirs["post"]) & ~one_site
    return (
        pl.when(ours["owner"] == theirs["name"])
        .then(pl.lit(PARENT))
        .when(theirs["owner"] == ours["name"])
        .then(pl.lit(SUBSIDIARY))
        .when(neighbours & theirs["holds"] & ~ours["holds"])
        .then(pl.lit(PARENT))
        .when(neighbours & ours["holds"] & ~theirs["holds"])
        .then(pl.lit(SUBSIDIARY))
        .otherwise("relation")
    )


_WHAT: Final = ("name", "owner", "website", "post", "holds")
