"""Tokens for one HubSpot portal: the key of the settings, or an app's access tokens, which are renewed.

A service key and a private app's token are good until somebody replaces them; an access token lives for as long as the
answer says, about half an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from config.hubspot import HubSpotSettings
from connectors.base import Vault
from connectors.hubspot.errors import Reply
from connectors.hubspot.transport import Transport
from connectors.refresh_tokens import RefreshTokens
from connectors.shapes import fits
from overlap.errors import AccessError, TransientError
from overlap.redaction import remember, remember_form, remember_token

#: Families of the OAuth endpoints, the one first whose answers HubSpot has published. The undated ones end in 2027.
_FAMILIES: Final = ("2026-03", "2026-09")
#: A token is renewed that long before it ends: a long call must not outlive it.
_MARGIN_S: Final = 120.0
_TOKENS: Final = {"access_token": str, "expires_in?": int | float}


@dataclass(frozen=True, slots=True)
class Access:
    """What an app's sign-in gives. *org_id* is None if the answer does not say."""

    token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in_s: float
    org_id: str | None


class SignIn:
    """Signs in to one portal in the way that *settings* say. Secrets are resolved anew each time."""

    def __init__(self, name: str, settings: HubSpotSettings, vault: Vault, transport: Transport) -> None:
        self.where = f"hubspot '{name}'"
        self._name = name
        self._settings = settings
        self._vault = vault
        self.tokens = RefreshTokens(self.where, name, "oauth", settings.api_url, vault.tokens)
        self._transport = transport
        self._org_id: str | None = None
        self._token = ""
        self._ends_at = 0.0

    def token(self) -> str:
        """Return a token that is valid now.

        Raises:
            ConfigError: a secret is not where the settings say.
            AccessError: the portal refuses us.
            TransientError: it is out of service.
        """
        if not self._token or monotonic() >= self._ends_at:
            self._renew()
        return self._token

    def token_after(self, refused: str) -> str | None:
        """Return a token in the place of the *refused* one, None if there is no other; raises as `token` does."""
        if refused == self._token:
            self._renew()
        return self._token if self._token != refused else None

    def require_org(self, org_id: str) -> None:
        """Make sure that *org_id* is the portal of the settings, where they name one, and the one of before.

        A token that is renewed in the middle of a connection may be of another sign-in by then.

        Raises:
            AccessError: it is another one.
        """
        wanted = self._settings.org_id
        if wanted not in (None, org_id):
            raise AccessError(
                f"{self.where}: signed in to portal {org_id}, but org_id of this environment is {wanted}; nothing was "
                "read or written. Correct the token, or choose the environment of that portal with --env"
            )
        if self._org_id not in (None, org_id):
            raise AccessError(
                f"{self.where}: the renewed token is for portal {org_id}, the one before it was for {self._org_id}; "
                f"nothing more was sent. Sign in again: 'overlap connect {self._name}'"
            )
        self._org_id = org_id

    def app(self) -> dict[str, str]:
        """Return the app's id and secret, as fields of a form."""
        settings = self._settings
        return {
            "client_id": self._vault.secret(str(settings.client_id)),
            "client_secret": self._vault.secret(str(settings.client_secret)),
        }

    def forget(self) -> bool:
        """Revoke the refresh token and keep it no longer; return whether there was one.

        Raises:
            TransientError: the portal cannot be reached; the token is still kept.
        """

        def revoke(token: str) -> None:
            reply = self._post("token/revoke", {"token": token, "token_type_hint": "refresh_token", **self.app()})
            if reply.status >= 300 and reply.status != 400:  # a 400 says that it was revoked before
                raise TransientError(
                    f"{self.where}: revoking answers HTTP {reply.status}; the token is still kept: try again"
                )

        return self.tokens.forget(revoke)

    def ask(self, form: dict[str, str]) -> Access:
        """Send *form* to the token endpoint and return what it gives; raises as `token` does."""
        reply = self._post("token", form)
        body = reply.body
        if reply.status >= 500 or reply.status == 429:
            raise TransientError(f"{self.where}: sign-in answers HTTP {reply.status}; try again later", reply.wait_s)
        if reply.status >= 300 or not fits(body, _TOKENS):
            said = ": ".join(str(body[key]) for key in ("error", "error_description", "message") if key in body)
            said = said if reply.status >= 300 else "the answer holds no token, as a proxy's login page does not"
            raise AccessError(
                f"{self.where}: sign-in refused: {said or f'HTTP {reply.status}'}; check client_id and client_secret, "
                f"and sign in again: 'overlap connect {self._name}'"
            )
        renewed, hub = body.get("refresh_token"), body.get("hub_id")
        return Access(
            token=remember_token(str(body["access_token"])),
            refresh_token=remember(str(renewed)) if renewed else None,
            expires_in_s=float(body.get("expires_in") or 0),
            org_id=str(hub) if hub else None,
        )

    def _renew(self) -> None:
        if not self._settings.asks_a_person:
            self._token, self._ends_at = self._vault.secret(str(self._settings.token)), float("inf")
            return
        access = self._refreshed()
        if access.org_id is not None:
            self.require_org(access.org_id)
        self._token = access.token
        self._ends_at = monotonic() + access.expires_in_s - _MARGIN_S

    def _refreshed(self) -> Access:
        def ask(token: str) -> Access:
            return self.ask({"grant_type": "refresh_token", "refresh_token": token, **self.app()})

        return self.tokens.exchange(ask)

    def _post(self, endpoint: str, form: dict[str, str]) -> Reply:
        """Send *form* to the first family of endpoints that is there."""
        remember_form(form)
        for family in _FAMILIES:
            reply = self._transport.submit(f"/oauth/{family}/{endpoint}", form)
            if reply.status not in (404, 410):
                break
        return reply
