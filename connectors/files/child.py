"""The process in which lists are parsed: `python -m connectors.files.child`. One request a line, one reply a line.

The one thing to know: it confines itself before anything is imported that parses, or that starts a thread. It leaves
tables as files in the folder that it is started in, and says everything else in its reply.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from connectors.files.confinement import confine, grant_cpu

if TYPE_CHECKING:
    import polars as pl

Request = Mapping[str, Any]
Reply = dict[str, Any]


def main() -> None:
    """Serve requests from stdin until it ends; the first line says what this process may take."""
    limits = json.loads(sys.stdin.buffer.readline())
    confine(limits["memory_mb"])
    with os.fdopen(os.dup(1), "wb") as replies:
        os.dup2(2, 1)  # what a library prints is no reply
        for line in sys.stdin.buffer:
            grant_cpu(limits["cpu_s"])
            _say(replies, answer(json.loads(line)))


def answer(request: Request) -> Reply:
    """Return what came of *request*: what was found, or ``held`` or ``refused`` with what a person should know."""
    from overlap.errors import ConfigError, GuardError

    try:
        return _READERS[request["read"]](request)
    except GuardError as error:
        return {"held": str(error)}
    except ConfigError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"memory": True}


def _say(replies: BinaryIO, reply: Reply) -> None:
    replies.write(json.dumps(reply, default=_as_json).encode() + b"\n")
    replies.flush()


def _as_json(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else dict(value)


def _list(request: Request) -> Reply:
    from connectors.files.source import read_list

    # Plain values in the place of the settings: their types take longer to load than most lists to read.
    settings: Any = SimpleNamespace(**request["settings"])
    found = read_list(Path(request["path"]), request["partner"], settings, _hints(request))
    _leave(request, found.rows, found.quarantine)
    return _said(found)


def _headings(request: Request) -> Reply:
    from connectors.files.source import read_headings

    settings: Any = SimpleNamespace(**request["settings"])
    return _said(read_headings(Path(request["path"]), request["partner"], settings, _hints(request)))


def _hints(request: Request) -> Any:
    from connectors.files.reading import Memory
    from connectors.files.source import Hints

    told = request["hints"]
    return Hints(told["file_name"], Memory.of(told["memory"]), tuple(told["own_names"]))


def _accounts(request: Request) -> Reply:
    from connectors.files.accounts import read_accounts

    found = read_accounts(Path(request["path"]), request["id_column"])
    _leave(request, found.rows)
    return _said(found)


def _said(found: Any) -> Reply:
    """Return what a dataclass holds but its frames: those are left as files."""
    import polars as pl

    told = {one.name: getattr(found, one.name) for one in fields(found)}
    return {name: value for name, value in told.items() if not isinstance(value, pl.DataFrame)}


def _corrected(request: Request) -> Reply:
    from connectors.files.corrections import corrected

    settings: Any = SimpleNamespace(**request["settings"])
    [target] = request["tables"]
    return {
        "corrected": corrected(
            Path(request["path"]), Path(request["corrections"]), settings, Path(target), _hints(request)
        )
    }


def _cleaned(request: Request) -> Reply:
    from connectors.files.cleaning import cleaned
    from overlap.erasing import Marks

    settings: Any = SimpleNamespace(**request["settings"])
    erased = Marks(request["workspace_id"], frozenset(request["marks"]))
    found = cleaned(Path(request["path"]), request["partner"], settings, _hints(request), erased)
    if found is None:
        return {"names_nobody": True}
    [target] = request["tables"]
    Path(target).write_bytes(found.content)
    return {"rows": found.rows, "names": sorted(found.names)}


def _answers(request: Request) -> Reply:
    from connectors.files.answers import read_answers

    found = read_answers(Path(request["path"]))
    if found is None:
        return {"no_review": True}
    _leave(request, found.rows)
    return _said(found)


def _leave(request: Request, *frames: pl.DataFrame) -> None:
    for name, frame in zip(request["tables"], frames, strict=True):
        frame.write_parquet(name, compression="uncompressed")


_READERS: Final[Mapping[str, Callable[[Request], Reply]]] = {
    "list": _list,
    "headings": _headings,
    "accounts": _accounts,
    "corrected": _corrected,
    "cleaned": _cleaned,
    "answers": _answers,
}

if __name__ == "__main__":
    main()
