"""What HubSpot makes of our writes; the general promises are in `tests/connectors/contract.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import pytest

from connectors.base import Remedy, Write
from connectors.hubspot.connection import HubSpotConnection
from overlap.errors import AccessError, BusyError, TransientError
from overlap.fields import PARTNER, SUGGESTED, TICKED
from tests.connectors.contract import WORKSPACE, partner
from tests.connectors.hubspot.bench import HubSpotBench, Site, connected
from tests.connectors.hubspot.schemas import make_flat_fields, set_up

FAMILIES = ("2026-09", "2026-03", "v3")


@pytest.fixture
def org(enterprise: Site) -> Iterator[HubSpotBench]:
    with connected(enterprise) as connection:
        yield HubSpotBench(connection, enterprise.portal)


@pytest.fixture
def flat(hubspot: Site) -> Iterator[HubSpotBench]:
    """A Professional portal with our properties on companies and deals."""
    with connected(hubspot) as connection:
        make_flat_fields(connection.session)
        yield HubSpotBench(connection, hubspot.portal)


def links_of(org: HubSpotBench, name: str, record: str) -> set[tuple[str, str]]:
    """The records that a record of ours is associated with: (object, id)."""
    return {(end, other) for start, one, end, other, _ in org.portal.links() if (start, one) == (name, record)}


def asked(org: HubSpotBench, ending: str) -> int:
    return sum(one.path.endswith(ending) and "/properties/" not in one.path for one in org.portal.requests())


def overlap_of(account: str, key: str = "k2", **values) -> Write:
    return Write(key, None, {"name": "Globex: Acme", "workspace": WORKSPACE, "account": account, **values})


@pytest.mark.parametrize("api", FAMILIES)
def test_a_new_record_comes_with_its_links_and_changed_links_follow(enterprise: Site, api: str) -> None:
    with connected(enterprise, api=api) as connection:
        org, sink = HubSpotBench(connection, enterprise.portal), connection.sink
        acme, umbrella = org.add_accounts(["Acme", "Umbrella"])
        [globex, initech] = sink.send("overlap_partner", [partner("k1"), partner("k3", name="Initech")])
        [made] = sink.send("partner_overlap", [overlap_of(acme, partner="k1", play="Co-sell")])
        assert made.created
        assert links_of(org, "partner_overlap", made.record_id) == {
            ("companies", acme),
            ("overlap_partner", globex.record_id),
        }
        made_in = [change.request for change in org.portal.history() if made.record_id in str(change)]
        assert len(set(made_in)) == 1, "one call: nobody sees it without its links, and nothing is left half done"
        changed = {"account": umbrella, "partner": "k3", "match_reason": "same domain"}
        [moved] = sink.send("partner_overlap", [Write("k2", made.record_id, changed)])
        assert (moved.error, moved.created) == (None, False)
        [now] = sink.current("partner_overlap", ["k2"]).to_dicts()
        assert {name: now[name] for name in changed} == changed
        assert links_of(org, "partner_overlap", made.record_id) == {
            ("companies", umbrella),
            ("overlap_partner", initech.record_id),
        }


@pytest.mark.parametrize("api", FAMILIES)
def test_flat_fields_are_written_by_record_id_and_cleared(hubspot: Site, api: str) -> None:
    with connected(hubspot, api=api) as connection:
        make_flat_fields(connection.session)
        org, sink = HubSpotBench(connection, hubspot.portal), connection.sink
        [acme] = org.add_accounts(["Acme"])
        values = {"overlap_customer_of": ["Initech", "Globex"], "overlap_icp_fit": 70.0, "overlap_best_play": "Co-sell"}
        [taken] = sink.send("account", [Write(acme, acme, values)])
        assert (taken.record_id, taken.created, taken.error) == (acme, False, None)
        [now] = sink.current("account", [], [acme]).to_dicts()
        assert (set(now["overlap_customer_of"].split(";")), now["overlap_icp_fit"]) == ({"Globex", "Initech"}, 70.0)
        assert hubspot.portal.records("companies")[0]["overlap_icp_fit"] == "70"
        sink.send("account", [Write(acme, acme, dict.fromkeys(values))])
        assert not any(hubspot.portal.records("companies")[0].get(name) for name in values)


def test_a_link_is_cleared(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    [made] = sink.send("partner_overlap", [overlap_of(acme)])
    [cleared] = sink.send("partner_overlap", [Write("k2", made.record_id, {"account": None})])
    assert cleared.error is None
    assert links_of(org, "partner_overlap", made.record_id) == set()


def test_a_link_to_a_record_that_is_not_there_is_an_error_of_its_record(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    nobody, lost, fine = sink.send(
        "partner_overlap",
        [overlap_of(acme, "k2", partner="nobody"), overlap_of("999999", "k3"), overlap_of(acme, "k4")],
    )
    assert "nobody" in nobody.error
    assert (nobody.remedy, lost.remedy, fine.error) == (Remedy.REJECT, Remedy.REJECT, None)
    [late] = sink.send("partner_overlap", [Write("k4", fine.record_id, {"account": "999999"})])
    assert late.remedy is Remedy.REJECT, "the company is gone, and not the record"
    assert links_of(org, "partner_overlap", fine.record_id) == {("companies", acme)}, "what was there stays"


def test_links_that_are_refused_as_a_whole_are_taken_apart(org: HubSpotBench) -> None:
    sink = org.connection.sink
    acme, umbrella = org.add_accounts(["Acme", "Umbrella"])
    made = sink.send("partner_overlap", [overlap_of(acme, "k2"), overlap_of(acme, "k3")])
    nameless = {"status": 207, "body": json.dumps({"errors": [{"category": "VALIDATION_ERROR", "message": "No"}]})}
    for answer in ({"status": 400}, {"status": 404, "body": json.dumps({"category": "OBJECT_NOT_FOUND"})}, nameless):
        for verb, end in (("create", umbrella), ("archive", None)):
            path = f"*/associations/*/batch/{verb}"
            org.portal.set_faults({"seed": 1, "rules": [{"fault": "http", "path": path, "nth": 1, **answer}]})
            batch = [Write(one.key, one.record_id, {"account": end}) for one in made]
            assert [one.error for one in sink.send("partner_overlap", batch)] == [None, None]
            ends = {("companies", end)} if end else set()
            assert [links_of(org, "partner_overlap", one.record_id) for one in made] == [ends, ends]


def test_links_that_are_refused_whatever_their_company_take_few_calls(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    made = sink.send(
        "partner_overlap",
        [Write(f"k{at}", None, {"name": "Globex", "workspace": WORKSPACE}) for at in range(64)],
    )
    org.portal.set_faults({"seed": 1, "rules": [{"fault": "http", "path": "*/create", "status": 400, "times": 99}]})
    before = asked(org, "/create")
    refused = sink.send("partner_overlap", [Write(one.key, one.record_id, {"account": acme}) for one in made])
    assert asked(org, "/create") - before <= 15
    assert {one.remedy for one in refused} <= {Remedy.SPLIT, Remedy.UNKNOWN}
    assert refused[-1].remedy is Remedy.SPLIT


def test_links_that_are_not_answered_are_not_taken(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    [made] = sink.send("partner_overlap", [Write("k2", None, {"name": "Globex: Acme", "workspace": WORKSPACE})])
    rule = {"fault": "http", "status": 207, "path": "*/associations/*/batch/create", "nth": 1}
    change = Write("k2", made.record_id, {"account": acme})
    org.portal.set_faults({"seed": 1, "rules": [{**rule, "body": json.dumps({"results": []})}]})
    with pytest.raises(TransientError, match="some were not answered"):
        sink.send("partner_overlap", [change])
    refusal = {"results": [], "errors": [{"category": "VALIDATION_ERROR", "message": "No", "context": {}}]}
    org.portal.set_faults({"seed": 1, "rules": [{**rule, "body": json.dumps(refusal)}]})
    [refused] = sink.send("partner_overlap", [change])
    assert (refused.remedy, refused.error) == (Remedy.REJECT, "VALIDATION_ERROR: No"), "nobody is named: it is the one"


def test_what_could_not_be_read_is_not_taken_for_absent(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    sink.send("partner_overlap", [overlap_of(acme)])
    failed = {"results": [], "numErrors": 1, "errors": [{"category": "INTERNAL_ERROR", "message": "try later"}]}
    for path in ("*/objects/*/batch/read", "*/associations/*/batch/read"):
        for body in (failed, {"results": [], "numErrors": 1}):
            rule = {"fault": "http", "status": 207, "body": json.dumps(body), "path": path, "nth": 1}
            org.portal.set_faults({"seed": 1, "rules": [rule]})
            with pytest.raises(TransientError, match="a part of a batch could not be read"):
                sink.current("partner_overlap", ["k2"])
    assert sink.current("partner_overlap", ["k2", "nobody"])["account"].to_list() == [acme]


def test_a_batch_of_which_one_record_is_said_to_be_gone_is_taken_apart(org: HubSpotBench) -> None:
    sink = org.connection.sink
    made = sink.send("overlap_partner", [partner("k1"), partner("k2")])
    said = json.dumps({"category": "OBJECT_NOT_FOUND", "message": "Object not found"})
    rule = {"fault": "http", "status": 404, "body": said, "path": "*/objects/*/batch/update", "nth": 1, "times": 2}
    org.portal.set_faults({"seed": 1, "rules": [rule]})
    receipts = sink.send("overlap_partner", [Write(one.key, one.record_id, {"name": "A"}) for one in made])
    assert [one.gone for one in receipts] == [True, False]
    assert receipts[1].error is None


def test_adopts_a_record_that_a_person_made(org: HubSpotBench) -> None:
    by_hand = org.portal.create("partner_influence", {"status": "Proposed"})
    adoption = Write("k1", by_hand, {"influence_key": "k1", "workspace": WORKSPACE, "origin": "Person"})
    [answer] = org.connection.sink.send("partner_influence", [adoption])
    assert answer.error is None
    [record] = org.connection.sink.current("partner_influence", ["k1"]).to_dicts()
    assert (record["id"], record["origin"], record["status"]) == (by_hand, "Person", "Proposed")


def test_two_writers_of_one_key_make_one_record(org: HubSpotBench, enterprise: Site) -> None:
    with connected(enterprise) as other:
        [first] = other.sink.send("overlap_partner", [partner("k1")])
    fresh, again = org.connection.sink.send("overlap_partner", [partner("k2"), partner("k1", name="Globex SE")])
    assert (fresh.created, again.created, again.error) == (True, False, None)
    assert again.record_id == first.record_id
    names = {one["partner_key"]: one["name"] for one in org.portal.records("overlap_partner")}
    assert (names, len(org.portal.records("overlap_partner"))) == ({"k1": "Globex SE", "k2": "Globex"}, 2)


def test_an_answer_that_is_lost_is_no_receipt_and_the_key_tells_what_came_of_it(org: HubSpotBench) -> None:
    sink = org.connection.sink
    org.portal.set_faults({"seed": 1, "rules": [{"fault": "lost-reply", "path": "*/batch/create", "nth": 1}]})
    with pytest.raises(TransientError, match="read them back"):
        sink.send("overlap_partner", [partner("k1")])
    assert asked(org, "/batch/create") == 1, "a create is sent once"
    [made] = org.portal.records("overlap_partner")
    assert sink.current("overlap_partner", ["k1"])["id"].to_list() == [made["id"]]


def test_a_validation_rule_of_the_portal_refuses_single_records(org: HubSpotBench) -> None:
    org.portal.require("overlap_partner", "tier", {"feed_status": "Late"}, message="Late partners need a tier")
    late, fine = org.connection.sink.send("overlap_partner", [partner("k1", feed_status="Late"), partner("k2")])
    assert (late.remedy, fine.error) == (Remedy.REJECT, None)
    assert late.error.startswith("VALIDATION_ERROR: ")
    assert "Late partners need a tier" in late.error
    [now] = org.connection.sink.current("overlap_partner", ["k2"]).to_dicts()
    [ruled] = org.connection.sink.send("overlap_partner", [Write("k2", now["id"], {"feed_status": "Late"})])
    assert ruled.remedy is Remedy.REJECT


def test_a_locked_record_may_be_sent_again(org: HubSpotBench) -> None:
    org.portal.set_faults(
        {"seed": 1, "rules": [{"fault": "lock-rows", "path": "*/batch/create", "nth": 1, "rows": [0]}]}
    )
    locked, taken = org.connection.sink.send("overlap_partner", [partner("k1"), partner("k2")])
    assert locked.error.startswith("LOCKED: ")
    assert (locked.retry, taken.error) == (True, None)


def test_a_record_that_is_gone_is_told_so(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [gone, stays] = sink.send("overlap_partner", [partner("k1"), partner("k2")])
    org.portal.archive("overlap_partner", gone.record_id)
    batch = [Write("k1", gone.record_id, {"name": "A"}), Write("k2", stays.record_id, {"name": "B"})]
    receipts = sink.send("overlap_partner", batch)
    assert [one.gone for one in receipts] == [True, False]
    assert receipts[1].error is None
    assert sink.deleted("overlap_partner", ["k1", "k2"]) == {"k1": gone.record_id}


def test_of_an_archive_of_any_size_only_the_batch_is_asked_for(org: HubSpotBench) -> None:
    sink = org.connection.sink
    gone = sink.send("overlap_partner", [partner("k1"), partner("k2")])
    for one in gone:
        org.portal.archive("overlap_partner", one.record_id)
    sink.send("overlap_partner", [partner("k2")])
    keys = ["k1", "k2", *(f"never {number}" for number in range(150))]
    most, before = sink.looks("overlap_partner", len(keys), 0), len(org.portal.requests())
    assert sink.deleted("overlap_partner", keys) == {one.key: one.record_id for one in gone}
    asked_for = org.portal.requests()[before:]
    assert [request.path.rpartition("/")[2] for request in asked_for] == ["read"] * 2, "not one page of the archive"
    assert len(asked_for) <= most


def test_a_batch_that_is_refused_as_a_whole_is_taken_apart(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [known] = sink.send("overlap_partner", [partner("k1")])
    twice = [
        Write(key, known.record_id, {"name": key}) for key in ("k1", "k2")
    ]  # HubSpot refuses both for one id twice
    receipts = sink.send("overlap_partner", twice)
    assert [one.error for one in receipts] == [None, None]


@pytest.mark.parametrize("bad", [(99,), range(100)], ids=["the last", "all"])
def test_halving_takes_few_calls_and_leaves_the_rest_for_smaller_batches(org: HubSpotBench, bad: Sequence[int]) -> None:
    no = {"fault": "http", "path": "*/batch/create", "status": 400, "body": '{"category": "VALIDATION_ERROR"}'}
    org.portal.set_faults([{**no, "contains": f'"name {at}"', "probability": 1.0} for at in bad])
    receipts = org.connection.sink.send("overlap_partner", [partner(f"k{at}", name=f"name {at}") for at in range(100)])
    assert asked(org, "/batch/create") <= 1 + 14, "to halve 100 seven times takes two calls each"
    rejected = [at for at, one in enumerate(receipts) if one.remedy is Remedy.REJECT]
    assert rejected == list(bad)[: len(rejected)] != []
    assert sum(one.remedy is Remedy.SPLIT for one in receipts) == len(bad) - len(rejected)
    assert len(org.portal.records("overlap_partner")) == 100 - len(bad)


def test_an_option_is_there_before_its_value_and_none_is_removed(flat: HubSpotBench) -> None:
    [acme] = flat.add_accounts(["Acme"])
    sink = flat.connection.sink
    [taken] = sink.send(
        "account", [Write(acme, acme, {"overlap_customer_of": ["Newcomer"], "overlap_best_play": "Own"})]
    )
    assert taken.error is None
    lists = flat.connection.session.properties("companies")
    assert [one["label"] for one in lists["overlap_customer_of"]["options"]] == ["Globex", "Initech", "Newcomer"]
    assert "Own" in [one["value"] for one in lists["overlap_best_play"]["options"]]
    before = len(flat.portal.requests())
    sink.send("account", [Write(acme, acme, {"overlap_customer_of": ["Globex"]})])
    assert [request.method for request in flat.portal.requests()[before:]] == ["POST"], "known options cost no call"


def test_a_property_that_is_missing_stops_it_before_anything_is_sent(flat: HubSpotBench) -> None:
    [acme] = flat.add_accounts(["Acme"])
    flat.portal.archive_property("companies", "overlap_best_reason")
    with pytest.raises(AccessError, match=r"overlap_best_reason of companies is missing.*overlap setup hubspot"):
        flat.connection.sink.send("account", [Write(acme, acme, {"overlap_best_reason": "x", "overlap_icp_fit": 1})])
    assert flat.portal.records("companies")[0].get("overlap_icp_fit") is None


def test_what_a_portal_holds_follows_its_tier_and_its_properties(hubspot: Site) -> None:
    def held(connection: HubSpotConnection) -> dict[str, int]:
        return {thing.name: len(thing.fields) for thing in connection.holds}

    hubspot.portal.set_tier("free")
    with connected(hubspot) as bare:
        with pytest.raises(AccessError, match=r"companies have none of overlap's properties.*overlap setup hubspot"):
            held(bare)
        bare.flat_fields = False
        assert held(bare) == {}
        set_up(bare.session)
    with connected(hubspot) as connection:
        assert held(connection) == {"account": 10, "opportunity": 10}
    hubspot.portal.set_tier("enterprise")
    with connected(hubspot) as connection:
        assert set(held(connection)) == {"overlap_partner", "partner_overlap", "partner_influence"} | {
            "account",
            "opportunity",
        }
        assert connection.holds[0] is PARTNER
        assert {SUGGESTED, TICKED} < {one.name for one in connection.holds[-1].fields}, "of the tier before"
        deal = hubspot.portal.create("deals", {"dealname": "D", "dealstage": "contractsent", TICKED: True})
        assert connection.sink.current("opportunity", [], [deal])[TICKED].to_list() == [True]


def test_says_how_many_calls_looking_and_writing_take_at_most(org: HubSpotBench) -> None:
    [acme] = org.add_accounts(["Acme"])
    sink, session = org.connection.sink, org.connection.session
    sink.send("overlap_partner", [partner("k1")])
    keys = [f"o{number}" for number in range(250)]
    most = sink.looks("partner_overlap", len(keys), 0)
    before = session.calls
    sink.current("partner_overlap", keys)
    assert most >= session.calls - before >= 3
    most, before = sink.calls("partner_overlap", 100, 0), session.calls
    sink.current("partner_overlap", keys[:100])
    made = sink.send("partner_overlap", [overlap_of(acme, key, partner="k1") for key in keys[:100]])
    assert most >= session.calls - before
    most, before = sink.calls("partner_overlap", 0, 100), session.calls
    ids = [str(one.record_id) for one in made]
    sink.current("partner_overlap", [], ids)
    sink.send("partner_overlap", [Write(one.key, one.record_id, {"account": None, "priority": 5.0}) for one in made])
    assert most >= session.calls - before


def test_what_was_taken_in_part_is_never_said_to_be_refused(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    [made] = sink.send("partner_overlap", [overlap_of(acme)])
    org.portal.set_faults(
        {"seed": 1, "rules": [{"fault": "http", "status": 403, "path": "*/associations/*/batch/archive", "times": 9}]}
    )
    with pytest.raises(TransientError, match="a part of the same batch was taken"):
        sink.send("partner_overlap", [Write("k2", made.record_id, {"account": None, "match_reason": "same domain"})])
    assert org.portal.records("partner_overlap")[0]["match_reason"] == "same domain"
    with pytest.raises(AccessError):
        sink.send("partner_overlap", [Write("k2", made.record_id, {"account": None})])


def test_nothing_is_called_untouched_that_was_taken_in_part(org: HubSpotBench) -> None:
    sink = org.connection.sink
    acme, umbrella = org.add_accounts(["Acme", "Umbrella"])
    [made] = sink.send("partner_overlap", [overlap_of(acme)])
    busy = {"fault": "http", "status": 423, "path": "*/associations/*/batch/archive", "times": 9}
    org.portal.set_faults({"seed": 1, "rules": [busy]})
    with pytest.raises(BusyError):
        sink.send("partner_overlap", [Write("k2", made.record_id, {"account": umbrella})])
    with pytest.raises(TransientError, match="a part of the same batch was taken") as told:
        sink.send("partner_overlap", [Write("k2", made.record_id, {"account": umbrella, "match_reason": "name"})])
    assert not isinstance(told.value, BusyError)


def test_a_link_that_is_refused_leaves_the_rest_of_its_record_taken(org: HubSpotBench) -> None:
    sink = org.connection.sink
    [acme] = org.add_accounts(["Acme"])
    [made] = sink.send("partner_overlap", [overlap_of(acme)])
    [refused] = sink.send("partner_overlap", [Write("k2", made.record_id, {"partner": "nobody"})])
    assert (refused.remedy, refused.partly, refused.landed) == (Remedy.REJECT, False, ())
    sink.send("overlap_partner", [partner("k1")])
    values = {"account": "999999", "match_reason": "name", "partner": "k1"}
    [refused] = sink.send("partner_overlap", [Write("k2", made.record_id, values)])
    assert (refused.remedy, refused.partly, refused.landed) == (Remedy.REJECT, True, ("match_reason", "partner"))
    assert (
        sink.current("partner_overlap", ["k2"]).row(0, named=True).items()
        >= {
            "account": acme,
            "match_reason": "name",
            "partner": "k1",
        }.items()
    )


def test_a_type_of_link_that_cannot_be_asked_takes_no_former_end_away(org: HubSpotBench, enterprise: Site) -> None:
    acme, umbrella = org.add_accounts(["Acme", "Umbrella"])
    [made] = org.connection.sink.send("partner_overlap", [overlap_of(acme)])
    with connected(enterprise) as connection:
        none = {"fault": "http", "status": 200, "path": "*/labels", "body": json.dumps({"results": []}), "nth": 1}
        org.portal.set_faults({"seed": 1, "rules": [none]})
        with pytest.raises(AccessError, match="cannot be associated"):
            connection.sink.send("partner_overlap", [Write("k2", made.record_id, {"account": umbrella})])
    assert links_of(org, "partner_overlap", made.record_id) == {("companies", acme)}


def test_a_refusal_that_names_nobody_is_that_of_the_record_that_stands_alone(org: HubSpotBench) -> None:
    said = json.dumps({"results": [], "errors": [{"category": "VALIDATION_ERROR", "message": "No"}]})
    rule = {"fault": "http", "status": 207, "path": "*/batch/create", "body": said}
    org.portal.set_faults(
        {"seed": 1, "rules": [{**rule, "nth": 1, "times": 2}]}
    )  # the call of three, that of the first
    batch = [partner("k1"), partner("k2"), partner("k3")]
    assert [one.error for one in org.connection.sink.send("overlap_partner", batch)] == [
        "VALIDATION_ERROR: No",
        None,
        None,
    ]


def test_a_record_that_is_called_taken_and_refused_is_looked_for_by_its_key(org: HubSpotBench, enterprise) -> None:
    with connected(enterprise) as other:
        [made] = other.sink.send("overlap_partner", [partner("k1")])
    results = [{"id": "1", "objectWriteTraceId": "k1", "properties": {}}]
    errors = [{"category": "CONFLICT", "message": "No", "context": {"objectWriteTraceId": ["k1"]}}]
    said = json.dumps({"results": results, "errors": errors})
    org.portal.set_faults(
        {"seed": 1, "rules": [{"fault": "http", "status": 207, "path": "*/batch/create", "body": said, "nth": 1}]}
    )
    [found] = org.connection.sink.send("overlap_partner", [partner("k1", name="Globex SE")])
    assert (found.record_id, found.created, found.error) == (made.record_id, False, None)


def test_a_record_that_is_called_taken_and_refused_answers_for_no_other(org: HubSpotBench) -> None:
    results = [{"id": "1", "objectWriteTraceId": "k1", "properties": {}}]
    errors = [{"category": "VALIDATION_ERROR", "message": "No", "context": {"objectWriteTraceId": ["k1"]}}]
    said = json.dumps({"results": results, "errors": errors})
    org.portal.set_faults(
        {"seed": 1, "rules": [{"fault": "http", "status": 207, "path": "*/batch/create", "body": said, "nth": 1}]}
    )
    with pytest.raises(TransientError, match="of 2 records sent, 1 were not answered"):
        org.connection.sink.send("overlap_partner", [partner("k1"), partner("k2")])
