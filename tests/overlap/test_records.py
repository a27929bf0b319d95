from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from overlap.fields import ACCOUNT, INFLUENCE, OBJECTS, OPPORTUNITY, OVERLAP, PARTNER
from overlap.model import Influence, Opportunity, Overlap, User
from overlap.records import account_records, influence_records, opportunity_records, overlap_records, partner_records
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import WORKSPACE, findings, frame, partners

GLOBEX, INITECH = ({"partner": "globex", "name": "Globex"}, {"partner": "initech", "name": "Initech"})
GLOBEX_KEY = key_by_hand(WORKSPACE, "globex", "", "partner")
BUILDERS = {
    PARTNER: partner_records,
    OVERLAP: overlap_records,
    INFLUENCE: influence_records,
    ACCOUNT: account_records,
    OPPORTUNITY: opportunity_records,
}


def overlap_record(users: tuple[dict, ...] = ({},), fallback: str | None = None, **overlap) -> dict:
    found = findings(overlaps=frame(Overlap, overlap), users=frame(User, *users), fallback_owner=fallback)
    (record,) = overlap_records(found).to_dicts()
    return record


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: thing.name)
def test_a_record_says_every_engine_field_and_no_other(thing) -> None:
    found = findings(overlaps=frame(Overlap, {}), influences=frame(Influence, {}), opportunities=frame(Opportunity, {}))
    about = {"crm", "key", "label", "about_partner", "about_account", "suggest"}
    assert set(BUILDERS[thing](found).columns) - about == {field.name for field in thing.engine_fields}


@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: thing.name)
def test_a_run_that_found_nothing_asks_for_nothing(thing) -> None:
    assert BUILDERS[thing](findings(partners=partners())).is_empty()


@pytest.mark.parametrize(("late", "status"), [(False, "Current"), (True, "Late")])
def test_freshness_stands_on_the_partner_alone(late, status) -> None:
    day = datetime(2026, 2, 1, tzinfo=UTC)
    found = findings(partners=partners(GLOBEX | {"late": late, "as_of": day, "account": "001P"}))
    assert partner_records(found).to_dicts() == [
        {
            "crm": "salesforce",
            "key": GLOBEX_KEY,
            "label": "Globex",
            "about_partner": "globex",
            "about_account": None,
            "name": "Globex",
            "partner_key": GLOBEX_KEY,
            "workspace": WORKSPACE,
            "partner_account": "001P",
            "list_as_of": day,
            "feed_status": status,
        }
    ]


def test_a_late_list_changes_no_overlap() -> None:
    current, late = (
        overlap_records(findings(overlaps=frame(Overlap, {}), partners=partners(GLOBEX | {"late": late})))
        for late in (False, True)
    )
    assert current.equals(late)


def test_renaming_a_partner_changes_labels_and_no_key() -> None:
    named = [findings(overlaps=frame(Overlap, {}), partners=partners(GLOBEX | {"name": name})) for name in ("A", "B")]
    before, after = (overlap_records(found).drop("name", "label") for found in named)
    assert before.equals(after)
    assert [partner_records(found)["key"].item() for found in named] == [GLOBEX_KEY] * 2


def test_an_overlap_points_to_its_partner_by_key_and_to_its_account_by_id() -> None:
    record = overlap_record()
    assert (record["partner"], record["account"], record["workspace"]) == (GLOBEX_KEY, "001A", WORKSPACE)
    assert (record["name"], record["label"]) == ("Globex: Acme", "Globex: Acme")
    assert (record["status"], record["changed_on"], record["first_seen"]) == ("Active", None, date(2026, 1, 5))


@pytest.mark.parametrize(
    ("field", "source", "length"),
    [
        ("our_populations", "our_populations", 255),
        ("partner_populations", "partner_populations", 255),
        ("partner_record_name", "theirs_name", 255),
        ("partner_owner_name", "theirs_owner_name", 150),
        ("match_reason", "reasons", 255),
    ],
)
def test_a_text_that_does_not_fit_ends_in_an_ellipsis(field, source, length) -> None:
    assert overlap_record(**{source: "é" * length})[field] == "é" * length
    assert overlap_record(**{source: "é" * (length + 1)})[field] == "é" * (length - 1) + "…"


def test_a_name_is_cut_to_80_characters() -> None:
    assert overlap_record(account_name="x" * 72)["name"] == "Globex: " + "x" * 72
    assert overlap_record(account_name="x" * 73)["name"] == "Globex: " + "x" * 71 + "…"


def test_evidence_longer_than_its_field_ends_in_an_ellipsis() -> None:
    records = influence_records(findings(influences=frame(Influence, {"evidence": "x" * 256})))
    assert records["evidence_summary"].item() == "x" * 254 + "…"


@pytest.mark.parametrize(
    ("email", "kept"),
    [
        ("ann@globex.example", True),
        ("Ann@Globex.example", True),
        ("a" * 66 + "@x.example.com", True),  # 80 characters
        ("a" * 67 + "@x.example.com", False),
        ("ann", False),
        ("ann@globex", False),
        ("ann smith@globex.example", False),
        ("ann@globex.example, bob@globex.example", False),
        ("", False),
        (None, False),
    ],
)
def test_an_email_is_written_only_if_the_crm_will_take_it(email, kept) -> None:
    assert overlap_record(theirs_owner_email=email)["partner_owner_email"] == (email.lower() if kept else None)


def test_a_website_is_never_cut() -> None:
    assert overlap_record(theirs_website="x" * 255)["partner_record_website"] == "x" * 255
    assert overlap_record(theirs_website="x" * 256)["partner_record_website"] is None


@pytest.mark.parametrize(
    ("active", "fallback", "owner"),
    [(True, None, "005U"), (True, "005F", "005U"), (False, "005F", "005F"), (False, None, None)],
)
def test_a_record_belongs_to_the_accounts_owner_or_else_to_the_fallback(active, fallback, owner) -> None:
    assert overlap_record(({"is_active": active},), fallback)["owner_id"] == owner


@pytest.mark.parametrize("fallback", ["005F", None])
def test_an_owner_that_nobody_knows_is_replaced_by_the_fallback_or_left_to_the_crm(fallback) -> None:
    assert overlap_record(users=(), fallback=fallback)["owner_id"] == fallback
    assert overlap_record(owner_id=None, fallback=fallback)["owner_id"] == fallback


def test_an_influence_belongs_to_the_deals_owner() -> None:
    found = findings(influences=frame(Influence, {"owner_id": "005D"}), users=frame(User, {"id": "005D"}))
    assert influence_records(found)["owner_id"].to_list() == ["005D"]


def test_a_suggestion_names_its_origin_and_says_what_it_rests_on() -> None:
    (record,) = influence_records(findings(influences=frame(Influence, {"overlap_key": "pi1-overlap"}))).to_dicts()
    assert {name: record[name] for name in ("origin", "suggestion_state", "overlap", "opportunity", "partner")} == {
        "origin": "Engine",
        "suggestion_state": "Current",
        "overlap": "pi1-overlap",
        "opportunity": "006A",
        "partner": GLOBEX_KEY,
    }


def test_suggestions_keep_their_rank() -> None:
    rows = [{"key": f"k{n}", "opportunity_id": f"006{n}", "owner_id": f"005{n % 2}"} for n in (3, 1, 2, 0)]
    records = influence_records(findings(influences=frame(Influence, *rows)))
    assert records["key"].to_list() == ["k3", "k1", "k2", "k0"]


def test_numbers_are_floats_as_the_crm_returns_them() -> None:
    found = findings(overlaps=frame(Overlap, {}))
    assert overlap_records(found).select("icp_fit", "priority", "match_probability").dtypes == [pl.Float64] * 3
    assert account_records(found).select("overlap_icp_fit", "overlap_partner_count").dtypes == [pl.Float64] * 2
