"""What a person at a terminal has of digests, alerts and briefs, and the mistakes that people make."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.connectors.messages.servers import Post, running
from tests.jobs.cli.terminal import overlap
from tests.jobs.telling.newsroom import OPS, UMA, Newsroom, make, row
from tests.jobs.world import SELLER


@pytest.fixture
def post() -> Iterator[Post]:
    with running(Post()) as server:
        yield server


@pytest.fixture
def news(post: Post, tmp_path: Path) -> Newsroom:
    return make(tmp_path / "workspace", post.port)


def call(news, *words):
    return overlap(*words, "--dir", news.folder)


def test_a_dry_run_shows_what_a_call_sends_and_sends_nothing(news, post):
    news.publish(row("Acme"))
    shown = call(news, "digest", "--dry-run")
    assert shown.code == 0
    assert f"To: mail:{UMA}\nSubject: 1 new with partners on your accounts" in shown.out
    assert post.taken == []
    asked = call(news, "digest", "--dry-run", "--owner", UMA, "--json").json
    assert [one["to"] for one in asked["digests"]] == [f"mail:{UMA}"]
    assert "<strong>" in asked["digests"][0]["html"]
    done = call(news, "digest")
    assert (done.code, len(post.taken)) == (0, 2)
    assert f"✓ mail:{UMA}" in done.out
    assert "There is nothing to send." in call(news, "digest", "--owner", UMA).out
    assert [one["state"] for one in call(news, "messages", "--json").json["messages"]] == ["done", "done"]
    assert "2026" in call(news, "messages").out


def test_what_did_not_arrive_is_told_with_its_reason_and_exit_code_5(news, post):
    news.publish(row("Acme"))
    post.answers["RCPT"] = "550 no such user"
    done = call(news, "digest", "--owner", UMA)
    assert done.code == 5
    assert "refused: channel 'mail': 'uma@contoso.example' was refused: 550 no such user" in done.out


def test_templates_are_copied_once_and_edited_ones_stay(news):
    assert "owner.txt" in call(news, "digest", "--templates").out
    own = news.folder / "templates" / "owner.txt"
    own.write_text("mine")
    assert "All are there already." in call(news, "digest", "--templates").out
    assert own.read_text() == "mine"
    news.publish(row("Acme"))
    wrong = call(news, "digest", "--dry-run")
    assert (wrong.code, "owner.txt: its first line must be 'Subject: ...'" in wrong.error) == (2, True)


def test_alerts_are_shown_and_sent_once(news, post):
    news.set_up('name = "Globex"', 'name = "Globex"\nterms = { expires = 2026-03-20 }')
    news.publish(row("Acme"))
    assert "Terms of Globex: over since 2026-03-20" in call(news, "alerts", "--dry-run").out
    assert call(news, "alerts").code == 0
    assert [one["To"] for one in post.taken] == [OPS]
    assert "There is nothing to send." in call(news, "alerts").out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("digest",), 2, "nothing has been matched yet"),
        (("brief", "globe"), 2, "there is no partner 'globe'; did you mean 'globex'?"),
        (("brief", "globex"), 2, "nothing has been matched yet"),
        (("brief", "globex", "--share"), 2, "nothing is shared with 'globex'"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(news, words, code, said):
    done = call(news, *words)
    assert (done.code, said in done.error) == (code, True), done


def test_a_brief_is_written_for_ourselves(news):
    news.publish(row("Acme"))
    done = call(news, "brief", "globex", "--json")
    assert [Path(file).is_file() for file in done.json["files"]] == [True, True]
    assert "for yourselves: " in call(news, "brief", "globex").out


def test_a_run_that_fails_alerts_and_ends_with_its_own_code(news, post, monkeypatch):
    monkeypatch.setenv("K", "k")
    monkeypatch.delenv("S", raising=False)
    done = call(news, "run")
    assert (done.code, "secret 'env:S'" in done.err) == (2, True)
    (alert,) = post.taken
    assert alert["Subject"] == "overlap at Contoso: A run failed"
    assert "secret 'env:S'" in alert.get_body(("plain",)).get_content()
    assert json.loads(call(news, "messages", "--json").out)["messages"][0]["state"] == "done"


TELLING = """
[telling]
owners = "mail"
alerts_to = ["mail:ops@contoso.example"]
[telling.channels.mail]
type = "email"
host = "127.0.0.1"
port = PORT
security = "none"
sender = "overlap@contoso.example"
"""


def test_a_run_that_is_held_or_cannot_reach_the_crm_alerts_and_an_approved_one_is_news_to_the_owner(fresh, post):
    path = fresh.folder / "overlap.toml"
    path.write_text(path.read_text() + TELLING.replace("PORT", str(post.port)))
    fresh.store.edit("User", SELLER, {"Email": UMA})
    fresh.store.set_time(datetime.now(UTC) + timedelta(minutes=1))
    assert fresh.overlap("run").code == 6
    fresh.store.set_credentials_valid(False)
    assert fresh.overlap("run").code == 3
    fresh.store.set_credentials_valid(True)
    titles = [mail["Subject"].partition(": ")[2] for mail in post.taken]
    assert titles == ["Plan 1 for 'salesforce' is held", "CRM 'salesforce' could not be read or written"]
    assert fresh.overlap("apply", 1, "--approve").code == 0
    assert fresh.overlap("digest", "--owner", UMA).code == 0
    news = post.taken[-1].get_body(("plain",)).get_content()
    assert "1. Alder Pumps - Globex (new)" in news
    assert "Subject" not in news
