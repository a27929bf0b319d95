"""Who may call: the account's key, tokens of its OAuth app, and the scopes that both have.

The key (a service key, or a private app's token) is good until it is replaced; an access token lives for half an hour.
``/oauth/v1`` takes its parameters from the query too, the dated paths only from a form. Sources: HubSpot's guides to
OAuth, to service keys and to scopes; RFC 6749.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import expired, not_found, unauthenticated
from connectors.sandbox.hubspot.tiers import TIERS

PATH: Final = "/oauth/"
LIFE: Final = timedelta(minutes=30)
_CODE_LIFE: Final = timedelta(minutes=1)
_FORM: Final = "application/x-www-form-urlencoded"
_APP_ID: Final = 1_000_001
_USER_ID: Final = 1_001
SCOPES: Final = (
    *(
        f"crm.{what}.{name}.{way}"
        for name in ("companies", "deals", "custom")
        for what in ("objects", "schemas")
        for way in ("read", "write")
    ),
    "crm.objects.owners.read",
    "oauth",
)

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token allows; *oauth* tells it from the account's own key."""

    scopes: frozenset[str]
    oauth: bool


class OAuthError(Exception):
    """A refusal: *error* is OAuth's code, *status* HubSpot's, the text is what it says."""

    def __init__(self, error: str, status: str, message: str) -> None:
        super().__init__(message)
        self.error = error
        self.status = status

    def body(self, correlation_id: str) -> dict[str, str]:
        """Return the body of the answer."""
        told = {"status": self.status, "message": str(self), "correlationId": correlation_id}
        return told | {"error": self.error, "error_description": str(self)}


def scopes(database: Database) -> frozenset[str]:
    """Return what the app and the key were granted, as far as the account's tier has it."""
    granted = frozenset(database.setting("scopes", list(SCOPES)))
    if TIERS[database.setting("tier")].custom_objects:
        return granted
    return frozenset(scope for scope in granted if ".custom." not in scope)


def grant(database: Database, header: str) -> Grant:
    """Return what the token of an Authorization header allows.

    Raises:
        HubSpotError: there is none, it is unknown, or it has expired.
    """
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer" or not token:
        raise unauthenticated()
    if secrets.compare_digest(token.encode(), str(database.setting("key")).encode()):
        return Grant(scopes(database), oauth=False)
    found = database.rows("select expires_at from token where token = ?", (token,))
    if not found:
        raise unauthenticated()
    expires_at = datetime.fromisoformat(found[0][0])
    if database.now() >= expires_at:
        raise expired(int((database.now() - expires_at).total_seconds()), expires_at)
    return Grant(scopes(database), oauth=True)


def answer(database: Database, http: HttpRequest, body: bytes, correlation_id: str) -> Response:
    """Answer a call below `PATH`.

    Raises:
        HubSpotError: there is no such path.
    """
    form = _parameters(http, body)
    found = re.fullmatch(r"/oauth/(v1|v3|\d{4}-\d\d)/(.+)", http.url.path.rstrip("/"))
    try:
        if http.url.path == "/oauth/authorize" and http.method == "GET":
            return _authorize(database, dict(http.query_params))
        if found and http.method == "POST" and found[2] in _POSTED:
            if found[1] != "v1" and http.headers.get("content-type", "").partition(";")[0].strip() != _FORM:
                raise OAuthError("invalid_request", "BAD_REQUEST", f"the parameters must be sent as {_FORM}")
            return _POSTED[found[2]](database, form)
        if found and found[1] == "v1" and (named := re.fullmatch(r"(access|refresh)-tokens/([^/]+)", found[2])):
            return _named(database, http.method, *named.groups())
    except OAuthError as error:
        return JSONResponse(error.body(correlation_id), 400)
    raise not_found()


def kept(http: HttpRequest) -> bool:
    """Return whether the words of a request may be logged: those that sign in may not."""
    return not http.url.path.startswith(PATH)


def _parameters(http: HttpRequest, body: bytes) -> dict[str, str]:
    given = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return {**http.query_params, **given} if http.url.path.startswith("/oauth/v1/") else given


def _authorize(database: Database, asked: Form) -> Response:
    """The page on which a person says yes. Here they do, at once."""
    place = urlsplit(asked.get("redirect_uri", ""))
    if asked.get("client_id") != database.setting("client_id"):
        return HTMLResponse("<h1>There was a problem with the client id</h1>", 400)
    if (place.scheme, place.hostname) not in (("http", "localhost"), ("https", place.hostname)) or place.query:
        return HTMLResponse("<h1>The redirect URL does not match the app's</h1>", 400)
    state = {"state": asked["state"]} if "state" in asked else {}
    if missing := set(asked.get("scope", "").split()) - scopes(database):
        told = {"error": "invalid_scope", "error_description": f"the account cannot grant {min(missing)}"}
        return RedirectResponse(f"{place.geturl()}?{urlencode({**told, **state})}", 302)
    code = secrets.token_hex(16)
    database.rows("insert into code values (?, ?, ?)", (code, place.geturl(), database.now().isoformat()))
    return RedirectResponse(f"{place.geturl()}?{urlencode({'code': code, **state})}", 302)


def _token(database: Database, form: Form) -> Response:
    given = _GRANTS.get(form.get("grant_type", ""))
    if given is None:
        raise OAuthError("unsupported_grant_type", "BAD_GRANT_TYPE", "missing or unknown grant type")
    _require_app(database, form)
    refresh_token = given(database, form)
    token = f"C{secrets.token_urlsafe(60)}"
    expires_at = database.now() + LIFE
    database.rows("insert into token values (?, ?, ?)", (token, refresh_token, expires_at.isoformat()))
    told = {"access_token": token, "refresh_token": refresh_token, "expires_in": int(LIFE.total_seconds())}
    told |= {"token_type": "bearer", "token_use": "access_token", "hub_id": database.portal_id, "user_id": _USER_ID}
    return JSONResponse({**told, "scopes": sorted(scopes(database))})


def _code(database: Database, form: Form) -> str:
    sql = "delete from code where code = ? returning redirect_uri, issued_at"
    found = database.rows(sql, (form.get("code", ""),))
    if not found or datetime.fromisoformat(found[0][1]) + _CODE_LIFE < database.now():
        raise OAuthError("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
    if form.get("redirect_uri") != found[0][0]:
        raise OAuthError("invalid_grant", "MISMATCH_REDIRECT_URI_AUTH_CODE", "the redirect URI does not match")
    token = f"na1-{secrets.token_hex(18)}"
    database.rows("insert into refresh_token values (?)", (token,))
    return token


def _refresh(database: Database, form: Form) -> str:
    token = form.get("refresh_token", "")
    if not database.rows("select 1 from refresh_token where token = ?", (token,)):
        raise OAuthError("invalid_grant", "BAD_REFRESH_TOKEN", "missing or invalid refresh token")
    return token


_GRANTS: Final[Mapping[str, Callable[[Database, Form], str]]] = {"authorization_code": _code, "refresh_token": _refresh}


def _require_app(database: Database, form: Form) -> None:
    if form.get("client_id") != database.setting("client_id"):
        raise OAuthError("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
    if form.get("client_secret") != database.setting("client_secret"):
        raise OAuthError("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")


def _introspect(database: Database, form: Form) -> Response:
    _require_app(database, form)
    return JSONResponse(_described(database, form.get("token", "")))


def _described(database: Database, token: str) -> dict[str, Any]:
    """Return what there is to say of an access or a refresh token."""
    app = {"client_id": database.setting("client_id"), "app_id": _APP_ID, "user_id": _USER_ID, "token": token}
    app |= {"hub_id": database.portal_id, "scopes": sorted(scopes(database)), "token_type": "bearer", "active": True}
    if database.rows("select 1 from refresh_token where token = ?", (token,)):
        return {**app, "token_use": "refresh_token"}
    found = database.rows("select expires_at from token where token = ?", (token,))
    if not found or database.now() >= (expires_at := datetime.fromisoformat(found[0][0])):
        raise OAuthError("invalid_request", "BAD_TOKEN", "missing or invalid token")
    left = int((expires_at - database.now()).total_seconds())
    texts = ("appInstallId", "audience", "hublet", "newSignature", "scopeToScopeGroupPks", "scopes", "signature")
    signed: dict[str, Any] = dict.fromkeys((*texts, "trialScopeToScopeGroupPks", "trialScopes"), "")
    signed |= dict.fromkeys(("isPrivateDistribution", "isServiceAccount", "isUserLevel"), False)
    signed |= {"appId": _APP_ID, "hubId": database.portal_id, "userId": _USER_ID, "installingUserId": _USER_ID}
    signed["expiresAt"] = int(expires_at.timestamp() * 1000)
    more = {"token_use": "access_token", "is_private_distribution": False, "signed_access_token": signed}
    return {**app, **more, "expires_in": left}


def _revoke(database: Database, form: Form) -> Response:
    """Take a token back; a refresh token takes its access tokens with it. Source: RFC 7009."""
    _require_app(database, form)
    _forget(database, form.get("token", ""))
    return Response()


def _forget(database: Database, token: str) -> None:
    database.rows("delete from refresh_token where token = ?", (token,))
    database.rows("delete from token where token = ?1 or refreshed_by = ?1", (token,))


def _named(database: Database, method: str, kind: str, token: str) -> Response:
    """Answer ``/oauth/v1/access-tokens/{token}`` and the like."""
    if method == "DELETE" and kind == "refresh":
        _forget(database, token)
        return Response(status_code=204)
    if method != "GET":
        raise not_found()
    return JSONResponse(_described(database, token))


_POSTED: Final[Mapping[str, Callable[[Database, Form], Response]]] = {
    "token": _token,
    "token/introspect": _introspect,
    "token/revoke": _revoke,
}
