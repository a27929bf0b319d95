"""The signed webhook: verified as a receiver would, and led nowhere that it must not go."""

from __future__ import annotations

import hashlib
import json

import pytest

from config.telling import WebhookSettings
from connectors.messages import reachable, webhook
from connectors.messages.webhook import Webhook
from overlap.errors import AccessError, BusyError, RecordError, TransientError
from tests.connectors.files.servers import Web, web
from tests.connectors.messages.servers import letter, taker


@pytest.fixture(scope="module")
def server():
    with web(None) as state:
        yield state


def by_definition(key: bytes, text: bytes) -> str:
    """HMAC-SHA256 as RFC 2104 defines it."""
    block = key.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return hashlib.sha256(outer + hashlib.sha256(inner + text).digest()).hexdigest()


def hook(server: Web, path: str = "/hook?x=1", private: bool = True) -> Webhook:
    settings = WebhookSettings(type="webhook", url=f"{server.url}{path}", secret="env:X", private=private, timeout_s=5)
    return Webhook("channel 'ops'", settings, "s3cret", None)


def test_a_receiver_verifies_the_signature_and_knows_a_message_that_comes_twice(server):
    got = []
    server.reply = taker(got)
    hook(server).send(letter())
    hook(server).send(letter())
    path, headers, body = got[0]
    assert path == "/hook?x=1"
    assert [one["Overlap-Id"] for _, one, _ in got] == ["0123456789abcdef"] * 2
    signed = headers["Overlap-Timestamp"].encode() + b"." + body
    assert headers["Overlap-Signature"] == f"v1={by_definition(b's3cret', signed)}"
    said = json.loads(body)
    assert (said["kind"], said["facts"]["lines"][0]["account"]) == ("digest", "Acme")


@pytest.mark.parametrize(
    ("status", "error"),
    [(429, BusyError), (503, BusyError), (400, RecordError), (410, RecordError), (302, AccessError)],
)
def test_an_answer_says_whether_it_was_taken_and_no_redirect_is_followed(server, status, error):
    asked = []
    elsewhere = {"Location": f"{server.url}/elsewhere", "Retry-After": "9"}
    server.reply = taker(asked, status, elsewhere)
    with pytest.raises(error) as raised:
        hook(server).send(letter())
    assert [path for path, *_ in asked] == ["/hook?x=1"]
    assert getattr(raised.value, "retry_after_s", None) == (9.0 if error is BusyError else None)


def test_an_answer_that_is_none_leaves_it_open_whether_it_was_taken(server):
    def cut(*_):
        raise ConnectionAbortedError

    server.reply = cut
    with pytest.raises(TransientError) as raised:
        hook(server).send(letter())
    assert type(raised.value) is TransientError


def test_this_machine_and_private_networks_are_called_only_if_the_settings_say_so(server):
    asked = []
    server.reply = taker(asked)
    with pytest.raises(AccessError, match=r"is 127\.0\.0\.1, which is no public address.*private = true"):
        hook(server, private=False).send(letter())
    assert asked == []


def test_a_name_that_moves_after_the_look_leads_nowhere_else(server, monkeypatch):
    """The name's number was looked at; what the name says now is never asked."""
    asked = []
    server.reply = taker(asked)
    monkeypatch.setattr(webhook, "addresses", lambda *_: ["127.0.0.1"])
    settings = WebhookSettings.model_construct(
        type="webhook", url=server.url.replace("127.0.0.1", "moved.invalid"), private=False, timeout_s=5
    )
    Webhook("channel 'ops'", settings, "s3cret", None).send(letter())
    [(_, headers, _)] = asked
    assert headers["Host"].startswith("moved.invalid:")


@pytest.mark.parametrize(
    "number",
    [
        *("127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "64:ff9b::7f00:1"),
    ],
)
def test_no_address_of_this_machine_or_of_a_private_network_is_public_however_it_is_written(number):
    assert not reachable.is_public(number)


@pytest.mark.parametrize("number", ["8.8.8.8", "93.184.215.14", "2606:4700::1111"])
def test_an_address_of_the_internet_is_public(number):
    assert reachable.is_public(number)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_other_spellings_of_this_machine_lead_nowhere(server, host):
    port = server.url.rpartition(":")[2]
    asked = []
    server.reply = taker(asked)
    settings = WebhookSettings(type="webhook", url=f"https://{host}:{port}/x", secret="env:X", timeout_s=5)
    with pytest.raises((AccessError, BusyError)):
        Webhook("channel 'ops'", settings, "s", None).send(letter())
    assert asked == []
