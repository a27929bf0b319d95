"""The promises of `connectors.base`, as tests that any connector must pass. A `Bench` is how they reach its CRM.

To hold a new connector to them, add a bench to `test_contract.py`; nothing here knows which CRM it is talking to.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import polars as pl
import pytest

from connectors.base import Connection, Page, Write
from connectors.records import record_schema
from overlap.fields import BY_NAME, OBJECTS, Owner
from overlap.model import Account, Opportunity, OpportunityPartner, User, schema_of

NOUNS = {
    "accounts": Account,
    "opportunities": Opportunity,
    "users": User,
    "opportunity_partners": OpportunityPartner,
}
WORKSPACE = "ws-contract"
#: Later than any real day on which a CRM of a test is founded.
START = datetime(2040, 1, 2, 12, tzinfo=UTC)


class Bench(Protocol):
    """A connected CRM, and hands in it. Its clock stands still at `START` until `wait` moves it."""

    connection: Connection

    def add_accounts(self, names: list[str]) -> list[str]:
        """Create accounts now and return their ids, in order."""

    def rename_account(self, record_id: str, name: str) -> None: ...

    def delete_account(self, record_id: str) -> None: ...

    def person_sets(self, object_name: str, key: str, field: str, value: Any) -> None: ...

    def wait(self, seconds: int) -> None: ...


def read(bench: Bench, since: datetime | None = None) -> list[Page]:
    bench.wait(60)
    return list(bench.connection.source.pages(since, bench.connection.source.now()))


def rows(pages: list[Page], stream: str) -> pl.DataFrame:
    return pl.concat([page.rows for page in pages if page.stream == stream])


def partner(key: str, **values: Any) -> Write:
    return Write(key, None, {"name": "Globex", "workspace": WORKSPACE, **values})


class SourceContract:
    def test_a_complete_read_brings_every_account(self, bench: Bench) -> None:
        ids = bench.add_accounts(["Acme GmbH", "Ünïcode ¥ 株式会社"])
        read_rows = rows(read(bench), "accounts").filter(pl.col("id").is_in(ids)).sort("name")
        assert read_rows["id"].to_list() == ids
        assert read_rows["name"].to_list() == ["Acme GmbH", "Ünïcode ¥ 株式会社"]
        assert read_rows["crm"].unique().to_list() == [bench.connection.name]

    def test_a_page_has_exactly_the_columns_of_its_noun(self, bench: Bench) -> None:
        bench.add_accounts(["Acme"])
        bench.connection.sink.send("overlap_partner", [partner("k1")])
        pages = read(bench)
        schemas = {stream: dict(schema_of(noun)) for stream, noun in NOUNS.items()}
        schemas |= {f"record:{thing.name}": record_schema(thing) for thing in OBJECTS}
        assert {"accounts", "users", "record:account", "record:overlap_partner"} <= {page.stream for page in pages}
        for page in pages:
            assert dict(page.rows.schema) == schemas[page.stream]

    def test_later_reads_bring_only_what_changed(self, bench: Bench) -> None:
        first, _ = bench.add_accounts(["Acme", "Globex"])
        bench.wait(60)
        watermark = bench.connection.source.now()
        bench.wait(60)
        bench.rename_account(first, "Acme SE")
        changed = rows(read(bench, watermark), "accounts")
        assert changed.select("id", "name").rows() == [(first, "Acme SE")]

    def test_a_deleted_account_is_named_once_it_is_gone(self, bench: Bench) -> None:
        gone, stays = bench.add_accounts(["Acme", "Globex"])
        bench.wait(60)
        watermark = bench.connection.source.now()
        bench.wait(60)
        bench.delete_account(gone)
        pages = read(bench, watermark)
        assert {id_ for page in pages if page.stream == "accounts" for id_ in page.deleted} == {gone}
        ids = dict(bench.connection.source.ids())
        assert gone not in ids["accounts"]
        assert stays in ids["accounts"]

    def test_the_sweep_names_the_ids_of_a_complete_read(self, bench: Bench) -> None:
        bench.add_accounts(["Acme", "Globex"])
        bench.connection.sink.send("overlap_partner", [partner("k1")])
        pages = read(bench)
        for stream, ids in bench.connection.source.ids():
            assert len(set(ids)) == len(ids)
            assert set(ids) == {id_ for page in pages if page.stream == stream for id_ in page.rows["id"]}

    def test_its_time_is_utc_and_not_ahead(self, bench: Bench) -> None:
        now = bench.connection.source.now()
        assert now.utcoffset() == timedelta(0)
        assert START - timedelta(minutes=1) <= now <= START

    def test_what_a_person_writes_is_read(self, bench: Bench) -> None:
        bench.connection.sink.send("overlap_partner", [partner("k1")])
        bench.person_sets("overlap_partner", "k1", "tier", "Growth")
        assert rows(read(bench), "record:overlap_partner")["tier"].to_list() == ["Growth"]


class SinkContract:
    def test_an_upsert_creates_and_then_updates(self, bench: Bench) -> None:
        sink = bench.connection.sink
        [created] = sink.send("overlap_partner", [partner("k1")])
        [updated] = sink.send("overlap_partner", [partner("k1", name="Globex SE")])
        assert (created.key, created.created, created.error) == ("k1", True, None)
        assert (updated.record_id, updated.created, updated.error) == (created.record_id, False, None)
        assert sink.current("overlap_partner", ["k1"])["name"].to_list() == ["Globex SE"]

    def test_reads_back_what_it_wrote(self, bench: Bench) -> None:
        [account] = bench.add_accounts(["Acme"])
        wrote = {
            "name": "Globex: Acme",
            "workspace": WORKSPACE,
            "account": account,
            "partner": "k1",
            "our_population": "Prospects",
            "match_probability": 0.875,
            "icp_fit": 70,
            "first_seen": date(2026, 11, 1),
            "match_reason": "same website; \"quoted\" \\ 'text'",
            "status": "Active",
        }
        sink = bench.connection.sink
        sink.send("overlap_partner", [partner("k1", list_as_of=START)])
        [receipt] = sink.send("partner_overlap", [Write("k2", None, wrote)])
        now = sink.current("partner_overlap", ["k2"])
        assert {name: now[name].item() for name in wrote} == wrote
        assert now["id"].item() == receipt.record_id
        assert sink.current("overlap_partner", ["k1"])["list_as_of"].item() == START

    def test_what_it_says_of_a_record_has_the_columns_of_its_stream(self, bench: Bench) -> None:
        for thing in OBJECTS:
            schema = dict(bench.connection.sink.current(thing.name, []).schema)
            assert schema == {name: dtype for name, dtype in record_schema(thing).items() if name != "crm"}

    def test_a_key_that_nobody_knows_has_no_row(self, bench: Bench) -> None:
        assert bench.connection.sink.current("overlap_partner", ["k9"]).is_empty()

    def test_none_clears(self, bench: Bench) -> None:
        sink = bench.connection.sink
        sink.send("overlap_partner", [partner("k1", feed_status="Late")])
        sink.send("overlap_partner", [Write("k1", None, {"feed_status": None})])
        assert sink.current("overlap_partner", ["k1"])["feed_status"].to_list() == [None]

    def test_a_batch_may_mix_ids_and_keys_and_answers_in_its_order(self, bench: Bench) -> None:
        sink = bench.connection.sink
        [known] = sink.send("overlap_partner", [partner("k2")])
        batch = [partner("k1"), Write("k2", known.record_id, {"name": "By id"}), partner("k3")]
        receipts = sink.send("overlap_partner", batch)
        assert [(one.key, one.created, one.error) for one in receipts] == [
            ("k1", True, None),
            ("k2", False, None),
            ("k3", True, None),
        ]
        assert receipts[1].record_id == known.record_id
        assert sink.current("overlap_partner", ["k2"])["name"].to_list() == ["By id"]

    def test_one_bad_record_does_not_stop_the_others(self, bench: Bench) -> None:
        too_long, refused = partner("k1", name="x" * 81), partner("k2", feed_status="Nonsense")
        receipts = bench.connection.sink.send("overlap_partner", [too_long, refused, partner("k3")])
        assert [one.error is None for one in receipts] == [False, False, True]
        assert "name" in receipts[0].error.lower()
        assert "feed_status" in receipts[1].error.lower()
        assert bench.connection.sink.current("overlap_partner", ["k1", "k2", "k3"]).height == 1

    def test_what_a_person_owns_is_neither_written_nor_lost(self, bench: Bench) -> None:
        sink = bench.connection.sink
        sink.send("overlap_partner", [partner("k1")])
        bench.person_sets("overlap_partner", "k1", "tier", "Strategic")
        sink.send("overlap_partner", [partner("k1", name="New")])
        assert sink.current("overlap_partner", ["k1"])["tier"].to_list() == ["Strategic"]

    @pytest.mark.parametrize("object_name", BY_NAME)
    def test_refuses_to_send_a_field_that_is_not_the_engines(self, bench: Bench, object_name: str) -> None:
        thing = BY_NAME[object_name]
        for field in thing.fields:
            if field.owner is not Owner.ENGINE:
                with pytest.raises(ValueError, match=field.name):
                    bench.connection.sink.send(object_name, [Write("k1", "id", {field.name: None})])

    def test_refuses_a_batch_larger_than_it_promised(self, bench: Bench) -> None:
        batch = [partner(f"k{number}") for number in range(bench.connection.sink.batch_size + 1)]
        with pytest.raises(ValueError, match="batch"):
            bench.connection.sink.send("overlap_partner", batch)


class CheckContract:
    def test_a_healthy_crm_has_only_good_findings(self, bench: Bench) -> None:
        assert [finding for finding in bench.connection.check() if not finding.ok and finding.subject != "clock"] == []

    def test_each_bad_finding_names_a_remedy(self, bench: Bench) -> None:
        assert all(finding.remedy for finding in bench.connection.check() if not finding.ok)
