"""What the XML of a workbook's sheet says and its reader does not tell: hidden rows, and cells without a value."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Final

_SHEET_TAG: Final = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_LINK_TAG: Final = re.compile(r"<Relationship\b[^>]*>")
_HIDDEN_ROW: Final = re.compile(rb'<row [^>]*\bhidden="(?:1|true)"')
_CELL: Final = re.compile(rb'<c r="([A-Z]{1,3})(\d+)"([^>]*[^>/])?>(.*?)</c>', re.DOTALL)
_VALUE: Final = re.compile(rb"<v[^>]*>([^<]+)</v>")
#: No review workbook has a larger sheet.
_LARGEST_BYTES: Final = 50_000_000
NEVER_WORKED_OUT: Final = "a formula without a result"


def hidden_rows(path: Path, name: str) -> int:
    """Return how many rows of sheet *name* are hidden, by a filter or by hand; 0 where the workbook does not tell."""
    count, rest = 0, b""
    for piece in _pieces(path, name):
        whole, mark, rest = (rest + piece).rpartition(b"<row ")
        count, rest = count + len(_HIDDEN_ROW.findall(whole)), mark + rest
    return count + len(_HIDDEN_ROW.findall(rest))


def valueless(path: Path, name: str) -> dict[tuple[int, int], str]:
    """Return by row (from 1) and column (from 0) the cells of sheet *name* that hold an error, or no result.

    Readers take both for empty. Nothing where column A is empty, since they count from the first one that is not.
    """
    content = b""
    for piece in _pieces(path, name):
        content += piece
        if len(content) > _LARGEST_BYTES:
            return {}
    found = {}
    begins_at_a = False
    for letters, row, attributes, inner in _CELL.findall(content):
        value = _VALUE.search(inner)
        begins_at_a |= letters == b"A" and (value is not None or b"<is>" in inner)
        if value is not None and b't="e"' in attributes:
            found[int(row), _place(letters)] = unescape(value[1].decode("utf-8", "replace"))
        elif b"<f" in inner and b"<v" not in inner:  # an empty result is one
            found[int(row), _place(letters)] = NEVER_WORKED_OUT
    return found if begins_at_a else {}


def _place(letters: bytes) -> int:
    """Return the number of the column *letters*, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _pieces(path: Path, name: str) -> Iterator[bytes]:
    """Yield the XML of sheet *name*; nothing where the workbook does not say which part it is."""
    with zipfile.ZipFile(path) as archive:
        entries = set(archive.namelist())
        if "xl/_rels/workbook.xml.rels" not in entries:
            return
        book, links = (archive.read(f"xl/{part}").decode() for part in ("workbook.xml", "_rels/workbook.xml.rels"))
        relation = next((tag for tag in _SHEET_TAG.findall(book) if unescape(_attribute(tag, "name")) == name), "")
        target = next(
            (tag for tag in _LINK_TAG.findall(links) if _attribute(tag, "Id") == _attribute(relation, "r:id")), ""
        )
        entry = _attribute(target, "Target").removeprefix("/xl/")
        if not relation or f"xl/{entry}" not in entries:
            return
        with archive.open(f"xl/{entry}") as sheet:
            while piece := sheet.read(1_000_000):
                yield piece


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return found[1] if found else ""
