"""No channel's secret leaves by what its errors say: not on the terminal, in logs, the ledger or any other file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import product

import pytest
import stamina

from jobs.service import logs
from jobs.stores import messages
from jobs.stores.ledger import utc_now
from jobs.telling.content import Content
from jobs.telling.sending import deliver
from tests.connectors.files.servers import web
from tests.jobs.leaks import Watch, leaks, shares
from tests.jobs.telling.newsroom import Newsroom, make
from tests.jobs.telling.parrots import mail_parrot, web_parrot

MAIL = """
type = "email"
host = "127.0.0.1"
port = {port}
security = "none"
sender = "overlap@x.example"
username = "me"
password = "file:secret"
timeout_s = 5
"""
SLACK = 'type = "slack"\ntoken = "file:secret"\naddress = "{url}/api/"\ntimeout_s = 5\n'
SLACK_HOOK = 'type = "slack"\nwebhook = "file:secret"\ntimeout_s = 5\n'
WEBHOOK = 'type = "webhook"\nurl = "{url}/hook"\nsecret = "file:secret"\nprivate = true\ntimeout_s = 5\n'
APPRISE = 'type = "apprise"\nurl = "file:secret"\n'

#: Words of people, machines, and of those that type with umlauts.
WORDS = ("qqCanary7Zk+/=0", 'qqCanary"x\\y z1', "qqCanaryäß%&2")
TOKEN = "xoxb-qqCanary-7ZkQ"
PATH = "services/T0QQ7/B0QQ8/qqCanary7ZkQ0aB"
SIGN_INS = ("PLAIN", "LOGIN", "CRAM-MD5", "NONE-OF-THESE")
REFUSED = ("AUTH", "MAIL", "RCPT", "DATA", ".")
ANSWERS = ("550", "451", "535", "454", "no answer of any kind:")
#: What a parrot of the web answers with, and how.
FORMS, STATUSES = ("json", "text", "place"), (200, 302, 400, 401, 404, 429, 500, 503)
WEB = [(status, form) for form in FORMS for status in STATUSES]


@pytest.fixture(autouse=True)
def _what_is_busy_is_asked_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


@pytest.fixture
def news(tmp_path) -> Newsroom:
    return make(tmp_path / "workspace", 9)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    lines = io.StringIO()
    logs.configure("json", lines)
    yield lines
    logs.silence()


def send(news, channel, recipient, log, secrets):
    """What became of a message by *channel*, whose errors say none of *secrets* wherever they are told."""
    draft = messages.Draft("digest", channel, recipient, f"run {utc_now()}", "Hi", Content("Hello"), "uma")
    with news.context() as context:
        messages.enqueue(context.ledger, draft, context.now)
        sent = deliver(context)
    said = " ".join([*(one.error or "" for one in sent), log.getvalue()])
    assert leaks(said.encode(), secrets) == set()
    return [one.state for one in sent]


def assert_clean(news, secrets):
    watch = Watch(news.folder, ("secret",), [*secrets.values()])
    watch.call("messages")
    watch.call("messages", "--json")
    watch.assert_files_are_clean()


def channel(news, settings, secret):
    (news.folder / "secret").write_text(secret)
    path = news.folder / "overlap.toml"
    text = path.read_text().partition("[telling.channels.way]")[0]
    path.write_text(f"{text}[telling.channels.way]\n{settings}")


@pytest.mark.parametrize("share", shares(6))
def test_a_mail_server_that_repeats_what_it_was_told(share, news, log, record_property):
    answers = [*product(WORDS, SIGN_INS, REFUSED, ANSWERS)][::share]
    record_property("answers of mail servers", len(answers))
    for word, sign_in, refused, answer in answers:
        secrets = {"password": word, "sent": f"\0me\0{word}"}
        with mail_parrot(sign_in, refused, answer) as port:
            channel(news, MAIL.format(port=port), word)
            assert send(news, "way", "uma@x.example", log, secrets) != ["done"]
    assert_clean(news, dict(enumerate(WORDS)))


@pytest.mark.parametrize("share", shares(6))
def test_a_slack_that_repeats_what_it_was_told(share, news, log, record_property):
    answers = [*product(WEB, ("uma@x.example", "#deals"))][::share]
    record_property("answers of Slack", len(answers))
    for (status, form), to in answers:
        with web(web_parrot(status, form)) as server:
            channel(news, SLACK.format(url=server.url), TOKEN)
            assert send(news, "way", to, log, {"token": TOKEN}) != ["done"]
    assert_clean(news, {"token": TOKEN})


@pytest.mark.parametrize("share", shares(6))
def test_an_incoming_webhook_that_repeats_its_address(share, news, log, record_property):
    record_property("answers of incoming webhooks", len(WEB[::share]))
    secrets = {"path": PATH, "token": PATH.rpartition("/")[2]}
    for status, form in WEB[::share]:
        with web(web_parrot(status, form)) as server:
            channel(news, SLACK_HOOK, f"{server.url}/{PATH}")
            assert send(news, "way", "", log, secrets) != ["done"]
    assert_clean(news, secrets)


@pytest.mark.parametrize("before", [62, 72])
def test_an_address_at_the_end_of_what_is_cut_off_is_hidden_before_it_is_cut(before, news, log):
    secrets = {"start": PATH.rpartition("/")[2][:8]}
    with web(lambda *_: (404, {}, b"x" * before + PATH.encode())) as server:
        channel(news, SLACK_HOOK, f"{server.url}/{PATH}")
        assert send(news, "way", "", log, secrets) == ["refused"]
    assert_clean(news, secrets)


@pytest.mark.parametrize("secret", WORDS)
def test_a_webhook_that_repeats_what_it_was_told(secret, news, log):
    for status, form in WEB[1::6]:
        with web(web_parrot(status, form)) as server:
            channel(news, WEBHOOK.format(url=server.url), secret)
            assert send(news, "way", "", log, {"secret": secret}) != ["done"]
    assert_clean(news, {"secret": secret})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what apprise itself imports
def test_a_service_of_apprise_that_repeats_what_it_was_told(news, log):
    secrets = {"password": "qqCanary7ZkQ0", "path": PATH, "token": PATH.rpartition("/")[2]}
    for status in (401, 500):
        with web(web_parrot(status, "text")) as server:
            host = server.url.removeprefix("http://")
            channel(news, APPRISE, f"json://me:{secrets['password']}@{host}/{PATH}")
            assert send(news, "way", "", log, secrets) != ["done"]
    assert_clean(news, secrets)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("settings", "secret", "sent_to"),
    [
        (MAIL.format(port=1), "qqCanary\nqqSecond-line", "uma@x.example"),
        (SLACK.format(url="http://127.0.0.1:1"), "xoxb-qqCanary\nqqSecond-line", "#deals"),
        (SLACK.format(url="http://127.0.0.1:1"), "xoxb-qqCanary-ключ", "#deals"),
        (SLACK_HOOK, "https://127.0.0.1:1/qqCanary 7Zk", ""),
        (SLACK_HOOK, "https://127.0.0.1:qqCanary7Zk/x", ""),
        (SLACK_HOOK, "https://[qqCanary7Zk/x", ""),
        (SLACK_HOOK, "ftp://127.0.0.1/qqCanary7Zk", ""),
        (APPRISE, "nonsense-qqCanary7Zk", ""),
        (APPRISE, "slack://qqCanary7Zk/2qqCanary/3qqCanary", ""),
        (APPRISE, "mailto://me:qqCanary7Zk@127.0.0.1:1", ""),
    ],
)
def test_a_secret_that_is_none_is_not_repeated(settings, secret, sent_to, news, log):
    channel(news, settings, secret)
    secrets = {"secret": "qqCanary"}
    assert send(news, "way", sent_to, log, secrets) in (["pending"], ["in_doubt"])
    assert_clean(news, secrets)
