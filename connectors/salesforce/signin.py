"""Ways into a Salesforce org: each asks its token endpoint for an access token. What it refuses becomes ours here.

A refresh token may be replaced by every use, and the old one is then worthless: the new one is kept before anything
else happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import jwt
import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from config.salesforce import SalesforceSettings
from connectors.base import Vault
from connectors.refresh_tokens import RefreshTokens
from connectors.salesforce.errors import is_drop, is_wrong_certificate, translated
from connectors.shapes import fits
from overlap.errors import AccessError, ConfigError, TransientError
from overlap.redaction import remember, remember_form, remember_token

#: Salesforce takes a JWT for at most five minutes; what is left is for clocks that differ.
_ASSERTION_VALID: Final = timedelta(minutes=3)
_MOST_SKEW_S: Final = 60
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_DOMAIN: Final = "login_url must be the My Domain of the org itself, a sandbox's too (never test.salesforce.com)"
#: What to do, by a part of what Salesforce says. Source: Salesforce help, "OAuth 2.0 ... Flow" pages, and bug reports.
_REMEDIES: Final = {
    "hasn't approved this consumer": (
        "let an admin pre-authorize the user: in the app's policies, choose 'Admin approved users are "
        "pre-authorized' and a permission set that the user has; and check username"
    ),
    "audience is invalid": f"{_DOMAIN}; in GovCloud and the like, set audience",
    "invalid assertion": "the certificate in the app must belong to private_key: upload it again",
    "app_not_found": f"{_DOMAIN}, and consumer_key that of an app in this very org",
    "expired authorization code": "what was sent was too old: try again",
    "redirect": "add the callback URL that 'overlap connect' names to the app, letter by letter",
}


@dataclass(frozen=True, slots=True)
class Access:
    """What a sign-in gives. *org_id* is None if the answer does not say; *refresh_token* if there is no new one."""

    token: str = field(repr=False)
    instance_url: str
    org_id: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


class SignIn:
    """Signs in to one org in the way that *settings* say.

    Secrets are resolved each time that a token is asked for, so that a rotated one is found.
    """

    def __init__(self, name: str, settings: SalesforceSettings, vault: Vault, http: requests.Session) -> None:
        self.where = f"salesforce '{name}'"
        self._name = name
        self._settings = settings
        self._vault = vault
        self.tokens = RefreshTokens(self.where, name, "refresh-token", settings.login_url, vault.tokens)
        self._http = http

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def access(self) -> Access:
        """Return a new access token.

        Raises:
            ConfigError: a secret is not where the settings say, or is none.
            AccessError: the org cannot be reached, or refuses us.
            TransientError: the org is out of service.
        """
        if self._settings.auth == "jwt":
            return self.ask({"grant_type": _JWT_BEARER, "assertion": self._assertion()})
        if self._settings.auth == "refresh-token":
            return self._refreshed()
        return self._by_client_credentials()

    def require_org(self, org_id: str) -> None:
        """Make sure that *org_id* is the org of the settings, where they name one.

        Raises:
            AccessError: it is another one.
        """
        wanted = self._settings.org_id
        if wanted not in (None, org_id):
            raise AccessError(
                f"{self.where}: signed in to org {org_id}, but org_id of this environment is {wanted}; nothing was "
                "read or written. Correct login_url, or choose the environment of that org with --env"
            )

    def forget(self) -> bool:
        """Revoke the refresh token and keep it no longer; return whether there was one.

        Raises:
            AccessError: the org cannot be reached; the token is still kept.
        """

        def revoke(token: str) -> None:
            reply = self._post("revoke", {"token": token}, None)
            if reply.status_code not in (200, 400):  # a 400 says that it was revoked before
                raise TransientError(
                    f"{self.where}: revoking answers HTTP {reply.status_code}; the token is still kept: look at "
                    "login_url and try again"
                )

        return self.tokens.forget(revoke)

    def app(self) -> dict[str, str]:
        """Return the app's id, and its secret if it has one, as fields of a form."""
        secret = self._settings.consumer_secret
        form = {"client_id": self._vault.secret(self._settings.consumer_key)}
        return form | ({"client_secret": self._vault.secret(secret)} if secret else {})

    def ask(self, form: dict[str, str], basic: tuple[str, str] | None = None) -> Access:
        """Send *form* to the token endpoint and return what it gives; raises as `access` does."""
        reply = self._post("token", form, basic)
        if reply.status_code >= 500:
            wait = reply.headers.get("Retry-After", "")
            raise TransientError(
                f"{self.where}: sign-in answers HTTP {reply.status_code}; try again later",
                float(wait) if wait.isdigit() else None,
            )
        body = _json_object(reply)
        if not reply.ok or not fits(body, {"access_token": str, "instance_url": str}):
            raise AccessError(self._refusal(reply, body))
        instance_url = body["instance_url"].rstrip("/")
        if not instance_url.startswith("https://"):
            raise AccessError(f"{self.where}: sign-in names {instance_url} as the org's address, which is no https")
        # https://HOST/id/ORG/USER
        identity = str(body.get("id", "")).split("/")
        org_id = identity[-2] if len(identity) > 2 and identity[-2].startswith("00D") else None
        renewed = body.get("refresh_token")
        token, refresh_token = remember_token(body["access_token"]), remember(str(renewed)) if renewed else None
        return Access(token, instance_url, org_id, refresh_token)

    def _by_client_credentials(self) -> Access:
        """Source: Salesforce help, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration"."""
        app = self.app()
        return self.ask({"grant_type": "client_credentials"}, (app["client_id"], app["client_secret"]))

    def _assertion(self) -> str:
        """Source: Salesforce help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration"."""
        settings = self._settings
        claims = {
            "iss": self._vault.secret(settings.consumer_key),
            "sub": settings.username,
            "aud": settings.audience or settings.login_url,
            "exp": int((datetime.now(UTC) + _ASSERTION_VALID).timestamp()),
        }
        return jwt.encode(claims, self._private_key(), algorithm="RS256")

    def _private_key(self) -> RSAPrivateKey:
        reference = str(self._settings.private_key)
        # A variable of the environment often holds the lines of a key with \n written out.
        text = self._vault.secret(reference).replace("\\n", "\n")
        try:
            key = load_pem_private_key(text.encode(), password=None)
            if not isinstance(key, RSAPrivateKey):
                raise TypeError("another kind of key")
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise ConfigError(
                f"{self.where}: secret '{reference}' is no RSA private key in PEM without a passphrase; "
                "make one with 'openssl genrsa -out overlap.key 2048'"
            ) from error
        return key

    def _refreshed(self) -> Access:
        def ask(token: str) -> Access:
            return self.ask({"grant_type": "refresh_token", "refresh_token": token, **self.app()})

        return self.tokens.exchange(ask)

    def _post(self, endpoint: str, form: dict[str, str], basic: tuple[str, str] | None) -> requests.Response:
        login_url = self._settings.login_url
        remember_form(form, basic)
        try:
            # No redirect: it would carry secrets to wherever it leads.
            return self._http.post(
                f"{login_url}/services/oauth2/{endpoint}", data=form, auth=basic, allow_redirects=False
            )
        except requests.RequestException as error:
            if is_wrong_certificate(error) or is_drop(error):
                raise translated(self.where, error) from error
            raise AccessError(
                f"{self.where}: cannot reach {login_url} ({type(error).__name__}); check login_url and the network, "
                "then run 'overlap check'"
            ) from error

    def _refusal(self, reply: requests.Response, body: dict[str, Any]) -> str:
        said = ": ".join(str(body[key]) for key in ("error", "error_description") if key in body)
        if reply.ok:
            said = "the answer holds no token, as a proxy's login page does not"
        if 300 <= reply.status_code < 400:
            said = f"HTTP {reply.status_code}, which leads elsewhere"
        remedy = next((remedy for part, remedy in _REMEDIES.items() if part in said), self._general_remedy())
        skew_s = _clock_ahead_s(reply)
        if self._settings.auth == "jwt" and "expired" in said and abs(skew_s) > _MOST_SKEW_S:
            side = "ahead of" if skew_s > 0 else "behind"
            remedy = f"this machine's clock is {abs(skew_s):.0f} s {side} Salesforce's: set it, best by NTP"
        return f"{self.where}: sign-in refused: {said or f'HTTP {reply.status_code}'}; {remedy}"

    def _general_remedy(self) -> str:
        keys = {
            "jwt": "consumer_key, username and private_key",
            "client-credentials": "consumer_key and consumer_secret",
            "refresh-token": f"consumer_key, and sign in again: 'overlap connect {self._name}'",
        }[self._settings.auth]
        end = "" if self._settings.auth == "refresh-token" else ", then run 'overlap check'"
        return f"check login_url (My Domain), {keys}{end}"


def _clock_ahead_s(reply: requests.Response) -> float:
    """Return by how many seconds this machine's clock is ahead of the org's; 0 if the answer does not tell the time."""
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(reply.headers["Date"])).total_seconds()
    except (KeyError, ValueError, TypeError):
        return 0.0


def _json_object(reply: requests.Response) -> dict[str, Any]:
    try:
        body = reply.json()
    except requests.exceptions.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
