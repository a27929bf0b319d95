"""Which settings belong to which way of signing in to Salesforce, and what to say when they do not fit."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, Final, Literal, get_args

from pydantic_core import PydanticCustomError

Flow = Literal["client-credentials", "jwt", "refresh-token"]

#: Versions below this one are not supported any more. Source: REST API Developer Guide, "API End-of-Life Policy".
OLDEST_VERSION: Final = 41
#: What each flow must have, and what it may have, besides login_url and consumer_key.
_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "client-credentials": ("consumer_secret",),
    "jwt": ("username", "private_key"),
    "refresh-token": (),
}
_MAY_HAVE: Final[dict[str, tuple[str, ...]]] = {"jwt": ("audience",), "refresh-token": ("consumer_secret",)}
#: Settings that belong to some of the flows only.
KEYS: Final = ("consumer_secret", "username", "private_key", "audience")
_PASSWORDS: Final = ("password", "security_token")
_NO_PASSWORD: Final = (
    "signing in with user name and password is not supported: Salesforce blocks that flow by default and is retiring "
    "its SOAP login; use auth = 'client-credentials', 'jwt' or 'refresh-token', and remove the password"
)
_LOGIN_HOSTS: Final = ("login.salesforce.com", "test.salesforce.com")


def without_password(table: Any) -> Any:
    """Return *table*, the settings of one org as they were found, unless they are about a password.

    Raises:
        PydanticCustomError: they are; nothing of what was found is repeated.
    """
    if isinstance(table, dict):
        flow = table.get("auth")
        asked = isinstance(flow, str) and flow not in get_args(Flow) and "password" in flow.lower()
        if asked or any(key in table for key in _PASSWORDS):
            raise PydanticCustomError("sign_in", _NO_PASSWORD)
    return table


def require_complete(flow: Flow, given: Collection[str]) -> None:
    """Make sure that *given*, a selection of `KEYS`, is what *flow* needs, and no more.

    Raises:
        ValueError: something is missing, or belongs to another flow.
    """
    missing = [key for key in _NEEDS[flow] if key not in given]
    if missing:
        others = " or ".join(f"'{other}'" for other in get_args(Flow) if other != flow)
        raise ValueError(
            f"auth = '{flow}' needs {' and '.join(missing)}, which {'are' if missing[1:] else 'is'} missing; add "
            f"{'them' if missing[1:] else 'it'}, or set auth to {others}"
        )
    for key in given:
        if key not in (*_NEEDS[flow], *_MAY_HAVE.get(flow, ())):
            owners = " or ".join(
                f"'{other}'" for other in get_args(Flow) if key in (*_NEEDS[other], *_MAY_HAVE.get(other, ()))
            )
            raise ValueError(f"{key} belongs to auth = {owners}, and auth is '{flow}'; remove it, or set auth")


def my_domain(url: str) -> str:
    """Return *url*, the address to sign in at, if it may be an org's own.

    Raises:
        ValueError: it is one that all orgs share, or a page for people.
    """
    host = url.removeprefix("https://").lower()
    if host in _LOGIN_HOSTS:
        raise ValueError(
            "this host is shared by all orgs; write the org's My Domain, as in https://acme.my.salesforce.com, or "
            "https://acme--test.sandbox.my.salesforce.com for a sandbox"
        )
    if host.endswith(".lightning.force.com"):
        name = host.removesuffix(".lightning.force.com")
        raise ValueError(f"this is the address of pages; write https://{name}.my.salesforce.com")
    return url


def api_version(value: Any) -> Any:
    """Return *value* if it is a version of the API that can be asked for, as in ``62.0``.

    Raises:
        ValueError: it is spelled otherwise, or retired.
    """
    found = re.fullmatch(r"[vV]?(\d{2,3})(?:\.0)?", str(value).strip())
    if found is None:
        raise ValueError('no version of the API; write it as in api_version = "62.0"')
    number = int(found[1])
    if number < OLDEST_VERSION:
        raise ValueError(f'version {number}.0 is retired; write "{OLDEST_VERSION}.0" or a newer one, best "62.0"')
    if value != f"{number}.0":
        raise ValueError(f'write it as api_version = "{number}.0"')
    return value
