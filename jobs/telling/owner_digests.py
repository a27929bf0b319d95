"""The weekly digest of each account owner: the best of what is new or changed since this person's last one."""

from __future__ import annotations

import polars as pl

from config.telling import Address
from jobs.context import Context
from jobs.telling import links
from jobs.telling.found import Digest, Found, lines_of, needs_of, said_to
from jobs.telling.pages import Pages
from overlap.digest import READER, news, standing

KIND = "digest"


def owner_digests(context: Context, known: Found, pages: Pages, only: str | None = None) -> list[Digest]:
    """Return the digests of all owners who have news, or of the one with the e-mail *only*."""
    readers = sorted(known.people) if only is None else [only.strip().lower()]
    made = (_digest(context, known, pages, reader) for reader in readers)
    return [one for one in made if one is not None]


def _digest(context: Context, known: Found, pages: Pages, reader: str) -> Digest | None:
    settings = context.workspace.settings.telling
    rows = known.rows.filter(pl.col(READER) == reader)
    fresh = news(rows, said_to(context, reader))
    if fresh.is_empty():
        return None
    best = fresh.head(settings.most)
    more = fresh.height - best.height
    facts = {
        "name": known.people[reader],
        "company": context.workspace.settings.workspace.name,
        "day": context.today.isoformat(),
        "lines": lines_of(context, known, best),
        "more": more,
        "more_link": links.to_more(context, best["crm"][0]) if more else None,
    }
    title, content = pages.message("owner", facts)
    told = rows.select("key", "partner", standing()).iter_rows()
    return Digest(
        address=Address(settings.owners or "", reader),
        reader=reader,
        kind=KIND,
        title=title,
        content=content,
        lines=best.height,
        more=more,
        told={key: (partner, said) for key, partner, said in told},
        needs=needs_of(context, rows["partner"]),
    )
