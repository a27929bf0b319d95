"""A portal without sockets; see `connectors.sandbox.direct`."""

from __future__ import annotations

from requests.adapters import BaseAdapter, HTTPAdapter

from connectors.sandbox.direct import URL, DirectAdapter
from connectors.sandbox.hubspot.api import endpoint
from connectors.sandbox.hubspot.portal import Portal


class PortalAdapter(DirectAdapter):
    """Answers every request of a session from *portal*. One thread only."""

    def __init__(self, portal: Portal) -> None:
        BaseAdapter.__init__(self)
        self._builder = HTTPAdapter()
        self._answer = endpoint(portal, URL)
