"""The policy of one partner, as the settings say it: read, told apart by its fingerprint, in force or not."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from typing import TYPE_CHECKING

from config.settings import Settings
from config.sharing import ShareSettings, sides
from jobs.context import Context
from overlap.errors import ConfigError, GuardError

if TYPE_CHECKING:
    from overlap.sharing import Policy


def policy_text(settings: Settings, partner: str) -> str:
    """Return as JSON what decides what *partner* may see, or ``{}``: its table, and whom the settings leave out."""
    said = settings.partners.get(partner)
    if said is None or said.share is None:
        return "{}"
    gone = {name: one.model_dump(mode="json") for name, one in settings.exclusions.items()}
    facts = {"share": said.share.model_dump(mode="json"), "exclusions": gone}
    return json.dumps(facts, sort_keys=True, ensure_ascii=False)


def fingerprint(settings: Settings, partner: str) -> str:
    """Return 16 hex digits that change when the policy of *partner* does."""
    return hashlib.sha256(policy_text(settings, partner).encode()).hexdigest()[:16]


def why_void(settings: Settings, partner: str, today: date) -> str | None:
    """Return why nothing may go to *partner* on that day, whatever its cells say; None if it may."""
    said = settings.partners.get(partner)
    if said is None:
        return f"there is no partner '{partner}' any more"
    if said.share is None or _is_shut(said.share):
        return f"nothing is shared with '{partner}'"
    if said.share.expires is not None and today > said.share.expires:
        return f"what is shared with '{partner}' was agreed until {said.share.expires}"
    return None


def share_settings(context: Context, partner: str) -> ShareSettings:
    """Return what the settings say of sharing with *partner*, which is in force today.

    Raises:
        ConfigError: there is no such partner, or nothing is shared with it.
        GuardError: it is over.
    """
    settings = context.workspace.settings
    if partner not in settings.partners:
        raise ConfigError(f"there is no partner '{partner}'; known: {', '.join(settings.partners) or 'none'}")
    said = settings.partners[partner].share
    where = f"partners.{partner}.share"
    if said is None or _is_shut(said):
        raise ConfigError(
            f"{context.workspace.settings_files}: {where}: nothing is shared with '{partner}'; what may be goes into "
            f'[{where}.cells], as in "our Customers x their Prospects" = "overlapping"'
        )
    void = why_void(settings, partner, context.today)
    if void is not None:
        raise GuardError(f"{void}: nothing was released; once it is agreed anew, change {where}.expires")
    return said


def policy_of(context: Context, partner: str) -> Policy:
    """Return the policy of *partner*, its filter and its domains read.

    Raises:
        ConfigError: there is none, or a domain of it is none.
        GuardError: it is over.
    """
    from config.rules import filters
    from jobs.finding.profiles import plain_domains
    from jobs.pulling.merges import with_survivors
    from overlap.exclusions import Exclusion
    from overlap.sharing import Level, Policy

    said = share_settings(context, partner)
    place, never = f"partners.{partner}.share.never", None
    if said.never is not None:
        asked = filters(context.workspace.settings).get(f"{place}.filter")
        never = Exclusion(
            "never",
            asked,
            with_survivors(context, said.never.ids),
            plain_domains(f"{place}.domains", said.never.domains),
        )
    cells = {sides(cell): Level[level.upper()] for cell, level in said.cells.items()}
    return Policy(cells, said.fields, never, said.expires)


def _is_shut(said: ShareSettings) -> bool:
    return all(level == "hidden" for level in said.cells.values())
