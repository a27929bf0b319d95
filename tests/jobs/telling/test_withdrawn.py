"""A message that waits leaves under today's terms or not at all; what was withdrawn is told anew, as they let it be."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import update

from jobs.stores import erasures, messages
from jobs.stores.messages import State
from jobs.stores.schema import messages as table
from jobs.telling.alerts import alert
from jobs.telling.digests import Wanted
from jobs.telling.sending import deliver
from overlap.terms import FIELDS
from tests.connectors.files.servers import web
from tests.connectors.messages.servers import taker
from tests.jobs.telling.newsroom import OPS, PAM, UMA, row
from tests.jobs.telling.test_digests import MANAGERS, OWNERS, accounts, mail, sent
from tests.jobs.telling.test_sending import enqueue, hooked, killed_at

SECRET = {"theirs_owner_name": "ZZOWNER", "theirs_owner_email": "zz@globex.example"}
NEXT = "[partners.initech]"
REMOVED = '[partners.globex]\nname = "Globex"\nfiles = "inbox/globex*"\n'


def terms(uses=("analysis", "crm", "digest"), without=(), expires=""):
    """Terms of Globex, as they stand in the settings."""
    fields = [field for field in FIELDS if field not in without]
    end = f"\nexpires = {expires}" if expires else ""
    return f"[partners.globex.terms]\nuses = {json.dumps(uses)}\nfields = {json.dumps(fields)}{end}\n"


def busy(post):
    post.answers["RCPT"] = "451 later"


def delivered(news):
    with news.context() as context:
        return [(one.state, one.error) for one in deliver(context)]


def texts(post):
    return [part.get_content() for one in post.taken for part in one.walk() if part.get_content_maintype() == "text"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (terms(without=["owner_name"]), "globex: its terms do not allow owner_name any more"),
        (terms(without=["phone", "website"]), "globex: its terms do not allow phone, website any more"),
        (terms(uses=["analysis", "crm"]), "globex: its terms do not allow digest any more"),
        (terms(uses=[]), "globex: its terms do not allow digest any more"),
        (terms(expires="2020-01-01"), "globex: its terms do not allow digest any more"),
        (None, "globex: it is no partner any more"),
    ],
)
@pytest.mark.parametrize(("wanted", "reader"), [(OWNERS, UMA), (MANAGERS, PAM)])
def test_what_waits_is_not_sent_once_a_partner_allows_less(news, post, wanted, reader, change, why):
    news.publish(row("A", **SECRET), row("B", owner_id="005L"))
    busy(post)
    sent(news, wanted)
    post.answers.clear()
    news.set_up(NEXT if change else REMOVED, f"{change}{NEXT}" if change else "")
    assert delivered(news) == [(State.EXPIRED, f"not sent: {why}")]
    assert mail(post, reader) == []
    assert delivered(news) == []


def test_what_a_withdrawn_digest_said_is_told_by_the_next_one_of_the_same_run_without_what_is_hidden(news, post):
    news.publish(row("A", **SECRET))
    busy(post)
    sent(news)
    post.answers.clear()
    news.set_up(NEXT, f"{terms(without=['owner_name', 'owner_email'])}{NEXT}")
    delivered(news)
    assert [one.state for one in sent(news)] == [State.DONE]
    assert not [text for text in texts(post) if "ZZOWNER" in text or "zz@globex" in text]
    assert accounts(mail(post)[0]) == ["A"]
    assert sent(news) == [], "told once"


def test_a_digest_of_many_partners_waits_on_where_another_one_allows_more(news, post):
    news.set_up(NEXT, f"{terms(without=['phone'])}{NEXT}")
    news.publish(row("A"), row("B", partner="initech"))
    busy(post)
    sent(news)
    post.answers.clear()
    news.set_up(terms(without=["phone"]), terms())
    assert [state for state, _ in delivered(news)] == [State.DONE]


def test_a_manager_hears_nothing_of_a_partner_of_which_only_its_name_was_told(news, post):
    news.set_up(NEXT, f"{terms(without=['population'])}{NEXT}")
    news.publish(row("A", partner_population=None))
    busy(post)
    sent(news, MANAGERS)
    post.answers.clear()
    news.set_up(terms(without=["population"]), terms(uses=["analysis", "crm"], without=["population"]))
    assert [state for state, _ in delivered(news)] == [State.EXPIRED]
    assert mail(post, PAM) == []


def test_a_digest_that_an_earlier_version_left_is_taken_for_one_that_shows_every_field(news, post):
    enqueue(news)
    with news.context() as context, context.ledger.engine.begin() as connection:
        old = {"reader": UMA, "rows": {"k": ["globex", "cell"]}}
        connection.execute(update(table).values(told=json.dumps(old)))
    busy(post)
    assert [state for state, _ in delivered(news)] == [State.PENDING]
    post.answers.clear()
    news.set_up(NEXT, f"{terms(without=['phone'])}{NEXT}")
    assert [state for state, _ in delivered(news)] == [State.EXPIRED]


def test_a_webhook_that_gave_no_answer_gets_nothing_again_that_it_may_not_have_any_more(news, at_each_step):
    got = []
    with web(taker(got)) as server:
        hooked(news, server)
        enqueue(news, "ops", "")
        killed_at(news, at_each_step, "message: left")
        news.set_up(NEXT, f"{terms(uses=['analysis'])}{NEXT}")
        assert [state for state, _ in delivered(news)] == [State.EXPIRED]
    assert got == []


def test_what_was_on_its_way_when_it_was_erased_is_not_sent_again(news, at_each_step):
    got = []
    with web(taker(got)) as server:
        hooked(news, server)
        enqueue(news, "ops", "")
        killed_at(news, at_each_step, "message: left")
        with news.context() as context, context.ledger.engine.begin() as connection:
            erasures.drop_planned(connection)
        assert [state for state, _ in delivered(news)] == [State.IN_DOUBT]
        assert delivered(news) == []
    assert got == []


ENDING = "2026-03-20"


def alerted(news):
    with news.context() as context:
        return [(one.title.partition(": ")[2], one.state) for one in alert(context)]


def test_an_alert_that_waits_is_withdrawn_with_its_terms_and_told_anew(news, post):
    news.publish()
    news.set_up(NEXT, f"{terms(expires=ENDING)}{NEXT}")
    busy(post)
    title = f"Terms of Globex: their last day is {ENDING}"
    assert alerted(news) == [(title, State.PENDING)]
    assert [state for _, state in alerted(news)] == [State.PENDING], "it waits, and there is no second one"
    post.answers.clear()
    news.set_up(terms(expires=ENDING), terms(expires=ENDING, without=["name"]))
    assert [state for state, _ in delivered(news)] == [State.EXPIRED]
    assert mail(post, OPS) == []
    assert alerted(news) == [(title, State.DONE)]
    assert alerted(news) == []


def test_an_alert_of_a_partner_that_is_gone_is_not_sent_and_not_told_anew(news, post):
    news.publish()
    news.set_up(NEXT, f"{terms(expires=ENDING)}{NEXT}")
    busy(post)
    alerted(news)
    post.answers.clear()
    news.set_up(f"{REMOVED}{terms(expires=ENDING)}", "")
    assert [state for _, state in alerted(news)] == [State.EXPIRED]
    assert alerted(news) == []
    assert mail(post, OPS) == []


@pytest.mark.parametrize("hidden", [(), ("phone",)])
def test_why_a_list_is_held_may_quote_a_row_and_is_told_where_every_field_may_be_shown(news, post, hidden):
    news.publish()
    news.set_up(NEXT, f"{terms(without=hidden)}{NEXT}")
    with news.context() as context:
        number = context.ledger.start_run("pull", context.now)
        held = {"partner": "globex", "state": "held", "reasons": ["line 3, which begins 'ZZNAME'"]}
        context.ledger.finish_run(number, "done", context.now, {"lists": [held]})
    assert [state for _, state in alerted(news)] == [State.DONE]
    sent(news, Wanted(owners=False))
    said = [text for text in texts(post) if "held" in text]
    assert len(said) >= 2, "an alert and a digest"
    assert ["ZZNAME" in text for text in said] == [not hidden] * len(said)


def test_what_a_message_needs_is_dropped_with_what_it_says(news, post):
    news.publish(row("A"))
    busy(post)
    sent(news)
    with news.context() as context:
        [number] = [one.id for one in messages.waiting(context.ledger, State.PENDING)]
        assert messages.needs_of(context.ledger, number) == {"globex": ["digest", *sorted(FIELDS)]}
    post.answers.clear()
    delivered(news)
    with news.context() as context:
        assert messages.needs_of(context.ledger, number) == {}
