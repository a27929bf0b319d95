"""What partners allow, as the settings say it."""

from __future__ import annotations

from config.terms import TermsSettings
from jobs.context import Context
from overlap.errors import GuardError
from overlap.terms import ANALYSIS, CRM, Terms, in_words, refusals

#: From so many days on before they expire, terms are told without being asked for.
_SOON_DAYS = 30


def terms_of(context: Context) -> dict[str, Terms]:
    """Return the terms of every partner, by its key."""
    return {key: _terms(one.terms) for key, one in context.workspace.settings.partners.items()}


def _terms(said: TermsSettings) -> Terms:
    return Terms(frozenset(said.uses), frozenset(said.fields), said.expires)


def said_of(context: Context, partner: str) -> str:
    """Say what is not plain of the terms of *partner*, with the days that are left; empty if nothing is."""
    return in_words(terms_of(context)[partner], context.today)


def warnings(context: Context) -> dict[str, str]:
    """Return by partner what a person must hear of its terms now: that they are over, or end within a month."""
    found = {}
    for key, one in terms_of(context).items():
        if one.expires is not None and (one.expires - context.today).days <= _SOON_DAYS:
            # Only the end: what never was allowed is no news.
            found[key] = in_words(Terms(expires=one.expires), context.today)
    return found


def not_analysed(context: Context) -> dict[str, str]:
    """Return the partners whose list may not be looked at today, each with the reason."""
    return refusals(terms_of(context), ANALYSIS, context.today)


def require_analysed(context: Context, partner: str) -> None:
    """Make sure that the list of *partner* may be looked at today.

    Raises:
        GuardError: its terms do not allow it.
    """
    why = not_analysed(context).get(partner)
    if why is not None:
        raise GuardError(f"no list of '{partner}' is read: {why}; see [partners.{partner}.terms]")


def not_written(context: Context) -> dict[str, str]:
    """Return the partners of whom nothing may be written to a CRM today, each with the reason."""
    return refusals(terms_of(context), CRM, context.today)
