"""Everything under /services/oauth2/: who signs in how, and which tokens are valid.

One app, whose only user is the API user. Sources: RFC 6749, 7009, 7523, 7636; Salesforce help, "OAuth Authorization
Flows" and "OAuth Error Codes"; texts as public bug reports quote them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from connectors.sandbox.door import public_key
from connectors.sandbox.errors import not_found
from connectors.sandbox.store import Store
from connectors.sandbox.values import stamp
from overlap.errors import RecordError

PATH: Final = "/services/oauth2/"
_CODE_VALID: Final = timedelta(minutes=15)
_ASSERTION_VALID: Final = timedelta(minutes=5)
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORM: Final = "application/x-www-form-urlencoded"

#: How a person may be asked; several, by a blank.
_PROMPTS: Final = frozenset({"login", "consent", "select_account"})

Form = Mapping[str, str]


class OAuthError(Exception):
    """A refusal: *error* is its code, the text its description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error

    def body(self) -> dict[str, str]:
        """Return the body of the answer."""
        return {"error": self.error, "error_description": str(self)}


def answer(store: Store, http: HttpRequest, body: bytes, my_domain: str) -> Response:
    """Answer a call below `PATH` of the org at *my_domain*."""
    endpoint = http.url.path.removeprefix(PATH).rstrip("/")
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    try:
        if endpoint == "authorize":
            return _authorize(store, dict(http.query_params))
        if endpoint == "revoke":
            return _revoke(store, form or dict(http.query_params))
        if endpoint == "token":
            return JSONResponse(_token(store, http, form, my_domain))
    except OAuthError as error:
        return JSONResponse(error.body(), 400)
    raise not_found()


def kept(http: HttpRequest, body: bytes) -> tuple[str, str]:
    """Return what of a request may be logged, what it asks and what it brings: secrets stay out of the file."""
    text, query = body.decode("utf-8", "replace"), parse_qs(http.url.query).get("q", [http.url.query])[0]
    if http.url.path.startswith(PATH):
        text, query = "grant_type=" + ",".join(parse_qs(text).get("grant_type", [])), ""
    elif http.url.path.startswith("/services/Soap/"):  # a token is in it, and a package is long
        text = ""
    return query, text


def is_valid(store: Store, token: str) -> bool:
    """Whether *token* was given out and has not expired."""
    if store.database.setting("tokens_refused", False):
        return False
    return bool(store.database.rows("select 1 from token where token = ?", (token,)))


def _token(store: Store, http: HttpRequest, form: Form, my_domain: str) -> dict[str, str]:
    grant = _GRANTS.get(form.get("grant_type", ""))
    kind = http.headers.get("content-type", "").partition(";")[0].strip()
    if http.method != "POST" or grant is None or kind != _FORM:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    return _issued(store, my_domain, grant(store, _with_basic(form, http), my_domain))


def _issued(store: Store, my_domain: str, more: Form) -> dict[str, str]:
    """Give out an access token, and *more*."""
    token = f"{store.org_id[:15]}!AQ{secrets.token_urlsafe(48)}"
    issued_at = store.database.now()
    store.database.rows("insert into token values (?, ?)", (token, stamp(issued_at)))
    return {
        "access_token": token,
        "signature": secrets.token_urlsafe(32),
        "scope": "api",
        "instance_url": store.database.setting("instance_url") or my_domain,
        "id": f"{my_domain}/id/{store.org_id}/{store.api_user}",
        "token_type": "Bearer",
        "issued_at": str(int(issued_at.timestamp() * 1000)),
        **more,
    }


def _client_credentials(store: Store, form: Form, my_domain: str) -> Form:
    del my_domain
    _require_app(store, form, secret_needed=True)
    return {}


def _jwt(store: Store, form: Form, my_domain: str) -> Form:
    """Verify the assertion. Nothing in it is believed before its signature is."""
    assertion = form.get("assertion", "")
    try:
        claims = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    if claims.get("iss") != store.credentials[0] or not store.database.setting("credentials_valid", True):
        raise OAuthError("app_not_found", "External client app is not installed in this org")
    key = store.database.setting("app_key")
    try:
        ignored = {f"verify_{claim}": False for claim in ("exp", "aud", "iat", "nbf", "sub", "iss", "jti")}
        jwt.decode(assertion, public_key(key or ""), algorithms=["RS256"], options=ignored)  # type: ignore[arg-type]
        expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (jwt.PyJWTError, RecordError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    if claims.get("aud") != my_domain:
        raise OAuthError("invalid_grant", "audience is invalid")
    now = store.database.now()
    if not now < expires_at <= now + _ASSERTION_VALID:
        raise OAuthError("invalid_grant", "expired authorization code")
    names = store.database.rows('select "Username" from "User" where "Id" = ?', (store.api_user,))
    if str(claims.get("sub", "")).lower() != names[0][0].lower():
        raise OAuthError("invalid_grant", "user hasn't approved this consumer")
    return {}


def _authorize(store: Store, asked: Form) -> Response:
    """The page on which a person says yes. Here it is the API user, who says so at once."""
    if asked.get("client_id") != store.credentials[0]:
        return HTMLResponse("error=invalid_client_id&amp;error_description=client%20identifier%20invalid", 400)
    redirect_uri = asked.get("redirect_uri", "")
    place = urlsplit(redirect_uri)
    if (place.scheme, place.hostname) != ("http", "localhost") or place.query:
        # As the app has it registered: any port of the person's own machine.
        return HTMLResponse(
            "error=redirect_uri_mismatch&amp;error_description=redirect_uri%20must%20match%20configuration", 400
        )
    state = {"state": asked["state"]} if "state" in asked else {}
    if asked.get("response_type") != "code":
        refused = {"error": "unsupported_response_type", "error_description": "response type not supported"}
    elif not _PROMPTS.issuperset(asked.get("prompt", "").split()):
        refused = {"error": "invalid_request", "error_description": "invalid prompt"}
    elif not asked.get("code_challenge") or asked.get("code_challenge_method") != "S256":
        refused = {"error": "invalid_request", "error_description": "missing required code challenge"}
    elif store.database.setting("authorization_denied", False):
        refused = {"error": "access_denied", "error_description": "end-user denied authorization"}
    else:
        code = "aPrx" + secrets.token_urlsafe(48)
        values = (code, redirect_uri, asked.get("scope", ""), asked["code_challenge"], stamp(store.database.now()))
        store.database.rows("insert into code values (?, ?, ?, ?, ?)", values)
        return RedirectResponse(f"{redirect_uri}?{urlencode({'code': code, **state})}", 302)
    return RedirectResponse(f"{redirect_uri}?{urlencode({**refused, **state})}", 302)


def _authorization_code(store: Store, form: Form, my_domain: str) -> Form:
    del my_domain
    _require_app(store, form)
    sql = "delete from code where code = ? returning redirect_uri, scope, challenge, issued_at"
    found = store.database.rows(sql, (form.get("code", ""),))
    if not found or datetime.fromisoformat(found[0][3]) + _CODE_VALID < store.database.now():
        raise OAuthError("invalid_grant", "expired authorization code")
    redirect_uri, scope, challenge, _ = found[0]
    if form.get("redirect_uri") != redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != challenge:
        raise OAuthError("invalid_grant", "invalid code verifier")
    if not {"refresh_token", "offline_access"}.isdisjoint(scope.split()):
        return {"refresh_token": _new_refresh_token(store), "scope": scope}
    return {"scope": scope}


def _refresh_token(store: Store, form: Form, my_domain: str) -> Form:
    del my_domain
    _require_app(store, form)
    token = form.get("refresh_token", "")
    found = store.database.rows("select used from refresh_token where token = ?", (token,))
    rotation = store.database.setting("rotation", False)
    if found and found[0][0] and rotation:
        # Somebody has a copy: nobody keeps access.
        store.database.rows("delete from refresh_token")
        store.expire_tokens()
    if not found or found[0][0]:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    if not rotation:
        return {}
    store.database.rows("update refresh_token set used = 1 where token = ?", (token,))
    return {"refresh_token": _new_refresh_token(store)}


def _new_refresh_token(store: Store) -> str:
    token = "5Aep861" + secrets.token_urlsafe(48)
    store.database.rows("insert into refresh_token values (?, 0)", (token,))
    return token


def _revoke(store: Store, form: Form) -> Response:
    """Source: RFC 7009. A refresh token takes its access tokens with it."""
    token = form.get("token", "")
    if store.database.rows("delete from refresh_token where token = ? returning token", (token,)):
        store.expire_tokens()
    elif not store.database.rows("delete from token where token = ? returning token", (token,)):
        raise OAuthError("unsupported_token_type", "this token type is not supported")
    return Response()


_GRANTS: Final[dict[str, Callable[[Store, Form, str], Form]]] = {
    "client_credentials": _client_credentials,
    _JWT_BEARER: _jwt,
    "authorization_code": _authorization_code,
    "refresh_token": _refresh_token,
}


def _require_app(store: Store, form: Form, secret_needed: bool = False) -> None:
    """Refuse whoever is not the app. Where a person or a token vouches for it, it needs no secret."""
    key, secret = store.credentials
    given = (form.get("client_id", ""), form.get("client_secret", "" if secret_needed else secret))
    same = secrets.compare_digest(":".join(given).encode(), f"{key}:{secret}".encode())
    if not same or not store.database.setting("credentials_valid", True):
        raise OAuthError("invalid_client", "invalid client credentials")


def _with_basic(form: Form, http: HttpRequest) -> Form:
    """Return *form* with what a Basic header says of the app. Source: RFC 6749, 2.3.1."""
    scheme, _, basic = http.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return form
    try:
        key, _, secret = base64.b64decode(basic).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        key = secret = ""
    return {**form, "client_id": key, "client_secret": secret}
