"""What an answer must look like before it is taken apart: a login page of a proxy's has status 200, and may be JSON.

A shape is a type (or several, ``str | int``), a dictionary of shapes by name, or a list of the one shape that every
element has. A name that ends in ``?`` may be missing, or null; there may always be more names than the shape has.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import polars as pl

from overlap.errors import TransientError

_T = TypeVar("_T")

_REMEDY: Final = "try again later, and if it stays so, ask who runs the proxy in between"
#: What taking values apart raises that are of other types than they should be.
_STRANGE: Final = (LookupError, TypeError, ValueError, AttributeError, pl.exceptions.PolarsError)


def shaped(where: str, answer: _T, shape: Any) -> _T:
    """Return *answer*, which has *shape*; *where* names the connection in errors.

    Raises:
        TransientError: it has not, and nobody knows what it means; the message says at which place.
    """
    place = _misfit(answer, shape)
    if place is not None:
        raise strange(where, place.lstrip(".") or "all of it")
    return answer


def fits(answer: Any, shape: Any) -> bool:
    """Whether *answer* has *shape*."""
    return _misfit(answer, shape) is None


def strange(where: str, what: str) -> TransientError:
    """Return the error of an answer that is not what was asked for; *what* names what is wrong."""
    return TransientError(f"{where}: the answer has an unknown shape ({what}); {_REMEDY}")


def no_json(where: str) -> TransientError:
    """Return the error of an answer that is no JSON at all."""
    return TransientError(f"{where}: the answer is not JSON, such as a login or maintenance page; {_REMEDY}")


@contextmanager
def taken_apart(where: str, what: str) -> Iterator[None]:
    """Take the values of an answer apart in here; *what* names them.

    Raises:
        TransientError: they are of other types than what was asked for.
    """
    try:
        yield
    except _STRANGE as error:
        raise strange(where, what) from error


def _misfit(found: Any, shape: Any) -> str | None:
    """Return the place at which *found* has not *shape*, the empty text for all of it; None if it has."""
    if isinstance(shape, dict):
        if not isinstance(found, dict):
            return ""
        for name, inner in shape.items():
            value = found.get(name.removesuffix("?"))
            if value is None and name.endswith("?"):
                continue
            if (place := _misfit(value, inner)) is not None:
                return f".{name.removesuffix('?')}{place}"
        return None
    if isinstance(shape, list):
        if not isinstance(found, list):
            return ""
        for at, one in enumerate(found):
            if (place := _misfit(one, shape[0])) is not None:
                return f"[{at}]{place}"
        return None
    return None if isinstance(found, shape) else ""
