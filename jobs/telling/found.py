"""What the published run found that may be told of today, with whom to tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from config.telling import Address
from jobs.context import Context
from jobs.partners.terms import terms_of
from jobs.stores import messages
from jobs.stores.messages import Told
from jobs.telling import links
from jobs.telling.content import Content
from jobs.views import late_lists, published
from overlap.digest import READER, tellable, with_readers
from overlap.model import SAME
from overlap.terms import DIGEST, refusals, writable_overlaps


@dataclass(frozen=True, slots=True)
class Found:
    """*rows* are the overlaps that may be told of, with their ``reader``; *people* names the readers.

    *partners* names those that may be told of; *late* are days of lists that are.
    """

    run_id: str
    rows: pl.DataFrame
    people: Mapping[str, str]
    partners: Mapping[str, str]
    late: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Digest:
    """One digest, ready to go to *address*. *lines* are in it, *more* are news beside them.

    *told* is everything that *reader* has been told with it; *needs* is what it needs of partners' terms for that.
    """

    address: Address
    reader: str
    kind: str
    title: str
    content: Content
    lines: int
    more: int
    told: Told
    needs: Mapping[str, Sequence[str]]


def found(context: Context) -> Found:
    """Return what may be told of the published run.

    Raises:
        ConfigError: nothing has been matched yet.
    """
    overlaps, deals, known, users = published(context, "overlaps", "opportunities", "companies", "users")
    terms = terms_of(context)
    if "speaks" not in known.columns:  # a run of an earlier version
        known = known.with_columns(speaks=pl.lit(value=True))
    refused = refusals(terms, DIGEST, context.today)
    settings = context.workspace.settings.partners
    names = {key: one.name for key, one in settings.items() if key not in refused}
    told = writable_overlaps(overlaps.filter(pl.col("partner").is_in(list(names))), terms, context.today, DIGEST)
    # Terms first: what they hide must not decide what is shown.
    rows = with_readers(tellable(told, deals), known, users)
    zone = context.workspace.zone
    people = rows.filter(pl.col(READER).is_not_null()).unique(READER, keep="first", maintain_order=True)
    return Found(
        run_id=context.ledger.pinned("published_run") or "",
        rows=rows,
        people=dict(people.select(READER, "owner_name").iter_rows()),
        partners=names,
        late={key: f"{day.astimezone(zone):%Y-%m-%d}" for key, day in late_lists(context).items()},
    )


def needs_of(context: Context, partners: Iterable[str]) -> dict[str, list[str]]:
    """Return what a digest of *partners* needs of their terms: all that they allow now may be in it."""
    terms = terms_of(context)
    return {partner: [DIGEST, *sorted(terms[partner].fields)] for partner in sorted({*partners})}


def reader_of(address: Address) -> str:
    """Return who reads at *address*: a person is the same one on every channel."""
    return address.recipient.lower() if "@" in address.recipient else str(address)


def said_to(context: Context, reader: str) -> dict[str, str]:
    """Return what *reader* was told last, by key."""
    return messages.said_to(context.ledger, reader)


def lines_of(context: Context, known: Found, news: pl.DataFrame) -> Sequence[dict[str, Any]]:
    """Return the rows of *news* as templates read them."""
    return [_line(context, known, row) for row in news.iter_rows(named=True)]


def _line(context: Context, known: Found, row: dict[str, Any]) -> dict[str, Any]:
    managers = context.workspace.settings.telling.managers_of(row["partner"])
    named, mail = row["theirs_owner_name"], row["theirs_owner_email"]
    whom = f"{named} <{mail}>" if named and mail else named or mail
    ours = ", ".join(reader_of(one) for one in managers)
    return {
        "account": row["account_name"],
        "link": links.to_account(context, row["crm"], row["account_id"]),
        "partner": known.partners[row["partner"]],
        "theirs_name": row["theirs_name"],
        "ours": row["our_population"],
        "theirs": row["partner_population"],
        "relation": None if row["relation"] == SAME else row["relation"],
        "play": row["play"],
        "is_new": row["before"] is None,
        "before": row["before"],
        "fit": f"{row['icp_tier']}, {row['icp_fit']} of 100: {row['icp_reasons']}" if row["icp_reasons"] else None,
        "reasons": row["reasons"],
        "call": whom,
        "manager": ours or None,
        "ask_first": row["engagement"] == "Ask me first",
        "late": known.late.get(row["partner"]),
        "priority": row["priority"],
    }
