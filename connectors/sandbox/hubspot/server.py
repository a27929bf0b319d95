"""A portal behind real HTTPS, in its own process or in a thread; see `connectors.sandbox.server`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.sandbox.hubspot.api import application
from connectors.sandbox.hubspot.database import FILE_NAME
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.server import Crm


@dataclass(frozen=True, slots=True)
class Address:
    """How to reach a running portal: *url* stands for api.hubapi.com, *ca_file* is the authority to trust.

    *access_token* is the account's key; the others sign in as its OAuth app.
    """

    url: str
    ca_file: str
    portal_id: int
    access_token: str
    client_id: str
    client_secret: str
    refresh_token: str


def _locate(portal: Portal, url: str, ca_file: str) -> Address:
    return Address(url, ca_file, portal.database.portal_id, portal.key, *portal.app)


HUBSPOT: Final = Crm(FILE_NAME, Portal.open, application, _locate)
