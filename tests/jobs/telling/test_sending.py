"""Wherever the process dies: a message reaches a person at most once, and a webhook under one id until it is taken."""

from __future__ import annotations

import pytest

from jobs.stores import messages
from jobs.stores.messages import State
from jobs.telling.content import Content
from jobs.telling.sending import deliver
from tests.connectors.files.servers import web
from tests.connectors.messages.servers import taker
from tests.jobs.telling.newsroom import UMA

STEPS = ("message: leave", "message: left", "message: taken", "message: known")
HOOK = """
[telling.channels.ops]
type = "webhook"
url = "{url}/hook"
secret = "file:secret"
private = true
"""


class Killed(BaseException):
    """What SIGKILL is to a process."""


def enqueue(news, channel="mail", recipient=UMA, about="run 1"):
    draft = messages.Draft("digest", channel, recipient, about, "Hi", Content("Hello"), UMA, {"k": ("globex", "cell")})
    with news.context() as context:
        return messages.enqueue(context.ledger, draft, context.now)


def delivered(news):
    with news.context() as context:
        return [one.state for one in deliver(context)]


def told(news):
    with news.context() as context:
        return messages.said_to(context.ledger, UMA)


def hooked(news, server):
    (news.folder / "secret").write_text("s")
    news.set_up("[telling.channels.mail]", HOOK.format(url=server.url) + "[telling.channels.mail]")


def killed_at(news, at_each_step, step):
    def die(name):
        if name == step:
            raise Killed

    at_each_step(die)
    with pytest.raises(Killed):
        delivered(news)
    at_each_step(None)


@pytest.mark.parametrize("step", STEPS)
def test_wherever_the_process_dies_a_person_gets_a_message_at_most_once(news, post, at_each_step, step):
    enqueue(news)
    killed_at(news, at_each_step, step)
    after = delivered(news)
    arrived = step in ("message: taken", "message: known")
    left = step != "message: leave"
    assert len(post.taken) == (1 if arrived or not left else 0)
    assert after == ([State.DONE] if not left else [State.IN_DOUBT] if step != "message: known" else [])
    assert told(news) == {"k": "cell"}
    assert delivered(news) == []
    assert len(post.taken) <= 1


@pytest.mark.parametrize("step", STEPS)
def test_wherever_the_process_dies_a_webhook_gets_its_message_under_one_id(news, at_each_step, step):
    got = []
    with web(taker(got)) as server:
        hooked(news, server)
        enqueue(news, "ops", "")
        killed_at(news, at_each_step, step)
        delivered(news)
    assert len({headers["Overlap-Id"] for _, headers, _ in got}) == 1


def test_no_answer_is_told_and_not_repeated_to_a_person(news, post):
    enqueue(news)
    post.cut = True
    with news.context() as context:
        (done,) = deliver(context)
    assert done.state is State.IN_DOUBT
    assert "it may not have arrived, and is not sent again" in done.error
    post.cut = False
    assert delivered(news) == []
    assert len(post.taken) == 1


def test_a_channel_that_is_busy_is_asked_again_and_then_next_time(news, post):
    enqueue(news)
    asked = []
    original = type(post).handle_RCPT

    async def counted(self, *words):
        asked.append(1)
        return await original(self, *words)

    post.handle_RCPT = counted.__get__(post)
    post.answers["RCPT"] = "451 later"
    assert delivered(news) == [State.PENDING]
    assert len(asked) == 2
    post.answers.clear()
    assert delivered(news) == [State.DONE]


def test_a_channel_that_is_shut_keeps_its_messages_and_is_asked_once(news, post):
    for number in (1, 2):
        enqueue(news, recipient=f"r{number}@x.example")
    news.set_up('security = "none"', 'security = "starttls"')
    assert delivered(news) == [State.PENDING] * 2
    assert post.taken == []
    news.set_up('security = "starttls"', 'security = "none"')
    assert delivered(news) == [State.DONE] * 2


def test_a_digest_takes_the_place_of_one_that_has_not_left(news):
    assert all(enqueue(news, about=about) for about in ("run 1", "run 1", "run 2"))
    with news.context() as context:
        assert [one.about for one in messages.waiting(context.ledger, State.PENDING)] == ["run 2"]


def test_of_two_that_would_send_a_message_one_does(news):
    enqueue(news)
    with news.context() as context:
        assert [messages.leave(context.ledger, 1) for _ in range(2)] == [True, False]


def test_what_was_sent_says_nothing_any_more_and_what_nobody_took_for_a_week_expires(news, post):
    enqueue(news)
    delivered(news)
    post.answers["RCPT"] = "451 later"
    enqueue(news, about="run 2")
    delivered(news)
    news.day += 8
    assert delivered(news) == [State.EXPIRED]
    with news.context() as context:
        assert [one.content for one in messages.last(context.ledger, 9)] == [None, None]
