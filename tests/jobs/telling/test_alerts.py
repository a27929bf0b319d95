"""Alerts: what is wrong is told once while it stands, after a run as between runs, and never stops a run."""

from __future__ import annotations

import pytest

from jobs.telling.alerts import after_run, alert, alerting, due
from jobs.telling.digests import Wanted, send
from jobs.unfinished import UnfinishedError
from overlap.errors import AccessError, OverlapError, PausedError
from tests.jobs.old_ledger import age, counted, grown
from tests.jobs.telling.newsroom import OPS, row

SHARE = """
[partners.globex.share]
expires = 2026-03-20
[partners.globex.share.cells]
"our Prospects x their *" = "all"
"""
SOON = 'name = "Globex"\nterms = { expires = 2026-03-20 }'


def titles(news, outcome=None):
    """The titles of the alerts that are sent."""
    with news.context() as context:
        return [one.title.partition(": ")[2] for one in alert(context, outcome)]


@pytest.fixture
def run(news):
    """A report of a run in which all went well; alerts ask only whether there is one."""
    news.publish()
    return object()


@pytest.mark.usefixtures("run")
def test_terms_and_sharing_that_end_are_told_before_and_when_they_have_ended(news, post):
    news.set_up('name = "Globex"', SOON)
    news.set_up("[partners.initech]", f"{SHARE}[partners.initech]")
    assert titles(news) == [
        "Terms of Globex: their last day is 2026-03-20",
        "Sharing with Globex: their last day is 2026-03-20",
    ]
    assert titles(news) == []
    news.day += 12
    assert titles(news) == ["Terms of Globex: over since 2026-03-20", "Sharing with Globex: over since 2026-03-20"]
    assert {one["To"] for one in post.taken} == {OPS}
    assert "What to do: agree anew" in post.taken[0].get_body(("plain",)).get_content()


def test_a_crm_that_cannot_be_reached_is_told_once_until_a_run_reaches_it_again(news, run):
    lost = UnfinishedError({"salesforce": AccessError("sign-in refused")}, None)
    assert titles(news, lost) == ["CRM 'salesforce' could not be read or written"]
    assert titles(news, lost) == []
    assert titles(news) == [], "between runs nobody knows better"
    assert titles(news, run) == []
    assert titles(news, lost) == ["CRM 'salesforce' could not be read or written"], "it came back"
    news.day += 6
    assert titles(news, lost) == ["CRM 'salesforce' could not be read or written"], "and still stands"


@pytest.mark.usefixtures("run")
def test_a_pause_is_no_connection_that_is_lost(news):
    paused = UnfinishedError({"salesforce": PausedError("the day's budget is used up")}, None)
    assert titles(news, paused) == ["Writing to CRM 'salesforce' is paused"]


@pytest.mark.usefixtures("run")
def test_a_run_that_fails_the_same_way_is_one_alert_and_another_failure_another(news):
    assert titles(news, OverlapError("run 7 broke")) == ["A run failed"]
    assert titles(news, OverlapError("run 8 broke")) == []
    assert titles(news, OverlapError("disk is full")) == ["A run failed"]


@pytest.mark.usefixtures("run")
def test_whatever_is_wrong_with_alerts_a_run_ends_as_it_does_and_it_is_on_record(news):
    (news.folder / "templates").mkdir()
    (news.folder / "templates" / "alert.txt").write_text("{{ nothing }}")
    with news.context() as context, pytest.raises(OverlapError, match=r"^broke$"), alerting(context):
        raise OverlapError("broke")
    with news.context() as context:
        after_run(context, KeyboardInterrupt())
        noted = context.ledger.engine.connect().exec_driver_sql("select did, what from audit").all()
    assert [did for did, _ in noted] == ["could not tell"]
    assert "alert.txt, line 1" in noted[0][1]


@pytest.mark.usefixtures("run")
def test_a_damaged_run_hides_no_alert_and_is_one(news):
    (news.folder / "runs" / "1" / "overlaps.parquet").write_bytes(b"")
    assert titles(news, OverlapError("broke")) == ["A run failed", "What the last run found cannot be read"]


@pytest.mark.usefixtures("run")
def test_looking_changes_nothing(news):
    news.set_up('name = "Globex"', SOON)
    with news.context() as context:
        assert len(due(context).now) == len(due(context).now) == 1


def test_what_is_told_after_years_asks_the_ledger_for_no_more_than_in_the_third_week(news):
    lost = UnfinishedError({"salesforce": AccessError("sign-in refused")}, None)

    def week(number):
        news.publish(row("A"), row(f"B{number}"))
        with news.context() as context:
            send(context, Wanted())
            alert(context, lost)
            alert(context, object())

    week(1)
    week(2)
    with counted() as young:
        week(3)
    with news.context() as context:
        assert age(context.ledger, weeks=300) > 2_000
    with counted() as old:
        week(4)
    assert grown(young, old) == []
