"""Let our CRM's hierarchy of accounts say how a row of theirs is related to an account of ours.

Where their row is another account of ours that fits it better, what that account is to this one (parent at any height,
child at any depth, child of the same parent) is what their row is to it. Two accounts that fit it equally well are both
the same company to us, whatever the CRM calls them: units often bear their parent's very name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from overlap.model import PAIR, PARENT, SAME, SIBLING, SUBSIDIARY, Match, schema_of

if TYPE_CHECKING:
    from matching.model import Model

#: No hierarchy is deeper; a circle in it ends here.
_MOST_GENERATIONS: Final = 8
#: Nobody is surer than that, in bits of log-odds.
_SUREST: Final = 12.0


def by_hierarchy(found: pl.DataFrame, ours: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return *found* (columns of Match) with the relations that ``parent_id`` of *ours* tells, if it has that column.

    Asked for families, parents and children of an account that matches get a pair with the same row, as sure as
    that account's. Siblings get none: a group may have hundreds of them.
    """
    if "parent_id" not in ours.columns or ours["parent_id"].is_null().all():
        return found
    kin = _kin_of_matches(found, ours)
    known = found.join(kin, on=PAIR, how="left", maintain_order="left")
    fits_better = pl.col("surety") > pl.col("probability")
    told = known.with_columns(relation=pl.when(fits_better).then("kinship").otherwise("relation"))
    told = told.select(found.columns)
    if model.mode != "family":
        return told
    added = kin.filter(pl.col("kinship") != SIBLING).join(found, on=PAIR, how="anti")
    return pl.concat([told, _as_matches(added, ours)])


def _kin_of_matches(found: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Return each relative of an account that matches a row of theirs, with that row: `PAIR` and what it is.

    Columns beside: ``kinship``, ``is_theirs`` (the account that matches), ``surety`` and ``decided`` of that match.
    """
    sure = found.filter((pl.col("decision") == "match") & (pl.col("relation") == SAME))
    sure = sure.select("crm", "partner", "theirs_id", is_theirs="ours_id", surety="probability", decided="decision")
    kin = sure.join(_kin(ours), left_on=["crm", "is_theirs"], right_on=["crm", "other"]).rename({"id": "ours_id"})
    order = ["surety", "nearness", "is_theirs"]
    kin = kin.sort(*order, descending=[True, False, False])
    return kin.unique(PAIR, keep="first", maintain_order=True).drop("nearness")


def _kin(ours: pl.DataFrame) -> pl.DataFrame:
    """Return ``crm``, ``id``, ``other``, ``kinship`` (what *other* is to *id*), ``nearness`` (generations)."""
    up = _ancestors(ours)
    parents = up.filter(pl.col("nearness") == 1)
    sisters = parents.join(parents, on=["crm", "other"], suffix="_of_sister")
    sisters = sisters.select("crm", "id", other="id_of_sister", nearness=pl.lit(_MOST_GENERATIONS + 1))
    down = up.select("crm", id="other", other="id", nearness="nearness")
    told = ((up, PARENT), (down, SUBSIDIARY), (sisters, SIBLING))
    kin = pl.concat(frame.with_columns(kinship=pl.lit(relation)) for frame, relation in told)
    kin = kin.filter(pl.col("id") != pl.col("other")).sort("nearness", "kinship")
    return kin.unique(["crm", "id", "other"], keep="first", maintain_order=True)


def _ancestors(ours: pl.DataFrame) -> pl.DataFrame:
    """Return ``crm``, ``id``, ``other`` (an ancestor that is there), ``nearness`` (1 is the parent)."""
    parents = ours.select("crm", "id", other="parent_id").drop_nulls()
    parents = parents.join(ours.select("crm", other="id"), on=["crm", "other"], how="semi")
    above, found = parents, [parents.with_columns(nearness=pl.lit(1))]
    for generation in range(2, _MOST_GENERATIONS + 1):
        higher = parents.select("crm", other="id", higher="other")
        above = above.join(higher, on=["crm", "other"]).select("crm", "id", other="higher")
        if above.is_empty():
            break
        found.append(above.with_columns(nearness=pl.lit(generation)))
    return pl.concat(found)


def _as_matches(added: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    """Return pairs that the hierarchy alone proposes; they are as sure as the pair that they come from."""
    rows = added.join(ours.select("crm", is_theirs="id", kin_name="name"), on=["crm", "is_theirs"])
    word = pl.when(pl.col("kinship") == PARENT).then(pl.lit("parent")).otherwise(pl.lit("child"))
    said = pl.format("our CRM's {} account of this one, {}, is theirs", word, "kin_name")
    bits = (pl.col("surety") / (1 - pl.col("surety"))).log(2).clip(-_SUREST, _SUREST).round(2)
    return rows.with_columns(
        probability="surety",
        decision="decided",
        relation="kinship",
        reasons=said.str.slice(0, 255),
        evidence=pl.format("hierarchy|{}|{}", said.str.replace_all(r"[|\s]+", " "), bits),
    ).select(*schema_of(Match))
