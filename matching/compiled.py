"""Compile the functions that run for millions of words and pairs, once for each state of this package's sources.

numba keeps what it compiled, but notices a change only in a function's own file: one that calls a changed function of
another file would go on with the old one. So each state of all sources has a folder of its own, and older ones go.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import numba
from numba import njit

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")
_HERE: Final = Path(__file__).parent
_PREFIX: Final = "compiled-"


def _folder() -> Path | None:
    """Return where compiled code of this state is kept, None if there is no place to write to."""
    sources = b"".join(file.read_bytes() for file in sorted(_HERE.rglob("*.py")))
    state = hashlib.sha256(numba.__version__.encode() + sources).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "overlap"
    for place in (_HERE / "__pycache__", cache):
        folder = place / f"{_PREFIX}{state}"
        if not folder.exists():
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError:
                continue
            for old in place.glob(f"{_PREFIX}*"):
                if old != folder:
                    shutil.rmtree(old, ignore_errors=True)
        if os.access(folder, os.W_OK):
            return folder
    return None


_FOLDER: Final = _folder()
if _FOLDER is not None:
    numba.config.CACHE_DIR = str(_FOLDER)  # type: ignore[attr-defined]  # set at run time, unknown to its types


def compiled(function: _Function) -> _Function:
    """Have numba compile *function* at its first call; it lets other threads run meanwhile."""
    return cast("_Function", njit(function, cache=_FOLDER is not None, nogil=True))
