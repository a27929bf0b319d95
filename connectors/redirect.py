"""What comes back when a person's browser is led from a CRM to us. Source: RFC 6749, 4.1.2."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs, urlsplit

from overlap.errors import AccessError


def code_of(led_to: str, state: str) -> str:
    """Return the code in the address that the browser was led to.

    Raises:
        AccessError: it says no, or was not made for *state*.
    """
    answer = {name: values[0] for name, values in parse_qs(urlsplit(led_to.strip()).query).items()}
    if not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
        raise AccessError(
            "the browser's answer belongs to another sign-in (its state differs); run 'overlap connect' again, and "
            "open the address that it prints"
        )
    if "code" not in answer:
        said = ": ".join(answer[key] for key in ("error", "error_description") if key in answer)
        raise AccessError(f"not authorized: {said or 'the address holds no code'}; run 'overlap connect' again")
    return answer["code"]
