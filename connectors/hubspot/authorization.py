"""The authorization-code flow: a person says yes in a browser, and we get a refresh token.

Source: RFC 6749, 4.1; HubSpot's guide to OAuth.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from connectors.base import Browser
from connectors.hubspot.scopes import OPTIONAL, REQUIRED
from connectors.hubspot.signin import SignIn
from connectors.redirect import code_of
from overlap.errors import AccessError


def authorize(sign_in: SignIn, app_url: str, browser: Browser, accept: Callable[[str], None]) -> None:
    """Let a person authorize us, and keep the refresh token that comes of it.

    *accept* is called with the id of the portal before anything is kept, and raises if it is the wrong one.

    Raises:
        ConfigError: the token could not be kept; nobody was asked.
        AccessError: the person or the portal refuses, or what came back is not the answer to what we asked.
    """
    sign_in.tokens.require_place()
    state = secrets.token_urlsafe(24)
    app = sign_in.app()
    asked = {
        "client_id": app["client_id"],
        "redirect_uri": browser.redirect_uri,
        "scope": " ".join(("oauth", *REQUIRED)),
        "optional_scope": " ".join(OPTIONAL),
        "state": state,
    }
    led_to = browser.visit(f"{app_url}/oauth/authorize?{urlencode(asked)}")
    form = {"grant_type": "authorization_code", "code": code_of(led_to, state)}
    with sign_in.tokens.place() as keep:
        access = sign_in.ask({**form, "redirect_uri": browser.redirect_uri, **app})
        if access.org_id is None or access.refresh_token is None:
            raise AccessError(
                f"{sign_in.where}: the answer names no portal, or brings no refresh token; nothing was kept"
            )
        sign_in.require_org(access.org_id)
        accept(access.org_id)
        keep(access.refresh_token)
