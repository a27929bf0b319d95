"""Doubtful pairs, settled at the terminal, by workbook, and in another environment."""

from __future__ import annotations

import json
import os
from email.message import EmailMessage
from pathlib import Path

import pytest

from jobs import views
from jobs.reviewing import travel
from jobs.reviewing.answers import read_workbook
from jobs.reviewing.doubtful import doubtful
from jobs.reviewing.kept import kept
from jobs.reviewing.measured import measured
from jobs.reviewing.verdicts import settle, undo
from jobs.reviewing.workbook import write_workbook
from jobs.telling.digests import Wanted, send
from overlap.errors import ConfigError
from tests.connectors.messages.servers import Post, running
from tests.jobs.reviewing.conftest import doubtful_rows, fill
from tests.jobs.world import GLOBEX, LISTED, World, account_id, listed

TELLING = """
[telling.partner_managers]
"mail:pam@contoso.example" = ["globex"]
[telling.channels.mail]
type = "email"
host = "127.0.0.1"
security = "none"
sender = "overlap@contoso.example"
"""


def asked(world: World, **how: object) -> list[str]:
    """The partner's rows about which a person would be asked, in order."""
    with world.context() as context:
        return [doubt.theirs["id"] for doubt in doubtful(context, **how)]


def judged(world: World) -> dict[str, tuple[str, str, str]]:
    """Verdict, source and person by the partner's row, of the verdicts in force."""
    with world.context() as context:
        return {one.theirs_id: (one.verdict, one.source, one.judged_by) for one in kept(context)}


def decisions(world: World) -> dict[str, str]:
    with world.context() as context:
        (matches,) = views.published(context, "matches")
    return dict(matches.filter(matches["partner"] == GLOBEX).select("theirs_id", "decision").rows())


def written_workbook(world: World) -> Path:
    with world.context() as context:
        made = write_workbook(context, GLOBEX, world.folder / "out.xlsx")
    return Path(made.file or "")


def test_pairs_are_asked_by_what_they_are_worth_and_once_judged_no_more(doubting):
    with doubting.context() as context:
        first, *rest = found = doubtful(context)
        worth = [(doubt.priority, doubt.open_deals, doubt.probability) for doubt in found]
        settle(context, first, "different")
    assert worth == sorted(worth, reverse=True)
    assert sorted(doubt.theirs["id"] for doubt in found) == ["Y-0", "Y-1", "Y-2", "Y-3"]
    assert asked(doubting) == [doubt.theirs["id"] for doubt in rest]


def test_a_sample_is_of_matches_that_nobody_judged_and_stays_the_same_for_one_run(doubting):
    drawn = asked(doubting, sample=3, partner=GLOBEX)
    assert drawn == asked(doubting, sample=3, partner=GLOBEX)
    assert len(drawn) == 3
    assert {decisions(doubting)[one] for one in drawn} == {"match"}


def test_a_workbook_in_the_inbox_is_read_moved_and_never_taken_for_a_list(doubting):
    workbook = written_workbook(doubting)
    doubting.wait(days=1)
    doubting.send(GLOBEX, [*listed(*LISTED), *doubtful_rows("Z")])  # the partner has numbered its rows anew since
    doubting.wait(days=1)
    name = f"{GLOBEX}-{doubting.now:%Y-%m-%d}.xlsx"  # as the newest list of the partner would be called
    back = fill(workbook, doubting.folder / "inbox" / name, {"Y-0": "same", "Y-1": "different", "Y-2": "later"}, "Bea")
    os.utime(back, (doubting.now.timestamp(),) * 2)
    pulled = doubting.pull(approve=[GLOBEX])
    (report,) = pulled.reviews
    assert (report.judged_by, report.taken, report.known, report.later, report.bad) == ("Bea", 2, 0, 2, ())
    assert report.kept == f"inbox/reviewed/{GLOBEX}/{name}"
    assert (doubting.folder / report.kept).is_file()
    assert not back.exists()
    assert [one.state for one in pulled.lists] == ["accepted", "unchanged"]
    assert judged(doubting) == {"Y-0": ("same", "workbook", "Bea"), "Y-1": ("different", "workbook", "Bea")}
    doubting.match()
    assert {row: decision for row, decision in decisions(doubting).items() if row[0] == "Z"} == {
        "Z-0": "match",
        "Z-1": "no match",
        "Z-2": "review",
        "Z-3": "review",
    }
    assert doubting.pull().reviews == ()


def mail_to_the_manager(world: World) -> EmailMessage:
    """Tell the partner manager, and return the mail that arrives."""
    with running(Post()) as post:
        world.change_settings("[partners.globex]", f"{TELLING}port = {post.port}\n[partners.globex]")
        with world.context() as context:
            send(context, Wanted(owners=False))
    [mail] = post.taken
    return mail


def test_a_partner_manager_gets_no_workbook_of_a_partner_who_hides_some_fields(doubting):
    doubting.change_settings("[partners.globex]", '[partners.globex.terms]\nfields = ["name"]\n[partners.globex]')
    mail = mail_to_the_manager(doubting)
    assert "doubtful" in mail.get_body(["plain"]).get_content()
    assert list(mail.iter_attachments()) == []


def test_a_partner_manager_gets_the_workbook_with_the_digest_and_sends_it_back(doubting):
    mail = mail_to_the_manager(doubting)
    [sheet] = mail.iter_attachments()
    assert "fill in the workbook" in mail.get_body(["plain"]).get_content()
    workbook = doubting.folder / "as it came.xlsx"
    workbook.write_bytes(sheet.get_content())
    fill(workbook, doubting.folder / "inbox" / sheet.get_filename(), {"Y-0": "same"}, "Pam")
    doubting.pull()
    assert judged(doubting) == {"Y-0": ("same", "workbook", "Pam")}


def test_reading_a_workbook_twice_changes_nothing_and_a_later_verdict_by_hand_stands(doubting):
    workbook = fill(written_workbook(doubting), doubting.folder / "back.xlsx", {"Y-0": "same", "Y-1": "same"})
    os.utime(workbook, (doubting.now.timestamp() + 60,) * 2)
    doubting.wait(minutes=5)
    with doubting.context() as context:
        assert read_workbook(context, workbook).taken == 2
        again = read_workbook(context, workbook)
        assert (again.taken, again.known, again.bad) == (0, 2, ())
        number = next(one.number for one in kept(context) if one.theirs_id == "Y-1")
        undo(context, number)
        (bad,) = read_workbook(context, workbook).bad
    assert "had judged it, which was undone" in bad.reason
    assert judged(doubting) == {"Y-0": ("same", "workbook", "workbook back.xlsx")}


def test_a_file_that_is_no_workbook_of_ours_is_refused(doubting):
    other = doubting.folder / "inbox" / f"{GLOBEX}-{doubting.now:%Y-%m-%d}.csv"
    with doubting.context() as context, pytest.raises(ConfigError, match="there is no such file"):
        read_workbook(context, doubting.folder / "nothing.xlsx")
    with doubting.context() as context, pytest.raises(ConfigError, match="no review workbook of ours"):
        read_workbook(context, other)


def test_one_verdict_is_undone_by_its_number_once(doubting):
    with doubting.context() as context:
        settle(context, doubtful(context)[0], "same")
        (one,) = kept(context)
        assert one.found
        undo(context, one.number)
        assert kept(context) == ()
        assert [past.undone_at is not None for past in kept(context, undone=True)] == [True]
        with pytest.raises(ConfigError, match=f"verdict {one.number} is not in force: it was undone"):
            undo(context, one.number)
        with pytest.raises(ConfigError, match="there is no verdict 99"):
            undo(context, 99)


def test_verdicts_travel_by_name_and_wait_for_companies_that_are_not_there(doubting, tmp_path):
    file = tmp_path / "verdicts.jsonl"
    with doubting.context() as context:
        for doubt in doubtful(context):
            settle(context, doubt, "same" if doubt.theirs["id"] == "Y-0" else "different")
        assert travel.export(context, file) == 4
        for one in kept(context):
            undo(context, one.number)
    assert account_id(6) not in file.read_text()
    # The ledger as it is elsewhere: nobody ever judged there, ids are others, two of the rows have not come yet.
    (doubting.folder / "ledger.sqlite").rename(tmp_path / "ledger.sqlite")
    doubting.wait(days=1)
    doubting.send(GLOBEX, [*listed(*LISTED), *doubtful_rows("W")[:2]])
    doubting.pull(full=True)
    doubting.match()
    with doubting.context() as context:
        done = travel.import_(context, file)
        assert (done.taken, done.waiting, done.known, done.not_taken) == (4, 2, 0, ())
        assert travel.import_(context, file).known == 4
    assert {one: said for one, said in judged(doubting).items() if one[0] == "W"} == {
        "W-0": ("same", "import", "ada"),
        "W-1": ("different", "import", "ada"),
    }
    doubting.wait(days=1)
    doubting.send(GLOBEX, [*listed(*LISTED), *doubtful_rows("W")])
    doubting.pull()
    doubting.match()
    assert [decisions(doubting).get(f"W-{number}") for number in range(4)] == ["match", *["no match"] * 3]


def test_a_verdict_from_elsewhere_gives_way_to_a_later_one_here_and_chooses_no_namesake(doubting, tmp_path):
    file = tmp_path / "verdicts.jsonl"
    with doubting.context() as context:
        first = doubtful(context)[0]
        settle(context, first, "same")
        travel.export(context, file)
    head, line = file.read_text().splitlines()
    twins = json.dumps(json.loads(line) | {"ours_name": "twin", "ours_domain": None, "ours_country": None})
    file.write_text("\n".join((head, line, twins)))
    doubting.wait(minutes=5)
    changed = {"SystemModstamp": doubting.now.strftime("%Y-%m-%dT%H:%M:%S.000+0000")}
    countries = ("Spain", "France")
    doubting.store.seed("Account", [{"Name": "Twin", "BillingCountry": one} | changed for one in countries])
    doubting.pull()
    doubting.match()
    with doubting.context() as context:
        settle(context, first, "different")
        done = travel.import_(context, file)
    assert (done.taken, done.known, len(done.not_taken)) == (0, 0, 2)
    assert "it was decided otherwise here on" in done.not_taken[0].reason
    assert "are all called so" in done.not_taken[1].reason


def test_only_matches_of_the_engines_own_say_how_right_it_is(doubting):
    with doubting.context() as context:
        matched = doubtful(context, GLOBEX, sample=3)
        for doubt, verdict in zip(matched, ("same", "same", "different"), strict=True):
            settle(context, doubt, verdict)
        for doubt in doubtful(context):
            settle(context, doubt, "same")
    doubting.match()
    with doubting.context() as context:
        (partner, found), *others = measured(context).items()
    assert (partner, found.right, found.seen, others) == (GLOBEX, 2, 3, [])
    assert str(found) == "2 of 3 matches that people looked at are right (21-94 %)"


def test_a_file_of_verdicts_that_is_none_says_so(doubting, tmp_path):
    file = tmp_path / "verdicts.jsonl"
    head = json.dumps({"overlap": "judgements", "schema_version": 1})
    for text, says in (("", "no file of verdicts"), ("{}", "no file of verdicts"), (head + "\n{}", "line 2: crm: ")):
        file.write_text(text)
        with doubting.context() as context, pytest.raises(ConfigError, match=says):
            travel.import_(context, file)
