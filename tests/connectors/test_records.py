from __future__ import annotations

import polars as pl

from connectors.records import record_schema
from overlap.fields import INFLUENCE, OVERLAP, PARTNER

TIME = pl.Datetime("us", "UTC")


def test_a_record_has_its_address_and_every_field_in_order() -> None:
    assert list(record_schema(PARTNER).items()) == [
        ("crm", pl.String),
        ("id", pl.String),
        ("name", pl.String),
        ("partner_key", pl.String),
        ("workspace", pl.String),
        ("partner_account", pl.String),
        ("list_as_of", TIME),
        ("feed_status", pl.String),
        ("partner_manager", pl.String),
        ("tier", pl.String),
    ]


def test_formulas_are_no_part_of_a_record() -> None:
    assert not {"partner_name", "as_of", "freshness"} & record_schema(OVERLAP).keys()


def test_types_follow_the_kind_of_a_field() -> None:
    overlap, influence = record_schema(OVERLAP), record_schema(INFLUENCE)
    assert [overlap[name] for name in ("icp_fit", "first_seen", "account")] == [pl.Float64, pl.Date, pl.String]
    assert [influence[name] for name in ("sourced", "influence_type")] == [pl.Boolean, pl.String]
