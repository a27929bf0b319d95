"""Which verdict of a workbook is taken, and which is told to the person with reason and remedy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from jobs.reviewing.answers import Answer, Said, contradictions, decided, with_plain_names
from jobs.reviewing.reports import BadRow
from jobs.stores.judgements import Kept
from jobs.stores.questions import Question
from overlap.model import Judgement

ASKED = datetime(2026, 3, 2, 9, tzinfo=UTC)
FILLED = ASKED + timedelta(days=3)
BEFORE, BETWEEN, AFTER = ASKED - timedelta(days=1), ASKED + timedelta(days=1), FILLED + timedelta(days=1)
SIDES = ("salesforce", "001A", "acme", "acme.com", "DE", "globex", "G1", "acmedeutschland", None, "DE")
QUESTION = Question(*SIDES, "k1", ASKED)
ROW = {"row_number": 6, "key": "k1", "verdict": "same", "comment": None, "ours": "acme", "theirs": "acmedeutschland"}


def kept(verdict: str, at: datetime, by: str = "ann", source: str = "command", undone: datetime | None = None) -> Kept:
    return Kept(1, Judgement(*SIDES, verdict, source, by, at), undone)


def what_follows(last: Kept | None = None, **changed: object) -> Answer | BadRow | str:
    said = Said("Bob", FILLED, {"k1": QUESTION}, {QUESTION.ids: last} if last else {}, frozenset({"globex"}))
    return decided(ROW | changed, said)


LAST_WORDS = [  # what was said last of the pair, is the workbook's "same" taken?
    (kept("different", BEFORE), True),
    (kept("different", BETWEEN), False),
    (kept("different", AFTER), False),
    (kept("same", BEFORE, undone=BETWEEN), False),
    (kept("same", BEFORE, undone=ASKED), True),
    (kept("different", BETWEEN, by="Bob", source="workbook"), True),  # he changed his mind
    (kept("different", AFTER, by="Bob", source="workbook"), False),  # this is the older file of the two
    (kept("different", BETWEEN, by="Eve", source="workbook"), False),
    (kept("same", BETWEEN, by="Bob", source="workbook", undone=AFTER), False),
    (kept("same", BETWEEN, by="Bob", source="workbook", undone=BETWEEN), False),  # somebody took it back
]


@pytest.mark.parametrize(("last", "is_taken"), LAST_WORDS)
def test_what_somebody_said_after_the_question_counts_more_than_the_workbook(last: Kept, is_taken: bool) -> None:
    found = what_follows(last)
    assert isinstance(found, Answer) == is_taken
    if isinstance(found, BadRow):
        assert (last.said.judged_by in found.reason, found.remedy) == (
            True,
            "if it is so all the same: overlap judge 001A globex:G1 same",
        )


def test_a_verdict_that_is_in_force_already_is_known() -> None:
    assert what_follows(kept("same", AFTER)) == "known"


@pytest.mark.parametrize("verdict", ["Same", "SAME", "different"])
def test_a_verdict_is_taken_in_any_case_of_letters(verdict: str) -> None:
    found = what_follows(verdict=verdict, comment="I called them")
    assert isinstance(found, Answer)
    assert (found.verdict, found.comment) == (verdict.lower(), "I called them")


@pytest.mark.parametrize("verdict", [None, "later", "Later"])
def test_what_is_left_open_or_for_later_is_no_verdict(verdict: str | None) -> None:
    assert what_follows(verdict=verdict) == "later"


BAD = [  # what the row says otherwise, the reason
    ({"verdict": "yes"}, "this is no verdict"),
    ({"key": "k2"}, "its key is none of ours"),
    ({"key": None}, "its key is none of ours"),
    ({"ours": "zenith"}, "its names are not those that were asked about"),
    ({"theirs": None}, "its names are not those that were asked about"),
]


@pytest.mark.parametrize(("changed", "reason"), BAD)
def test_a_bad_row_is_told_with_its_number_and_value(changed: dict, reason: str) -> None:
    found = what_follows(**changed)
    assert isinstance(found, BadRow)
    assert (found.row, found.value) == (6, changed.get("verdict", "same"))
    assert reason in found.reason
    assert found.remedy


def test_an_answer_about_a_partner_that_is_gone_is_not_taken() -> None:
    found = decided(ROW, Said("Bob", FILLED, {"k1": QUESTION}, {}, frozenset({"initech"})))
    assert isinstance(found, BadRow)
    assert "there is no partner 'globex' any more" in found.reason


def test_rows_that_contradict_each_other_are_none_of_them_taken() -> None:
    same, other = what_follows(), what_follows(verdict="different")
    assert [type(one) for one in contradictions([same, other])] == [BadRow, BadRow]
    assert contradictions([same, same, "later"]) == [same, "known", "later"]


def test_names_are_compared_as_verdicts_keep_them() -> None:
    cells = {"row_number": 6, "verdict": "same", "comment": None, "ours": "'=ACME GmbH", "theirs": "Acme Deutschland"}
    (row,) = with_plain_names(pl.DataFrame([cells | {"key": "k1"}]))
    assert (row["ours"], row["theirs"]) == ("acme", "acmedeutschland")
