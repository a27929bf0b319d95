"""SIGKILL at every step, and answers that get lost: the next process ends the work, and nothing is written twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from config.workspace import open_workspace
from connectors.sandbox.bulk_query import MOST_RECORDS
from connectors.sandbox.store import Store
from jobs.context import open_context
from jobs.stores import api_calls, outbox, snapshot
from jobs.stores.entries import State
from jobs.stores.warehouse import open_warehouse, streams
from tests.jobs.conftest import Prepared
from tests.jobs.first_plan import FirstPlan, by_jobs, first_plan, small_world
from tests.jobs.trials import KILLED, Fate, assert_written_once
from tests.jobs.world import (
    GLOBEX,
    INITECH,
    LISTED,
    OURS,
    SELLER,
    START,
    World,
    account_id,
    api_writes,
    listed,
    said,
)

WRITTEN = ("overlap_partner", "partner_overlap", "partner_influence", "account", "opportunity")
OF_A_BATCH = ("look", "looked", "sorted", "marked sent", "sent", "receipts stored")
#: What a first apply comes to: one batch per object.
APPLY = (
    *("apply: begun", "apply: set off", "apply: is set off"),
    *(f"{name}: {step}" for name in WRITTEN for step in OF_A_BATCH),
    "apply: ended",
)
OF_A_JOB = (
    *("look", "looked", "sorted", "open job", "job opened", "job kept", "uploaded", "closed", "job ended"),
    *("receipts stored", "job settled"),
)
#: What the next apply does about a job that was left behind.
OF_A_LEFT_JOB = ("ask job", "job asked", "receipts stored", "job known")
#: The same where everything goes by bulk jobs.
BULK_APPLY = (
    *("apply: begun", "apply: set off", "apply: is set off"),
    *(f"{name}: {step}" for name in WRITTEN for step in OF_A_JOB),
    "apply: ended",
)
PAGE = "pull: page landed"


def numbered(steps):
    """Parameters that kill at each of *steps*, numbered from 1 as `Fate` counts."""
    return [pytest.param(number, id=f"{number:02}-{name}") for number, name in enumerate(steps, 1)]


#: Every step once: what goes by key, what goes by id, and where the job of one object follows that of another.
_ALIKE = ("partner_influence", "opportunity")
BULK_DEATHS = [death for death in numbered(BULK_APPLY) if not death.id.partition("-")[2].startswith(_ALIKE)]


# --- apply ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """A copy of the planned world for one test; its org has not been written to."""

    folder: Path
    store: Store


@pytest.fixture(scope="session")
def planned(org, runner, tmp_path_factory) -> FirstPlan:
    return first_plan(org, runner, tmp_path_factory.mktemp("first"))


@pytest.fixture
def trial(org, planned, store, tmp_path) -> Trial:
    return Trial(org.again(planned.prepared, tmp_path), store)


def assert_finished(trial, planned):
    """The org says what an uninterrupted apply makes it say, nothing went out twice, and the ledger knows."""
    assert said(trial.store) == planned.expected
    assert_written_once(trial.store)
    with open_context(open_workspace(trial.folder)) as context:
        assert outbox.tally(context.ledger, planned.plan).keys() == {State.ACKNOWLEDGED}


def test_a_first_apply_comes_to_these_steps(planned):
    assert planned.steps == APPLY
    assert len(APPLY) >= 20
    assert {name for name, _ in planned.expected} >= set(OURS)


@pytest.mark.parametrize("number", numbered(APPLY))
def test_an_apply_killed_at_any_step_is_finished_by_the_next(number, trial, planned, runner):
    killed = runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=Fate(die_at=number))
    assert (killed.code, killed.steps) == (KILLED, APPLY[:number])
    done = runner.overlap(trial.folder, "apply", planned.plan, "--approve")
    assert done.code == 0, done.stderr
    assert_finished(trial, planned)


@pytest.mark.parametrize("name", ["partner_overlap: marked sent", "partner_overlap: sent", "account: sent"])
@pytest.mark.parametrize("second", [2, 3, 7, 9])
def test_an_apply_killed_twice_is_finished_by_the_third(name, second, trial, planned, runner):
    fates = (Fate(die_at=APPLY.index(name) + 1), Fate(die_at=second))
    codes = [runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=fate).code for fate in fates]
    assert codes == [KILLED, KILLED]
    done = runner.overlap(trial.folder, "apply", planned.plan, "--yes")
    assert done.code == 0, done.stderr
    assert_finished(trial, planned)


def test_what_was_taken_is_ours_though_a_person_edited_it_before_it_was_read_back(trial, planned, runner):
    number = APPLY.index("partner_overlap: sent") + 1
    runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=Fate(die_at=number))
    made = trial.store.records("Partner_Overlap__c")[0]
    trial.store.edit("Partner_Overlap__c", made["Id"], {"Play__c": "Call them"})
    done = runner.overlap(trial.folder, "apply", planned.plan, "--yes")
    assert done.code == 0, done.stderr
    with open_context(open_workspace(trial.folder)) as context:
        assert outbox.tally(context.ledger, planned.plan).keys() == {State.ACKNOWLEDGED}


def test_a_killed_apply_is_finished_before_another_plan_is_written(trial, planned, runner):
    number = APPLY.index("partner_overlap: sent") + 1
    runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=Fate(die_at=number))
    assert runner.overlap(trial.folder, "plan").code == 0
    done = runner.overlap(trial.folder, "apply", "latest", "--approve")
    assert done.code == 0, done.stderr
    assert_finished(trial, planned)
    with open_context(open_workspace(trial.folder)) as context:
        assert outbox.tally(context.ledger, "2").keys() == {State.UNNEEDED}, "the first plan had said it all"


def test_a_killed_apply_leaves_its_calls_in_the_ledger(trial, planned, runner):
    def noted():
        with open_context(open_workspace(trial.folder)) as context:
            return api_calls.since(context.ledger, "salesforce", datetime(2000, 1, 1, tzinfo=UTC))

    before, first = noted(), len(trial.store.requests())
    number = APPLY.index("account: sent") + 1
    assert runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=Fate(die_at=number)).code == KILLED
    made = [one for one in trial.store.requests()[first:] if not one.path.endswith("/oauth2/token")]
    assert noted() - before == len(made) - 1 > 10, "all but the one that had just left"


# --- bulk jobs ------------------------------------------------------------------------------------------------------


@pytest.fixture
def bulk_trial(trial) -> Trial:
    """Everything goes by bulk jobs, and each of them commits long after it was closed."""
    by_jobs(trial.folder, trial.store)
    return trial


@pytest.mark.parametrize("number", BULK_DEATHS)
def test_an_apply_by_bulk_jobs_killed_at_any_step_is_finished_by_the_next(number, bulk_trial, planned, runner):
    killed = runner.overlap(bulk_trial.folder, "apply", planned.plan, "--approve", fate=Fate(die_at=number))
    assert (killed.code, killed.steps) == (KILLED, BULK_APPLY[:number])
    done = runner.overlap(bulk_trial.folder, "apply", planned.plan, "--approve")
    assert done.code == 0, done.stderr
    assert_finished_in_bulk(bulk_trial, planned)


@pytest.mark.parametrize("second", OF_A_LEFT_JOB)
def test_an_apply_killed_while_it_asks_about_a_job_is_finished_by_the_third(second, bulk_trial, planned, runner):
    steps = ("apply: begun", *(f"partner_overlap: {step}" for step in OF_A_LEFT_JOB))
    first, then = BULK_APPLY.index("partner_overlap: closed") + 1, steps.index(f"partner_overlap: {second}") + 1
    runner.overlap(bulk_trial.folder, "apply", planned.plan, "--approve", fate=Fate(die_at=first))
    killed = runner.overlap(bulk_trial.folder, "apply", planned.plan, "--yes", fate=Fate(die_at=then))
    assert (killed.code, killed.steps) == (KILLED, steps[:then])
    done = runner.overlap(bulk_trial.folder, "apply", planned.plan, "--yes")
    assert done.code == 0, done.stderr
    assert_finished_in_bulk(bulk_trial, planned)


@pytest.mark.parametrize("lost", ["answer", "request"])
@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_call_about_a_bulk_job_that_got_lost_writes_nothing_twice(lost, write, bulk_trial, planned, runner):
    fate = Fate(lost=lost, first=write, last=write)
    done = runner.overlap(bulk_trial.folder, "apply", planned.plan, "--approve", fate=fate)
    assert done.code == 0, done.stderr
    assert_finished_in_bulk(bulk_trial, planned)


def assert_finished_in_bulk(trial, planned):
    """As `assert_finished`, but a file that was uploaded to a job which was then aborted may be uploaded again."""
    assert said(trial.store) == planned.expected
    writes = api_writes(trial.store)
    assert all(change.effective for change in writes)
    assert max(Counter((write.object_name, write.id) for write in writes).values()) == 1
    with open_context(open_workspace(trial.folder)) as context:
        assert outbox.tally(context.ledger, planned.plan).keys() == {State.ACKNOWLEDGED}


# --- answers that get lost ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", ["answer", "request"])
@pytest.mark.parametrize("write", range(1, len(WRITTEN) + 1))
def test_a_write_that_got_lost_is_read_back_before_it_is_sent_again(lost, write, trial, planned, runner):
    fate = Fate(lost=lost, first=write, last=write)
    done = runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=fate)
    assert done.code == 0, done.stderr
    assert ("read back: read" in done.steps, done.steps.count("read back: settled")) == (True, 1)
    assert_finished(trial, planned)


def test_no_answer_arrives_and_still_nothing_is_written_twice(trial, planned, runner):
    done = runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=Fate(lost="answer", last=99))
    assert done.code == 0, done.stderr
    assert_finished(trial, planned)


@pytest.mark.parametrize("first", [1, 2])
def test_an_apply_that_cannot_reach_the_crm_says_so_and_the_next_one_finishes(first, trial, planned, runner):
    fate = Fate(lost="request", first=first, last=99)
    failed = runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=fate)
    assert failed.code == 3
    assert f"run 'overlap apply {planned.plan}' again to finish" in failed.stderr
    assert runner.overlap(trial.folder, "apply", planned.plan, "--yes").code == 0
    assert_finished(trial, planned)


def test_an_answer_lost_just_before_the_process_dies_is_read_back_by_the_next(trial, planned, runner):
    number = APPLY.index("partner_overlap: marked sent") + 2  # the first step of the second attempt
    fate = Fate(die_at=number, lost="answer", first=2, last=2)
    assert runner.overlap(trial.folder, "apply", planned.plan, "--approve", fate=fate).code == KILLED
    with open_context(open_workspace(trial.folder)) as context:
        assert outbox.tally(context.ledger, planned.plan)[State.SENT] > 5
    assert runner.overlap(trial.folder, "apply", planned.plan, "--yes").code == 0
    assert_finished(trial, planned)


# --- pull and match -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def news(org, tmp_path_factory) -> Prepared:
    """A week after its first run the CRM has news and both partners have sent new lists; the clock is the real one."""
    folder = tmp_path_factory.mktemp("news") / "workspace"
    org.put_back()
    with Store.open(org.folder) as store:
        world = small_world(org, store, folder, datetime.now(UTC) - timedelta(days=7))
        world.run()
        world.wait(days=7)
        store.edit("Account", account_id(7), {"Website": "hazel.example"})
        store.delete("Account", account_id(5))
        store.create("Account", {"Name": "Kapok Canvas", "Website": "kapokcanvas.com", "BillingCountry": "Spain"})
        world.send(GLOBEX, [*listed(*LISTED, 7), *listed(8, Status="Prospect")])
        world.send(INITECH, [*listed(0, 1, 2), *listed(3, **{"Account Name": ""})])
        world.wait(minutes=1)
    return org.keep(folder, world.now)


@pytest.fixture
def copy(org, news, store, tmp_path) -> World:
    return World(org.again(news, tmp_path), store, news.now)


def published(folder: Path) -> tuple[pl.DataFrame, ...]:
    """The published run but for its days, which pass by themselves; reading checks every file against its hash."""
    with open_context(open_workspace(folder)) as context:
        run_id = context.ledger.pinned("published_run")
        files = snapshot.manifest(context.workspace.runs, run_id)["files"]
        frames = snapshot.read(context.workspace.runs, run_id, *(name.removesuffix(".parquet") for name in files))
    return tuple(frame.drop("first_seen", strict=False) for frame in frames)


def same(ones, others):
    return all(one.equals(other) for one, other in zip(ones, others, strict=True))


def test_a_pull_killed_before_its_commit_is_as_if_it_had_never_begun(copy, runner):
    before = published(copy.folder)
    assert runner.overlap(copy.folder, "pull", fate=Fate(die_at="pull: commit")).code == KILLED
    assert runner.overlap(copy.folder, "match").code == 0
    assert same(published(copy.folder), before)


# --- a pull that reads in bulk --------------------------------------------------------------------------------------

MANY = 2_100
#: Five pages of accounts and one of deals, each landing in two streams, and one of users.
LARGE = (*[PAGE] * 13, "pull: commit")


@pytest.fixture(scope="session")
def large(org, tmp_path_factory) -> Prepared:
    """A workspace that has read nothing yet of an org whose accounts come by a bulk job, in five pages."""
    folder = tmp_path_factory.mktemp("large") / "workspace"
    org.put_back()
    with Store.open(org.folder) as store:
        world = small_world(org, store, folder, START)
        world.change_settings("[partners.globex]", "bulk_read_from = 2000\n[partners.globex]")
        row = {"OwnerId": SELLER, "SystemModstamp": "2026-02-01T10:00:00.000+0000"}
        many = [{"Id": account_id(number), "Name": f"Many {number}"} for number in range(100, MANY)]
        store.seed("Account", [one | row for one in many])
        store.database.keep(MOST_RECORDS, 500)
        world.wait(minutes=1)
    return org.keep(folder, world.now)


def landed(folder: Path) -> dict[str, pl.DataFrame]:
    """What is there; that a record is deleted only a pull remembers which had seen it before."""
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        frames = {stream: warehouse.frame(stream) for stream in streams()}
    return {name: frame.remove(is_deleted=True) if "is_deleted" in frame else frame for name, frame in frames.items()}


def news_of(world: World) -> None:
    """An hour later: a company of a page that was read has another name, one is gone, one is new."""
    world.wait(hours=1)
    world.store.edit("Account", account_id(0), {"Name": "Kapok Canvas"})
    world.store.delete("Account", account_id(1))
    world.store.create("Account", {"Name": "Larch Looms"})
    world.wait(minutes=1)


@pytest.fixture(scope="session")
def whole(org, large, runner, tmp_path_factory) -> dict[str, pl.DataFrame]:
    """What an uninterrupted pull lands after the news."""
    folder = org.again(large, tmp_path_factory.mktemp("uninterrupted"))
    with Store.open(org.folder) as store:
        news_of(World(folder, store, large.now))
        assert runner.overlap(folder, "pull").code == 0
    return landed(folder)


@pytest.mark.parametrize("number", [1, 4, 10, len(LARGE)])
def test_a_bulk_pull_killed_between_two_pages_ends_as_if_it_had_not_been(
    number, org, large, whole, store, runner, tmp_path
):
    world = World(org.again(large, tmp_path), store, large.now)
    killed = runner.overlap(world.folder, "pull", fate=Fate(die_at=number))
    assert (killed.code, killed.steps) == (KILLED, LARGE[:number])
    assert landed(world.folder)["accounts"].is_empty(), "complete or absent"
    news_of(world)
    done = runner.overlap(world.folder, "pull")
    assert done.code == 0, done.stderr
    for stream, frame in landed(world.folder).items():
        assert frame.equals(whole[stream]), stream
    jobs = [one for one in store.requests() if one.method == "POST" and one.path.endswith("jobs/query")]
    assert len(jobs) == 1, "the second pull goes on with the job of the first"
    assert not (world.folder / "pull" / "salesforce").exists()
