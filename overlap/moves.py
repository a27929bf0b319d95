"""How the overlaps of one run differ from those of another, each with the nearest cause that both runs tell. Pure."""

from __future__ import annotations

from typing import Final

import polars as pl

_PAIR: Final = ["crm", "account_id", "partner"]
_CELL: Final = ("our_population", "partner_population")
APPEARED: Final = "appeared"
CHANGED: Final = "changed"
VANISHED: Final = "vanished"


def moves(before: dict[str, pl.DataFrame], after: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the overlaps that appeared, changed their cell or vanished, from frames of two runs.

    The frames are ``overlaps`` (companies once), ``accounts`` and ``partner_accounts``. Columns: ``change``, crm,
    account_id, account_name, partner, theirs_id, theirs_name, our_population, partner_population (null where there is
    none now), the same with ``_before``, and ``why``.
    """
    old = before["overlaps"].select(*_PAIR, *_facts("_before"))
    new = after["overlaps"].select(*_PAIR, *_facts(""), "reasons")
    both = new.join(old, on=_PAIR, how="full", coalesce=True)
    is_new, is_gone = pl.col("theirs_id_before").is_null(), pl.col("theirs_id").is_null()
    moved = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in _CELL)
    change = pl.when(is_new).then(pl.lit(APPEARED)).when(is_gone).then(pl.lit(VANISHED)).otherwise(pl.lit(CHANGED))
    rows = both.filter(moved).with_columns(change=change)
    known = rows.join(_ids(before, "ours", was=True), on=["crm", "account_id"], how="left")
    known = known.join(_ids(after, "ours", was=False), on=["crm", "account_id"], how="left")
    theirs = pl.coalesce("theirs_id", "theirs_id_before")
    named = known.with_columns(
        theirs_id=theirs,
        theirs_name=pl.coalesce("theirs_name", "theirs_name_before"),
        account_name=pl.coalesce("account_name", "account_name_before"),
    )
    named = named.join(_ids(before, "theirs", was=True), on=["partner", "theirs_id"], how="left")
    named = named.join(_ids(after, "theirs", was=False), on=["partner", "theirs_id"], how="left")
    columns = ("account_name", "partner", "theirs_id", "theirs_name", *_CELL, *(f"{name}_before" for name in _CELL))
    return named.select("change", "crm", "account_id", *columns, why=_why()).sort(
        "change", "account_name", "crm", "account_id"
    )


def _facts(suffix: str) -> list[pl.Expr]:
    return [pl.col(name).alias(f"{name}{suffix}") for name in ("account_name", "theirs_id", "theirs_name", *_CELL)]


def _ids(run: dict[str, pl.DataFrame], side: str, was: bool) -> pl.DataFrame:
    flag = pl.lit(value=True).alias(f"{side}_{'was' if was else 'is'}_there")
    if side == "ours":
        return run["accounts"].select("crm", flag, account_id="id").unique(["crm", "account_id"])
    return run["partner_accounts"].select("partner", flag, theirs_id="id").unique(["partner", "theirs_id"])


def _why() -> pl.Expr:
    """Return in words the nearest cause that both runs tell."""
    judged = pl.col("reasons").str.starts_with("judged ").fill_null(value=False)
    ours, theirs = (pl.col(name).ne_missing(pl.col(f"{name}_before")) for name in _CELL)
    appeared = (
        pl.when(judged)
        .then(pl.lit("a verdict of yours"))
        .when(pl.col("theirs_was_there").is_null())
        .then(pl.lit("new in the partner's list"))
        .when(pl.col("ours_was_there").is_null())
        .then(pl.lit("new in your CRM, or not excluded any more"))
        .otherwise(pl.lit("matches by now: data, a verdict, a setting or the model changed"))
    )
    vanished = (
        pl.when(pl.col("theirs_is_there").is_null())
        .then(pl.lit("gone from the partner's list"))
        .when(pl.col("ours_is_there").is_null())
        .then(pl.lit("gone from your CRM, or excluded"))
        .otherwise(pl.lit("matches no more: data, a verdict, a setting or the model changed"))
    )
    changed = (
        pl.when(ours & theirs)
        .then(pl.lit("your population and the partner's changed"))
        .when(ours)
        .then(pl.lit("your population changed"))
        .otherwise(pl.lit("the partner's population changed"))
    )
    change = pl.col("change")
    return pl.when(change == APPEARED).then(appeared).when(change == VANISHED).then(vanished).otherwise(changed)
