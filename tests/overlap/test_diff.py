from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from overlap.diff import adopt, canonical_row, compare, retire, still_needed
from overlap.fields import ACCOUNT, INFLUENCE, OVERLAP
from overlap.model import Influence, Overlap
from overlap.plan import Action, Change
from overlap.records import account_records, influence_records, overlap_records
from tests.overlap.frames import TODAY, findings, frame, said

OWN = {"crm": "salesforce", "label": "Acme", "about_partner": None, "about_account": "001A"}


def wanted(**overlap) -> pl.DataFrame:
    return overlap_records(findings(overlaps=frame(Overlap, overlap)))


def as_written(desired: pl.DataFrame, **fields) -> dict:
    """The record that a CRM has after *desired* was written in January."""
    (row,) = desired.to_dicts()
    names = {field.name for field in OVERLAP.engine_fields}
    dates = {"changed_on": date(2026, 1, 5)}
    return {name: value for name, value in row.items() if name in names} | dates | {"id": "a01"} | fields


def differences(desired: pl.DataFrame, *now: dict, today: date = TODAY):
    return compare(OVERLAP, desired, said(OVERLAP, *now), today)


def flat(**fields) -> pl.DataFrame:
    row = OWN | {"key": "001A", "overlap_changed_on": None} | fields
    return pl.DataFrame([row], schema_overrides={"overlap_changed_on": pl.Date})


def test_a_missing_record_is_created_with_what_is_known() -> None:
    ((change,), unchanged) = (differences(wanted()).changes, differences(wanted()).unchanged)
    assert (change.action, change.record_id, change.key, unchanged) == (Action.CREATE, None, "pi1-overlap", 0)
    assert (change.label, change.partner, change.account_id) == ("Globex: Acme", "globex", "001A")
    assert change.new["first_seen"] == date(2026, 1, 5)
    assert change.new["changed_on"] == TODAY
    assert None not in change.new.values()
    assert set(change.old.values()) == {None}
    assert change.old.keys() == change.new.keys()


def test_a_record_that_says_it_all_is_left_alone_whatever_day_it_is() -> None:
    for days in (0, 1, 400):
        same = differences(wanted(), as_written(wanted()), today=TODAY + timedelta(days=days))
        assert (same.changes, same.unchanged, same.notes) == ((), 1, ())


def test_a_fact_that_moved_is_written_alone_with_the_day_of_it() -> None:
    (change,) = differences(wanted(priority=80), as_written(wanted(priority=75))).changes
    assert (change.action, change.record_id, change.cause) == (Action.UPDATE, "a01", "priority")
    assert change.new == {"priority": 80.0, "changed_on": TODAY}
    assert change.old == {"priority": 75.0, "changed_on": date(2026, 1, 5)}


def test_a_second_fact_on_the_same_day_does_not_write_the_day_again() -> None:
    (change,) = differences(wanted(priority=80), as_written(wanted(), changed_on=TODAY)).changes
    assert change.new == {"priority": 80.0}


def test_bookkeeping_alone_is_no_update() -> None:
    earlier = as_written(wanted(), first_seen=date(2020, 1, 1), changed_on=None)
    assert differences(wanted(), earlier).changes == ()


def test_first_seen_is_never_moved() -> None:
    (change,) = differences(wanted(priority=80), as_written(wanted(), first_seen=date(2020, 1, 1))).changes
    assert "first_seen" not in change.new


def test_a_value_that_is_no_longer_true_is_cleared() -> None:
    (change,) = differences(wanted(), as_written(wanted(), partner_owner_name="Ann")).changes
    assert change.new["partner_owner_name"] is None


def test_a_retired_record_whose_overlap_is_back_becomes_active() -> None:
    (change,) = differences(wanted(), as_written(wanted(), status="Retired")).changes
    assert (change.action, change.new) == (Action.UPDATE, {"status": "Active", "changed_on": TODAY})


def test_a_record_that_a_person_deleted_is_not_made_again_and_is_named() -> None:
    found = differences(wanted(), as_written(wanted(), is_deleted=True))
    assert (found.changes, found.unchanged) == ((), 0)
    assert found.notes == ("Globex: Acme: deleted in the CRM by a person; it is not made again",)


def test_a_record_that_is_there_again_after_a_deletion_counts() -> None:
    found = differences(wanted(), as_written(wanted(), is_deleted=True), as_written(wanted(), id="a02"))
    assert (found.changes, found.notes, found.unchanged) == ((), (), 1)


def test_an_owner_that_is_not_known_is_no_reason_to_change_it() -> None:
    nobody = overlap_records(findings(overlaps=frame(Overlap, {}), users=findings().users.clear()))
    assert nobody["owner_id"].to_list() == [None]
    assert differences(nobody, as_written(wanted(), owner_id="005Z")).changes == ()
    (change,) = differences(nobody, as_written(wanted(), owner_id="005Z", play="Another one")).changes
    assert change.new.keys() == {"play", "changed_on"}


def test_a_new_owner_is_written() -> None:
    (change,) = differences(wanted(), as_written(wanted(), owner_id="005Z")).changes
    assert change.new == {"owner_id": "005U", "changed_on": TODAY}


@pytest.mark.parametrize("now", ["Globex;Initech", "Initech;Globex"])
def test_the_order_of_a_list_is_no_change(now) -> None:
    current = said(ACCOUNT, {"id": "001A", "overlap_customer_of": now})
    assert compare(ACCOUNT, flat(overlap_customer_of="Initech;Globex"), current, TODAY).changes == ()


def test_a_partner_more_in_a_list_is_a_change() -> None:
    current = said(ACCOUNT, {"id": "001A", "overlap_customer_of": "Initech"})
    (change,) = compare(ACCOUNT, flat(overlap_customer_of="Globex;Initech"), current, TODAY).changes
    assert change.new == {"overlap_customer_of": "Globex;Initech", "overlap_changed_on": TODAY}


@pytest.mark.parametrize("now", [(), ({"id": "001A", "is_deleted": True},)])
def test_an_account_of_the_crm_is_never_made(now) -> None:
    desired = account_records(findings(overlaps=frame(Overlap, {})))
    found = compare(ACCOUNT, desired, said(ACCOUNT, *now), TODAY)
    assert found.changes == ()
    assert found.notes == ("Acme: no longer in the CRM",)


def suggestion() -> pl.DataFrame:
    return influence_records(findings(influences=frame(Influence, {})))


def test_a_record_that_a_person_made_is_filled_where_it_is_empty_and_never_changed() -> None:
    theirs = {"id": "a02", "influence_key": "pi1-influence", "origin": "Person", "owner_id": "005Z", "account": "001Q"}
    (change,) = compare(INFLUENCE, suggestion(), said(INFLUENCE, theirs), TODAY).changes
    assert {"evidence_summary", "workspace", "opportunity", "partner"} <= change.new.keys()
    assert set(change.old.values()) == {None}
    assert not {"origin", "owner_id", "account"} & change.new.keys()


def test_a_full_record_of_a_person_is_left_alone_even_if_it_says_otherwise() -> None:
    texts = {field.name: "theirs" for field in INFLUENCE.engine_fields}
    theirs = texts | {"id": "a02", "influence_key": "pi1-influence", "origin": "Partner"}
    assert compare(INFLUENCE, suggestion(), said(INFLUENCE, theirs), TODAY).changes == ()


@pytest.mark.parametrize("origin", ["Engine", "Person", None])
def test_a_record_does_not_change_its_maker(origin) -> None:
    now = said(INFLUENCE, {"id": "a02", "influence_key": "pi1-influence", "origin": origin})
    (change,) = compare(INFLUENCE, suggestion(), now, TODAY).changes
    assert "origin" not in change.new


def test_a_record_of_ours_is_brought_up_to_date() -> None:
    now = {"id": "a02", "influence_key": "pi1-influence", "origin": "Engine", "evidence_summary": "old"}
    (change,) = compare(INFLUENCE, suggestion(), said(INFLUENCE, now), TODAY).changes
    assert change.new["evidence_summary"] == "partner says: we introduced you"


def live(thing, **fields) -> pl.DataFrame:
    about = {"key": pl.lit("k"), "label": pl.lit("Acme"), "cause": pl.lit("gone")}
    nobody = {"about_partner": pl.lit("globex"), "about_account": pl.lit("001A")}
    return said(thing, {"id": "a01"} | fields).with_columns(**about, **nobody)


def test_retires_a_record_whose_overlap_is_gone_and_says_why() -> None:
    (change,) = retire(OVERLAP, live(OVERLAP, status="Active"), wanted(), {"status": "Retired", "changed_on": TODAY})
    assert (change.action, change.record_id, change.cause) == (Action.RETIRE, "a01", "gone")
    assert (change.old, change.new) == (
        {"status": "Active", "changed_on": None},
        {"status": "Retired", "changed_on": TODAY},
    )


def test_retires_nothing_that_is_still_wanted() -> None:
    still = live(OVERLAP, status="Active").with_columns(key=pl.lit("pi1-overlap"))
    assert retire(OVERLAP, still, wanted(), {"status": "Retired"}) == ()


def test_clears_only_what_is_filled() -> None:
    new = {"overlap_customer_of": None, "overlap_best_play": None, "overlap_changed_on": TODAY}
    (change,) = retire(ACCOUNT, live(ACCOUNT, overlap_customer_of="Globex"), flat(key="other"), new)
    assert (change.action, change.new) == (Action.CLEAR, {"overlap_customer_of": None, "overlap_changed_on": TODAY})


def test_a_list_that_the_crm_returns_in_its_own_order_can_be_cleared() -> None:
    filled = live(ACCOUNT, overlap_customer_of="Initech;Globex")
    (change,) = retire(ACCOUNT, filled, flat(key="other"), {"overlap_customer_of": None})
    now = canonical_row(ACCOUNT, filled.to_dicts()[0])
    assert still_needed(change, now) == (change, None)


def handmade(**fields) -> pl.DataFrame:
    about = {"key": "pi1-influence", "label": "Globex: deal", "about_partner": "globex", "about_account": "001A"}
    return said(INFLUENCE, {"id": "a02"} | fields).with_columns(**{name: pl.lit(text) for name, text in about.items()})


def test_adoption_gives_a_key_and_fills_only_empty_fields() -> None:
    record = {"origin": "Person", "opportunity": "006A", "owner_id": "005Z", "status": "Confirmed"}
    (change,) = adopt(INFLUENCE, handmade(**record), suggestion(), "contoso-1a2b3c")
    assert (change.action, change.record_id, change.key) == (Action.ADOPT, "a02", "pi1-influence")
    assert set(change.old.values()) == {None}
    assert change.new == {
        "influence_key": "pi1-influence",
        "workspace": "contoso-1a2b3c",
        "account": "001A",
        "partner": suggestion()["partner"].item(),
        "evidence_summary": "partner says: we introduced you",
        "suggestion_state": "Current",
    }


def test_adoption_without_evidence_gives_key_and_workspace_only() -> None:
    (change,) = adopt(INFLUENCE, handmade(origin="Person"), suggestion().clear(), "contoso-1a2b3c")
    assert change.new == {"influence_key": "pi1-influence", "workspace": "contoso-1a2b3c"}


def test_a_record_without_a_maker_is_adopted_as_a_persons() -> None:
    (change,) = adopt(INFLUENCE, handmade(), suggestion(), "contoso-1a2b3c")
    assert change.new["origin"] == "Person"


UPDATE = Change(
    "salesforce",
    "partner_overlap",
    "k",
    "a01",
    Action.UPDATE,
    "Acme",
    "globex",
    "001A",
    "priority",
    {"priority": 75.0, "play": "Co-sell"},
    {"priority": 80.0, "play": None},
)
CREATION = replace(UPDATE, record_id=None, action=Action.CREATE, old={"priority": None}, new={"priority": 80.0})

STILL = [  # change, what the CRM says now, what is left to write, the conflict
    (UPDATE, {"priority": 75.0, "play": "Co-sell"}, {"priority": 80.0, "play": None}, None),
    (UPDATE, {"priority": 80.0, "play": None}, None, None),
    (UPDATE, {"priority": 80.0, "play": "Co-sell"}, {"play": None}, None),
    (UPDATE, {"priority": 75.0, "play": "Give a reference"}, None, "play changed in the CRM since the plan"),
    (UPDATE, {"priority": 5.0, "play": "x"}, None, "priority, play changed in the CRM since the plan"),
    (UPDATE, None, None, "the record is gone from the CRM"),
    (CREATION, None, {"priority": 80.0}, None),
    (CREATION, {"priority": 80.0}, None, None),
    (CREATION, {"priority": 75.0}, None, "the record was made in the CRM since the plan"),
]


@pytest.mark.parametrize(("change", "now", "left", "conflict"), STILL)
def test_a_change_is_held_against_what_the_crm_says_now(change, now, left, conflict) -> None:
    found, reason = still_needed(change, now)
    assert reason == conflict
    assert (found and found.new) == left
    if found and now:
        assert found.old == {name: now[name] for name in found.new}


def test_only_lists_are_put_in_order() -> None:
    row = {"overlap_customer_of": "b;c;a", "overlap_best_reason": "b;a", "overlap_family_of": None, "id": "b;a"}
    assert canonical_row(ACCOUNT, row) == row | {"overlap_customer_of": "a;b;c"}
