"""A person's verdict beats every score, and sticks to the companies, not to the ids that they have today."""

from __future__ import annotations

from typing import Final

import polars as pl

from overlap.model import SAME, Heard, Match, conform, schema_of

VERDICTS: Final = ("same", "different")
_FINGERPRINT = ("name", "domain", "country")
_PAIR: Final = ["crm", "ours_id", "partner", "theirs_id"]


def resolve(judgements: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Return crm, ours_id, partner, theirs_id, verdict, judged_by, judged_at for the rows that exist today.

    *judgements* has the columns of Judgement, *ours* crm, id, name, domain, country and *theirs* partner, id and the
    same three, all normalised in one way. Our side is found by id, else by name, domain and country. Their side is
    found by id only while name or domain still fits, since partners renumber their rows; a second row of theirs with
    the same name, domain and country is meant too. What was said of the row itself counts before what was said of such
    a second row, the latest before earlier ones.
    """
    numbered = judgements.with_row_index("judgement")
    return (
        numbered.select("judgement", "verdict", "judged_by", "judged_at")
        .join(located(judgements, ours, theirs), on="judgement")
        .sort("by_id", "judged_at", "judgement")
        .unique(["crm", "ours_id", "partner", "theirs_id"], keep="last", maintain_order=True)
        .drop("judgement", "by_id")
    )


def located(judgements: pl.DataFrame, ours: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """Return judgement (its row in *judgements*), crm, ours_id, partner, theirs_id, by_id: where each holds today.

    The arguments are those of `resolve`; *by_id* is false for a row of theirs that only bears the same name.
    """
    numbered = judgements.with_row_index("judgement")
    return _ours_today(numbered, ours).join(_theirs_today(numbered, theirs), on="judgement")


def apply(pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return *pairs* (columns of Match) with *verdicts* in force; pairs that only a person saw are added.

    ``same`` makes a match of probability 1, ``different`` a ``no match`` of probability 0. What the engine found
    stays behind the verdict in the reasons. A column *of* names the account that was judged where it was another one.
    """
    pair = ["crm", "ours_id", "partner", "theirs_id"]
    other = pl.format(", of {}", "of").fill_null("") if "of" in verdicts.columns else pl.lit("")
    said = pl.format(
        "judged {} by {} on {}{}",
        pl.when(pl.col("verdict") == "same").then(pl.lit("the same company")).otherwise(pl.lit("different companies")),
        "judged_by",
        pl.col("judged_at").dt.date(),
        other,
    )
    judged = verdicts.select(*pair, "verdict", said=said)
    known = pairs.join(judged, on=pair, how="full", coalesce=True)
    same = pl.col("verdict") == "same"
    decided = known.with_columns(
        probability=pl.when(same).then(1.0).when(~same).then(0.0).otherwise("probability"),
        decision=pl.when(same).then(pl.lit("match")).when(~same).then(pl.lit("no match")).otherwise("decision"),
        relation=pl.when(same).then(pl.lit(SAME)).otherwise(pl.col("relation").fill_null(SAME)),
        reasons=pl.concat_str("said", "reasons", separator="; ", ignore_nulls=True).str.slice(0, 255),
        evidence=pl.col("evidence").fill_null(""),
    )
    return decided.select(list(schema_of(Match))).sort(pair)


def heard(pairs: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return *verdicts* (see `resolve`) beside what the engine alone says of their pairs, as `overlap.model.Heard`.

    *pairs* have the columns of Match, before any verdict is in force. *decision* is null for a pair that the engine
    does not know.
    """
    engine = pairs.select(*_PAIR, "probability", "decision")
    return conform(verdicts.join(engine, on=_PAIR, how="left", maintain_order="left"), Heard)


def _ours_today(judgements: pl.DataFrame, ours: pl.DataFrame) -> pl.DataFrame:
    by_id = judgements.join(ours.select("crm", "id"), left_on=["crm", "ours_id"], right_on=["crm", "id"]).select(
        "judgement", "crm", "ours_id"
    )
    lost = judgements.join(by_id, on="judgement", how="anti")
    by_name = _by_fingerprint(lost, ours, "crm", "ours")
    return pl.concat([by_id, by_name])


def _theirs_today(judgements: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    by_id = (
        judgements.join(theirs, left_on=["partner", "theirs_id"], right_on=["partner", "id"])
        .filter((pl.col("theirs_name") == pl.col("name")) | (pl.col("theirs_domain") == pl.col("domain")))
        .select("judgement", "partner", "theirs_id")
    )
    lost = judgements.join(by_id, on="judgement", how="anti")
    # With a domain, the same company under a second id is known for sure: a re-id while the old row still counts.
    found = judgements.join(by_id, on="judgement", how="semi").filter(pl.col("theirs_domain").is_not_null())
    by_name = _by_fingerprint(pl.concat([lost, found]), theirs, "partner", "theirs")
    return pl.concat([by_id.with_columns(by_id=pl.lit(True)), by_name.with_columns(by_id=pl.lit(False))]).unique(
        ["judgement", "partner", "theirs_id"], keep="first", maintain_order=True
    )


def _by_fingerprint(judgements: pl.DataFrame, today: pl.DataFrame, side: str, prefix: str) -> pl.DataFrame:
    """Find the rows whose name, domain and country are what they were when the person judged."""
    return judgements.join(
        today,
        left_on=[side, *(f"{prefix}_{part}" for part in _FINGERPRINT)],
        right_on=[side, *_FINGERPRINT],
        nulls_equal=True,
    ).select("judgement", side, pl.col("id").alias(f"{prefix}_id"))
