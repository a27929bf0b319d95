"""What a partner allows us to do with its list: for what, with which of its fields, until when.

The one place that decides it, before anything is compared: what is not allowed here is in no frame that records are
made of. Terms hold through their last day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from overlap.model import OTHER
from overlap.overlaps import priority

#: To be matched and shown to us; to be written to a CRM; to be sent around as news.
ANALYSIS: Final = "analysis"
CRM: Final = "crm"
DIGEST: Final = "digest"
USES: Final = (ANALYSIS, CRM, DIGEST)
#: What of a partner's row may reach a CRM; ``address`` is street, city, state, postcode and country.
FIELDS: Final = ("name", "website", "phone", "address", "population", "owner_name", "owner_email", "claim")

#: What a match's reason speaks of: "same website acme.com", "same phone", "same street".
_OF_REASONS: Final = frozenset({"name", "website", "phone", "address"})
_REASON: Final = "matched by facts that the partner does not let us show here"
_CLAIMED: Final = "partner says: "
_CLAIM: Final = "the partner says so in its list"


@dataclass(frozen=True, slots=True)
class Terms:
    """What one partner allows. *expires* is the last day; None means that they do not end."""

    uses: frozenset[str] = frozenset(USES)
    fields: frozenset[str] = frozenset(FIELDS)
    expires: date | None = None

    def are_over(self, today: date) -> bool:
        """Whether the last day has passed."""
        return self.expires is not None and today > self.expires

    def allow(self, use: str, today: date) -> bool:
        """Whether the list may serve *use* today. What may not be looked at may not be written either."""
        return {ANALYSIS, use} <= self.uses and not self.are_over(today)

    def allowed(self, today: date) -> frozenset[str]:
        """Return everything that is allowed today: uses and fields."""
        return self.fields.union(use for use in USES if self.allow(use, today))


def refusals(terms: Mapping[str, Terms], use: str, today: date) -> dict[str, str]:
    """Return the partners whose list may not serve *use* today, each with the reason in words."""
    return {key: _why_not(one, use) for key, one in terms.items() if not one.allow(use, today)}


def withdrawn(needs: Mapping[str, Collection[str]], terms: Mapping[str, Terms], today: date) -> dict[str, str]:
    """Return why what *needs* this of partners (uses and fields) may not be told any more, by those that forbid it."""
    found = {}
    for partner, needed in needs.items():
        missing = sorted({*needed} - terms[partner].allowed(today)) if partner in terms else []
        if partner not in terms:
            found[partner] = "it is no partner any more"
        elif missing:
            found[partner] = f"its terms do not allow {', '.join(missing)} any more"
    return found


def _why_not(terms: Terms, use: str) -> str:
    missing = [one for one in (ANALYSIS, use) if one not in terms.uses]
    return f"its terms do not allow '{missing[0]}'" if missing else f"its terms expired on {terms.expires}"


def in_words(terms: Terms, today: date) -> str:
    """Say what is not plain of *terms*: uses and fields that are missing, and their end; empty if nothing is."""
    said = [f"not for {one}" for one in USES if one not in terms.uses]
    hidden = [one.replace("_", " ") for one in FIELDS if one not in terms.fields]
    said += [f"without {', '.join(hidden)}"] if hidden else []
    if terms.expires is not None:
        days = (terms.expires - today).days
        ends = f"expires in {days:,} day{'s' * (days != 1)}" if days else "expires today"
        said.append(f"expired on {terms.expires}" if days < 0 else ends)
    return "; ".join(said)


def permitted_rows(rows: pl.DataFrame, terms: Mapping[str, Terms], use: str, today: date) -> pl.DataFrame:
    """Return those of *rows* (any frame with ``partner``) that may serve *use* today."""
    refused = list(refusals(terms, use, today))
    return rows.filter(~pl.col("partner").is_in(refused)) if refused else rows


def writable_overlaps(overlaps: pl.DataFrame, terms: Mapping[str, Terms], today: date, use: str = CRM) -> pl.DataFrame:
    """Return *overlaps* as a CRM, or another *use*, may have them: without other partners, hidden fields empty.

    What follows from a hidden field goes with it: play, and priority's share of the cell.
    """
    rows = permitted_rows(overlaps, terms, use, today)
    rows = _blank(rows, terms, "name", "theirs_name")
    rows = _blank(rows, terms, "website", "theirs_website")
    rows = _blank(rows, terms, "owner_name", "theirs_owner_name")
    rows = _blank(rows, terms, "owner_email", "theirs_owner_email")
    hidden = _hiding(terms, {"population"})
    if hidden:
        is_hidden = pl.col("partner").is_in(hidden)
        plain = rows.with_columns(partner_population=pl.lit(OTHER)).select(priority())
        rows = rows.with_columns(priority=pl.when(is_hidden).then(plain["priority"]).otherwise("priority"))
        rows = _blank(rows, terms, "population", "partner_population", "partner_populations", "play")
    return _reworded(rows, terms, _OF_REASONS, "reasons", pl.lit(_REASON))


def writable_influences(influences: pl.DataFrame, terms: Mapping[str, Terms], today: date) -> pl.DataFrame:
    """Return *influences* as a CRM may have them: a claim that may not be shown counts, in general words."""
    rows = permitted_rows(influences, terms, CRM, today)
    claimed = pl.col("evidence").str.starts_with(_CLAIMED)
    return _reworded(
        rows, terms, {"claim"}, "evidence", pl.when(claimed).then(pl.lit(_CLAIM)).otherwise(pl.col("evidence"))
    )


def _hiding(terms: Mapping[str, Terms], fields: frozenset[str] | set[str]) -> list[str]:
    """Return the partners that hide any of *fields*."""
    return [key for key, one in terms.items() if not fields <= one.fields]


def _blank(rows: pl.DataFrame, terms: Mapping[str, Terms], field: str, *columns: str) -> pl.DataFrame:
    hiding = _hiding(terms, {field})
    if not hiding:
        return rows
    hidden = pl.col("partner").is_in(hiding)
    return rows.with_columns(pl.when(~hidden).then(pl.col(name)).alias(name) for name in columns)


def _reworded(
    rows: pl.DataFrame, terms: Mapping[str, Terms], fields: frozenset[str] | set[str], column: str, words: pl.Expr
) -> pl.DataFrame:
    hiding = _hiding(terms, fields)
    if not hiding:
        return rows
    hidden = pl.col("partner").is_in(hiding)
    return rows.with_columns(pl.when(hidden).then(words).otherwise(pl.col(column)).alias(column))
