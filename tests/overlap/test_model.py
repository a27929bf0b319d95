from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from overlap import model
from overlap.model import Account, Match, Overlap, conform, empty, schema_of

NOUNS = [kind for kind in vars(model).values() if dataclasses.is_dataclass(kind)]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_a_frame_has_exactly_the_columns_of_its_noun(noun) -> None:
    assert empty(noun).columns == [field.name for field in dataclasses.fields(noun)]
    assert empty(noun).height == 0


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_a_noun_cannot_be_changed(noun) -> None:
    thing = noun(**dict.fromkeys(field.name for field in dataclasses.fields(noun)))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, dataclasses.fields(noun)[0].name, "x")


def test_types_follow_the_hints_and_times_are_utc() -> None:
    schema = schema_of(Account)
    assert [schema[name] for name in ("name", "website", "headcount")] == [pl.String, pl.String, pl.Int64]
    assert schema["modified_at"] == pl.Datetime("us", "UTC")
    assert schema_of(Match)["probability"] == pl.Float64
    assert schema_of(Overlap)["first_seen"] == pl.Date


def test_conform_orders_and_types_the_columns_and_leaves_out_the_rest() -> None:
    backwards = empty(Match).select(reversed(empty(Match).columns))
    extra = backwards.with_columns(pl.lit(1).alias("probability"), surplus=pl.lit("x"))
    assert conform(extra, Match).schema == empty(Match).schema
    assert conform(extra, Match, "evidence").columns == empty(Match).columns[:-1]


def test_conform_refuses_a_frame_that_lacks_a_column() -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="reasons"):
        conform(empty(Match).drop("reasons"), Match)
