"""No secret leaves: not in what verbs print, nor in tracebacks or files of the workspace, however it is written.

What is planted comes back from everywhere that can repeat it: from a CRM that echoes what it was sent, and from errors
that nobody foresaw.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from itertools import count

import pytest
from typer.testing import CliRunner

from connectors.hubspot.errors import Reply, translated
from connectors.salesforce import renewal
from jobs.cli import main
from overlap.redaction import redacted, remember, remember_form, remember_token
from tests.jobs.first_plan import by_jobs, small_world
from tests.jobs.leaks import CANARIES, REPEATED, Watch, burst_at_every, forms, plant, shares
from tests.jobs.world import World

#: As Salesforce says why it refuses a call.
ECHO = json.dumps([{"errorCode": "ODD", "message": REPEATED}])
OWN = ("consumer_key", "consumer_secret")


@pytest.fixture
def tokens(monkeypatch) -> list[str]:
    """Every access token that a sign-in has come to."""
    found: list[str] = []
    signed_in = renewal.SignIn.access

    def listening(self):
        access = signed_in(self)
        found.append(access.token)
        return access

    monkeypatch.setattr(renewal.SignIn, "access", listening)
    return found


@pytest.fixture
def watch(world: World, tokens: list[str]) -> Watch:
    plant()
    return Watch(world.folder, OWN, tokens)


def test_an_org_that_repeats_what_it_is_sent_gets_no_secret_into_any_output_or_file(watch, store):
    watch.call("run", "--approve")
    calls = len(store.requests())
    for at, status in enumerate((401, 400, 403, 200, 400, 404, 401, 400)):
        store.set_faults([{"fault": "http", "nth": 1 + at * calls // 10, "status": status, "body": ECHO}])
        watch.call(*(("pull", "--full"), ("check",), ("doctor", "--json"))[at % 3])
    store.set_faults([])
    assert watch.tokens and {1, 3} & set(watch.codes), "the faults were met"
    watch.assert_files_are_clean()


@pytest.mark.parametrize("share", shares(6))
def test_what_nobody_foresaw_says_no_secret_wherever_a_run_in_calls_comes_to_it(
    share, org, store, tokens, tmp_path, record_property
):
    bursts = burst_runs(share, org, store, tokens, tmp_path)
    record_property("runs in calls that burst", bursts)
    assert bursts * share >= 50


@pytest.mark.campaign
def test_what_nobody_foresaw_says_no_secret_wherever_a_run_by_bulk_jobs_comes_to_it(
    org, store, tokens, tmp_path, record_property
):
    bursts = burst_runs(1, org, store, tokens, tmp_path, by_jobs)
    record_property("runs by bulk jobs that burst", bursts)
    assert bursts >= 70


def burst_runs(share, org, store, tokens, folder, change=lambda *_: None):
    """Burst first runs, each of an org of its own, and return how many."""
    plant()
    numbers = count()

    def again() -> Watch:
        org.put_back()
        world = small_world(org, store, folder / str(next(numbers)), datetime.now(UTC))
        change(world.folder, store)
        return Watch(world.folder, OWN, tokens)

    return burst_at_every(share, again, "run", "--approve")


def test_what_a_burst_run_left_is_backed_up_and_shown_without_a_secret(watch):
    watch.burst("match: publish", "run", "--approve")
    watch.call("backup", watch.folder / "backups")
    watch.call("config", "show", "--all")
    watch.assert_files_are_clean()


def test_a_record_that_is_refused_with_a_secret_in_its_message_leaves_none_in_the_outbox(watch, store):
    message = " ".join(CANARIES.values())
    refusal = {"fault": "reject-rows", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": message}
    store.set_faults([{**refusal, "share": 1.0, "probability": 1.0}])
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


def test_nothing_is_left_of_a_secret_that_another_one_begins():
    remember("qqcanary-short")
    remember("qqcanary-short-and-long")
    assert redacted("qqcanary-short-and-long, qqcanary-short") == "***, ***"


def test_what_a_form_for_a_token_holds_is_hidden_and_its_other_fields_are_not():
    secret = {"code": "qqcanary-code", "code_verifier": "qqcanary-verifier", "assertion": "qqcanary-assertion"}
    remember_form({"grant_type": "authorization_code", **secret}, ("qqcanary-id", "qqcanary-word"))
    packed = base64.b64encode(b"qqcanary-id:qqcanary-word").decode()
    said = redacted(f"authorization_code {' '.join(secret.values())} Basic {packed}")
    assert said.replace("=", "") == "authorization_code *** *** *** Basic ***"


def test_of_tokens_the_last_ones_are_hidden_and_every_secret_that_lasts():
    both = remember(remember_token("qqcanary-token-that-lasts"))
    tokens = [remember_token(f"qqcanary-token-{number:03}") for number in range(70)]
    said = redacted(" ".join([both, *tokens])).split()
    assert said == ["***", *tokens[:6], *["***"] * 64]


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
