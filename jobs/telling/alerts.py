"""Tell who is to know that something is wrong: once while it is, again after a while, and again if it comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from config.telling import Address
from jobs.context import Context
from jobs.partners.terms import terms_of
from jobs.service import stopping
from jobs.stores import messages
from jobs.stores.messages import Draft
from jobs.telling.causes import Outcome, causes
from jobs.telling.content import Content
from jobs.telling.pages import Pages
from jobs.telling.sending import Sent, deliver
from jobs.unfinished import AGAIN
from overlap.alerts import Cause, Turn, turn
from overlap.errors import OverlapError

KIND: Final = "alert"


@contextmanager
def alerting(context: Context) -> Iterator[Callable[[Outcome], None]]:
    """Yield what takes how a run ended; what comes through as an error is how it ended."""
    ended: list[Outcome] = []
    try:
        yield ended.append
    except BaseException as error:
        ended.append(error)
        raise
    finally:
        if ended:
            after_run(context, ended[-1])


def after_run(context: Context, outcome: Outcome) -> None:
    """Send alerts after a run that ended in *outcome*. Whatever goes wrong here is put on record, and stops nothing."""
    if not context.workspace.settings.telling.alerts_to or _was_in_the_way(outcome):
        return
    try:
        sent = alert(context, outcome)
        lost = [f"{one.title}: {one.error}" for one in sent if not one.is_well]
    except Exception as error:  # the run is done, and its own end counts
        lost = [str(error) or type(error).__name__]
    if lost:
        context.ledger.note(context.who, "could not tell", {"messages": lost}, context.by_now())


def _was_in_the_way(outcome: Outcome) -> bool:
    """Whether the run was stopped on purpose, or met other work: nobody need know, another one does it."""
    is_again = isinstance(outcome, OverlapError) and outcome.kind in AGAIN
    return is_again or isinstance(outcome, KeyboardInterrupt) or stopping.is_asked()


def alert(context: Context, outcome: Outcome | None = None) -> list[Sent]:
    """Put alerts that are due into the outbox, send all that waits there, and say what became of it.

    Raises:
        ConfigError: a template does not work.
        GuardError: another process is sending.
    """
    found, pages = due(context, outcome), Pages(context.workspace.templates)
    open_ones = {one.cause: one for one in messages.open_alerts(context.ledger)}
    terms = terms_of(context)
    drafts = []
    for cause in found.now:
        before = open_ones.get(cause.id)
        title, content = content_of(context, pages, cause, before)
        # A hash: what is kept of a message names no partner. Who else tells the same at this moment comes to the same.
        said = f"{cause.id} {messages.last_begun(context.ledger, cause.id)} {before.told_at if before else ''}"
        about = hashlib.sha256(said.encode()).hexdigest()
        needs = {cause.partner: sorted(terms[cause.partner].fields)} if cause.partner in terms else {}
        drafts += [
            Draft(KIND, to.channel, to.recipient, about, title, content, cause=cause.id, needs=needs)
            for to in addresses(context)
        ]
    new = {cause.id: cause.partner for cause in found.now if cause.id not in open_ones}
    messages.note_alerts(context.ledger, messages.Turn(new, found.again, found.ended), drafts, context.now)
    return deliver(context)


def due(context: Context, outcome: Outcome | None = None) -> Turn:
    """Return what is to be told now, and what is over. Changes nothing."""
    told = {one.cause: one.told_at for one in messages.open_alerts(context.ledger)}
    settings = context.workspace.settings.telling
    has_done_all = outcome is not None and not isinstance(outcome, BaseException)
    return turn(causes(context, outcome), told, context.now, settings.remind_days, has_done_all)


def addresses(context: Context) -> list[Address]:
    """Return where alerts go."""
    settings = context.workspace.settings.telling
    return list(dict.fromkeys(settings.address(text) for text in settings.alerts_to))


def content_of(
    context: Context, pages: Pages, cause: Cause, before: messages.OpenAlert | None = None
) -> tuple[str, Content]:
    """Return the title of the alert of *cause*, and what it says; *before* if it was told already."""
    facts = {
        "company": context.workspace.settings.workspace.name,
        "title": cause.title,
        "detail": cause.detail,
        "remedy": cause.remedy,
        "since": f"{before.began_at.astimezone(context.workspace.zone):%Y-%m-%d %H:%M}" if before else None,
    }
    return pages.message(KIND, facts)
