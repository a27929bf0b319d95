"""The weekly job on HubSpot portals of every tier: what is written, kept, taken back, and finished after a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import stamina

from jobs import steps
from jobs.stores.entries import State
from overlap.errors import ConfigError
from overlap.fields import PARTNER, SUGGESTED, TICKED
from tests.jobs.portals import GLOBEX_COMPANY, PortalWorld, portal_world
from tests.jobs.world import GLOBEX, INITECH, LISTED, listed


@pytest.fixture(params=["professional", "enterprise"])
def tier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(tmp_path: Path, tier: str) -> Iterator[PortalWorld]:
    with portal_world(tmp_path, tier) as made, stamina.set_testing(True, attempts=4, cap=True):
        yield made


only = pytest.mark.parametrize


def test_a_portal_is_set_up_written_to_left_alone_and_taken_back(world: PortalWorld, tier: str) -> None:
    with pytest.raises(Exception, match="overlap setup hubspot"):
        world.run()
    world.set_up()
    assert world.setup_plan().changes == ()
    line = len(world.portal.history())
    [first] = world.run().plans
    acme = world.record("companies", id="1")
    assert (acme["overlap_partner_count"], acme["overlap_customer_of"]) == ("2", "Globex;Initech")
    deal = world.record("deals", id="2")
    assert deal["overlap_customer_of"] == "Globex;Initech"
    if tier == "enterprise":
        assert len(world.portal.records("overlap_partner")) == 2
        assert len(world.portal.records("partner_overlap")) == 8
        [influence] = world.portal.records("partner_influence")
        assert influence["evidence_summary"] == "partner says: introduced you (2026-02-20)"
        links = {(end, other) for start, _, end, other, _ in world.portal.links() if start == "partner_influence"}
        assert {("deals", "2"), ("companies", "2")} < links
        assert len(links) == 4
    else:
        assert deal[SUGGESTED] == "Globex"
        assert "partner_overlap" not in {change.object_name for change in world.portal.history()}
    assert world.writes_since(line)

    line = len(world.portal.history())
    world.wait(days=7)
    quiet = world.run()
    assert [made.changes for made in quiet.plans] == [()]
    assert world.writes_since(line) == []

    back = world.undo(first.id)
    assert back.refused == ()
    world.apply(back.plan, approve=True)
    for name in ("companies", "deals"):
        ours = {
            key for one in world.portal.records(name) for key, value in one.items() if value and key[:8] == "overlap_"
        }
        assert ours <= {"overlap_changed_on"}
    if tier == "enterprise":
        assert {one["status"] for one in world.portal.records("partner_overlap")} == {"Retired"}
        assert {one["suggestion_state"] for one in world.portal.records("partner_influence")} == {"Withdrawn"}


@only("tier", ["professional"])
def test_what_no_list_says_any_more_is_cleared(world: PortalWorld) -> None:
    world.set_up()
    world.run()
    for _ in range(2):  # what one list lacks may be a slip
        world.wait(days=7)
        world.send(GLOBEX, listed(1, 2, 3, 4, 5))
        world.send(INITECH, listed(1))
        world.run(lists=[GLOBEX, INITECH])
    acme = world.record("companies", id="1")
    assert {name: acme[name] for name in acme if name.startswith("overlap_") and acme[name]}.keys() == {
        "overlap_changed_on"
    }
    assert world.record("deals", id="2").get(SUGGESTED) is None, "the claim is gone from the list"


@only("tier", ["professional"])
def test_a_label_that_a_person_puts_on_the_partners_company_confirms_influence(world: PortalWorld) -> None:
    world.set_up()
    world.run()
    world.wait(days=8)  # labels leave no stamp: the sweep finds them
    world.portal.label("2", GLOBEX_COMPANY, "Sourced by")
    world.run()
    deal = world.record("deals", id="2")
    assert (deal["overlap_confirmed_partners"], deal["overlap_sourced_by"]) == ("Globex", "Globex")
    world.portal.seed("companies", [{"id": "91", "name": "Globex"}])
    world.portal.merge("companies", GLOBEX_COMPANY, "91")  # the partner's own company becomes another record
    world.wait(days=1)
    assert [made.changes for made in world.run().plans] == [()]


@only("tier", ["free"])
def test_a_tick_confirms_the_suggested_partner_and_an_unclear_one_is_told(world: PortalWorld) -> None:
    world.set_up()
    world.run()
    world.wait(days=1)
    for deal in ("1", "2"):
        world.portal.edit("deals", deal, {TICKED: True})
    [made] = world.run().plans
    assert world.record("deals", id="2")["overlap_confirmed_partners"] == "Globex"
    assert [note for note in made.notes if note.startswith("Alder Pumps 2026: partner influence is confirmed")]
    assert not [note for note in made.notes if note.startswith("Birch Valves")]
    line = len(world.portal.history())
    assert [quiet.changes for quiet in world.run().plans] == [()]
    assert world.writes_since(line) == []
    world.change_settings('name = "Globex"', 'name = "Globex SE"')
    world.run()
    deal = world.record("deals", id="2")
    assert (deal[SUGGESTED], deal["overlap_confirmed_partners"]) == ("Globex", "Globex SE"), "ticked under its old name"
    world.change_settings("[partners.initech]", '[partners.globex.terms]\nuses = ["analysis"]\n[partners.initech]')
    world.run()
    deal = world.record("deals", id="2")
    assert (deal["overlap_customer_of"], deal["overlap_confirmed_partners"]) == ("Initech", "Globex SE"), (
        "it was confirmed"
    )


@contextmanager
def dies_at(name: str) -> Iterator[None]:
    def hook(step: str) -> None:
        if step == name:
            raise KeyboardInterrupt

    steps.listen(hook)
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        steps.listen(None)


@only("tier", ["enterprise"])
def test_what_was_sent_before_a_crash_is_read_back_and_made_once(world: PortalWorld) -> None:
    world.set_up()
    planned = world.look()
    for name in ("overlap_partner: sent", "partner_overlap: marked sent", "partner_overlap: sent"):
        with dies_at(name):
            world.apply(planned, approve=True)
    report = world.apply(planned, approve=True)
    assert report.states.keys() == {State.ACKNOWLEDGED}
    for object_name, number in (("overlap_partner", 2), ("partner_overlap", 8), ("partner_influence", 1)):
        assert len(world.portal.records(object_name)) == number
        made = [one for one in world.portal.history() if one.object_name == object_name and one.operation == "create"]
        assert len(made) == number
    world.wait(days=1)
    line = len(world.portal.history())
    world.run()
    assert world.writes_since(line) == []


@only("tier", ["enterprise"])
def test_answers_that_are_lost_are_read_back_and_a_refused_record_holds_up_no_other(world: PortalWorld) -> None:
    world.set_up()
    lost = [
        {"fault": "lost-reply", "path": "*/batch/create", "nth": 2},
        {"fault": "http", "status": 502, "after_commit": True, "path": "*/batch/update", "nth": 1},
    ]
    world.portal.require("partner_overlap", "feedback", {"our_population": "Prospects"}, message="needs feedback")
    planned = world.look()
    world.portal.set_faults({"seed": 1, "rules": lost})
    report = world.apply(planned, approve=True)
    assert [rule.reached for rule in world.portal.faults()] == [1, 1]
    refused = {why for _, state, why in report.troubles if state is State.REJECTED}
    assert len(refused) == 1
    assert "needs feedback" in refused.pop()
    assert report.states[State.ACKNOWLEDGED] == len(planned.changes) - report.states[State.REJECTED]
    alive = world.portal.records("partner_overlap")
    assert len(alive) == len({one["overlap_key"] for one in alive}) > 0

    world.wait(days=7)
    world.send(GLOBEX, listed(*LISTED))
    world.change_settings(f'account = "{GLOBEX_COMPANY}"', 'account = "9"')
    half = {"fault": "http", "status": 502, "path": "*/associations/*/batch/create", "nth": 1}
    world.portal.set_faults({"seed": 1, "rules": [half]})
    world.run(lists=[GLOBEX])
    assert [rule.reached for rule in world.portal.faults()] == [1]
    globex = world.record("overlap_partner", name="Globex")["id"]
    ends = {
        other
        for start, one, end, other, _ in world.portal.links()
        if (start, one, end) == (PARTNER.name, globex, "companies")
    }
    assert ends == {"9"}, "its day was written, its former link gone, and the new one not there yet"


@only("tier", ["enterprise"])
def test_influence_that_a_person_enters_is_adopted(world: PortalWorld) -> None:
    world.set_up()
    world.run()
    globex = world.record("overlap_partner", name="Globex")["id"]
    by_hand = world.portal.create("partner_influence", {"status": "Confirmed", "sourced": True})
    for end in (("deals", "3"), ("overlap_partner", globex)):
        world.portal.associate(("partner_influence", by_hand), end)
    world.wait(days=1)
    world.run()
    made = world.record("partner_influence", id=by_hand)
    assert made["influence_key"].startswith("pi1-")
    assert (made["origin"], made["status"]) == ("Person", "Confirmed")
    world.wait(days=1)
    world.run()
    assert world.record("deals", id="3")["overlap_sourced_by"] == "Globex"


@only("tier", ["professional"])
def test_a_property_of_our_name_that_is_not_ours_stops_the_setup(world: PortalWorld) -> None:
    world.portal.create_property(
        "companies",
        {
            "name": "overlap_customer_of",
            "label": "x",
            "groupName": "companyinformation",
            "type": "string",
            "fieldType": "text",
        },
    )
    with pytest.raises(ConfigError, match=r"companies\.overlap_customer_of: it is a text of string, and not ours"):
        world.set_up()
    assert not [one for one in world.portal.history() if one.object_name == "properties" and one.user == "api"]
