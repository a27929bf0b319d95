"""Every effect outside this process stands between two steps of its function, so that a kill can be tried around it.

Commits of the two databases are steps by themselves. What is not looked at: a folder that is made, since an empty one
says nothing, and fsync, since what a killed process has written stays.
"""

from __future__ import annotations

import ast
from typing import Final

import pytest
from sqlalchemy import text

from jobs import steps
from jobs.stores.warehouse import open_warehouse
from tests.jobs import sources
from tests.jobs.sources import Function, called

OF_FILES: Final = {
    *(f"os.{name}" for name in ("replace", "rename", "unlink", "remove", "rmdir", "truncate", "pwrite", "utime")),
    *(f"shutil.{name}" for name in ("rmtree", "move", "copy", "copyfile", "copytree")),
}
OF_A_PATH: Final = {"unlink", "rmdir", "touch", "write_bytes", "write_text", "write_parquet", "symlink_to"}
#: A path's new name is one variable, property or sum; texts and frames are given two, or a table of names.
RENAMING: Final = {"replace", "rename"}
A_NAME: Final = (ast.Name, ast.Attribute, ast.BinOp)
#: What of a CRM's sink changes records.
OF_A_SINK: Final = {"sink.send", "bulk.open", "bulk.upload", "bulk.close", "bulk.abort"}
#: A file under a name that nobody reads: what a kill leaves of it is overwritten.
DRAFTS: Final = {"partial", "draft", "temporary"}

BETWEEN: Final = "is called between steps only"
AGAIN: Final = "whatever a kill leaves of it is made, or deleted, again at the next call"
ASKED: Final = "writes one file that a person asked for, whole or not at all; nothing hangs on it"
OWN: Final = "writes into a temporary folder, or a frame that is no file"
EXCEPTIONS: Final = {
    "jobs.partners.corrections.correct": OWN,
    "jobs.partners.imports._without_erased": OWN,
    "jobs.erasing.erased_files.delete": BETWEEN,
    "jobs.files_result.write": ASKED,
    "jobs.finding.model_fit._write": ASKED,
    "jobs.stores.lock.lock_file": "who holds the lock file signs it: for people",
    "jobs.sharing.withdraw.withdraw": AGAIN,
    "connectors.files.child._leave": OWN,
    "connectors.files.corrections.corrected": OWN,
    "connectors.files.replies.corrections": OWN,
    "connectors.files.rewriting.as_before": OWN,
    "connectors.files.workbook.united": OWN,
    "connectors.files.quarantine.write": BETWEEN,
    "connectors.files.remote._fetched": AGAIN,
    "connectors.hubspot.cells._labelled": OWN,
    "connectors.salesforce.bulk_query.Kept.drop": AGAIN,
    "connectors.salesforce.bulk_query.Kept._save": "is called between two landed pages, whole or not at all",
    "connectors.salesforce.source.SalesforceSource.landed": AGAIN,
    "connectors.salesforce.setup.source.write": ASKED,
    "matching.compiled._folder": AGAIN,
    "jobs.past.changes_file.write": ASKED,
    "jobs.reviewing.travel.export": ASKED,
    "jobs.reviewing.workbook._write": BETWEEN,
    "jobs.service.turns.turn_lock": "who holds the lock file signs it: for people",
    "jobs.stores.migrating.copy": AGAIN,
    "jobs.stores.migrating.migrate": AGAIN,
    "jobs.telling.brief.brief": ASKED,
    "jobs.telling.pages.copy_out": ASKED,
    "jobs.telling.shared_brief.export": BETWEEN,
    "jobs.telling.shared_briefs.release_brief": AGAIN,
    "jobs.upkeep.archive.Archive.members": OWN,
    "jobs.upkeep.backup._thinned": AGAIN,
    "jobs.upkeep.restore.restore": AGAIN,
    "jobs.upkeep.restore._unpacked": AGAIN,
    "jobs.upkeep.restore._moved_aside": BETWEEN,
    "jobs.upkeep.restore._put_in_place": BETWEEN,
    "jobs.upkeep.restore._entries": BETWEEN,
}


def is_effect(call: ast.Call) -> bool:
    name = called(call)
    of, _, short = name.rpartition(".")
    is_of_a_path = bool(of) and (short in OF_A_PATH or _renames(call, short))
    first = call.args[0].id if call.args and isinstance(call.args[0], ast.Name) else ""
    is_draft = short not in RENAMING and DRAFTS & {of, first}
    commits = any(isinstance(argument, ast.Constant) and argument.value == "commit" for argument in call.args)
    of_a_sink = ".".join(name.split(".")[-2:]) in OF_A_SINK
    of_a_file = (name in OF_FILES or is_of_a_path) and not is_draft
    return of_a_file or of_a_sink or (commits and short != "listen")


def _renames(call: ast.Call, short: str) -> bool:
    return short in RENAMING and len(call.args) == 1 and not call.keywords and isinstance(call.args[0], A_NAME)


def outside(function: Function) -> list[str]:
    """The effects of *function* that do not stand between two of its steps."""
    lines = [line for line, _ in function.steps()]
    return [
        f"{function.name}, line {call.lineno}: {called(call)}"
        for call in function.calls
        if is_effect(call) and not (lines and lines[0] < call.lineno < lines[-1])
    ]


def test_every_effect_stands_between_two_steps_of_its_function():
    found = sources.functions("jobs", "connectors", "matching", but=("connectors.sandbox", "jobs.demo", "jobs.cli"))
    bare = {function.name: outside(function) for function in found}
    assert [said for name, every in bare.items() if name not in EXCEPTIONS for said in every] == []
    assert sorted(name for name in EXCEPTIONS if not bare.get(name)) == [], "needs no exception any more"


STEPPED = 'def f(path, new):\n    step("a: begin")\n    {}\n    step("a: end")\n'
BARE = ["path.unlink()", "path.replace(new)", "os.replace(path, new)", "shutil.rmtree(path)", "path.write_bytes(b'')"]
BARE += ["writing.sink.send(1)", "bulk.close(1)", "path.rename(new / 'x')", "self._run('commit')"]


@pytest.mark.parametrize("effect", BARE)
def test_an_effect_without_steps_is_found(effect):
    (stepped,) = sources.of_source("room", STEPPED.format(effect))
    assert outside(stepped) == []
    for without in ('step("a: begin")', 'step("a: end")'):
        (bare,) = sources.of_source("room", STEPPED.format(effect).replace(without, "pass"))
        assert len(outside(bare)) == 1


@pytest.mark.parametrize("other", ["text.replace('a', 'b')", "frame.rename({'a': 'b'})", "partial.unlink()"])
def test_what_changes_no_file_needs_no_steps(other):
    (bare,) = sources.of_source("room", f"def f():\n    {other}\n")
    assert outside(bare) == []


def test_every_commit_of_the_ledger_and_of_the_warehouse_is_a_step(ledger, tmp_path, monkeypatch):
    came: list[str] = []
    monkeypatch.setattr(steps, "_hook", came.append)
    with ledger.engine.connect() as connection:
        connection.execute(text("select 1"))
    assert came == []
    ledger.pin("a", "b")
    assert came == ["ledger: commit"]
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse, warehouse.transaction():
        pass
    assert came[1:] == ["warehouse: commit", "warehouse: committed"]


def test_only_one_place_connects_to_each_database():
    found = sources.functions("jobs", "connectors", "matching", but=("connectors.sandbox",))
    places = {
        (called(call), function.name)
        for function in found
        for call in function.calls
        if called(call) in ("create_engine", "duckdb.connect", "sqlite3.connect")
    }
    assert places == {
        ("create_engine", "jobs.stores.ledger.engine_of"),
        ("sqlite3.connect", "jobs.stores.erasures.end"),  # a vacuum, between two steps
        ("sqlite3.connect", "jobs.stores.migrating.copy"),  # into a file of its own
        ("sqlite3.connect", "jobs.stores.migrating.version_at"),  # these look, and change nothing
        ("sqlite3.connect", "jobs.upkeep.kept.ledger"),
        ("duckdb.connect", "jobs.upkeep.kept.warehouse"),
        ("sqlite3.connect", "jobs.upkeep.restore._add"),
        ("sqlite3.connect", "jobs.upkeep.restore._prepared"),  # of what is not in its place yet
        ("duckdb.connect", "jobs.stores.warehouse._connect"),
        ("duckdb.connect", "matching.duckdb_engine.DuckDbEngine._in_portions"),  # in memory
    }
