"""Workbooks as spreadsheet programs save them: the same cells, each program's own way of writing them down.

Sources: ECMA-376, part 1 (18.2 to 18.4); what Excel, LibreOffice, Google Sheets and Numbers write into their files.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

import fastexcel

_OFFICE: Final = "schemas.openxmlformats.org"
_MAIN: Final = f"http://{_OFFICE}/spreadsheetml/2006/main"
_LINKS: Final = f"http://{_OFFICE}/officeDocument/2006/relationships"
_PACKAGE: Final = f"http://{_OFFICE}/package/2006"
_STRICT_MAIN: Final = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_STRICT_LINKS: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DAY_STYLE, _STYLE = 1, 2


class Cell(NamedTuple):
    """A cell that is no plain text: *kind* is number, date (a count of days), boolean, error, rich or formula.

    *cached* is what a formula came to when it was saved, None if its program did not say.
    """

    kind: str
    value: str
    cached: str | None = None


Row = Sequence[str | Cell | None]


@dataclass(frozen=True)
class Program:
    """How a program writes: where texts stand (``shared``, ``inline``), the sheet's *dimension*, names of cells or not.

    *spare* are rows and columns of empty cells behind the last ones; *cover* is a sheet that it puts first, and *named*
    what it calls the others.
    """

    strings: str = "shared"
    dimension: str | None = "all"
    has_names: bool = True
    spare: tuple[int, int] = (0, 0)
    is_strict: bool = False
    targets: str = ""
    cover: str | None = None
    named: str = "{}"


PROGRAMS: Final[Mapping[str, Program]] = {
    "Excel": Program(),
    "Excel, strict": Program(is_strict=True),
    "Excel, of a table that was cut": Program(dimension="A1"),
    "LibreOffice": Program(spare=(400, 60)),
    "LibreOffice, whole columns": Program(spare=(25_000, 2), dimension="A1:AMJ1048576"),
    "Google Sheets": Program(dimension=None, spare=(1_000, 11), targets="/xl/"),
    "Numbers": Program(cover="Export Summary", named="{} - Table 1"),
    "a web service": Program(strings="inline", dimension=None, has_names=False),
}


def grid_of(path: Path, sheet: str | int = 0) -> list[list[str | Cell | None]]:
    """The texts on a *sheet* of a workbook, to be changed and saved again."""
    loaded = fastexcel.read_excel(path).load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    return [list(row) for row in loaded.to_polars().rows()]


def save(
    path: Path, sheets: Mapping[str, Sequence[Row]], program: Program = PROGRAMS["Excel"], hidden: Collection[int] = ()
) -> Path:
    """Write *sheets* to *path* as *program* does; *hidden* are rows, from 0, that a filter hides."""
    names = {program.named.format(name): rows for name, rows in sheets.items()}
    if program.cover is not None:
        names = {program.cover: [["This document was exported."], ["Sheet Name", "Excel Worksheet Name"]], **names}
    texts: dict[str, int] = {}
    parts = {
        f"xl/worksheets/sheet{at}.xml": _sheet(rows, program, texts, hidden)
        for at, rows in enumerate(names.values(), 1)
    }
    parts |= {
        "xl/workbook.xml": _book(names, program),
        "xl/_rels/workbook.xml.rels": _links(len(names), program),
        "xl/styles.xml": _styles(program),
        "xl/sharedStrings.xml": _shared(texts, program),
        "[Content_Types].xml": _types(len(names)),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")], program),
        "docProps/app.xml": "<Properties xmlns='http://schemas.openxmlformats.org/officeDocument/2006/extended-properties'/>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{content}')
    return path


def column(at: int) -> str:
    """The name of column *at*, from 0."""
    return (column(at // 26 - 1) if at >= 26 else "") + chr(ord("A") + at % 26)


def _main(program: Program) -> str:
    links = _STRICT_LINKS if program.is_strict else _LINKS
    return f'xmlns="{_STRICT_MAIN if program.is_strict else _MAIN}" xmlns:r="{links}"'


def _sheet(rows: Sequence[Row], program: Program, texts: dict[str, int], hidden: Collection[int]) -> str:
    width = max(map(len, rows), default=0)
    more_rows, more_columns = program.spare
    written = []
    for at in range(len(rows) + more_rows):
        row = list(rows[at]) if at < len(rows) else []
        row += [None] * (width + more_columns - len(row) if at < len(rows) else 2)
        cells = "".join(_cell(cell, column(place) + str(at + 1), program, texts) for place, cell in enumerate(row))
        name = f' r="{at + 1}" spans="1:{width}"' if program.has_names else ""
        is_hidden = ' hidden="1"' if at in hidden else ""
        written.append(f'<row{name}{is_hidden} ht="15" customHeight="1">{cells}</row>')
    whole = f"A1:{column(max(width + more_columns - 1, 0))}{len(rows) + more_rows}"
    dimension = whole if program.dimension == "all" else program.dimension
    said = f'<dimension ref="{dimension}"/>' if dimension else ""
    return f"<worksheet {_main(program)}>{said}<sheetData>{''.join(written)}</sheetData></worksheet>"


def _cell(cell: str | Cell | None, name: str, program: Program, texts: dict[str, int]) -> str:
    place = f' r="{name}"' if program.has_names else ""
    if cell is None:
        return f'<c{place} s="{_STYLE}"/>'
    if isinstance(cell, str) or cell.kind == "rich":
        text = cell if isinstance(cell, str) else f"\0{cell.value}"
        if program.strings == "inline":
            return f'<c{place} t="inlineStr"><is>{_text(text)}</is></c>'
        return f'<c{place} s="{_STYLE}" t="s"><v>{texts.setdefault(text, len(texts))}</v></c>'
    if cell.kind == "formula":
        value = f"<v>{escape(cell.cached)}</v>" if cell.cached is not None else ""
        return f'<c{place} t="str"><f>{escape(cell.value)}</f>{value}</c>'
    kinds = {"number": "", "date": f' s="{_DAY_STYLE}"', "boolean": ' t="b"', "error": ' t="e"'}
    return f"<c{place}{kinds[cell.kind]}><v>{escape(cell.value)}</v></c>"


def _text(text: str) -> str:
    """A text; one that begins with NUL is rich: its first letter is bold."""
    if text.startswith("\0"):
        first, rest = escape(text[1:2]), escape(text[2:])
        return f'<r><rPr><b/></rPr><t>{first}</t></r><r><t xml:space="preserve">{rest}</t></r>'
    return f'<t xml:space="preserve">{escape(text)}</t>'


def _shared(texts: Mapping[str, int], program: Program) -> str:
    items = "".join(f"<si>{_text(text)}</si>" for text in texts)
    return f'<sst {_main(program)} count="{len(texts) * 2}" uniqueCount="{len(texts)}">{items}</sst>'


def _book(names: Collection[str], program: Program) -> str:
    sheets = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{at + 20}" r:id="rId{at}"/>' for at, name in enumerate(names, 1)
    )
    return f"<workbook {_main(program)}><workbookPr/><sheets>{sheets}</sheets></workbook>"


def _links(count: int, program: Program) -> str:
    place = program.targets
    found = [("worksheet", f"{place}worksheets/sheet{at}.xml") for at in range(1, count + 1)]
    return _relations(
        [*found, ("styles", f"{place}styles.xml"), ("sharedStrings", f"{place}sharedStrings.xml")], program
    )


def _relations(found: Sequence[tuple[str, str]], program: Program) -> str:
    kind = _STRICT_LINKS if program.is_strict else _LINKS
    links = "".join(
        f'<Relationship Id="rId{at}" Type="{kind}/{name}" Target="{target}"/>'
        for at, (name, target) in enumerate(found, 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'


def _styles(program: Program) -> str:
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
    days = '<xf numFmtId="14" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/>'
    return (
        f"<styleSheet {_main(program)}><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders>"
        f"<cellStyleXfs>{plain}</cellStyleXfs><cellXfs>{plain}{days}{plain}</cellXfs></styleSheet>"
    )


def _types(count: int) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for at in range(1, count + 1)
    )
    others = {"workbook": "sheet.main", "styles": "styles", "sharedStrings": "sharedStrings"}
    named = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="{_TYPE}.{kind}+xml"/>' for name, kind in others.items()
    )
    rels = '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">{rels}<Default Extension="xml" ContentType="application/xml"/>'
        f"{named}{sheets}</Types>"
    )
