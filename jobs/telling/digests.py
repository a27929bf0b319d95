"""Digests: look at what each reader would get, and send it. A held or failed week loses nothing.

What is news is compared with what the reader was sent last, not with the last run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass

from config.telling import TellingSettings
from jobs.context import Context
from jobs.stores import messages
from jobs.stores.messages import Draft
from jobs.telling import owner_digests, partner_digests
from jobs.telling.found import Digest, found
from jobs.telling.pages import Pages
from jobs.telling.sending import Sent, deliver
from overlap.digest import READER
from overlap.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose digests: of account *owners*, only of the one with the e-mail *owner*; of partner *managers*."""

    owners: bool = True
    managers: bool = True
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class Digests:
    """What would be sent. *nobody* counts overlaps whose owner cannot be told, with no partner manager to tell."""

    run_id: str
    digests: tuple[Digest, ...]
    nobody: int


def digests(context: Context, wanted: Wanted, asks: bool = False) -> Digests:
    """Return what each reader would get now. Sends nothing; *asks*: but writes the workbooks that go with it.

    Raises:
        ConfigError: nothing has been matched yet, a template does not work, or there is no such owner.
    """
    known, pages = found(context), Pages(context.workspace.templates)
    made: list[Digest] = []
    if wanted.owners:
        if wanted.owner is not None:
            _require_owner(wanted.owner, known.people)
        made += owner_digests.owner_digests(context, known, pages, wanted.owner)
    if wanted.managers:
        made += partner_digests.partner_digests(context, known, pages, asks)
    settings = context.workspace.settings.telling
    orphans = known.rows.filter(known.rows[READER].is_null())
    unmanaged = [partner for partner in known.partners if not settings.managers_of(partner)]
    return Digests(known.run_id, tuple(made), orphans.filter(orphans["partner"].is_in(unmanaged)).height)


def send(context: Context, wanted: Wanted) -> list[Sent]:
    """Send what `digests` returns, and whatever else waits to be sent; say what became of it.

    Raises:
        ConfigError: as of `digests`; or the settings say nothing of who gets a digest.
        GuardError: another process is sending.
    """
    settings = context.workspace.settings.telling
    _require_channels(context, settings, wanted)
    made = digests(context, wanted, asks=True)
    for one in made.digests:
        if one.address.channel:
            messages.enqueue(context.ledger, _draft(one, made.run_id), context.now)
    return deliver(context)


def _draft(one: Digest, run_id: str) -> Draft:
    """Return the message of *one*. Of one run, what was withdrawn since terms are others is told by another message."""
    under = hashlib.sha256(json.dumps(one.needs).encode()).hexdigest()[:16]
    return Draft(
        kind=one.kind,
        channel=one.address.channel,
        recipient=one.address.recipient,
        about=f"run {run_id} {under}",
        title=one.title,
        content=one.content,
        reader=one.reader,
        told=one.told,
        needs=one.needs,
    )


def _require_channels(context: Context, settings: TellingSettings, wanted: Wanted) -> None:
    missing = []
    if wanted.owners and settings.owners is None:
        missing.append("owners = CHANNEL")
    if wanted.managers and not settings.partner_managers:
        missing.append("partner_managers = { ... }")
    if missing and (len(missing) == wanted.owners + wanted.managers):
        raise ConfigError(
            f"{context.workspace.settings_files}: [telling] says nobody to send digests to; write "
            f"{' or '.join(missing)} (docs/digests.md), or look at them: overlap digest --dry-run"
        )


def _require_owner(owner: str, known: Collection[str]) -> None:
    if owner.strip().lower() not in known:
        raise ConfigError(f"no active owner of an account with an overlap has the e-mail address '{owner}'")
