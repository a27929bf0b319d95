"""Sharing that hides records from us, or keeps us from editing them, is a finding before it looks like deletions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.base import Finding
from connectors.salesforce import org, record_access
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.sandbox import Sandbox

OURS = ("Overlap_Partner__c", "Partner_Overlap__c", "Partner_Influence__c")


@pytest.fixture
def bench(salesforce: Sandbox) -> Iterator[SalesforceBench]:
    salesforce.store.seed("Account", [{"Name": f"A{number}"} for number in range(3)])
    with connected(salesforce) as connection:
        yield SalesforceBench(connection, salesforce.store)


def bad(bench: SalesforceBench) -> dict[str, Finding]:
    return {one.subject: one for one in bench.connection.check() if not one.ok and one.subject != "clock"}


def test_a_user_who_sees_all_and_may_edit_is_well(bench: SalesforceBench) -> None:
    assert bad(bench) == {}
    details = {one.subject: one.detail for one in bench.connection.check()}
    who = "as overlap@sandbox.example, profile Minimum Access - API Only, licence Salesforce Integration"
    assert f"{who} (Sandbox, Developer Edition, a sandbox on SBX1)" in details["sign-in"]
    assert details["Opportunity records"] == "0 can be seen, whoever owns them"


def test_a_user_without_the_right_to_see_all_is_told_which_permission_set(bench: SalesforceBench) -> None:
    bench.store.set_rights(view_all=False)
    found = bad(bench)
    assert found.keys() == {f"{name} records" for name in ("Account", "Opportunity", *OURS)}
    assert "hidden ones would look deleted" in found["Account records"].detail
    assert "Overlap_Integration" in found["Account records"].remedy


def test_a_user_who_may_not_edit_others_records_is_told_how_to(bench: SalesforceBench) -> None:
    bench.store.set_rights(edit_all=False)
    found = bad(bench)
    assert found.keys() == {"Account records"}
    assert found["Account records"].detail == "0 of 3 looked at may be edited"
    assert "sharing rule" in found["Account records"].remedy


def test_a_workspace_without_flat_fields_need_not_edit_accounts(salesforce: Sandbox) -> None:
    salesforce.store.seed("Account", [{"Name": "A"}])
    salesforce.store.set_rights(edit_all=False)
    with connected(salesforce, flat_fields=False) as connection:
        assert [one for one in connection.check() if not one.ok and one.subject != "clock"] == []


def test_a_user_who_may_not_look_at_setup_is_told_so_and_nothing_fails(bench: SalesforceBench) -> None:
    bench.store.set_rights(view_setup=False)
    details = [one.detail for one in bench.connection.check() if one.subject != "clock"]
    assert bad(bench) == {}
    assert "this user may not look at validation rules; a refused record names the rule" in details
    assert "this user may not look at flows; make sure that Stamp_Influence_Confirmation is active" in details


def test_rules_and_flows_of_others_are_named_and_ours_are_not(bench: SalesforceBench) -> None:
    start = {"object": ["Account"], "triggerType": ["RecordBeforeSave"]}
    bench.store.database.keep(
        "metadata",
        {
            "ValidationRule": {
                "Account.Website_Needed": {"active": ["true"]},
                "Account.Old": {"active": ["false"]},
                "Partner_Influence__c.Sourced_Needs_Confirmed": {"active": ["true"]},
            },
            "Flow": {
                "Score_Account": {"status": ["Active"], "start": [start]},
                "Stamp_Influence_Confirmation": {
                    "status": ["Active"],
                    "start": [{**start, "object": ["Partner_Influence__c"]}],
                },
            },
        },
    )
    said = [one.detail for one in bench.connection.check() if one.subject == "rules"]
    assert said == [
        "validation rules of your own may refuse or change what is written: Account.Website_Needed",
        "flows of your own may refuse or change what is written: Score_Account",
    ]
    assert bad(bench) == {}
    bench.store.set_rights(flows_active=False)
    assert "inactive" in bad(bench)["flow"].detail
    bench.store.set_deployed(False)
    bench.store.database.keep("metadata", {})
    assert "flow" not in bad(bench), "without our objects nobody misses it"
    assert "is missing" in next(org.rules(bench.connection.session, deployed=True)).detail


SEEN = [  # what permissions grant, records seen, records that the org counts, is it well?
    (True, 100, 100, True),
    (True, 91, 100, True),
    (True, 89, 100, False),
    (None, 89, 100, False),
    (None, 100, 100, True),
    (None, 100, None, True),
    (False, 100, 100, False),
    (False, 0, None, False),
]


@pytest.mark.parametrize(("sees_all", "visible", "counted", "ok"), SEEN)
def test_records_that_are_missing_from_our_view_are_a_bad_finding(sees_all, visible, counted, ok) -> None:
    assert record_access.seen("Account", sees_all, visible, counted).ok is ok


LIMITS = [  # remaining of a hundred, is it well?
    (100, True),
    (2, True),
    (1, False),
    (0, False),
]


@pytest.mark.parametrize(("left", "ok"), LIMITS)
def test_storage_that_is_nearly_full_is_a_bad_finding(left: int, ok: bool) -> None:
    [finding] = org.limits({"DataStorageMB": {"Max": 100, "Remaining": left}, "Unknown": {"Max": 1, "Remaining": 0}})
    assert (finding.ok, str(left) in finding.detail) == (ok, True)


def test_an_org_that_tells_no_limits_has_no_line_about_them() -> None:
    assert list(org.limits({"DailyApiRequests": {"Max": 10, "Remaining": 1}})) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "one currency; no person accounts"),
        ({"CurrencyIsoCode": {}}, "several currencies; no person accounts"),
        ({"IsPersonAccount": {}}, "one currency; person accounts are on, and left out"),
    ],
)
def test_what_is_special_about_an_org_is_said(fields, said) -> None:
    assert org.shape(fields, person_accounts=False).detail == said


def test_person_accounts_that_are_read_are_said_to_be_read() -> None:
    assert "person accounts are on, and read like companies" in org.shape({"IsPersonAccount": {}}, True).detail
    assert "no person accounts, although person_accounts = true" in org.shape({}, True).detail
