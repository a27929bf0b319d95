"""Puts the access token into each request, and renews it in the middle of any.

This happens where a request leaves, below simple-salesforce: by itself, that forgets a call's own headers when it
renews a token, stays with the first host, and may renew for ever.
"""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.auth import AuthBase

from connectors.salesforce.signin import Access, SignIn
from overlap.errors import AccessError


class RenewingAuth(AuthBase):
    """The auth of a session whose every request goes to one org. Signed in from the start; raises as `SignIn.access`.

    A request whose token is refused is repeated once, as it was, with a new token, on the host that came with it.
    """

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self._lock = threading.Lock()
        self.access: Access = sign_in.access()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign *request*, and listen to what it is answered."""
        self._direct(request)
        request.register_hook("response", self._renewed)  # type: ignore[no-untyped-call]
        return request

    def _direct(self, request: requests.PreparedRequest) -> None:
        """Give *request* the token that is valid now, and the host that the token is for."""
        access = self.access
        scheme, _, *rest = urlsplit(str(request.url))
        request.url = urlunsplit((scheme, urlsplit(access.instance_url).netloc, *rest))
        request.headers["Authorization"] = f"Bearer {access.token}"

    def _renewed(self, reply: requests.Response, **options: Any) -> requests.Response:
        """Return *reply*, or what its request is answered with a new token, if *reply* says that the old one expired.

        Salesforce refuses an expired token before it looks at the request: a write, too, may be sent again.
        """
        if not _says_expired(reply):
            return reply
        reply.close()
        self.renew(reply.request.headers["Authorization"].removeprefix("Bearer "))
        request = reply.request.copy()
        self._direct(request)
        repeated: requests.Response = reply.connection.send(request, **options)
        if _says_expired(repeated):
            raise AccessError(
                f"{self._sign_in.where}: a token is refused as soon as it is issued; check the app's run-as user and "
                "its policies, then run 'overlap check'"
            )
        return repeated

    def renew(self, refused: str) -> None:
        """Sign in again, unless the token that was *refused* is not the one of now any more; raises as `SignIn.access`.

        Raises:
            AccessError: the new token is for another org.
        """
        with self._lock:
            known = self.access
            if refused != known.token:
                return  # another thread was faster
            access = self._sign_in.access()
            if access.org_id != known.org_id or (access.org_id is None and access.instance_url != known.instance_url):
                place = f"org {access.org_id}" if access.org_id else urlsplit(access.instance_url).netloc
                raise AccessError(
                    f"{self._sign_in.where}: signing in again, in the middle of the work, led to {place}; nothing was "
                    "sent there: run it again"
                )
            self.access = access


def _says_expired(reply: requests.Response) -> bool:
    """Whether Salesforce refuses the token; a 401 of a proxy's says something else."""
    return reply.status_code == 401 and ("INVALID_SESSION_ID" in reply.text or "InvalidSessionId" in reply.text)
