"""The HTTP session that everything goes through: patient with reads, never for ever, and with our CA alone.

simple-salesforce has no timeouts, and lets REQUESTS_CA_BUNDLE overrule a session's own CA.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError, SSLError
from urllib3.util.retry import Retry

from connectors.salesforce.errors import is_wrong_certificate

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 60.0
RETRIES: Final = 3
BACKOFF_S: Final = 0.2
JITTER_S: Final = 0.2
RETRY_AFTER_MAX_S: Final = 60


def http_session(ca_file: Path | None) -> requests.Session:
    """Return a session that trusts *ca_file* alone, if there is one, waits for nothing for ever, and knows no netrc."""
    http = _Staying()
    http.headers["User-Agent"] = "overlap"  # what an admin sees in the org's event logs
    http.mount("https://", _PatientAdapter(ca_file))
    # An auth that does nothing: without one, requests puts a ~/.netrc entry in the place of the token.
    http.auth = lambda request: request
    return http


class _Patience(Retry):
    """Takes a TLS connection that drops for what it is; urllib3 takes every fault of TLS for a wrong certificate."""

    def increment(self, *args: Any, **more: Any) -> Self:
        """Return what is left of our patience after a failure; raises when nothing is."""
        error = more.get("error")
        if isinstance(error, SSLError) and not is_wrong_certificate(error):
            more["error"] = ProtocolError("the connection was dropped", error)
        return super().increment(*args, **more)


class _PatientAdapter(HTTPAdapter):
    """Gives every call timeouts and our CA. Only reads are tried again: a lost write may have been taken."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        retry = _Patience(
            total=RETRIES,
            other=0,  # a wrong certificate does not get better
            status_forcelist=(502, 503, 504),
            allowed_methods={"GET"},
            backoff_factor=BACKOFF_S,
            backoff_jitter=JITTER_S,
            retry_after_max=RETRY_AFTER_MAX_S,
            raise_on_status=False,
        )
        super().__init__(max_retries=retry)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        if self._ca_file:
            kwargs["verify"] = str(self._ca_file)
        return super().send(request, *args, **kwargs)


class _Staying(requests.Session):
    """Follows no redirect: it would carry tokens and data to wherever it leads."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        del resp
