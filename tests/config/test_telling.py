"""Who is told what: a wrong address is named with its remedy, and no secret that stands in a wrong line is repeated."""

from __future__ import annotations

import pytest

from config.settings import load
from config.telling import Address
from overlap.errors import ConfigError

GOOD = """
[workspace]
id = "contoso"
[partners.globex]
name = "Globex"
files = "inbox/globex*"
[partners.initech]
name = "Initech"
files = "inbox/initech*"
[telling]
owners = "mail"
alerts_to = ["ops", "slack:#partners"]
partner_managers = { "mail:pam@x.example" = ["globex"], "slack:pat@x.example" = ["*"] }
[telling.channels.mail]
type = "email"
host = "smtp.x.example"
sender = "overlap@x.example"
[telling.channels.slack]
type = "slack"
token = "env:SLACK"
[telling.channels.ops]
type = "webhook"
url = "https://ops.x.example/hook"
secret = "env:HOOK"
"""


def settings(tmp_path, text=GOOD):
    path = tmp_path / "overlap.toml"
    path.write_text(text)
    return load(path)


def test_a_partner_is_looked_after_by_those_who_are_named_else_by_those_who_take_all_others(tmp_path):
    found = settings(tmp_path).telling
    assert found.managers_of("globex") == (Address("mail", "pam@x.example"),)
    assert found.managers_of("initech") == (Address("slack", "pat@x.example"),)
    assert found.channels["mail"].at_port == 587


def test_who_is_told_changes_neither_what_a_run_finds_nor_what_a_plan_writes(tmp_path):
    without = settings(tmp_path, GOOD[: GOOD.index("[telling]")])
    assert settings(tmp_path).fingerprint() == without.fingerprint()
    assert settings(tmp_path).run_fingerprints() == without.run_fingerprints()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('owners = "mail"', 'owners = "ops"', "telling: owners = 'ops' cannot reach a person by e-mail address"),
        ('owners = "mail"', 'owners = "post"', "there is no channel 'post'; known: mail, slack, ops"),
        ('["ops", ', '["mail", ', "'mail': say whom, as in 'mail:pam@example.com'"),
        ('["ops", ', '["ops:me", ', "channel 'ops' has one end only; write 'ops'"),
        ('"mail:pam@x.example"', '"mail:pam@x.example\\r\\nBcc: e@x.example"', "is no e-mail address"),
        ('["globex"]', '["globe"]', "there is no partner 'globe'; known: globex, initech"),
        ('type = "slack"', 'type = "slak"', "telling.channels.slack.type: write 'email', 'slack', 'webhook' or"),
        ('host = "smtp', 'hots = "smtp', "telling.channels.mail.hots: unknown key; did you mean 'host'?"),
        ("https://ops", "http://ops", "write an address that begins with https://"),
        ("https://ops", "https://me:pw@ops", "without a user's name"),
        ('"env:SLACK"', '"xoxb-123"', "telling.channels.slack.token: write where the secret is, not the secret"),
        ('token = "env:SLACK"', "", "write token (of a bot) or webhook (of one channel)"),
        ('type = "email"', 'type = "email"\nsecurity = "none"', "would send to smtp.x.example in the clear"),
        ('type = "email"', 'type = "email"\nusername = "me"', "username and password belong together"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(tmp_path, old, new, said):
    assert old in GOOD
    with pytest.raises(ConfigError) as raised:
        settings(tmp_path, GOOD.replace(old, new))
    assert said in str(raised.value)
    assert "xoxb-123" not in str(raised.value)
    assert "me:pw" not in str(raised.value)
