"""From a file's bytes to its text. The ladder is explicit: no statistical guess ever decides.

1. a byte order mark; 2. strict UTF-8; 3. the encoding that the settings name; 4. cp1252, if nothing speaks against it.
A guess by charset-normalizer appears in error messages only: it takes cp1250 for cp1252.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import Final

import polars as pl
from charset_normalizer import from_bytes

from overlap.errors import ConfigError, GuardError

#: UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_FOREIGN_MARKS: Final = tuple(mark for mark, name in _MARKS if name != "utf-8-sig")
_FOREIGN_TO_TEXT: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SAMPLE_BYTES: Final = 64_000
_PIECE_BYTES: Final = 1_000_000


def to_utf8(data: bytes, path: Path, encoding: str | None) -> tuple[bytes, str]:
    """Return the text of *data* as UTF-8 without a mark, and the name of the encoding that it was read with.

    It is what `decode` says, but most files are UTF-8 already, and then no text is made of them.
    """
    if encoding is not None:
        _check_name(encoding)
    bare = data.removeprefix(codecs.BOM_UTF8)
    is_marked = len(bare) < len(data)
    if (is_marked or _can_be_utf8(data)) and _is_utf8(bare):
        return bare, "utf-8-sig" if is_marked else "utf-8"
    text, name = decode(data, path, encoding)
    return text.encode(), name


def decode(data: bytes, path: Path, encoding: str | None) -> tuple[str, str]:
    """Return the text of *data* and the name of the encoding that it was read with.

    *encoding* is what the settings say of the file at *path*; it counts where neither a mark nor UTF-8 decides.

    Raises:
        ConfigError: Python knows no *encoding*.
        GuardError: the bytes are text in none of the encodings of the ladder.
    """
    if encoding is not None:
        _check_name(encoding)
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data, path, name), name
    if _can_be_utf8(data):
        try:
            return data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            pass
    if encoding is not None:
        return _strict(data, path, encoding), encoding
    return _western(data, path), "cp1252"


def _check_name(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ConfigError(f"encoding '{encoding}' is unknown; write one like 'cp1252' or 'utf-16'") from error


def _can_be_utf8(data: bytes) -> bool:
    # ASCII in UTF-16 without a mark is valid UTF-8, half of it NUL.
    return not data.startswith(_FOREIGN_MARKS) and (b"\0" not in data or data.count(0) * 10 < len(data))


def _is_utf8(data: bytes) -> bool:
    at = 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + _PIECE_BYTES) + 1 or len(data)  # no letter has a line feed inside
        try:
            pl.Series([data[at:end]], dtype=pl.Binary).cast(pl.String)  # much faster than Python's, which makes a text
        except pl.exceptions.PolarsError:
            return False
        at = end
    return True


def _strict(data: bytes, path: Path, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1  # its own object: a codec may have cut off the mark
        raise GuardError(
            f"{path.name}: not {encoding} throughout, line {line} breaks it{_likely(data)}; "
            "export the file again as CSV UTF-8, or correct the setting 'encoding'"
        ) from error


def _western(data: bytes, path: Path) -> str:
    """Decode as cp1252, the code page of Western Excel, unless that would turn damage into letters."""
    remedy = "export the file again as CSV UTF-8, or name its encoding in the setting 'encoding'"
    as_utf8 = data.decode("utf-8", "surrogateescape")
    # Read as cp1252, one broken byte in a UTF-8 file would turn every "ü" of it into "Ã¼".
    if any(character > "\x7f" and not "\udc80" <= character <= "\udcff" for character in set(as_utf8)):
        line = data.count(b"\n", 0, _first_bad_byte(data)) + 1
        raise GuardError(f"{path.name}: UTF-8 with damaged letters from line {line} on; {remedy}")
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise GuardError(f"{path.name}: neither UTF-8 nor cp1252{_likely(data)}; {remedy}") from error
    if _FOREIGN_TO_TEXT.search(text):
        raise GuardError(f"{path.name}: holds control characters, so it is not cp1252{_likely(data)}; {remedy}")
    return text


def _first_bad_byte(data: bytes) -> int:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return len(data)


def _likely(data: bytes) -> str:
    best = from_bytes(data[:_SAMPLE_BYTES]).best()
    return f" (it may be {best.encoding})" if best else ""
