from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files.decoding import decode
from overlap.errors import ConfigError, GuardError

NAME = "Müller & Söhne, Łódź, 株式会社"
LIST = Path("list.csv")


@pytest.mark.parametrize(
    ("encoded", "read_as"),
    [
        (NAME.encode(), "utf-8"),
        (codecs.BOM_UTF8 + NAME.encode(), "utf-8-sig"),
        (codecs.BOM_UTF16_LE + NAME.encode("utf-16-le"), "utf-16"),
        (codecs.BOM_UTF16_BE + NAME.encode("utf-16-be"), "utf-16"),
        (codecs.BOM_UTF32_LE + NAME.encode("utf-32-le"), "utf-32"),
    ],
)
def test_a_byte_order_mark_or_utf8_decides(encoded: bytes, read_as: str) -> None:
    assert decode(encoded, LIST, None) == (NAME, read_as)
    assert decode(encoded, LIST, "cp1250") == (NAME, read_as)


@pytest.mark.parametrize("encoding", ["cp1250", "iso8859-2", "cp1252", "mac-roman", "utf-16-le", "cp437"])
def test_the_named_encoding_decides_where_neither_a_mark_nor_utf8_does(encoding: str) -> None:
    assert decode("name\nMüller".encode(encoding), LIST, encoding) == ("name\nMüller", encoding)


def test_plain_letters_in_utf16_are_not_taken_for_utf8() -> None:
    assert decode("name\nAcme".encode("utf-16-le"), LIST, "utf-16-le") == ("name\nAcme", "utf-16-le")


def test_western_excel_needs_no_setting() -> None:
    assert decode("Müller – Café €5".encode("cp1252"), LIST, None) == ("Müller – Café €5", "cp1252")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff")))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode(), LIST, None)[0] == text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"name\nB\x81c", "neither UTF-8 nor cp1252"),  # 0x81 is nothing in cp1252
        (b"name\nM\xfcller\x01", "control characters"),
        ("name\nMüller".encode("utf-16-le"), "control characters"),
        ("name\nGrün\n".encode() + b"Gr\xfcn", "damaged letters from line 3 on"),
        (codecs.BOM_UTF8 + b"name\nM\xfcller", "not utf-8-sig throughout, line 2"),
    ],
)
def test_holds_what_no_encoding_of_the_ladder_explains(data: bytes, says: str) -> None:
    with pytest.raises(GuardError, match=says):
        decode(data, LIST, None)


def test_the_message_names_a_likely_encoding_and_the_file() -> None:
    data = ("название компании\n" * 20).encode("koi8-r")
    with pytest.raises(GuardError, match=r"list\.csv.*it may be \w+"):
        decode(b"\x98" + data, LIST, "ascii")


def test_an_unknown_encoding_is_a_mistake_in_the_settings() -> None:
    with pytest.raises(ConfigError, match="'utf-88' is unknown"):
        decode(b"name", LIST, "utf-88")
