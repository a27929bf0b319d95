"""Bulk jobs against the sandbox, and what our side of one must get right whatever the other side says."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from connectors.base import JobState, Load, Progress, Receipt, Remedy, Write
from connectors.salesforce import bulk_ingest
from connectors.sandbox import ingest_work
from overlap.errors import AccessError, TransientError
from tests.connectors.contract import WORKSPACE, partner
from tests.connectors.salesforce.bench import SalesforceBench, connected
from tests.sandbox import Sandbox

STRANGE = "He said \"now\",\nthen\r\nleft; \r Ünïcode ¥ 株式会社, \\ and 'more'"


@pytest.fixture
def org(salesforce: Sandbox) -> Iterator[SalesforceBench]:
    with connected(salesforce, bulk_write_from=1) as connection:
        yield SalesforceBench(connection, salesforce.store)


def run(org: SalesforceBench, object_name: str, *writes: Write) -> list[Receipt | None]:
    """Write all in one job and return what became of them."""
    bulk = org.connection.sink.bulk
    (load,), refused = bulk.loads(object_name, writes)
    assert not refused
    job_id, ended = finished(org, load)
    assert ended.progress is Progress.DONE
    return bulk.receipts(job_id, object_name, writes)


def finished(org: SalesforceBench, load: Load) -> tuple[str, JobState]:
    bulk = org.connection.sink.bulk
    job_id = bulk.open(load)
    bulk.upload(job_id, load)
    bulk.close(job_id)
    state = bulk.state(job_id)
    for _ in range(20):
        if state.progress is not Progress.WORKING:
            break
        state = bulk.state(job_id)
    return job_id, state


def rows(load: Load) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(load.content.decode(), newline="")))


def overlap(key: str, **values: Any) -> Write:
    return Write(key, None, {"name": key, "workspace": WORKSPACE, **values})


def test_an_upsert_creates_then_updates_and_says_which(org: SalesforceBench) -> None:
    first = run(org, "overlap_partner", partner("k1"), partner("k2"))
    second = run(org, "overlap_partner", partner("k1", name="Globex SE"), partner("k3"))
    assert [(one.key, one.created) for one in first] == [("k1", True), ("k2", True)]
    assert [(one.key, one.created) for one in second] == [("k1", False), ("k3", True)]
    assert second[0].record_id == first[0].record_id
    assert org.connection.sink.current("overlap_partner", ["k1"])["name"].to_list() == ["Globex SE"]


def test_what_was_written_is_read_back_to_the_letter(org: SalesforceBench) -> None:
    run(org, "overlap_partner", partner("k1"))
    [account] = org.add_accounts(["Acme"])
    wrote = {
        "account": account,
        "partner": "k1",
        "match_reason": STRANGE,
        "match_probability": 0.875,
        "icp_fit": 70,
        "first_seen": date(2026, 11, 1),
    }
    [receipt] = run(org, "partner_overlap", overlap("k2", **wrote))
    now = org.connection.sink.current("partner_overlap", ["k2"])
    assert {name: now[name].item() for name in wrote} == wrote
    assert now["id"].item() == receipt.record_id


def test_none_clears_and_what_is_not_named_stays(org: SalesforceBench) -> None:
    run(org, "overlap_partner", partner("k1", feed_status="Late"), partner("k2", feed_status="Late"))
    run(org, "overlap_partner", Write("k1", None, {"feed_status": None}), Write("k2", None, {"name": "Other"}))
    now = org.connection.sink.current("overlap_partner", ["k1", "k2"]).sort("partner_key")
    assert now["feed_status"].to_list() == [None, "Late"]
    assert now["name"].to_list() == ["Globex", "Other"]


def test_lookups_to_ours_that_are_set_and_cleared_travel_in_jobs_of_their_own(org: SalesforceBench) -> None:
    run(org, "overlap_partner", partner("k1"))
    run(org, "partner_overlap", overlap("a", partner="k1"), overlap("b"))
    loads, _ = org.connection.sink.bulk.loads(
        "partner_overlap", [Write("a", None, {"partner": None}), Write("b", None, {"partner": "k1"})]
    )
    assert [list(rows(load)[0]) for load in loads] == [
        ["Overlap_Key__c", "Partner__c"],
        ["Overlap_Key__c", "Partner__r.Partner_Key__c"],
    ]
    for load in loads:
        assert finished(org, load)[1].progress is Progress.DONE
    now = org.connection.sink.current("partner_overlap", ["a", "b"]).sort("overlap_key")
    assert now["partner"].to_list() == [None, "k1"]


def test_updates_go_by_id_and_their_answers_come_in_any_order(org: SalesforceBench) -> None:
    accounts = org.add_accounts([f"Account {number}" for number in range(60)])
    receipts = run(org, "account", *(Write(one, one, {"overlap_icp_fit": 50}) for one in accounts))
    assert [one.record_id for one in receipts] == accounts
    raw = org.connection.sink.bulk._rows  # the answer as it comes, to prove that its order is not ours
    job_id = org.store.database.rows("select id from ingest_job")[0][0]
    answered = [row["sf__Id"] for row in raw(f"jobs/ingest/{job_id}/successfulResults")]
    assert sorted(answered) == sorted(accounts)
    assert answered != accounts


def test_one_bad_row_costs_only_itself_and_says_code_words_and_field(org: SalesforceBench) -> None:
    bad, good = run(org, "overlap_partner", partner("k1", feed_status="Nonsense"), partner("k2"))
    assert bad.error.startswith("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST: ")
    assert bad.error.endswith("(Feed_Status__c)")
    assert bad.remedy is Remedy.REJECT
    assert good.created


def test_a_text_that_means_empty_in_such_a_file_is_left_for_a_call(org: SalesforceBench) -> None:
    loads, [receipt] = org.connection.sink.bulk.loads("overlap_partner", [partner("k1", name="#N/A")])
    assert (loads, receipt.remedy) == ([], Remedy.SPLIT)
    org.connection.sink.send("overlap_partner", [partner("k1", name="#N/A")])
    assert org.connection.sink.current("overlap_partner", ["k1"])["name"].to_list() == ["#N/A"]


def test_a_text_that_does_not_fit_is_refused_before_anything_leaves(org: SalesforceBench) -> None:
    loads, [receipt] = org.connection.sink.bulk.loads("overlap_partner", [partner("k1", name="x" * 81), partner("k2")])
    assert (receipt.key, receipt.remedy) == ("k1", Remedy.REJECT)
    assert [write.key for load in loads for write in load.writes] == ["k2"]


def test_locked_rows_may_be_sent_again(org: SalesforceBench) -> None:
    org.store.lock_rows(1)
    locked, taken = run(org, "overlap_partner", partner("k1"), partner("k2"))
    assert (locked.retry, taken.error) == (True, None)


def test_of_rows_that_the_job_did_not_reach_nothing_is_said(org: SalesforceBench) -> None:
    ingest_work.fail_after(org.store.database, 1)
    bulk = org.connection.sink.bulk
    (load,), _ = bulk.loads("overlap_partner", [partner("k1"), partner("k2")])
    job_id, ended = finished(org, load)
    assert ended.progress is Progress.FAILED
    taken, left = bulk.receipts(job_id, "overlap_partner", load.writes)
    assert (taken.created, left) == (True, None)


def test_rows_of_which_the_answer_says_nothing_have_no_receipt(org: SalesforceBench) -> None:
    ingest_work.lose_results(org.store.database, 1)
    receipts = run(org, "overlap_partner", partner("k1"), partner("k2"))
    assert sorted(one is None for one in receipts) == [False, True]


def test_a_row_that_is_called_both_taken_and_refused_has_no_receipt(org: SalesforceBench) -> None:
    run(org, "overlap_partner", partner("k1"), partner("k2"))
    ((job_id, kept),) = org.store.database.rows("select id, results from ingest_job")
    said = json.loads(kept)
    both = next(row for row in said["successful"] if row["Partner_Key__c"] == "k1")
    refused = {name: cell for name, cell in both.items() if name != "sf__Created"}
    said["failed"] = [{**refused, "sf__Error": "UNABLE_TO_LOCK_ROW:words:--"}]
    org.store.database.rows("update ingest_job set results = ?", (json.dumps(said),))
    doubtful, taken = org.connection.sink.bulk.receipts(job_id, "overlap_partner", [partner("k1"), partner("k2")])
    assert (doubtful, taken.created) == (None, True)


@pytest.mark.parametrize(
    "body",
    [
        "<html><title>Sign in</title></html>",
        '"sf__Id","Partner_Key__c"\n"a01000000000001AAA","k1"\n',
        '"sf__Id","sf__Created","Partner_Key__c"\n"a01000000000001AAA","true"\n',
    ],
)
def test_a_file_that_holds_no_results_says_nothing_of_any_row(org: SalesforceBench, body: str) -> None:
    bulk = org.connection.sink.bulk
    (load,), _ = bulk.loads("overlap_partner", [partner("k1")])
    job_id, _ = finished(org, load)
    strange = {"fault": "http", "status": 200, "path": "*/successfulResults", "body": body, "probability": 1.0}
    org.store.set_faults([strange])
    with pytest.raises(TransientError, match="no file of results"):
        bulk.receipts(job_id, "overlap_partner", load.writes)


def test_results_that_are_gone_say_nothing(org: SalesforceBench) -> None:
    bulk = org.connection.sink.bulk
    assert bulk.receipts("7500000000000AAA", "overlap_partner", [partner("k1")]) == [None]
    (load,), _ = bulk.loads("overlap_partner", [partner("k1")])
    assert bulk.receipts(bulk.open(load), "overlap_partner", load.writes) == [None], "and so do those not there yet"


def test_a_state_that_nobody_knows_is_no_failure(org: SalesforceBench) -> None:
    bulk = org.connection.sink.bulk
    (load,), _ = bulk.loads("overlap_partner", [partner("k1")])
    job_id = bulk.open(load)
    org.store.database.rows("update ingest_job set job = json_set(job, '$.state', 'Dreaming')")
    for ask in (bulk.state, bulk.abort):
        with pytest.raises(TransientError, match=f"{job_id} is in the state 'Dreaming'"):
            ask(job_id)


def test_a_job_that_fails_as_a_whole_says_why(org: SalesforceBench) -> None:
    load = Load("overlap_partner", True, (partner("k1"),), b'"Partner_Key__c","Nonsense__c"\n"k1","x"\n')
    _, ended = finished(org, load)
    assert (ended.progress, ended.reason) == (Progress.FAILED, "InvalidBatch : Field name not found : Nonsense__c")


def test_an_open_job_is_aborted_and_one_at_work_is_not(org: SalesforceBench) -> None:
    bulk = org.connection.sink.bulk
    (load,), _ = bulk.loads("overlap_partner", [partner("k1")])
    opened = bulk.open(load)
    bulk.upload(opened, load)
    assert bulk.abort(opened).progress is Progress.ABORTED
    with pytest.raises(AccessError, match="INVALIDJOBSTATE"):
        bulk.close(opened)
    ingest_work.slow_down(org.store.database, 9)
    working = bulk.open(load)
    bulk.upload(working, load)
    bulk.close(working)
    assert bulk.abort(working).progress is Progress.WORKING


def test_a_job_that_is_not_found_may_be_at_work(org: SalesforceBench) -> None:
    bulk = org.connection.sink.bulk
    assert bulk.state("7500000000000AAA").progress is Progress.UNKNOWN
    with pytest.raises(TransientError, match="bulk job 7500000000000AAA is not found; try again"):
        bulk.close("7500000000000AAA")


def test_a_look_that_meets_a_busy_server_changes_nothing(org: SalesforceBench) -> None:
    bulk = org.connection.sink.bulk
    (load,), _ = bulk.loads("overlap_partner", [partner("k1")])
    job_id = bulk.open(load)
    bulk.upload(job_id, load)
    bulk.close(job_id)
    ingest_work.fail_looks(org.store.database, 1)
    assert bulk.state(job_id).progress is Progress.DONE
    org.store.set_down(True)
    with pytest.raises(TransientError):
        bulk.state(job_id)
    org.store.set_down(False)
    assert bulk.receipts(job_id, "overlap_partner", load.writes)[0].created


def test_a_token_that_dies_in_the_middle_is_renewed(org: SalesforceBench) -> None:
    bulk = org.connection.sink.bulk
    (load,), _ = bulk.loads("overlap_partner", [partner("k1")])
    job_id = bulk.open(load)
    for act in (lambda: bulk.upload(job_id, load), lambda: bulk.close(job_id), lambda: bulk.state(job_id)):
        org.store.expire_tokens()
        act()
    org.store.expire_tokens()
    assert bulk.receipts(job_id, "overlap_partner", load.writes)[0].created


def test_more_than_fits_into_one_file_goes_in_several(org: SalesforceBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_ingest, "_MOST_BYTES", 120)
    writes = [partner(f"k{number:02}") for number in range(20)]
    loads, _ = org.connection.sink.bulk.loads("overlap_partner", writes)
    assert len(loads) > 3
    assert [write for load in loads for write in load.writes] == writes
    assert all(len(load.content) <= 120 + 60 for load in loads)


def test_a_field_that_people_own_gets_into_no_file(org: SalesforceBench) -> None:
    with pytest.raises(ValueError, match="tier"):
        org.connection.sink.bulk.loads("overlap_partner", [partner("k1", tier="Growth")])


def test_a_hidden_field_is_found_before_a_job_is_opened(org: SalesforceBench) -> None:
    org.store.hide_field("Account", "Overlap_ICP_Fit__c")
    with pytest.raises(AccessError, match="permission set"):
        org.connection.sink.bulk.loads("account", [Write("001", "001", {"overlap_icp_fit": 70})])


def test_many_records_are_read_in_few_calls(org: SalesforceBench) -> None:
    """Two thousand keys would be six queries by list, and six pages more if none is known."""
    writes = [partner(f"pi1-{number:026}") for number in range(2100)]
    run(org, "overlap_partner", *writes)
    sink, used = org.connection.sink, org.connection.api_calls_made
    before = used()
    assert sink.current("overlap_partner", [write.key for write in writes[:2000]]).height == 2000
    assert used() - before == 1
    before = used()
    assert sink.current("overlap_partner", [f"pi2-{number:026}" for number in range(2000)]).is_empty()
    assert used() - before == 1
    ids = org.connection.sink.current("overlap_partner", [write.key for write in writes])["id"].to_list()
    before = used()
    assert set(sink.current("overlap_partner", [], ids)["id"]) == set(ids)
    assert used() - before == 2
