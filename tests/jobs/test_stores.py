"""Accepted lists, verdicts, snapshots, the warehouse and the lock: what is half done is absent."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from sqlalchemy import insert

import connectors
from connectors.base import Page
from jobs.stores import judgements, lists, schema, snapshot
from jobs.stores.digest import digest
from jobs.stores.lists import AcceptedList
from jobs.stores.lock import workspace_lock
from jobs.stores.warehouse import open_warehouse, streams
from overlap.errors import ConfigError, GuardError, OverlapError
from overlap.fields import OVERLAP
from overlap.model import Judgement, User, schema_of

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


# --- accepted lists -------------------------------------------------------------------------------------------------


def accepted(as_of, sha256="0" * 64):
    return AcceptedList(
        partner="globex",
        as_of=as_of,
        sha256=sha256,
        file_name="globex.csv",
        rows_in=3,
        rows_out=2,
        quarantined=1,
        duplicates=0,
        accepted_at=NOW,
        approved_by=None,
        settings="{}",
    )


def test_the_list_in_force_is_the_newest_and_the_earlier_one_is_of_an_earlier_day(ledger):
    zone = ZoneInfo("America/New_York")
    late_monday, tuesday_utc = datetime(2026, 3, 2, 23, tzinfo=UTC), datetime(2026, 3, 3, 3, tzinfo=UTC)
    wednesday = datetime(2026, 3, 4, 12, tzinfo=UTC)
    every = [accepted(late_monday, "a" * 64), accepted(tuesday_utc, "b" * 64), accepted(wednesday, "c" * 64)]
    with ledger.engine.begin() as connection:
        for one in every[:2]:
            values = {name: getattr(one, name) for name in AcceptedList.__slots__}
            connection.execute(insert(schema.lists).values(values))
    assert lists.in_force(ledger, "globex", zone) == (every[1], None), "in New York both are Monday's"
    with ledger.engine.begin() as connection:
        values = {name: getattr(every[2], name) for name in AcceptedList.__slots__}
        connection.execute(insert(schema.lists).values(values))
    assert lists.in_force(ledger, "globex", zone) == (every[2], every[1])
    assert lists.in_force(ledger, "initech", zone) == (None, None)


def test_the_bytes_of_an_accepted_list_are_kept(ledger, tmp_path):
    file = tmp_path / "Globex March.CSV"
    file.write_bytes(b"\xff\xfebytes\x00")
    one = replace(accepted(NOW, digest(file)), file_name=file.name)
    (tmp_path / "lists").mkdir()
    lists.accept(ledger, one, file, tmp_path / "lists")
    file.write_bytes(b"other")
    assert one.path(tmp_path / "lists").read_bytes() == b"\xff\xfebytes\x00"
    assert one.path(tmp_path / "lists").suffix == ".csv"
    assert [path.name for path in (tmp_path / "lists").iterdir()] == [f"{one.sha256}.csv"]


def test_a_list_that_changed_since_it_was_read_is_not_kept(ledger, tmp_path):
    file = tmp_path / "globex.csv"
    file.write_bytes(b"half of it")
    (tmp_path / "lists").mkdir()
    one = accepted(NOW, digest(file))
    file.write_bytes(b"half of it, and the other half")
    with pytest.raises(GuardError, match="changed while it was read: pull again when it is complete"):
        lists.accept(ledger, one, file, tmp_path / "lists")
    assert [*(tmp_path / "lists").iterdir()] == []
    assert lists.in_force(ledger, "globex", ZoneInfo("UTC")) == (None, None)


# --- verdicts -------------------------------------------------------------------------------------------------------


def test_of_a_pair_one_verdict_is_in_force_and_the_earlier_ones_stay_on_record(ledger):
    pair = ("salesforce", "001A", "acme", "acme.com", "DE", "globex", "G1", "acmedeutschland", None, "DE")
    for verdict, day in (("same", NOW), ("different", NOW + timedelta(days=1))):
        judgements.record(ledger, Judgement(*pair, verdict, "command", "ada", day))
    assert judgements.in_force(ledger)["verdict"].to_list() == ["different"]
    undone = [(one.said.verdict, one.undone_at) for one in judgements.every(ledger)]
    assert undone == [("same", NOW + timedelta(days=1)), ("different", None)]


# --- snapshots ------------------------------------------------------------------------------------------------------


def test_a_run_comes_back_as_it_was_published(tmp_path):
    frame = pl.DataFrame({"id": ["a", None], "day": [date(2026, 1, 1), None]})
    snapshot.publish(tmp_path, 4, {"overlaps": frame, "empty": frame.head(0)}, {"model": "m"})
    overlaps, nothing = snapshot.read(tmp_path, "4", "overlaps", "empty")
    assert overlaps.equals(frame)
    assert nothing.schema == frame.schema
    manifest = snapshot.manifest(tmp_path, "4")
    assert (manifest["model"], manifest["files"]["overlaps.parquet"]["rows"]) == ("m", 2)


def test_a_run_whose_files_were_changed_is_refused(tmp_path):
    folder = snapshot.publish(tmp_path, 4, {"overlaps": pl.DataFrame({"id": ["a"]})}, {})
    pl.DataFrame({"id": ["b"]}).write_parquet(folder / "overlaps.parquet")
    with pytest.raises(OverlapError, match="was changed after its run; 'overlap match' makes a new run"):
        snapshot.read(tmp_path, "4", "overlaps")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-3],
        lambda text: f"[{text}]",
        lambda text: text.replace('"files"', '"filed"'),
        lambda text: text.replace('"model": "m"', '"model": "n"'),
        lambda text: text.replace("a.parquet", "b.parquet"),
    ],
)
def test_a_run_whose_manifest_was_damaged_is_refused(tmp_path, damage):
    folder = snapshot.publish(tmp_path, 4, {"a": pl.DataFrame({"id": ["a"]})}, {"model": "m", "day": (1, None)})
    manifest = folder / "manifest.json"
    assert snapshot.manifest(tmp_path, "4")["model"] == "m"
    manifest.write_text(damage(manifest.read_text()))
    with pytest.raises(OverlapError, match=r"manifest.json was changed after its run; 'overlap match' makes a new run"):
        snapshot.manifest(tmp_path, "4")
    assert snapshot.former(tmp_path, "4", "a") is None


def test_a_run_that_is_missing_or_half_written_is_refused(tmp_path):
    (tmp_path / ".4.partial").mkdir()
    (tmp_path / "3").mkdir()
    assert not snapshot.exists(tmp_path, "3"), "somebody deleted what was in it"
    with pytest.raises(ConfigError, match="is missing; 'overlap match' makes a new run"):
        snapshot.read(tmp_path, "4", "overlaps")
    snapshot.publish(tmp_path, 4, {"overlaps": pl.DataFrame({"id": ["a"]})}, {})
    assert not (tmp_path / ".4.partial").exists()


# --- the warehouse --------------------------------------------------------------------------------------------------


def users(*ids, crm="crm", name="Ada"):
    rows = [(crm, number, name, None, True, NOW) for number in ids]
    return pl.DataFrame(rows, schema=dict(schema_of(User)), orient="row")


@pytest.mark.parametrize("one_by_one", [True, False])
def test_rows_land_by_id_whole_and_once(tmp_path, one_by_one):
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.land(Page("users", users("1", "2")))
        if one_by_one:
            warehouse.settle()
        warehouse.land(Page("users", users("2", "2", "3", name="Bob")))
        assert warehouse.frame("users").select("id", "name").rows() == [("1", "Ada"), ("2", "Bob"), ("3", "Bob")]
        assert warehouse.frame("users").schema == schema_of(User)
        assert warehouse.frame("users")["modified_at"].to_list() == [NOW] * 3


def test_crms_do_not_touch_each_others_rows(tmp_path):
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.land(Page("users", users("1", crm="one")))
        warehouse.settle()
        warehouse.land(Page("users", users("1", crm="two", name="Bob")))
        warehouse.forget("users", "one", ("1",))
        assert warehouse.frame("users").select("crm", "name").rows() == [("two", "Bob")]


def test_what_landed_outside_a_transaction_is_there_when_it_is_opened_again(tmp_path):
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.land(Page("users", users("1")))
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        assert warehouse.frame("users")["id"].to_list() == ["1"]


def test_a_transaction_that_fails_leaves_neither_rows_nor_watermark(tmp_path):
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        with pytest.raises(RuntimeError), warehouse.transaction():
            warehouse.land(Page("users", users("1")))
            warehouse.set_mark("watermark:crm", NOW.isoformat())
            assert warehouse.watermark("crm") == NOW
            raise RuntimeError
        assert warehouse.frame("users").is_empty()
        assert warehouse.watermark("crm") is None


def test_ids_are_compared_both_ways_and_of_one_crm(tmp_path):
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        warehouse.land(Page("users", pl.concat([users("3", "1", "2", "0"), users("4", "5", crm="another")])))
        assert warehouse.compared("users", "crm", pl.Series(["5", "2", "4", "4", "3"])) == (["0", "1"], ["4", "5"])
        assert warehouse.compared("users", "crm", pl.Series(dtype=pl.String)) == (["0", "1", "2", "3"], [])
        assert warehouse.sides() == {name: {"another", "crm"} if name == "users" else set() for name in streams()}


def test_a_deleted_record_of_ours_stays_known_as_deleted(tmp_path):
    stream = f"record:{OVERLAP.name}"
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        empty = warehouse.frame(stream).drop("is_deleted")
        row = pl.DataFrame([{"crm": "crm", "id": "a02", "overlap_key": "k"}])
        warehouse.land(Page(stream, pl.concat([empty, row], how="diagonal")))
        assert warehouse.frame(stream)["is_deleted"].to_list() == [False]
        warehouse.forget(stream, "crm", ("a02", "a02-unknown"))
        assert warehouse.frame(stream).select("overlap_key", "is_deleted").rows() == [("k", True)]
        assert warehouse.compared(stream, "crm", pl.Series(["a02"])) == ([], ["a02"])


def test_a_second_process_is_refused_in_words(tmp_path):
    path = tmp_path / "w.duckdb"
    open_it = "import sys, pathlib, jobs.stores.warehouse as w; w.open_warehouse(pathlib.Path(sys.argv[1])).__enter__()"
    environment = {**os.environ, "PYTHONPATH": str(Path(connectors.__file__).parents[1])}
    with open_warehouse(path):
        command = [sys.executable, "-P", "-c", open_it, str(path)]
        second = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert "GuardError" in second.stderr
    assert f"{path} is in use by another process; try again when it has ended" in second.stderr


def test_a_warehouse_of_another_version_is_thrown_away(tmp_path):
    path = tmp_path / "w.duckdb"
    with open_warehouse(path) as warehouse:
        warehouse.land(Page("users", users("1")))
        warehouse.set_mark("watermark:crm", NOW.isoformat())
        warehouse.set_mark("version", "older")
    with open_warehouse(path) as warehouse:
        assert warehouse.frame("users").is_empty()
        assert warehouse.watermark("crm") is None
    with open_warehouse(path) as warehouse:
        warehouse.land(Page("users", users("1")))
    with open_warehouse(path) as warehouse:
        assert warehouse.frame("users").height == 1, "the same version stays"


# --- the lock -------------------------------------------------------------------------------------------------------


def test_one_holds_the_lock_and_then_another(tmp_path, ledger):
    del ledger  # lies beside it
    path = tmp_path / ".lock"
    busy = pytest.raises(GuardError, match=rf"is being changed by another process \(pid {os.getpid()} on ")
    with workspace_lock(path), busy, workspace_lock(path):
        pass
    with workspace_lock(path):
        pass
