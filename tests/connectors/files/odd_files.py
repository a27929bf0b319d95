"""Hundreds of good, odd, damaged and hostile lists, made the same way each time, and what must become of each.

The one thing to know: what is written beside a file is what a person would say of it, not what the reader did.
"""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import polars as pl
import xlsxwriter

ROWS = [
    ("A-1", "Müller Söhne GmbH", "mueller.example", "Köln"),
    ("A-2", "Acme, Inc.", "acme.example", "Ulm; Donau"),
    ("A-3", "Ünal | Partner", "uenal.example", "Bonn"),
    ("A-4", 'The "Best" Co', "best.example", "Paris"),
    ("0005", "=2+3 Rechner", "rechner.example", ""),
    ("A-6", "+Plus AG", "", "@Home"),
    ("A-7", "-Minus SE", "minus.example", "Genève"),
    ("A-8", "Straße & Weg", "weg.example", "Málaga"),
]
HEADINGS = ("ID", "Company", "Website", "City")
DELIMITERS = (",", ";", "\t", "|")
#: With a mark that says which one it is; but for cp1252, which is known by what it is not.
MARKED = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252")


class Outcome(NamedTuple):
    """A list that is read has *rows*, *bad* and *twice*; one that is *held* says so in words like these."""

    rows: int = len(ROWS)
    bad: int = 0
    twice: int = 0
    held: str = ""


class OddFile(NamedTuple):
    name: str
    content: bytes
    outcome: Outcome | None  # None: it may be read or held


GOOD = Outcome()


def odd_files() -> list[OddFile]:
    """Return all of them; no two have one name."""
    groups = (good_texts(), odd_texts(), wrong_contents(), wrong_encodings(), workbooks(), parquets(), wrong_names())
    return [
        OddFile(f"{at:03d}-{file.name}", *file[1:]) for at, file in enumerate(one for all_ in groups for one in all_)
    ]


def text(rows: Iterable[Iterable[str]], delimiter: str = ",", end: str = "\n", always: bool = False) -> str:
    """The rows as a spreadsheet writes them."""

    def cell(value: str) -> str:
        needs = always or any(character in value for character in (delimiter, '"', "\n", "\r"))
        return '"' + value.replace('"', '""') + '"' if needs else value

    return "".join(delimiter.join(map(cell, row)) + end for row in rows)


def good_texts() -> Iterator[OddFile]:
    for encoding in MARKED:
        for delimiter in DELIMITERS:
            for end in ("\n", "\r\n", "\r"):
                for always in (False, True):
                    content = text((HEADINGS, *ROWS), delimiter, end, always).encode(encoding)
                    yield OddFile("good.csv", content, GOOD)


def odd_texts() -> Iterator[OddFile]:
    for encoding in ("utf-8", "utf-16", "cp1252"):
        for delimiter in DELIMITERS[:3]:
            for name, content, outcome in _damages(delimiter):
                held = encoding == "cp1252" and name in ("nul", "control")  # no code page of Western Europe
                there = Outcome(held="control characters") if held else outcome
                yield OddFile(f"{name}.csv", content.encode(encoding), there)


def _damages(d: str) -> Iterator[tuple[str, str, Outcome]]:
    whole = text((HEADINGS, *ROWS), d)
    first, rest = text([HEADINGS], d), text(ROWS, d)
    one_bad = Outcome(len(ROWS), 1)
    yield "short", whole + "A-9" + d + "Short\n", one_bad
    yield "long", whole + d.join(("A-9", "Long", "a", "b", "c", "d")) + "\n", one_bad
    yield "broken-quote", whole + d.join(("A-9", '"Bro"ken', "", "")) + "\n", one_bad
    yield "nul", whole + d.join(("A-9", "Nu\0l", "", "")) + "\n", one_bad
    yield "control", whole + d.join(("A-9", "Bell\x07", "", "")) + "\n", one_bad
    yield "no-name", whole + d.join(("A-9", " ", "x.example", "")) + "\n", one_bad
    yield "long-name", whole + d.join(("A-9", "x" * 256, "", "")) + "\n", one_bad
    yield "huge-cell", whole + d.join(("A-9", "x" * 200_000, "", "")) + "\n", one_bad
    yield "number-as-id", whole + d.join(("1.23457E+17", "Globex", "", "")) + "\n", one_bad
    yield "open-quote", whole + d.join(("A-9", '"Open', "", "")) + "\n", Outcome(held="not closed properly")
    yield (
        "open-quote-early",
        first + d.join(("A-9", '"Open', "", "")) + "\n" + rest,
        Outcome(held="not closed properly"),
    )
    yield "again", whole + text(ROWS[:3], d), Outcome(len(ROWS), 0, 3)
    yield "again-otherwise", whole + d.join(("A-1", "Other", "", "")) + "\n", Outcome(len(ROWS), 0, 1)
    yield "blank-lines", "\n\n" + first + "\n" + rest + f"\n{d * 3}\n \n", GOOD
    yield "mixed-ends", first + text(ROWS[:4], d, "\r\n") + text(ROWS[4:6], d) + text(ROWS[6:], d, "\r"), GOOD
    yield "no-last-end", whole.rstrip("\n"), GOOD
    yield "only-headings", first, Outcome(held="headings but no rows")
    yield (
        "heading-twice",
        text([("ID", "Company", "company ", "City")], d) + rest,
        Outcome(held="stands in columns B and C"),
    )
    yield "no-heading", text([("ID", "Company", "", "City")], d) + rest, Outcome(held="has no heading but holds values")
    yield "our-heading", text([("ID", "Company", "#row", "City")], d) + rest, Outcome(held="is taken by overlap")
    yield "unknown-headings", text([("a", "b", "c", "d")], d) + rest, GOOD
    yield "no-headings-at-all", rest, GOOD
    yield "separator-line", f"sep={d}\n" + whole, GOOD
    wide = text([[*HEADINGS, *(f"h{at}" for at in range(1_000))], [*ROWS[0], *["x"] * 1_000]], d)
    yield "wide", wide, Outcome(held="1004 columns")


def wrong_contents() -> Iterator[OddFile]:
    page = "<html><body>Your session has expired</body></html>\n"
    contents = {
        "html": (page.encode(), "HTML or XML"),
        "doctype": (b"  \n<!DOCTYPE html>\n" + page.encode(), "HTML or XML"),
        "html-16": (page.encode("utf-16"), "HTML or XML"),
        "xml": (b'<?xml version="1.0"?><error>no</error>', "HTML or XML"),
        "json": (b'{"error": "not found"}', "JSON"),
        "json-rows": (b'[{"id": 1}]', "JSON"),
        "empty": (b"", "empty"),
        "blank": (b" \r\n\t\n", "empty"),
        "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        "gzip": (gzip.compress(text((HEADINGS, *ROWS)).encode(), mtime=0), "gzip"),
        "office": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "password"),
        "zip": (_zip({"list.csv": text((HEADINGS, *ROWS)).encode()}), "zip"),
        "noise": (random.Random(1).randbytes(4_000), "damaged letters"),
        "zeros": (bytes(4_000), "control characters"),
    }
    for what, (content, held) in contents.items():
        for suffix in (".csv", ".tsv", ".txt"):
            yield OddFile(what + suffix, content, Outcome(held=held))
        empty = "empty|no readable" if what == "empty" else "not a workbook|password|no workbook|workbook"
        yield OddFile(f"{what}.xlsx", content, Outcome(held=empty))
        yield OddFile(f"{what}.parquet", content, Outcome(held="no readable Parquet"))
    yield OddFile("book.csv", _book((HEADINGS, *ROWS)), Outcome(held="zip or Office file"))
    yield OddFile("parquet.csv", _parquet(), Outcome(held="Parquet file; rename"))


def wrong_encodings() -> Iterator[OddFile]:
    whole = text((HEADINGS, *ROWS))
    yield OddFile("one-bad-byte.csv", whole.encode().replace(b"Acme", b"Acm\xe9"), Outcome(held="damaged letters"))
    yield OddFile("half-utf-8.csv", whole.encode() + text(ROWS).encode("cp1252"), Outcome(held="damaged letters"))
    yield OddFile("cut-letter.csv", whole.encode() + "A-9,Ü".encode()[:-1], Outcome(held="damaged letters"))
    yield OddFile("odd-utf-16.csv", whole.encode("utf-16")[:-1], Outcome(held="not utf-16 throughout"))
    yield OddFile("lone-half.csv", whole.encode("utf-16") + b"\x00\xd8A\x00", Outcome(held="not utf-16 throughout"))
    yield OddFile("unmarked-16.csv", whole.encode("utf-16-le"), Outcome(held="control characters"))
    yield OddFile(
        "mac.csv", text((HEADINGS, ("1", "Citro\x8dn\x8f", "", ""))).encode("latin-1"), Outcome(held="neither")
    )
    yield OddFile("mark-twice.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + whole.encode(), GOOD)
    yield OddFile("mark-only.csv", b"\xef\xbb\xbf", Outcome(held="empty"))
    yield OddFile("mark-only-16.csv", b"\xff\xfe", Outcome(held="empty"))
    yield OddFile("marks-within.csv", (whole + "A-9,\ufeffGlobex\u200b,,\n").encode(), Outcome(len(ROWS) + 1))


def workbooks() -> Iterator[OddFile]:
    good = _book((HEADINGS, *ROWS))
    yield OddFile("good.xlsx", good, GOOD)
    yield OddFile("short.xlsx", _book((HEADINGS, *ROWS, ("A-9", "Short"))), Outcome(len(ROWS) + 1))
    yield OddFile("no-name.xlsx", _book((HEADINGS, *ROWS, ("A-9", "", "x"))), Outcome(len(ROWS), 1))
    yield OddFile("only-headings.xlsx", _book((HEADINGS,)), Outcome(held="headings but no rows"))
    yield OddFile("nothing.xlsx", _book(()), Outcome(held="is empty"))
    yield OddFile("twice.xlsx", _book((("ID", "Company", "ID"), *ROWS)), Outcome(held="stands in columns A and C"))
    yield OddFile(
        "unnamed.xlsx", _book((("ID", "Company", ""), *ROWS)), Outcome(held="has no heading but holds values")
    )
    yield OddFile("formulas.xlsx", _book((HEADINGS, ("1", "=1+1", "x", "y")), formulas=True), Outcome(1))
    bomb = _zip({**_parts(good), "xl/media/large.bin": bytes(54_321_000)})
    yield OddFile("bomb.xlsx", _lying(bomb, 54_321_000, 510_000_000), Outcome(held="over 500 MB"))
    yield OddFile("lying-bomb.xlsx", _lying(bomb, 54_321_000, 1_000), Outcome(held="damaged workbook"))
    yield OddFile(
        "crowd.xlsx", _zip({**_parts(good), **{f"x/{at}": b"" for at in range(1_001)}}), Outcome(held="500 MB")
    )
    nested = _zip({"inner.zip": _zip({"zeros": bytes(3_000_000)})})
    yield OddFile("nested.xlsx", _zip({**_parts(good), "xl/media/nested.zip": nested}), GOOD)
    yield OddFile(
        "ratio-400.xlsx", _with_sheet(good, _long_cell(60_000_000)), Outcome(held="more than 700 MB of memory")
    )
    entities = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    sheet = _parts(good)["xl/worksheets/sheet1.xml"].decode()
    attack = sheet.replace("<worksheet", entities + "]><worksheet", 1).replace("<v>", "<v>&i;", 1)
    yield OddFile("entities.xlsx", _with_sheet(good, attack.encode()), None)
    outside = sheet.replace("<worksheet", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet', 1)
    yield OddFile("outside.xlsx", _with_sheet(good, outside.encode()), None)
    link = b'<externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"/>'
    yield OddFile("links.xlsx", _zip({**_parts(good), "xl/externalLinks/externalLink1.xml": link}), GOOD)
    yield OddFile("climbing.xlsx", _zip({**_parts(good), "../../../tmp/climbed": b"x"}), GOOD)
    for part in ("xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "[Content_Types].xml"):
        without = {name: content for name, content in _parts(good).items() if name != part}
        yield OddFile("without.xlsx", _zip(without), Outcome(held="workbook") if "s/" in part or "k." in part else None)
        yield OddFile("cut-part.xlsx", _zip({**_parts(good), part: _parts(good)[part][:-40]}), None)
    for at in range(12):
        yield OddFile("cut.xlsx", good[: len(good) * at // 12 + 4], Outcome(held="workbook"))
    yield from (OddFile("flipped.xlsx", content, None) for content in _flipped(good, 20))


def parquets() -> Iterator[OddFile]:
    good = _parquet()
    yield OddFile("good.parquet", good, GOOD)
    table = pl.read_parquet(good)
    odd = {
        "list": table.with_columns(pl.lit([1, 2]).alias("City")),
        "struct": table.with_columns(pl.struct("ID", "City").alias("City")),
        "bytes": table.with_columns(pl.col("City").cast(pl.Binary)),
    }
    for name, frame in odd.items():
        yield OddFile(f"{name}.parquet", _written(frame), Outcome(held="column 'City' holds no plain values"))
    yield OddFile("no-rows.parquet", _written(table.clear()), Outcome(held="headings but no rows"))
    yield OddFile("no-columns.parquet", _written(pl.DataFrame()), Outcome(held="no columns"))
    wide = pl.DataFrame({f"h{at}": ["x"] for at in range(1_001)})
    yield OddFile("wide.parquet", _written(wide), Outcome(held="1001 columns"))
    kinds = table.with_columns(pl.col("City").cast(pl.Categorical), pl.int_range(pl.len()).alias("Employees"))
    yield OddFile("kinds.parquet", _written(kinds), GOOD)
    nulls = pl.DataFrame({name: pl.Series([None, None], dtype=pl.String) for name in HEADINGS})
    yield OddFile("nulls.parquet", _written(nulls), Outcome(held="headings but no rows"))
    yield OddFile("expanding.parquet", _written(pl.DataFrame({"Company": ["x" * 1_000] * 20_000})), Outcome(0, 20_000))
    for at in range(12):
        yield OddFile("cut.parquet", good[: len(good) * at // 12], Outcome(held="no readable Parquet"))
    yield from (OddFile("flipped.parquet", content, None) for content in _flipped(good, 20))


def wrong_names() -> Iterator[OddFile]:
    content = text((HEADINGS, *ROWS)).encode()
    for name in ("list.xls", "list.xlsm", "list.ods", "list.zip", "list.csv.gz", "list", "list.csv.exe", ".csv"):
        yield OddFile(name, content, Outcome(held="are not read") if name != ".csv" else None)
    for name in ("LIST.CSV", "Köln.csv", "two words.csv", "'; drop.csv", "*.csv", "-rf.csv", "$(id).csv"):
        yield OddFile(name, content, GOOD)


def small_files() -> dict[str, bytes]:
    """Return five good lists of three rows, small enough to be cut at every byte."""
    rows = (HEADINGS, *ROWS[:3])
    parts = _parts(_book(rows))
    needed = ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels")
    kept = {name: parts[name] for name in (*needed, "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")}
    return {
        "plain.csv": text(rows).encode(),
        "quoted.csv": text(rows, ";", "\r\n", always=True).encode("cp1252"),
        "wide.tsv": text(rows, "\t", "\r\n").encode("utf-16"),
        "book.xlsx": _zip(kept),
        "table.parquet": _written(pl.DataFrame(ROWS[:3], schema=HEADINGS, orient="row")),
    }


def _book(rows: Iterable[Iterable[str]], formulas: bool = False) -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"strings_to_formulas": formulas}) as workbook:
        workbook.set_properties({"created": datetime(2026, 1, 1)})
        sheet = workbook.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    return made.getvalue()


def _parts(book: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(book)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(parts: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _with_sheet(book: bytes, sheet: bytes) -> bytes:
    return _zip({**_parts(book), "xl/worksheets/sheet1.xml": sheet})


def _long_cell(length: int) -> bytes:
    head, cell = "<c t='inlineStr'><is><t>", "</t></is></c>"
    cells = "".join(
        f"<row>{head}{name}{cell}{head}{company}{cell}</row>"
        for name, company in (("ID", "Company"), ("1", "x" * length))
    )
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{space}"><sheetData>{cells}</sheetData></worksheet>'.encode()


def _lying(archive: bytes, size: int, told: int) -> bytes:
    """The archive, its directory telling another size than the one that an entry has."""
    return archive.replace(struct.pack("<I", size), struct.pack("<I", told))


def _parquet() -> bytes:
    return _written(pl.DataFrame(ROWS, schema=HEADINGS, orient="row"))


def _written(frame: pl.DataFrame) -> bytes:
    made = io.BytesIO()
    frame.write_parquet(made, compression="zstd")
    return made.getvalue()


def _flipped(content: bytes, count: int) -> Iterator[bytes]:
    chance = random.Random(7)
    for _ in range(count):
        damaged = bytearray(content)
        for _ in range(chance.choice((1, 4, 40))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        yield bytes(damaged)
