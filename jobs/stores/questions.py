"""Pairs that people were asked about in a workbook, under keys that nobody can guess.

The one thing to know: a workbook comes back weeks later, when rows have other ids. What was asked is kept as a verdict
keeps its pair, by name, domain and country, so that the answer finds it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.schema import review_questions
from overlap.model import PAIR, NamedPair

_KEYS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Question(NamedPair):
    """A pair as it was when a person was asked, and when; names as `jobs.finding.identity` compares them."""

    key: str
    asked_at: datetime


def ask(ledger: Ledger, questions: Sequence[Question]) -> list[str]:
    """Remember *questions*, whose own key counts for nothing, and return their keys.

    A pair keeps the key under which it was asked first.
    """
    keys = []
    with ledger.engine.begin() as connection:
        for question in questions:
            values = {name: value for name, value in asdict(question).items() if name != "key"}
            same = [review_questions.c[name] == values[name] for name in PAIR]
            key = connection.execute(select(review_questions.c.key).where(*same)).scalar()
            if key is None:
                key = secrets.token_hex(16)
                connection.execute(insert(review_questions).values({**values, "key": key}))
            else:
                connection.execute(update(review_questions).where(review_questions.c.key == key).values(values))
            keys.append(str(key))
    return keys


def asked(ledger: Ledger, keys: Collection[str]) -> dict[str, Question]:
    """Return the questions that were asked under *keys*, by their key."""
    wanted, found = sorted(keys), {}
    with ledger.engine.connect() as connection:
        for start in range(0, len(wanted), _KEYS_AT_ONCE):
            some = review_questions.c.key.in_(wanted[start : start + _KEYS_AT_ONCE])
            for row in connection.execute(select(review_questions).where(some)).mappings():
                found[row["key"]] = Question(**row)
    return found


def move(ledger: Ledger, crm: str, survivors: Mapping[str, str]) -> None:
    """Let what was asked of our accounts of *crm* follow *survivors*, loser to survivor."""
    with ledger.engine.begin() as connection:
        for loser, survivor in survivors.items():
            where = (review_questions.c.crm == crm) & (review_questions.c.ours_id == loser)
            connection.execute(update(review_questions).where(where).values(ours_id=survivor))
