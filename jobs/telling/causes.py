"""What is wrong now, or soon, and what a person does about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from typing import Final

from config.sharing import ShareSettings
from jobs import views
from jobs.context import Context
from jobs.partners.terms import warnings
from jobs.run import RunReport
from jobs.telling.held import held_lists
from jobs.telling.partner_digests import held_plans
from jobs.unfinished import UnfinishedError
from overlap.alerts import RUN, Cause, same_words
from overlap.errors import AccessError, GuardError, OverlapError, PausedError, TransientError

#: From so many days on before a policy of sharing ends, it is told.
_SOON_DAYS: Final = 30

#: How a run ended: what it did, or what stopped it.
Outcome = RunReport | BaseException


def causes(context: Context, outcome: Outcome | None = None) -> list[Cause]:
    """Return everything that is wrong, after a run that ended in *outcome*, or else between runs."""
    return [*_of_run(outcome), *_of_partners(context), *_of_sharing(context), *_of_plans(context)]


def _of_run(outcome: Outcome | None) -> Iterator[Cause]:
    if isinstance(outcome, UnfinishedError):
        for crm, error in outcome.stopped.items():
            yield _lost(crm, error) if isinstance(error, (AccessError, TransientError)) else _failed(error, crm)
    elif isinstance(outcome, BaseException):
        yield _failed(outcome)


def _lost(crm: str, error: OverlapError) -> Cause:
    if isinstance(error, PausedError):
        remedy = "nothing is lost: 'overlap run' goes on when there is room again"
        return Cause(f"{RUN}paused:{crm}", f"Writing to CRM '{crm}' is paused", str(error), remedy)
    return Cause(
        id=f"{RUN}crm:{crm}",
        title=f"CRM '{crm}' could not be read or written",
        detail=str(error),
        remedy=f"overlap check {crm}; then: overlap run",
    )


def _failed(error: BaseException, crm: str | None = None) -> Cause:
    words = str(error) or type(error).__name__
    mark = hashlib.sha256(f"{type(error).__name__} {crm} {same_words(words)}".encode()).hexdigest()[:16]
    held = isinstance(error, GuardError)
    return Cause(
        id=f"{RUN}failed:{mark}",
        title=f"A run {'is held' if held else 'failed'}{f' for {crm!r}' if crm else ''}",
        detail=words,
        remedy="see 'overlap status'; what was done stands, and 'overlap run' goes on",
    )


def _of_partners(context: Context) -> Iterator[Cause]:
    names = {key: one.name for key, one in context.workspace.settings.partners.items()}
    zone = context.workspace.zone
    for key, day in views.late_lists(context).items():
        yield Cause(
            id=f"list late:{key}:{day.date()}",
            title=f"The list of {names[key]} is late",
            detail=f"The one in force is of {day.astimezone(zone):%Y-%m-%d}; what it says is unknown by now, not gone.",
            remedy=f"ask {names[key]} for a new list, then: overlap run",
            partner=key,
        )
    for key, why in held_lists(context).items():
        if key in names:
            yield Cause(
                id=f"list held:{key}",
                title=f"A list of {names[key]} is held",
                detail=why,
                remedy=f"look at it; if it is right all the same: overlap pull --accept {key}",
                partner=key,
            )
    for key, said in warnings(context).items():
        terms = context.workspace.settings.partners[key].terms
        yield Cause(
            id=f"terms:{key}:{terms.expires}:{_stage(terms.expires, context.today)}",
            title=f"Terms of {names[key]}: {_ends(terms.expires, context.today)}",
            detail=f"What you may do with its list {said}. Then everything of it retires.",
            remedy=f"agree anew and change [partners.{key}.terms], or let it retire",
            partner=key,
        )


def _of_sharing(context: Context) -> Iterator[Cause]:
    for key, settings in context.workspace.settings.partners.items():
        share: ShareSettings | None = settings.share
        if share is None or share.expires is None or (share.expires - context.today).days > _SOON_DAYS:
            continue
        yield Cause(
            id=f"sharing:{key}:{share.expires}:{_stage(share.expires, context.today)}",
            title=f"Sharing with {settings.name}: {_ends(share.expires, context.today)}",
            detail=f"What it may see was agreed until {share.expires}; after that day nothing goes out.",
            remedy=f"agree anew and change [partners.{key}.share] expires, or take that table out",
            partner=key,
        )


def _of_plans(context: Context) -> Iterator[Cause]:
    try:
        held = held_plans(context)
    except OverlapError as error:  # a damaged run keeps nobody from hearing of it, and of the rest
        yield Cause("run damaged", "What the last run found cannot be read", str(error), "overlap match")
        return
    for crm, number, why in held:
        yield Cause(
            id=f"plan held:{crm}:{number}",
            title=f"Plan {number} for '{crm}' is held",
            detail=why,
            remedy=f"overlap plan --show {number}; if it is right: overlap apply {number} --approve",
        )


def _stage(expires: date | None, today: date) -> str:
    """Return what is told once for each: that the end comes near, and that it has come."""
    return "over" if expires is not None and today > expires else "soon"


def _ends(expires: date | None, today: date) -> str:
    return f"over since {expires}" if _stage(expires, today) == "over" else f"their last day is {expires}"
