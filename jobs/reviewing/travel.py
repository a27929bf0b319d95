"""Verdicts from one environment to another, as from the sandbox to production: by name, domain and country, not by id.

What is not here yet is kept all the same, under a made-up id: the next match that sees the company finds it by name.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import polars as pl
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

from connectors.files.inbox import look
from jobs import views
from jobs.context import Context
from jobs.finding.identity import identified
from jobs.reviewing.verdicts import put
from jobs.stores import judgements
from jobs.stores.judgements import Kept
from overlap.errors import ConfigError
from overlap.model import Judgement
from overlap.whereabouts import Book, Known

#: The first line of such a file.
_HEAD: Final = {"overlap": "judgements", "schema_version": 1}
_Text = Annotated[str, StringConstraints(min_length=1, max_length=255)]
#: No CRM and no list has an id like this one.
_ELSEWHERE: Final = "~"


class _Line(BaseModel):
    """One verdict as it travels."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    crm: _Text
    ours_name: _Text
    ours_domain: _Text | None
    ours_country: _Text | None
    partner: _Text
    theirs_name: _Text
    theirs_domain: _Text | None
    theirs_country: _Text | None
    verdict: Literal["same", "different"]
    judged_by: _Text
    judged_at: AwareDatetime


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A line of the file that was not taken, what it is about, and why."""

    line: int
    about: str
    reason: str


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a file of verdicts: *taken*, of which *waiting* until both companies are here; *known* already."""

    file: str
    taken: int
    waiting: int
    known: int
    not_taken: tuple[NotTaken, ...]


def export(context: Context, file: Path) -> int:
    """Write the verdicts in force to *file*, one JSON object a line, and return how many.

    Raises:
        ConfigError: it cannot be written.
    """
    in_force = [one.said for one in judgements.every(context.ledger) if one.undone_at is None]
    lines = [_Line(**{name: getattr(said, name) for name in _Line.model_fields}).model_dump_json() for said in in_force]
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_text("".join(f"{line}\n" for line in (json.dumps(_HEAD), *lines)), encoding="utf-8")
        partial.replace(file)
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}; choose another place") from error
    return len(lines)


def import_(context: Context, file: Path) -> Import:
    """Take the verdicts in *file*, which `export` wrote elsewhere; taking one twice changes nothing.

    What was decided here about a pair after the verdict was given counts more than it.

    Raises:
        ConfigError: *file* is no such file, or nothing has been matched here yet.
    """
    lines = _read(file, context.workspace.settings.lists.file_mb)
    here = _here(context, lines)
    results: list[Judgement | NotTaken | None] = []
    for number, line in enumerate(lines, start=2):
        found = _placed(here, number, line)
        results.append(found)
        if isinstance(found, Judgement):
            put(context, found)
            here.last[found.crm, found.ours_id, found.partner, found.theirs_id] = Kept(0, found, None)
    taken = [one for one in results if isinstance(one, Judgement)]
    kinds = Counter(type(one) for one in results)
    return Import(
        file=str(file),
        taken=len(taken),
        waiting=sum(one.ours_id.startswith(_ELSEWHERE) or one.theirs_id.startswith(_ELSEWHERE) for one in taken),
        known=kinds[type(None)],
        not_taken=tuple(one for one in results if isinstance(one, NotTaken)),
    )


def _read(file: Path, most_mb: int) -> list[_Line]:
    look(file, most_mb)
    try:
        head, *rest = file.read_text(encoding="utf-8").splitlines() or [""]
        if json.loads(head) != _HEAD:
            raise ValueError(head)
    except ValueError as error:
        raise ConfigError(f"{file}: no file of verdicts; 'overlap judgements export FILE' writes one") from error
    lines = []
    for number, text in enumerate(rest, start=2):
        try:
            lines.append(_Line.model_validate_json(text))
        except ValidationError as error:
            wrong = error.errors()[0]
            place = ".".join(map(str, wrong["loc"])) or "the line"
            raise ConfigError(f"{file}, line {number}: {place}: {wrong['msg']}; export it again") from error
    return lines


@dataclass(frozen=True, slots=True)
class _Here:
    """What this workspace has: rows by crm and by partner, accounts' companies, and what was said last by pair."""

    crms: tuple[str, ...]
    books: Mapping[str, Book]
    partners: Mapping[str, Book]
    companies: Mapping[tuple[str, str], tuple[Any, bool]]
    last: dict[tuple[str, str, str, str], Kept]


def _here(context: Context, lines: list[_Line]) -> _Here:
    accounts, theirs, known = views.published(context, "accounts", "partner_accounts", "companies")
    if "speaks" not in known.columns:  # a run of an earlier version
        known = known.with_columns(speaks=pl.lit(True))
    wanted = {line.partner for line in lines}
    rows = theirs.filter(pl.col("partner").is_in(wanted))
    of_settings = context.workspace.settings
    context.report("looking for the companies that were judged")
    return _Here(
        crms=tuple(of_settings.crm),
        books=_books(identified(accounts, "crm"), "crm", of_settings.crm),
        partners=_books(identified(rows, "partner"), "partner", of_settings.partners),
        companies={(row[0], row[1]): (row[2], row[3]) for row in known.select("crm", "id", "company", "speaks").rows()},
        last=judgements.last_of_each(context.ledger),
    )


def _books(rows: pl.DataFrame, side: str, names: Mapping[str, Any]) -> dict[str, Book]:
    columns = ("id", "name", "domain", "country")
    return {
        name: Book(Known(*row) for row in rows.filter(pl.col(side) == name).select(columns).rows()) for name in names
    }


def _placed(here: _Here, number: int, line: _Line) -> Judgement | NotTaken | None:
    """Return the verdict of *line* on the rows that we have, why it is not taken, or None if it is known."""
    about = f"{line.ours_name} and {line.partner}:{line.theirs_name}"
    crm = line.crm if line.crm in here.books else here.crms[0] if len(here.crms) == 1 else None
    if crm is None:
        return NotTaken(number, about, f"there is no crm '{line.crm}' here; known: {', '.join(here.crms) or 'none'}")
    if line.partner not in here.partners:
        return NotTaken(number, about, f"there is no partner '{line.partner}' here")
    ours = _one_of_ours(here, crm, here.books[crm].find(_known(line, "ours")))
    theirs = here.partners[line.partner].find(_known(line, "theirs"))
    if len(ours) > 1:
        listed = ", ".join(ours)
        return NotTaken(number, about, f"accounts {listed} are all called so; judge the one that is meant by its id")
    if len(theirs) > 1 and line.theirs_domain is None:
        listed = ", ".join(theirs)
        return NotTaken(number, about, f"rows {listed} are all called so; judge the one that is meant by its id")
    made = Judgement(
        **line.model_dump(exclude={"crm", "judged_at"}),
        crm=crm,
        ours_id=ours[0] if ours else _made_up(_known(line, "ours")),
        theirs_id=theirs[0] if theirs else _made_up(_known(line, "theirs")),
        source="import",
        judged_at=line.judged_at,
    )
    return _heeded(here, number, about, made)


def _heeded(here: _Here, number: int, about: str, made: Judgement) -> Judgement | NotTaken | None:
    """Return *made* unless what was decided here says so already, or says otherwise and later."""
    ours, theirs = (_made_up(_known(made, side)) for side in ("ours", "theirs"))
    ids = [(one, other) for one in (made.ours_id, ours) for other in (made.theirs_id, theirs)]
    said = [here.last.get((made.crm, one, made.partner, other)) for one, other in ids]
    known = [one for one in said if one is not None]
    if any(one.undone_at is None and one.said.verdict == made.verdict for one in known):
        return None
    newest: datetime | None = max((one.last_word_at for one in known), default=None)
    if newest is not None and newest >= made.judged_at:
        return NotTaken(number, about, f"it was decided otherwise here on {newest:%Y-%m-%d}, after this verdict")
    return made


def _one_of_ours(here: _Here, crm: str, found: tuple[str, ...]) -> tuple[str, ...]:
    """Return the account that speaks if all *found* are one company, else all of them."""
    if len({here.companies.get((crm, one), (one, True))[0] for one in found}) != 1:
        return found
    speaking = [one for one in found if here.companies.get((crm, one), (one, True))[1]]
    return tuple(speaking or found)[:1]


def _known(line: Any, side: str) -> Known:
    return Known("", *(getattr(line, f"{side}_{part}") for part in ("name", "domain", "country")))


def _made_up(known: Known) -> str:
    return _ELSEWHERE + hashlib.sha256(repr(known[1:]).encode()).hexdigest()[:24]
