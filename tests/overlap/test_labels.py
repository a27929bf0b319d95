from __future__ import annotations

import polars as pl

from overlap.keys import external_key
from overlap.labels import confirmed_by_labels
from overlap.model import OpportunityPartner, schema_of

ACCOUNTS = {"globex": "901", "initech": "902"}


def rows(*said: tuple[str, str, str]) -> pl.DataFrame:
    told = [("hubspot", f"{deal}-{account}-{role}", deal, account, role, None, None) for deal, account, role in said]
    return pl.DataFrame(told, schema=dict(schema_of(OpportunityPartner)), orient="row")


def confirmed(*said: tuple[str, str, str]) -> list[tuple[str, str, bool]]:
    found = confirmed_by_labels(rows(*said), ACCOUNTS, "ws")
    names = {external_key("ws", partner, "", "partner"): partner for partner in ACCOUNTS}
    return [(one["opportunity_id"], names[one["partner"]], one["sourced"]) for one in found.to_dicts()]


def test_a_label_on_the_partners_own_account_confirms_its_influence() -> None:
    assert confirmed(("1", "901", "Endorsed by")) == [("1", "globex", False)]


def test_labels_of_one_partner_on_one_deal_are_one_influence() -> None:
    assert confirmed(("1", "901", "Active in sale"), ("1", "901", "Sourced by")) == [("1", "globex", True)]


def test_other_labels_and_other_companies_confirm_nothing() -> None:
    assert confirmed(("1", "901", "Billing contact"), ("1", "999", "Sourced by")) == []
