"""No secret leaves: not in what verbs print, nor in tracebacks or files of the workspace, however it is written.

What is planted comes back from everywhere that can repeat it: from a CRM that echoes what it was sent, and from errors
that nobody foresaw. The oracle looks for plain, quoted, escaped and packed forms of its own making.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import urllib.parse
from contextlib import redirect_stderr

import pytest
from typer.testing import CliRunner

from connectors.hubspot.errors import Reply, translated
from connectors.salesforce import renewal
from jobs import steps
from jobs.cli import main
from overlap.redaction import redacted, remember
from tests.jobs.world import World

KINDS = (
    *("s3-access-key", "s3-secret-key", "sftp-password", "sftp-key", "sheets-key", "token-key", "hubspot-token"),
    *("hubspot-client-secret", "jwt-key", "consumer-secret", "refresh-token", "webhook", "proxy", "pasted"),
)
#: Forty of them: what a secret may be made of decides how it is quoted.
CANARIES = {
    f"{kind}-{form}": f"qq{kind}{tail}{form}"
    for kind in KINDS
    for form, tail in enumerate(("7Zk+/=", '"x\\y z', "äß%&"))
}
#: Answers with everything that was planted, and with what was asked.
ECHO = json.dumps([{"errorCode": "ODD", "message": " ".join(CANARIES.values()) + " {authorization} {body}"}])


def forms(secret: str) -> set[bytes]:
    raw = secret.encode()
    texts = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote_plus(secret), json.dumps(secret)[1:-1]}
    return {raw, base64.b64encode(raw).rstrip(b"="), *(text.encode() for text in texts)}


def leaks(said: bytes, secrets) -> set[str]:
    return {name for name, secret in secrets.items() if any(form in said for form in forms(secret))}


class Watch:
    """A workspace with secrets in it, and everything that has left it."""

    def __init__(self, world: World, tokens: list[str]) -> None:
        self.world, self.tokens, self.codes = world, tokens, []

    def call(self, *words: object) -> str:
        done = CliRunner().invoke(main.app, [*map(str, words), "--dir", str(self.world.folder)])
        said = done.stdout + done.stderr
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            told = io.StringIO()
            with redirect_stderr(told):
                main._without_secrets(*done.exc_info)
            said += told.getvalue()
        self.codes.append(done.exit_code)
        assert leaks(said.encode(), self.secrets()) == set(), (words, done.exit_code)
        return said

    def secrets(self) -> dict[str, str]:
        org = {name: (self.world.folder / name).read_text() for name in ("consumer_key", "consumer_secret")}
        return CANARIES | org | {f"access-token-{at}": token for at, token in enumerate(self.tokens)}

    def assert_files_are_clean(self) -> None:
        for path in self.world.folder.rglob("*"):
            if path.is_file() and path.name not in ("consumer_key", "consumer_secret", "planted"):
                content = path.read_bytes()
                content = gzip.decompress(content) if path.suffix == ".gz" else content
                assert leaks(content, self.secrets()) == set(), path.name


@pytest.fixture
def watch(world: World, monkeypatch) -> Watch:
    tokens: list[str] = []
    signed_in = renewal.SignIn.access

    def listening(self):
        found = signed_in(self)
        tokens.append(found.token)
        return found

    monkeypatch.setattr(renewal.SignIn, "access", listening)
    for secret in CANARIES.values():
        remember(secret)
    yield Watch(world, tokens)
    steps.listen(None)


def test_an_org_that_repeats_what_it_is_sent_gets_no_secret_into_any_output_or_file(watch):
    watch.call("run", "--approve")
    calls = len(watch.world.store.requests())
    for at, status in enumerate((401, 400, 403, 200, 400, 404, 401, 400)):
        fault = {"fault": "http", "nth": 1 + at * calls // 10, "status": status, "body": ECHO}
        watch.world.store.set_faults([fault])
        watch.call(*(("pull", "--full"), ("check",), ("doctor", "--json"))[at % 3])
    watch.world.store.set_faults([])
    assert watch.tokens and {1, 3} & set(watch.codes), "the faults were met"
    watch.assert_files_are_clean()


def test_what_nobody_foresaw_says_no_secret_wherever_it_happens(watch):
    names: list[str] = []
    steps.listen(names.append)
    watch.call("run", "--approve")
    for name in list(dict.fromkeys(names))[::6]:

        def burst(now: str, wanted: str = name) -> None:
            if now == wanted:
                local = " ".join(watch.secrets().values())
                raise RuntimeError(f"{wanted}: {local}")

        steps.listen(burst)
        said = watch.call("run", "--approve")
        assert "RuntimeError" in said or name not in said
    steps.listen(None)
    watch.call("backup", watch.world.folder / "backups")
    watch.call("config", "show", "--all")
    watch.assert_files_are_clean()


def test_a_record_that_is_refused_with_a_secret_in_its_message_leaves_none_in_the_outbox(watch):
    message = " ".join(CANARIES.values())
    refusal = {"fault": "reject-rows", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": message}
    watch.world.store.set_faults([{**refusal, "share": 1.0, "probability": 1.0}])
    watch.call("run", "--approve")
    watch.call("status")
    assert 5 in watch.codes, "records were refused"
    watch.assert_files_are_clean()


SECRET = 'consumer_secret = "file:consumer_secret"'
FILES = 'files = "inbox/globex*"'
SFTP = 'files = "sftp://127.0.0.1:1/x*"\n[partners.globex.source]\nusername = "u"\nhost_key = "ssh-ed25519 AAAA"\n'


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (SECRET, "consumer_secret = {canary}"),
        (SECRET, "consumer_secret = [{canary}]"),
        ('consumer_key = "file:consumer_key"', 'consumer_key = "file:consumer_key"\npassword = {canary}'),
        ('name = "Contoso"', "name = {canary}\ntoken_key = {canary}"),
        (SECRET, 'auth = "jwt"\nusername = "u"\nprivate_key = "file:planted"'),
        (SECRET, 'auth = "refresh-token"'),
        (SECRET, 'consumer_secret = "cmd:false {canary}"'),
        (FILES, f'{SFTP}password = "file:planted"'),
        (FILES, 'files = "gsheet:abc"\n[partners.globex.source]\nservice_account = "file:planted"'),
    ],
)
def test_a_secret_in_the_wrong_line_or_of_the_wrong_kind_is_not_repeated(world, line, wrong):
    canary = "qqpasted77secret"
    (world.folder / "planted").write_text(canary)
    world.change_settings(line, wrong.replace("{canary}", json.dumps(canary) if "cmd:" not in wrong else canary))
    for words in (("check",), ("doctor",), ("config", "show")):
        done = CliRunner().invoke(main.app, [*words, "--dir", str(world.folder)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert canary.encode() not in done.stdout_bytes + done.stderr_bytes, words


def test_hubspots_refusals_lose_the_token_that_they_repeat():
    token = remember("pat-eu1-qqcanary-0001")
    body = json.dumps({"status": "error", "message": f"The token {token} is bad", "category": "X"}).encode()
    for status in (401, 400, 403, 429, 500):
        assert token not in str(translated("hubspot 'h'", Reply(status, {}, body)))


@pytest.mark.parametrize("secret", CANARIES.values())
def test_every_way_of_writing_a_secret_is_hidden(secret):
    remember(secret)
    for form in forms(secret):
        assert form.decode() not in redacted(f"before {form.decode()} after")


def test_the_password_of_an_address_is_hidden_and_plain_texts_stay():
    assert redacted("proxy http://ada:pw@proxy.example:80/ failed") == "proxy http://***@proxy.example:80/ failed"
    plain = "https://acme.my.salesforce.com, ada@acme.example, run 7"
    assert redacted(plain) == plain


def test_a_key_is_hidden_line_by_line_but_its_frame_is_not():
    key = "-----BEGIN PRIVATE KEY-----\nMIIqqcanaryline1\nqqcanaryline2+/=\n-----END PRIVATE KEY-----"
    remember(key)
    account = json.dumps({"type": "service_account", "project_id": "acme", "private_key": "qqsheet\nqqcanaryline3"})
    remember(account)
    said = redacted(
        f"cannot read {key.splitlines()[1]} of qqcanaryline3, a service_account of acme; -----BEGIN PRIVATE KEY-----"
    )
    assert said == "cannot read *** of ***, a service_account of acme; -----BEGIN PRIVATE KEY-----"
