"""Slack by its own client, against a server that answers as Slack does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.error import URLError
from urllib.parse import parse_qs

import pytest

from config.telling import SlackSettings
from connectors.messages.slack import Slack, SlackHook
from overlap.errors import AccessError, BusyError, RecordError, TransientError
from tests.connectors.files.servers import Web, web
from tests.connectors.messages.servers import letter, taker

SAID = {
    "/api/users.lookupByEmail": {"ok": True, "user": {"id": "U7"}},
    "/api/chat.postMessage": {"ok": True, "channel": "D1", "ts": "1"},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Web]:
    with web(None) as state:
        yield state


@pytest.fixture
def slack(server: Web) -> Slack:
    server.got = []
    server.says = {path: (200, {}, said) for path, said in SAID.items()}

    def reply(method, path, headers, body):
        assert method == "POST"
        server.got.append((path, headers, body))
        status, more, said = server.says[path]
        return status, {"Content-Type": "application/json", **more}, json.dumps(said).encode()

    server.reply = reply
    settings = SlackSettings(type="slack", token="env:X", address=f"{server.url}/api/", timeout_s=5)
    return Slack("channel 'slack'", "xoxb-secret", settings, None)


def test_a_person_is_found_by_e_mail_and_gets_the_markup_without_previews(server, slack):
    slack.send(letter())
    lookup, post = server.got
    assert parse_qs(lookup[2].decode())["email"] == ["uma@x.example"]
    assert lookup[1]["Authorization"] == "Bearer xoxb-secret"
    sent = json.loads(post[2]) if post[2].startswith(b"{") else {k: v[0] for k, v in parse_qs(post[2].decode()).items()}
    assert (sent["channel"], sent["text"]) == ("U7", "*Acme* &lt;b&gt;")
    assert str(sent["unfurl_links"]) in ("False", "0", "false")


def test_a_channel_is_posted_to_by_its_name(server, slack):
    slack.send(letter(recipient="#partners"))
    assert [path for path, *_ in server.got] == ["/api/chat.postMessage"]


@pytest.mark.parametrize(
    ("path", "answer", "error"),
    [
        ("chat.postMessage", (429, {"Retry-After": "7"}, {"ok": False, "error": "ratelimited"}), BusyError),
        ("chat.postMessage", (200, {}, {"ok": False, "error": "is_archived"}), RecordError),
        ("chat.postMessage", (200, {}, {"ok": False, "error": "invalid_auth"}), AccessError),
        ("chat.postMessage", (200, {}, {"ok": False, "error": "fatal_error"}), TransientError),
        ("chat.postMessage", (503, {}, {"ok": False, "error": "service_unavailable"}), TransientError),
        ("users.lookupByEmail", (200, {}, {"ok": False, "error": "users_not_found"}), RecordError),
        ("users.lookupByEmail", (503, {}, {}), BusyError),
    ],
)
def test_each_refusal_means_what_it_says_of_the_message(server, slack, path, answer, error):
    server.says[f"/api/{path}"] = answer
    with pytest.raises(error) as raised:
        slack.send(letter())
    assert type(raised.value) is error
    assert getattr(raised.value, "retry_after_s", None) == (7.0 if answer[0] == 429 else None)
    assert "xoxb" not in str(raised.value)


def test_slack_that_is_not_there_took_nothing():
    settings = SlackSettings(type="slack", token="env:X", address="http://127.0.0.1:1/api/", timeout_s=5)
    with pytest.raises(BusyError, match="not to be reached"):
        Slack("channel 'slack'", "x", settings, None).send(letter(recipient="#x"))


@pytest.mark.parametrize("broken", [BrokenPipeError(), ConnectionResetError()])
def test_a_connection_that_broke_while_it_sent_may_have_been_taken(slack, monkeypatch, broken):
    def urlopen(*_, **__):
        raise URLError(broken)

    monkeypatch.setattr("urllib.request.OpenerDirector.open", urlopen)
    with pytest.raises(TransientError, match="the connection broke") as raised:
        slack.send(letter(recipient="#partners"))
    assert type(raised.value) is TransientError


def test_an_incoming_webhook_takes_a_letter_and_says_when_it_is_gone(server):
    settings = SlackSettings(type="slack", webhook="env:X", timeout_s=5)
    hook = SlackHook("channel 'hook'", f"{server.url}/services/T1", settings, None)
    got = []
    server.reply = taker(got, 200, body=b"ok")
    hook.send(letter(recipient=""))
    assert json.loads(got[0][2])["text"] == "*Acme* &lt;b&gt;"
    server.reply = lambda *_: (404, {}, b"no_service")
    with pytest.raises(RecordError, match="no_service"):
        hook.send(letter(recipient=""))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed_since_the_token_would_go_along(server, slack, status):
    with web(lambda *_: (200, {"Content-Type": "application/json"}, b'{"ok": true}')) as elsewhere:
        server.says["/api/chat.postMessage"] = (status, {"Location": elsewhere.url}, {})
        with pytest.raises(AccessError, match=f"answers {status}, and no redirect is followed"):
            slack.send(letter(recipient="#partners"))
        server.reply = lambda *_: (status, {"Location": elsewhere.url}, b"")
        settings = SlackSettings(type="slack", webhook="env:X", timeout_s=5)
        with pytest.raises(AccessError, match=f"answers {status}, and no redirect is followed"):
            SlackHook("channel 'hook'", f"{server.url}/services/T1", settings, None).send(letter(recipient=""))
        assert elsewhere.asked == []
