"""Brings our objects, properties and labels into a portal, as `overlap setup hubspot --apply` does."""

from __future__ import annotations

from connectors.hubspot.session import HubSpotSession
from connectors.hubspot.setup.difference import compared
from connectors.hubspot.setup.making import make
from connectors.hubspot.setup.wanted import Wanted

PARTNERS = ("Globex", "Initech")


def set_up(session: HubSpotSession, flat_fields: bool = True) -> None:
    make(session, compared(session, Wanted(PARTNERS, flat_fields)))


def make_schemas(session: HubSpotSession) -> dict[str, str]:
    """Make every object of ours, and return their type ids by name."""
    set_up(session, flat_fields=False)
    return dict(session.portal.type_ids)


def make_flat_fields(session: HubSpotSession) -> None:
    """Make our properties on companies and deals."""
    steps = compared(session, Wanted(PARTNERS))
    make(session, [one for one in steps if one.place[:1] in (("companies",), ("deals",))])
