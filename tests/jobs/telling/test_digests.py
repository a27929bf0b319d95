"""Digests as they arrive: each reader hears once what is new or changed since what that reader was sent."""

from __future__ import annotations

import pytest

from jobs.stores.messages import State
from jobs.telling.digests import Wanted, digests, send
from jobs.telling.sending import deliver
from overlap.errors import ConfigError
from overlap.model import Influence, Match, Opportunity
from tests.jobs.telling.newsroom import PAM, UMA, row
from tests.overlap.frames import frame

OWNERS, MANAGERS = Wanted(managers=False), Wanted(owners=False)


def sent(news, wanted=OWNERS):
    with news.context() as context:
        return send(context, wanted)


def mail(post, to=UMA):
    """The texts of the mails to *to*, oldest first; they are taken away."""
    found = [one.get_body(("plain",)).get_content().replace("\r\n", "\n") for one in post.taken if one["To"] == to]
    post.taken[:] = [one for one in post.taken if one["To"] != to]
    return found


def accounts(text):
    """The accounts in a digest, in its order."""
    return [line.partition(". ")[2].partition(" - ")[0] for line in text.splitlines() if line[:1].isdecimal()]


def test_an_owner_gets_the_best_of_what_is_new_with_reason_play_and_whom_to_call(news, post):
    owner = {"theirs_owner_name": "Gil", "theirs_owner_email": "gil@globex.example"}
    news.publish(row("Low", priority=10), row("High", priority=90, **owner), row("Middle", priority=50))
    (done,) = sent(news)
    assert (done.state, done.title) == (State.DONE, "3 new with partners on your accounts, 2026-03-09")
    (text,) = mail(post)
    assert accounts(text) == ["High", "Middle"]
    best = text[text.index("1. High") : text.index("2. Middle")]
    for words in (
        "Globex (new)",
        "Ask for an introduction.",
        "For us: Prospects. For Globex: Customers.",
        "Ideal customer: B, 50 of 100: industry fits",
        "Same company because: same domain",
        "Call: Gil <gil@globex.example> at Globex",
        "https://contoso.my.salesforce.com/High",
    ):
        assert words in best
    assert "Call: pam@contoso.example" in text[text.index("2. Middle") :]
    assert "And 1 more in your CRM: https://contoso.my.salesforce.com/lightning/o/Partner_Overlap__c/list" in text


def test_what_a_reader_was_sent_is_not_sent_again_and_what_changed_is(news, post):
    news.publish(row("A"), row("B"), row("C"))
    assert [one.state for one in sent(news)] == [State.DONE]
    assert sent(news) == [], "the same run has no more news"
    news.publish(row("A"), row("B"), row("C"))
    assert sent(news) == []
    news.publish(row("A"), row("B", partner_population="Prospects", play="Prospect together"), row("D"))
    sent(news)
    text = mail(post)[-1]
    assert accounts(text) == ["B", "D"]
    assert "Globex (was: Prospects x Customers)" in text


def test_a_week_whose_digest_did_not_leave_loses_nothing(news, post):
    news.publish(row("A"))
    post.answers["RCPT"] = "451 later"
    (waits,) = sent(news)
    assert (waits.state, mail(post)) == (State.PENDING, [])
    post.answers.clear()
    news.publish(row("A"), row("B"))
    sent(news)
    assert [accounts(text) for text in mail(post)] == [["A", "B"]], "one digest, with the news of both weeks"


def test_a_refused_digest_has_told_nobody_anything(news, post):
    news.publish(row("A"))
    post.answers["RCPT"] = "550 no such user"
    assert [one.state for one in sent(news)] == [State.REFUSED]
    post.answers.clear()
    news.publish(row("A"))
    sent(news)
    assert [accounts(text) for text in mail(post)] == [["A"]]


def test_terms_and_people_decide_who_is_in_a_digest(news, post):
    news.set_up('name = "Initech"', 'name = "Initech"\nterms = { uses = ["analysis", "crm"] }')
    hidden = 'terms = { uses = ["analysis", "digest"], fields = ["name", "population"] }'
    news.set_up('name = "Globex"', f'name = "Globex"\n{hidden}')
    news.publish(
        row("Shown", theirs_owner_email="gil@globex.example"),
        row("Closed", engagement="Off limits", play=None),
        row("Deal", account_id="001D"),
        row("Other's", partner="initech"),
        opportunities=frame(Opportunity, {"account_id": "001D", "engagement": "Off limits"}),
    )
    sent(news, Wanted())
    (text,) = mail(post)
    assert accounts(text) == ["Shown"]
    assert "gil@globex" not in text
    assert "matched by facts that the partner does not let us show here" in text
    (managers,) = mail(post, PAM)
    assert "Globex: 4 overlaps" not in managers
    assert "Initech" not in managers


def test_a_partner_manager_gets_counts_that_moved_what_waits_and_accounts_without_an_owner(news, post):
    pending = {"decision": "review"}
    waits = {
        "matches": frame(Match, {"ours_id": "A", "theirs_id": "G-A"} | pending),
        "influences": frame(Influence, {"account_id": "A"}, {"key": "no", "suggest": False}),
    }
    news.publish(row("A"), row("B", owner_id="005L"), **waits)
    sent(news, MANAGERS)
    (text,) = mail(post, PAM)
    assert "Globex: 2 overlaps" in text
    assert "Prospects x Customers: 0 -> 2" in text
    assert "1 doubtful pairs wait" in text
    assert "1 suggested influences wait" in text
    assert "1. B - Globex (new): Ask for an introduction" in text
    news.publish(row("A"), row("B", owner_id="005L"), row("C"))
    sent(news, MANAGERS)
    (text,) = mail(post, PAM)
    assert "Prospects x Customers: 2 -> 3" in text
    assert "1. B" not in text


def test_names_from_elsewhere_are_text_in_every_form_and_break_no_line(news):
    evil = "Evil <b>&|*\nSubject: x <!channel>"
    news.publish(row("A", account_name=evil, theirs_name=evil))
    with news.context() as context:
        (made,) = digests(context, OWNERS).digests
    assert "1. Evil <b>&|* Subject: x <!channel> - Globex" in made.content.text
    assert "<!channel>" not in made.content.slack
    assert "&lt;b&gt;&amp;¦* Subject: x &lt;!channel&gt;" in made.content.slack
    assert "Evil &lt;b&gt;&amp;" in made.content.html
    assert "<b>" not in made.content.html


def test_a_template_of_the_workspace_is_used_and_a_broken_one_is_named_with_its_line(news):
    news.publish(row("A"))
    own = news.folder / "templates"
    own.mkdir()
    (own / "owner.txt").write_text("Subject: Neu\n\n{% for line in lines %}{{ line.account }}{% endfor %}\n")
    with news.context() as context:
        (made,) = digests(context, OWNERS).digests
    assert (made.title, made.content.text.strip()) == ("Neu", "A")
    for broken, line, why in (
        ("Subject: Neu\n{% for %}", 2, "Expected"),
        ("Subject: Neu\n\n{{ nmae }}", 3, "'nmae' is undefined"),
        ("Subject: Neu\n{{ lines.__class__.__mro__ }}", 2, "unsafe"),
    ):
        (own / "owner.txt").write_text(broken)
        with news.context() as context, pytest.raises(ConfigError, match=rf"owner\.txt, line {line}: .*{why}"):
            digests(context, OWNERS)
    (own / "owner.txt").write_text("Hello")
    with news.context() as context, pytest.raises(ConfigError, match="its first line must be 'Subject: "):
        digests(context, OWNERS)


def test_nobody_to_tell_and_an_unknown_owner_have_their_remedy(news):
    news.publish(row("A"), row("B", owner_id="005L"))
    with news.context() as context, pytest.raises(ConfigError, match=r"no active owner .* 'eve@x\.example'"):
        digests(context, Wanted(managers=False, owner="eve@x.example"))
    news.set_up('owners = "mail"\n', "")
    news.set_up('partner_managers = { "mail:pam@contoso.example" = ["*"] }', "")
    with news.context() as context:
        assert digests(context, Wanted()).nobody == 1
        with pytest.raises(ConfigError, match="says nobody to send digests to; write owners"):
            send(context, Wanted())


def test_who_owns_accounts_and_looks_after_partners_is_told_of_each_apart(news, post):
    news.set_up(PAM, UMA)
    news.publish(row("A"))
    sent(news, Wanted())
    assert len(mail(post)) == 2
    news.publish(row("A"))
    sent(news, Wanted())
    (managers,) = mail(post)
    assert "no count has changed" in managers


def test_a_digest_that_waits_is_not_sent_once_the_terms_forbid_it(news, post):
    news.publish(row("A"))
    post.answers["RCPT"] = "451 later"
    sent(news)
    post.answers.clear()
    news.set_up("[partners.initech]", '[partners.globex.terms]\nuses = ["analysis", "crm"]\n[partners.initech]')
    with news.context() as context:
        assert [one.state for one in deliver(context)] == [State.EXPIRED]
    assert mail(post) == []


def test_counts_of_populations_that_a_partner_hides_are_in_no_digest(news, post):
    news.set_up("[partners.initech]", '[partners.globex.terms]\nfields = ["name"]\n[partners.initech]')
    news.publish(row("A"))
    sent(news, MANAGERS)
    (text,) = mail(post, PAM)
    assert "Globex: 1 overlaps" in text
    assert "x Customers" not in text
