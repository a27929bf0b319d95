"""What is held for a person, what costs no write at all, one process at a time, and the exit codes that say so."""

from __future__ import annotations

import fcntl
import itertools
from datetime import UTC, datetime, timedelta

from tests.jobs.trials import assert_written_once
from tests.jobs.world import GLOBEX, INITECH, LISTED, OTHER_SELLER, account_id, listed

# --- guards ---------------------------------------------------------------------------------------------------------


def test_a_list_that_shrank_is_held_and_the_last_one_stays_in_force(written):
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED[:3]))
    report = written.run()
    assert [(found.partner, found.state, found.reasons) for found in report.pulled.held] == [
        (GLOBEX, "held", ("3 of the last list's 6 accounts are missing",))
    ]
    assert {written.overlap(number)["Status__c"] for number in LISTED} == {"Active"}
    assert not [line for line in written.audit() if line[1] == "approved list"]


def test_a_held_list_is_taken_when_a_person_looked_at_it(written):
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED[:3]))
    report = written.run(lists=[GLOBEX])
    assert not report.pulled.held
    assert [who for who, did, _ in written.audit() if did == "approved list"] == ["ada"]


def test_a_list_of_bad_rows_is_held(written):
    written.wait(days=7)
    bad = [{**row, "Account ID": f"B-{n}", "Account Name": ""} for n, row in enumerate(listed(*LISTED))]
    written.send(GLOBEX, [*listed(*LISTED), *bad])
    report = written.pull()
    assert report.held[0].reasons == ("6 of 12 rows are bad, more than 5",)


def test_retiring_more_than_half_of_a_partner_is_held(written):
    for number in (0, 1):
        written.store.delete("Account", account_id(number))
    written.wait(days=1)
    sent = written.writes()
    report = written.run(approve=False)
    assert report.plans[0].held == ("2 of 2 overlaps with 'initech' would retire",)
    assert written.writes() == sent


def test_many_updates_at_once_are_held(written):
    written.change_settings("[crm.salesforce]", "[guards]\nupdates = 3\nupdates_percent = 0\n\n[crm.salesforce]")
    written.wait(days=1)
    written.send(GLOBEX, listed(*LISTED, Status="Prospect"))
    report = written.run(approve=False)
    (reason,) = report.plans[0].held
    assert reason.startswith(f"{len(report.plans[0].changes)} updates, more than 3 of ")


# --- unchanged input ------------------------------------------------------------------------------------------------


def test_an_unchanged_world_costs_no_write_however_often_it_runs(written):
    sent = written.writes()
    for days in (0, 1, 8):
        written.wait(days=days)
        assert written.run().plans[0].changes == ()
    assert written.writes() == sent
    assert_written_once(written.store)


def test_a_newer_date_on_the_same_list_costs_one_write_per_partner(written):
    sent = len(written.writes())
    written.wait(days=7)
    written.send(GLOBEX, listed(*LISTED))
    written.send(INITECH, listed(0, 1, Status="Prospect"))
    written.run()
    assert [record["attributes"]["type"] for record in written.writes()[sent:]] == ["Overlap_Partner__c"] * 2


def test_without_the_warehouse_everything_is_read_again_and_nothing_written(written):
    sent = written.writes()
    written.workspace.warehouse_file.unlink()
    written.wait(days=1)
    report = written.run()
    assert report.pulled.crms[0].since is None
    assert report.plans[0].changes == ()
    assert written.writes() == sent


# --- one at a time, and exit codes ----------------------------------------------------------------------------------


def test_a_second_process_is_refused_while_one_works(world, runner):
    with world.workspace.lock_file.open("w") as lock:
        lock.write("4711")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        for verb in ("pull", "match"):
            ended = runner.overlap(world.folder, verb)
            assert ended.code == 6
            assert "is being changed by another process (pid 4711)" in ended.stderr
    assert [run.state for run in world.runs()] == ["failed", "failed"]


def test_the_command_line_says_by_its_exit_code_what_to_do(world, runner):
    minutes = itertools.count(1)

    def overlap(*arguments):
        # A pull reads up to two seconds ago; the org's clock runs ahead so that it sees what was done just before.
        world.store.set_time(datetime.now(UTC) + timedelta(minutes=next(minutes)))
        return runner.overlap(world.folder, *arguments)

    assert overlap("run").code == 6, "held"
    assert overlap("apply", "latest", "--yes").code == 6, "held still"
    assert overlap("apply", "latest", "--approve").code == 0
    assert overlap("run").code == 0
    for number in (0, 1):
        world.store.edit("Account", account_id(number), {"OwnerId": OTHER_SELLER})
    assert overlap("pull").code == overlap("match").code == 0
    assert overlap("plan", "--exit-code").code == 4
    world.store.edit("Partner_Overlap__c", world.overlap(1)["Id"], {"OwnerId": world.store.api_user})
    assert overlap("apply", "latest", "--yes").code == 5, "a conflict"
    assert overlap("plan").code == overlap("match").code == 0
    assert overlap("apply", "latest", "--yes").code == 6, "stale"
    world.store.set_down(True)
    assert overlap("pull").code == 3
