"""Take the verdicts of a review workbook that came back.

Reading one twice changes nothing. A verdict that somebody gave after the workbook was written counts more than it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from connectors.files.answers import Answers
from connectors.files.guarded import Reader
from connectors.files.inbox import shown
from connectors.files.raw import ROW
from jobs.context import Context
from jobs.finding.identity import plain_names
from jobs.reviewing.reports import BadRow, WorkbookReport
from jobs.reviewing.verdicts import WHO_CHARACTERS, put
from jobs.steps import step
from jobs.stores import judgements, questions
from jobs.stores.judgements import Kept
from jobs.stores.questions import Question
from overlap.errors import ConfigError
from overlap.model import Judgement, NamedPair, schema_of

_SOURCE: Final = "workbook"
_NEW_ONE: Final = "fill in a new workbook: overlap review --workbook"
_NONE_OF_OURS: Final = "no review workbook of ours (.xlsx); 'overlap review --workbook FILE' writes one"
#: "review (1)", as browsers write it.
_DOWNLOAD: Final = re.compile(r" ?\(\d+\)$")
_CHOOSE: Final = "choose same, different or later"


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict to put in force on the pair of *question*."""

    row: int
    question: Question
    verdict: str
    comment: str | None


def read_workbook(context: Context, file: Path) -> WorkbookReport:
    """Take the verdicts of the workbook *file*, which stays where it is.

    Raises:
        ConfigError: there is no such file, or it is no review workbook.
        GuardError: it cannot be read.
    """
    if not file.is_file():
        raise ConfigError(f"{file}: {'this is no file' if file.exists() else 'there is no such file'}")
    if file.suffix.lower() != ".xlsx":
        raise ConfigError(f"{file}: {_NONE_OF_OURS}; one that came back as another kind of file is to be saved as that")
    with Reader(context.workspace.settings.lists) as reader:
        found = reader.read_answers(file)
    if found is None:
        raise ConfigError(f"{file}: {_NONE_OF_OURS}")
    return taken(context, file, found)


def taken(context: Context, file: Path, found: Answers) -> WorkbookReport:
    """Put the verdicts that were *found* in *file* in force, as far as they may be."""
    by = (found.judged_by or f"workbook {_named(file)}")[:WHO_CHARACTERS]
    known = questions.asked(context.ledger, found.rows["key"].drop_nulls().unique().to_list())
    filled_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    rows = with_plain_names(found.rows)
    partners = context.workspace.settings.partners
    said = Said(
        by, min(filled_at, context.by_now()), known, judgements.last_of_each(context.ledger), frozenset(partners)
    )
    results = [decided(row, said) for row in rows]
    results = contradictions(results)
    for one in results:
        if isinstance(one, Answer):
            step("review: record verdict")
            put(context, _judgement(one, said), one.comment)
    kinds = Counter(one if isinstance(one, str) else type(one).__name__ for one in results)
    bad = tuple(one for one in results if isinstance(one, BadRow))
    about = min((question.partner for question in known.values()), default=None)
    counts = kinds["Answer"], kinds["known"], kinds["later"]
    return WorkbookReport(shown(file.name), by, *counts, bad, partner=about)


def _named(file: Path) -> str:
    """Return the name of *file* without the number of another download: one who sends it again is the same person."""
    return shown(_DOWNLOAD.sub("", file.stem) + file.suffix)


def with_plain_names(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return *rows* (`connectors.files.answers.SCHEMA`) as mappings, with both names as verdicts keep them."""
    return rows.with_columns(ours=plain_names(rows["ours"]), theirs=plain_names(rows["theirs"])).to_dicts()


@dataclass(frozen=True, slots=True)
class Said:
    """What decides about rows: who filled them in and when, what was asked under which key, the last word by pair."""

    by: str
    filled_at: datetime
    asked: Mapping[str, Question]
    last: Mapping[tuple[str, str, str, str], Kept]
    partners: frozenset[str]


def decided(row: Mapping[str, Any], said: Said) -> Answer | BadRow | str:
    """Return what follows of one *row*: an answer to take, a row not to take, ``known`` or ``later``."""
    value = row["verdict"] or ""
    verdict = value.lower()

    def bad(reason: str, remedy: str) -> BadRow:
        return BadRow(row[ROW], value, reason, remedy)

    if verdict in ("", "later"):
        return "later"
    question = said.asked.get(row["key"] or "")
    if question is None:
        return bad("its key is none of ours: it was changed, or the pair is not kept any more", _NEW_ONE)
    if verdict not in ("same", "different"):
        return bad("this is no verdict", _CHOOSE)
    if (row["ours"], row["theirs"]) != (question.ours_name, question.theirs_name):
        return bad("its names are not those that were asked about: columns were sorted apart, or edited", _NEW_ONE)
    if question.partner not in said.partners:
        return bad(f"there is no partner '{question.partner}' any more", "write it back into overlap.toml, or leave it")
    last = said.last.get(question.ids)
    if last is None:
        return Answer(row[ROW], question, verdict, row["comment"])
    if last.undone_at is None and last.said.verdict == verdict:
        return "known"
    is_own = last.said.source == _SOURCE and last.said.judged_by == said.by and last.undone_at is None
    if last.last_word_at > (said.filled_at if is_own else question.asked_at):
        did = "judged it " + last.said.verdict if last.undone_at is None else "had judged it, which was undone"
        day = f"{last.last_word_at:%Y-%m-%d}"
        ours, theirs = question.ours_id, f"{question.partner}:{question.theirs_id}"
        return bad(
            f"{last.said.judged_by} {did} on {day}, after this was asked",
            f"if it is so all the same: overlap judge {ours} {theirs} {verdict}",
        )
    return Answer(row[ROW], question, verdict, row["comment"])


def contradictions(results: Sequence[Answer | BadRow | str]) -> list[Answer | BadRow | str]:
    """Return *results*, in which no pair has two verdicts: rows that contradict each other are not taken."""
    verdicts: dict[str, set[str]] = {}
    for one in results:
        if isinstance(one, Answer):
            verdicts.setdefault(one.question.key, set()).add(one.verdict)
    kept: list[Answer | BadRow | str] = []
    seen: set[str] = set()
    for one in results:
        if not isinstance(one, Answer):
            kept.append(one)
        elif len(verdicts[one.question.key]) > 1:
            kept.append(BadRow(one.row, one.verdict, "another row says otherwise of the same pair", "keep one of them"))
        elif one.question.key in seen:
            kept.append("known")
        else:
            kept.append(one)
            seen.add(one.question.key)
    return kept


def _judgement(answer: Answer, said: Said) -> Judgement:
    question = answer.question
    at = max(said.filled_at, question.asked_at)
    return Judgement(
        **{name: getattr(question, name) for name in schema_of(NamedPair)},
        verdict=answer.verdict,
        source=_SOURCE,
        judged_by=said.by,
        judged_at=at,
    )
