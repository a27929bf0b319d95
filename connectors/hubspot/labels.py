"""Labels that people put on a deal's companies: each is a row of ``opportunity_partners``, the label its role.

HubSpot tells no time of a label, and a deal need not change by one: what the rows of changed deals do not show, the
sweep does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import polars as pl

from connectors.base import Page
from connectors.hubspot.portal import COMPANIES, DEALS
from connectors.hubspot.reader import Linked, Reader
from connectors.hubspot.session import OF_PEOPLE
from overlap.model import OpportunityPartner, schema_of

STREAM: Final = "opportunity_partners"

Links = Mapping[str, Sequence[Linked]]


def page(links: Links, known: Mapping[int, str], stamps: Mapping[str, object], crm: str) -> Page:
    """Return the labels of the deals in *links*, and the ids of those that their companies do not have any more.

    *known* are the labels that there are, by the id of their type; *stamps* say when each deal changed.
    """
    rows, gone = [], []
    for deal, linked in links.items():
        for one in linked:
            held = {type_id for category, type_id, _ in one.types if category == OF_PEOPLE}
            gone += [_id(deal, one.id, type_id) for type_id in known if type_id not in held]
            rows += [
                (crm, _id(deal, one.id, type_id), deal, one.id, known[type_id], None, stamps.get(deal))
                for type_id in sorted(held & known.keys())
            ]
    return Page(STREAM, pl.DataFrame(rows, schema=dict(schema_of(OpportunityPartner)), orient="row"), tuple(gone))


def ids(reader: Reader, known: Mapping[int, str], deals: Sequence[str]) -> Iterator[tuple[str, pl.Series]]:
    """Yield the ids of all labels of *deals*."""
    found = page(reader.links(DEALS, COMPANIES, deals) if known else {}, known, {}, "").rows["id"]
    yield STREAM, found


def deals_of(rows: Sequence[str]) -> list[str]:
    """Return the deals that the ids of *rows* are about."""
    return list(dict.fromkeys(row.partition("-")[0] for row in rows))


def _id(deal: str, company: str, type_id: int) -> str:
    return f"{deal}-{company}-{type_id}"
