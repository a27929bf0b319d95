"""What Salesforce makes of our writes; the general promises are in `tests/connectors/contract.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from connectors.base import Remedy, Write
from connectors.salesforce.objects import api_name
from connectors.salesforce.sink import SalesforceSink, receipt
from connectors.sandbox.ids import record_id
from overlap.errors import AccessError, TransientError
from overlap.fields import ACCOUNT, OBJECTS, PARTNER, Owner
from tests.connectors.contract import WORKSPACE, partner
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.connectors.salesforce.scripted import Script, describe, opened, refusal, scripted
from tests.sandbox import Sandbox


@pytest.fixture
def org(salesforce: Sandbox) -> Iterator[SalesforceBench]:
    with connected(salesforce) as connection:
        yield SalesforceBench(connection, salesforce.store)


def refused(code: str, message: str = "words", fields: tuple[str, ...] = ()) -> dict[str, object]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": fields}]}


def partner_described(script: Script) -> None:
    describe(script, "Overlap_Partner__c", ["Id", *map(api_name, PARTNER.fields)])


def test_says_code_words_and_fields_of_a_refusal(org: SalesforceBench) -> None:
    [answer] = org.connection.sink.send("overlap_partner", [partner("k1", feed_status="Nonsense")])
    assert answer.error.startswith("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: ")
    assert answer.error.endswith("(Feed_Status__c)")
    assert not answer.retry


def test_a_locked_row_may_be_sent_again(org: SalesforceBench) -> None:
    org.store.lock_rows(1)
    locked, taken = org.connection.sink.send("overlap_partner", [partner("k1"), partner("k2")])
    assert locked.error.startswith("UNABLE_TO_LOCK_ROW")
    assert locked.retry
    assert taken.error is None
    [again] = org.connection.sink.send("overlap_partner", [partner("k1")])
    assert again.created


def test_a_key_that_another_writer_created_meanwhile_may_be_sent_again() -> None:
    race = refused("DUPLICATE_VALUE", "duplicate value found: Overlap_Key__c duplicates value on record with id: 001")
    assert receipt(Write("k1", None, {}), race).retry
    assert not receipt(Write("k1", "a01", {}), race).retry


def test_a_key_twice_in_one_call_stays_refused(org: SalesforceBench) -> None:
    answers = org.connection.sink.send("overlap_partner", [partner("k1"), partner("k1")])
    assert [answer.error.startswith("DUPLICATE_VALUE") for answer in answers] == [True, True]
    assert not any(answer.retry for answer in answers)


def test_several_errors_of_one_record_are_all_told_and_the_one_that_counts_comes_first() -> None:
    """By its word, an apply knows whether it has stopped for this refusal before."""
    codes = ("UNABLE_TO_LOCK_ROW", "STRING_TOO_LONG", "BRAND_NEW_CODE")
    result = {"success": False, "errors": [error for code in codes for error in refused(code)["errors"]]}
    answer = receipt(Write("k1", None, {}), result)
    assert answer.error == "BRAND_NEW_CODE: words; STRING_TOO_LONG: words; UNABLE_TO_LOCK_ROW: words"
    assert answer.remedy is Remedy.UNKNOWN


def test_a_lookup_to_a_record_that_is_not_there_is_an_error_of_its_record(org: SalesforceBench) -> None:
    sent = [Write("k1", None, {"name": "x", "workspace": WORKSPACE, "partner": "nowhere"})]
    [answer] = org.connection.sink.send("partner_overlap", sent)
    assert "nowhere" in answer.error
    assert not answer.retry


def test_a_lookup_is_cleared_by_its_own_name(org: SalesforceBench) -> None:
    sink = org.connection.sink
    sink.send("overlap_partner", [partner("k1")])
    sink.send("partner_overlap", [Write("k2", None, {"name": "x", "partner": "k1"})])
    [cleared] = sink.send("partner_overlap", [Write("k2", None, {"partner": None})])
    assert cleared.error is None
    assert sink.current("partner_overlap", ["k2"])["partner"].to_list() == [None]


def test_adopts_a_record_that_a_person_made(org: SalesforceBench) -> None:
    by_hand = org.store.create("Partner_Influence__c", {"Status__c": "Proposed"})
    adoption = Write("k1", by_hand, {"influence_key": "k1", "workspace": WORKSPACE})
    [answer] = org.connection.sink.send("partner_influence", [adoption])
    assert answer.error is None
    [record] = org.connection.sink.current("partner_influence", ["k1"]).to_dicts()
    assert (record["id"], record["origin"], record["status"]) == (by_hand, "Person", "Proposed")


def test_writes_flat_fields_by_record_id(org: SalesforceBench) -> None:
    [account] = org.add_accounts(["Acme"])
    values = {"overlap_customer_of": ["Globex", "Initech"], "overlap_icp_fit": 70}
    [answer] = org.connection.sink.send("account", [Write(account, account, values)])
    assert (answer.record_id, answer.created, answer.error) == (account, False, None)
    [record] = org.connection.sink.current("account", [], [account]).to_dicts()
    assert (record["overlap_customer_of"], record["overlap_icp_fit"]) == ("Globex;Initech", 70.0)


def test_an_account_has_no_key_to_be_read_by(org: SalesforceBench) -> None:
    with pytest.raises(ValueError, match="by id"):
        org.connection.sink.current("account", ["k1"])


def test_reads_back_any_number_of_keys_in_urls_that_salesforce_takes(org: SalesforceBench) -> None:
    keys = [f"pi1-{number:026}" for number in range(1000)]
    org.connection.sink.send("overlap_partner", [partner(key) for key in keys[::10]])
    found = org.connection.sink.current("overlap_partner", keys + keys)
    assert sorted(found["partner_key"]) == keys[::10]
    lengths = [len(quote_plus(request.query)) for request in org.store.requests() if " IN (" in request.query]
    assert 2 <= len(lengths) <= 5
    assert max(lengths) <= 14_000


def test_a_look_takes_no_more_calls_than_was_told_before(org: SalesforceBench) -> None:
    sink, used = org.connection.sink, org.connection.api_calls_made
    for by_key, by_id in [(1, 0), (150, 50), (0, 900), (1400, 600)]:  # the first one with a describe
        keys = [f"pi1-{number:026}" for number in range(by_key)]
        ids = [record_id("Overlap_Partner__c", number) for number in range(1, by_id + 1)]
        before, told = used(), sink.looks("overlap_partner", by_key, by_id)
        sink.current("overlap_partner", keys, ids)
        assert used() - before <= told <= 12


def test_a_batch_takes_as_many_calls_as_was_told_before(org: SalesforceBench) -> None:
    sink, used = org.connection.sink, org.connection.api_calls_made
    [known] = sink.send("overlap_partner", [partner("k1")])
    batch = [Write("k1", known.record_id, {"name": "x"}), *(partner(f"k{number}") for number in range(2, 201))]
    before = used()
    sink.current("overlap_partner", [write.key for write in batch[1:]], [known.record_id])
    sink.send("overlap_partner", batch)
    assert used() - before == sink.calls("overlap_partner", 199, 1) == 4


def test_says_what_of_given_keys_was_deleted(org: SalesforceBench) -> None:
    made = org.connection.sink.send("overlap_partner", [partner("k1"), partner("k2")])
    org.store.delete("Overlap_Partner__c", made[0].record_id)
    assert org.connection.sink.deleted("overlap_partner", ["k1", "k2", "k3"]) == {"k1": made[0].record_id}


def test_a_record_named_by_key_and_by_id_comes_once(org: SalesforceBench) -> None:
    [known] = org.connection.sink.send("overlap_partner", [partner("k1")])
    assert org.connection.sink.current("overlap_partner", ["k1"], [known.record_id]).height == 1


def test_no_payload_ever_held_what_a_person_owns(org: SalesforceBench) -> None:
    [account] = org.add_accounts(["Acme"])
    sink = org.connection.sink
    sink.send("overlap_partner", [partner("k1")])
    sink.send("partner_overlap", [Write("k2", None, {"name": "x", "partner": "k1", "account": account})])
    sink.send("partner_influence", [Write("k3", None, {"overlap": "k2", "partner": "k1", "origin": "Engine"})])
    sink.send("account", [Write(account, account, {"overlap_icp_tier": "A"})])
    theirs = {api_name(field) for thing in OBJECTS for field in thing.fields if field.owner is not Owner.ENGINE}
    theirs -= {api_name(field) for thing in OBJECTS for field in thing.engine_fields}
    bodies = [json.loads(request.body) for request in org.store.requests() if request.method == "PATCH"]
    sent = {name for body in bodies for record in body["records"] for name in record}
    assert len(bodies) == 4
    assert not sent & theirs


def test_a_token_that_dies_before_a_write_is_renewed_and_the_write_is_made_once(org: SalesforceBench) -> None:
    org.store.expire_tokens()
    [answer] = org.connection.sink.send("overlap_partner", [partner("k1")])
    assert answer.created
    assert len([change for change in org.store.history() if change.object_name == "Overlap_Partner__c"]) == 1


def test_a_write_that_met_a_dead_server_has_an_unknown_fate(org: SalesforceBench) -> None:
    org.connection.sink.current("overlap_partner", ["k1"])
    org.store.set_down(True)
    with pytest.raises(TransientError, match="unknown whether"):
        org.connection.sink.send("overlap_partner", [partner("k1")])


def test_says_read_back_when_only_half_of_a_batch_was_taken(tmp_path: Path) -> None:
    with scripted(tmp_path) as script:
        partner_described(script)
        script.answers["composite/sobjects/Overlap_Partner__c"] = [(404, refusal("NOT_FOUND", "no external id"))]
        script.answers["composite/sobjects"] = [(200, [{"id": "a01", "success": True, "errors": []}])]
        with closing(opened(script)) as session:
            sink = SalesforceSink(session)
            with pytest.raises(TransientError, match="a part of the same batch was taken"):
                sink.send("overlap_partner", [partner("k1"), Write("k2", "a01", {"name": "x"})])
            with pytest.raises(AccessError, match="no external id"):
                sink.send("overlap_partner", [partner("k1")])


def test_a_call_refused_for_one_of_its_records_is_halved_until_that_one_stands_alone(tmp_path: Path) -> None:
    """Four records, the third is the bad one: 1 2 3 4, then 1 2, then 3 4, then 3, then 4."""

    def taken(*names: str) -> tuple[int, object]:
        return 200, [{"id": name, "success": True, "errors": [], "created": True} for name in names]

    no = (400, refusal("JSON_PARSER_ERROR", "Unexpected character"))
    with scripted(tmp_path) as script:
        partner_described(script)
        script.answers["composite"] = [no, taken("a1", "a2"), no, no, taken("a4")]
        with closing(opened(script)) as session:
            receipts = SalesforceSink(session).send("overlap_partner", [partner(f"k{at}") for at in range(1, 5)])
        assert script.count("composite") == 5
    assert [one.record_id for one in receipts] == ["a1", "a2", None, "a4"]
    assert [one.remedy for one in receipts] == [None, None, Remedy.REJECT, None]


@pytest.mark.parametrize("bad", [(0,), (199,), range(200)], ids=["the first", "the last", "all"])
def test_halving_takes_few_calls_and_leaves_the_rest_for_smaller_batches(
    org: SalesforceBench, bad: Sequence[int]
) -> None:
    sink, session = org.connection.sink, org.connection.session
    sink.current("overlap_partner", ["k0"])  # what the object looks like is known from then on
    no = {"fault": "http", "path": "composite/*", "status": 400, "body": json.dumps(refusal("JSON_PARSER_ERROR"))}
    org.store.set_faults([{**no, "contains": f'"name {at}"', "probability": 1.0} for at in bad])
    before = session.calls
    receipts = sink.send("overlap_partner", [partner(f"k{at}", name=f"name {at}") for at in range(200)])
    assert session.calls - before <= 1 + 16, "to halve 200 eight times takes two calls each"
    rejected = [at for at, one in enumerate(receipts) if one.remedy is Remedy.REJECT]
    assert rejected == list(bad)[: len(rejected)] != []
    left = [one for one in receipts if one.remedy is Remedy.SPLIT]
    assert len(left) == len(bad) - len(rejected)
    assert len(org.store.records("Overlap_Partner__c")) == 200 - len(bad)


def test_an_answer_that_forgets_records_leaves_their_fate_unknown(tmp_path: Path) -> None:
    with scripted(tmp_path) as script:
        partner_described(script)
        script.answers["composite"] = [(200, [{"id": "a01", "success": True, "errors": []}])]
        with closing(opened(script)) as session, pytest.raises(TransientError, match="2 records sent"):
            SalesforceSink(session).send("overlap_partner", [partner("k1"), partner("k2")])


def test_answers_that_are_not_of_the_records_leave_their_fate_unknown(tmp_path: Path) -> None:
    one, other = ({"id": record, "success": True, "errors": []} for record in ("a01", "a02"))
    batch = [Write("k1", "a01", {"name": "x"}), Write("k2", "a02", {"name": "x"})]
    with scripted(tmp_path) as script:
        partner_described(script)
        with closing(opened(script)) as session:
            no_code = {"success": False, "errors": [{"message": "words"}]}
            odd_words = {"success": False, "errors": [{"statusCode": "A", "message": {}, "fields": "x"}]}
            for odd in ({**one, "id": "a09"}, {**one, "id": 9}, None, {"success": True}, no_code, odd_words):
                script.answers["composite"] = [(200, [one, odd])]
                with pytest.raises(TransientError, match="not of the records"):
                    SalesforceSink(session).send("overlap_partner", batch)
            script.answers["composite"] = [(200, [one, other])]
            assert len(SalesforceSink(session).send("overlap_partner", batch)) == 2


def test_sends_nothing_of_a_batch_with_a_bug_in_it(org: SalesforceBench) -> None:
    with pytest.raises(ValueError, match="tier"):
        org.connection.sink.send("overlap_partner", [partner("k1"), partner("k2", tier="Growth")])
    assert org.connection.sink.current("overlap_partner", ["k1"]).is_empty()


def test_sends_nothing_to_fields_that_are_hidden(org: SalesforceBench) -> None:
    [account] = org.add_accounts(["Acme"])
    for field in ACCOUNT.fields:
        org.store.hide_field("Account", api_name(field))
    with pytest.raises(AccessError, match=r"field Overlap_ICP_Fit__c of Account .* permission set"):
        org.connection.sink.send("account", [Write(account, account, {"overlap_icp_fit": 70})])


def test_a_hidden_field_is_not_read_back_as_empty(org: SalesforceBench) -> None:
    org.store.hide_field("Overlap_Partner__c", "Tier__c")
    with pytest.raises(AccessError, match=r"field Tier__c of Overlap_Partner__c .* permission set"):
        org.connection.sink.current(PARTNER.name, ["k1"])
