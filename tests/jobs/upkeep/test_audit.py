"""The audit says who did what; a line that was changed, taken out or cut off is found, and where."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest

from jobs.stores import audit, erasures, migrating
from jobs.stores.ledger import open_ledger
from jobs.upkeep.kept import verified

NOW = datetime(2026, 3, 2, 9, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with open_ledger(path, "contoso") as ledger:
        for number in range(1, 6):
            ledger.note("ada", "judged", {"number": number, "partner": "globex"}, NOW)
    return path


def looked_at(path, heads=()):
    with open_ledger(path, "contoso") as ledger, ledger.engine.connect() as connection:
        return audit.verify(connection, heads)


def by_hand(path, *statements):
    """What somebody does who has the file and drops the triggers that refuse it."""
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("select sql from sqlite_master where type = 'trigger'").fetchall()
        for name in ("audit_is_kept", "audit_stands"):
            connection.execute(f"drop trigger {name}")
        for statement in (*statements, *(sql for (sql,) in kept)):
            connection.execute(statement)
        connection.commit()


def test_an_audit_that_nobody_touched_is_whole(path):
    found = looked_at(path)
    assert (found.lines, found.flaws, found.rewritten) == (5, (), ())


@pytest.mark.parametrize(
    ("statement", "line", "what"),
    [
        ("update audit set what = '{}' where id = 3", 3, "something else"),
        ("update audit set who = 'bob' where id = 1", 1, "something else"),
        ("update audit set at = '2026-03-02T09:30:16.000000+00:00' where id = 2", 2, "something else"),
        ("delete from audit where id = 2", 2, "line 2 is missing"),
        ("delete from audit where id in (2, 3)", 2, "lines 2 to 3 are missing"),
        ("delete from audit where id = 5", 5, "the ledger knows a line that is gone"),
        ("update audit set digest = hash where id = 4", 4, "its hash does not follow"),
    ],
)
def test_a_line_that_was_changed_or_taken_out_is_found_and_where(path, statement, line, what):
    by_hand(path, statement)
    flaws = looked_at(path).flaws
    assert (flaws[0].line, what in flaws[0].what) == (line, True), flaws


def test_a_chain_that_was_made_anew_is_known_by_the_manifests_of_runs(path):
    with open_ledger(path, "contoso") as ledger:
        head = ledger.audit_head()
    by_hand(path, "delete from audit where id = 5", "delete from pins where name = 'audit_head'")
    assert looked_at(path).flaws == ()
    assert [flaw.line for flaw in looked_at(path, [("the manifest of run 2", head)]).flaws] == [5]


@pytest.mark.parametrize("statement", ["delete from audit where id = 3", "update audit set what = '{}' where id = 3"])
def test_the_ledger_itself_refuses_to_change_the_audit(path, statement):
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="only ever appended"),
    ):
        connection.execute(statement)


def test_what_an_erasure_takes_out_is_vouched_for_and_nothing_else_is(path):
    with open_ledger(path, "contoso") as ledger:
        number = erasures.begin(ledger, "partner", "globex", NOW)
        with ledger.engine.begin() as connection:
            erasures.may_rewrite(connection)
            connection.exec_driver_sql("update audit set what = '{}' where id in (2, 4)")
            line = {"at": NOW, "who": "ada", "did": "erased partner", "what": {"partner": "mark"}}
            erasures.forgotten(connection, number, "mark", line)
    found = looked_at(path)
    assert (found.flaws, found.rewritten) == ((), (2, 4))
    by_hand(path, "update audit set what = '[]' where id = 4")
    assert [flaw.line for flaw in looked_at(path).flaws] == [4]


def test_a_second_erasure_vouches_for_what_both_took_out(path):
    with open_ledger(path, "contoso") as ledger:
        for who, number in (("bob", 2), ("cyd", 2)):
            with ledger.engine.begin() as connection:
                erasures.may_rewrite(connection)
                connection.exec_driver_sql(f"update audit set who = '{who}' where id = {number}")
                line = {"at": NOW, "who": "ada", "did": "erased person", "what": {}}
                erasures.forgotten(connection, 1, "mark", line)
    assert (looked_at(path).flaws, looked_at(path).rewritten) == ((), (2,))


def test_lines_of_a_ledger_from_before_are_chained_without_a_gap(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    monkeypatch.setattr(migrating, "HEAD", "0008")
    with open_ledger(path, "contoso"):
        pass
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as old:
        rows = [
            (at, NOW.isoformat(timespec="microseconds"), "ada", "judged", json.dumps({"n": at})) for at in (1, 2, 7)
        ]
        old.executemany("insert into audit (id, at, who, did, what) values (?, ?, ?, ?, ?)", rows)
        old.commit()
    with open_ledger(path, "contoso") as ledger:
        ledger.note("ada", "judged", {"n": 8}, NOW)
        with ledger.engine.connect() as connection:
            assert [line.what["n"] for line in audit.lines(connection)] == [1, 2, 7, 8]
    assert looked_at(path).flaws == ()


def test_each_approval_and_write_is_in_the_audit_and_every_run_knows_where_it_ended(written):
    assert {"approved plan", "applied plan"} <= {did for _, did, _ in written.audit()}
    written.look()
    with written.context() as context:
        assert verified(context).flaws == ()
        by_hand(context.workspace.ledger_file, "delete from audit", "delete from pins where name = 'audit_head'")
        assert "the manifest of run" in verified(context).flaws[0].what
