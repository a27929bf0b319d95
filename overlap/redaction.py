"""What no text of ours may say: secrets that this process has had in its hands, however they are written.

A CRM's answer may repeat a token that it refuses, and a library's error the address with its password. Whoever gets a
secret says so here; errors, the ledger and the command line ask before a text leaves. A secret of fewer than eight
characters is not looked for: it might be any word.

What lasts for hours only, as a token of a sign-in, is not kept for ever: a process may live through years of them.
"""

from __future__ import annotations

import base64
import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, quote_plus, unquote

HIDDEN: Final = "***"
_LEAST: Final = 8
#: User and password in front of a host.
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^/@\s\"']+@")
#: Words have none; tokens do.
_DIGIT: Final = re.compile(r"\d")
_BETWEEN: Final = re.compile(r"[/?&=,]")
_PRIVATE: Final = re.compile(r"(?i)key|secret|token|password")
#: Fields of forms for token endpoints, by OAuth 2.0 and its extensions.
_OF_FORMS: Final = {"assertion", "client_secret", "code", "code_verifier", "refresh_token", "token"}
#: Those of them that end by themselves, and so are new at each sign-in.
_SHORT_LIVED: Final = {"assertion", "code", "code_verifier"}
#: So many of what is short-lived are known at once: those of a day, for each of several connections.
_MOST_SHORT_LIVED: Final = 64
#: Secrets with their forms.
_known: dict[str, set[str]] = {}
#: Those of `_known` that are short-lived, the oldest first.
_short_lived: deque[str] = deque()
#: Every form of what is known, the longest first: one may be a part of another.
_looked_for: list[str] = []


def remember(secret: str) -> str:
    """Hide *secret* in every text from now on, and return it."""
    if secret in _short_lived:
        _short_lived.remove(secret)
    if secret not in _known:
        _known[secret] = {form for part in _parts(secret) for form in _forms(part)}
        _look_for_known()
    return secret


def remember_token(token: str) -> str:
    """Hide *token*, which ends by itself within hours, in every text until 64 newer ones are known; return it."""
    if token not in _known:
        remember(token)
        _short_lived.append(token)
        if len(_short_lived) > _MOST_SHORT_LIVED:
            del _known[_short_lived.popleft()]
            _look_for_known()
    return token


def remember_address(address: str) -> str:
    """Hide *address*, and what of it is secret by itself: answers and errors repeat its path, or a part, alone."""
    _, _, rest = address.partition("://")
    place, slash, path = rest.partition("/")
    user, _, host = place.rpartition("@")
    parts = [*_BETWEEN.split(path), *(host.split(":") if "." not in host else ())]
    for secret in (*user.split(":", 1), slash + path, path, *(part for part in parts if _DIGIT.search(part))):
        remember(secret)
        remember(unquote(secret))
    return remember(address)


def remember_form(form: Mapping[str, str], basic: tuple[str, str] | None = None) -> None:
    """Hide what is secret of a *form* for a token endpoint, and the header that *basic*, name and password, becomes."""
    for name in _OF_FORMS & form.keys():
        (remember_token if name in _SHORT_LIVED else remember)(form[name])
    if basic is not None:
        remember(":".join(basic))


def redacted(text: str) -> str:
    """Return *text* with ``***`` in the place of every secret that is known, and of passwords in addresses."""
    for form in tuple(_looked_for):
        text = text.replace(form, HIDDEN)
    return _IN_ADDRESS.sub(f"{HIDDEN}@", text) if "://" in text else text


def _look_for_known() -> None:
    _looked_for[:] = sorted(set().union(*_known.values()), key=lambda form: (-len(form), form))


def _parts(secret: str) -> list[str]:
    """Return what of *secret* is secret by itself: the lines of a key, and the values that matter of a JSON file."""
    parts = [secret, *secret.replace("\\n", "\n").splitlines()]
    if secret.lstrip().startswith("{"):
        try:
            said = json.loads(secret)
        except ValueError:
            said = None
        if isinstance(said, dict):
            values = [str(value) for name, value in said.items() if _PRIVATE.search(name)]
            parts = [secret, *values, *(line for value in values for line in value.splitlines())]
    return [part for part in (one.strip() for one in parts) if len(part) >= _LEAST and not part.startswith("-----")]


def _forms(part: str) -> set[str]:
    """Return *part* as it stands in texts, JSON, addresses and headers."""
    raw = part.encode()
    packed = {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}
    written = {part, repr(part)[1:-1], json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1]}
    return packed | written | {quote(part), quote(part, safe=""), quote_plus(part)}
