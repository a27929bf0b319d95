"""The web-server flow with PKCE: a person says yes in a browser, and we get a refresh token.

The browser may run on another machine than we do: what counts is the address that it is led to in the end.
Source: RFC 6749, 4.1; RFC 7636; RFC 8252; Salesforce help, "OAuth 2.0 Web Server Flow for Web App Integration".
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from connectors.base import Browser
from connectors.redirect import code_of
from connectors.salesforce.signin import SignIn
from overlap.errors import AccessError

_SCOPE: Final = "api refresh_token"


def authorize(sign_in: SignIn, login_url: str, browser: Browser, accept: Callable[[str], None]) -> None:
    """Let a person authorize us, and keep the refresh token that comes of it.

    *accept* is called with the id of the org before anything is kept, and raises if it is the wrong one.

    Raises:
        ConfigError: the token could not be kept; nobody was asked.
        AccessError: the person or the org refuses, or what came back is not the answer to what we asked.
    """
    sign_in.tokens.require_place()
    state, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    app = sign_in.app()
    asked = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": browser.redirect_uri,
        "scope": _SCOPE,
        "state": state,
        # A browser is often signed in already, as an admin: without this it would say yes in that name, unasked.
        "prompt": "login consent",
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    led_to = browser.visit(f"{login_url}/services/oauth2/authorize?{urlencode(asked)}")
    form = {"grant_type": "authorization_code", "code": code_of(led_to, state), "code_verifier": verifier}
    with sign_in.tokens.place() as keep:
        access = sign_in.ask({**form, "redirect_uri": browser.redirect_uri, **app})
        if access.org_id is None:
            raise AccessError(f"{sign_in.where}: the org does not say who it is; nothing was kept")
        sign_in.require_org(access.org_id)
        if access.refresh_token is None:
            raise AccessError(
                f"{sign_in.where}: the app gives no refresh token; add the scope 'Perform requests at any time "
                "(refresh_token, offline_access)' to it"
            )
        accept(access.org_id)
        keep(access.refresh_token)


def challenge(verifier: str) -> str:
    """Return what proves, later on, that whoever shows *verifier* is who asked. Source: RFC 7636, 4.2, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
