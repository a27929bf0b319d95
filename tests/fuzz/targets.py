"""What is fed with bytes, and what may never come of it: any error but ours, or a row that is lost.

The one thing to know: text is read in this process, where what it reaches is seen and followed. Workbooks and Parquet
files are parsed by compiled code, of which nothing is seen, and which may break: as in a pull, in a process of its own.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from config.lists import ListsSettings
from config.partners import PartnerSettings
from connectors.files.guarded import Reader
from connectors.files.headings import COLUMNS, check_recognised, recognise
from connectors.files.source import read_list
from overlap.errors import ConfigError, GuardError
from tests.connectors.files.odd_files import HEADINGS, ROWS, small_files, text

#: By the first byte of what is fed.
SUFFIXES = (".csv", ".tsv", ".csv", ".txt", ".csv", ".csv", ".xlsx", ".parquet")
GLOBEX = PartnerSettings(name="Globex", files="lists/*")


def headings(data: bytes) -> None:
    """Headings, parted by line ends; what stands after the last NUL is the setting for the name."""
    listed, _, named = data.decode("utf-8", "replace").rpartition("\0")
    given = list(dict.fromkeys(listed.split("\n")))
    try:
        chosen = recognise(given, {"name": named} if named else {})
        check_recognised(chosen, given, Path("list.csv"))
    except (ConfigError, GuardError):
        return
    assert chosen.keys() <= set(COLUMNS)
    assert set(chosen.values()) <= set(given)
    assert len(set(chosen.values())) == len(chosen), "a heading stands for two columns"


def lists(data: bytes) -> None:
    """A list, its kind by the first byte."""
    path = _folder() / f"list{SUFFIXES[data[0] % len(SUFFIXES)] if data else '.csv'}"
    path.write_bytes(data[1:])
    read = read_list if path.suffix in (".csv", ".tsv", ".txt") else _reader().read_list
    try:
        found = read(path, "globex", GLOBEX)
    except (ConfigError, GuardError):
        return
    assert found.rows_in == found.rows.height + found.quarantine.height + found.duplicates
    assert not found.rows["name"].has_nulls()


def seeds(target: str) -> list[bytes]:
    """Return what to begin with: things that are as they should be."""
    if target == "headings":
        plain = "\n".join(HEADINGS)
        return [plain.encode(), f"{plain}\nBilling Zip/Postal Code\nGröße__c\nAccount: Name\0Company".encode()]
    files = small_files()
    odd = text((HEADINGS, *ROWS), ";", "\r\n") + '\n"1";"a\nb";;\nshort\nsep=,\n'
    return [bytes([SUFFIXES.index(Path(name).suffix)]) + content for name, content in files.items()] + [
        b"\0" + odd.encode()
    ]


TARGETS: dict[str, Callable[[bytes], None]] = {"headings": headings, "lists": lists}


@cache
def _folder() -> Path:
    folder = TemporaryDirectory(prefix="overlap-fuzz-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _reader() -> Reader:
    return Reader(ListsSettings(memory_mb=800, cpu_s=30, wall_s=30))
