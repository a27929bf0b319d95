"""What was asked in workbooks stays findable."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from jobs.stores import questions
from jobs.stores.questions import Question

ASKED = datetime(2026, 3, 2, 9, tzinfo=UTC)
QUESTION = Question("salesforce", "001A", "acme", "acme.com", "DE", "globex", "G1", "acme", None, None, "", ASKED)


def test_a_pair_keeps_its_key_and_every_pair_has_another(ledger):
    other = replace(QUESTION, theirs_id="G2")
    first, second = questions.ask(ledger, [QUESTION, other])
    [again] = questions.ask(ledger, [replace(QUESTION, asked_at=ASKED + timedelta(days=7))])
    assert first == again != second
    assert re.fullmatch(r"[0-9a-f]{32}", first), "nobody guesses it"
    known = questions.asked(ledger, [first, second, "nobody's"])
    assert {key: (one.theirs_id, one.asked_at) for key, one in known.items()} == {
        first: ("G1", ASKED + timedelta(days=7)),
        second: ("G2", ASKED),
    }


def test_a_question_follows_our_account_into_the_one_that_it_was_merged_into(ledger):
    [key] = questions.ask(ledger, [QUESTION])
    questions.move(ledger, "hubspot", {"001A": "001X"})
    questions.move(ledger, "salesforce", {"001A": "001B"})
    assert questions.asked(ledger, [key])[key].ids == ("salesforce", "001B", "globex", "G1")
