"""Blocks read at once say what Python's csv says of the whole text, row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.files import blocks
from connectors.files.blocks import Layout, read_rows
from connectors.files.raw import ROW, UNTIDY
from connectors.files.reader import read_table
from connectors.files.records import Record
from connectors.files.rows import trimmed
from overlap.errors import GuardError

LIST = Path("list.csv")
WIDTH = 3


def reference(text: str, delimiter: str) -> tuple[list[tuple], list[tuple[int, str]]] | None:
    """Read *text* the slow way: good rows with their number, odd rows with their text; None if a quote runs on."""
    lines = list(io.StringIO(text, newline=""))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    good, odd, row = [], [], 0
    while True:
        row, began = row + 1, reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return good, odd
        except csv.Error as error:
            if reader.line_num > began + 1 or "end of data" in str(error):
                return None
            odd.append((row, lines[began]))
            continue
        whole = "".join(lines[began : reader.line_num])
        if len(cells) == WIDTH and "\0" not in whole and any(map(str.strip, cells)):
            good.append((row, *(cell or None for cell in cells)))
        elif any(map(str.strip, cells)):
            odd.append((row, whole))


def as_read(text: str, delimiter: str) -> tuple[list[tuple], list[tuple[int, str]]] | None:
    try:
        rows = read_rows(text.encode(), 0, 1, Layout(delimiter, WIDTH, LIST))
    except GuardError:
        return None
    cells = rows.good.drop(ROW, UNTIDY)
    good = [(row, *(cell or None for cell in said)) for row, said in zip(rows.good[ROW], cells.rows(), strict=True)]
    return good, [(record.row, record.text) for record in rows.odd]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_LARGEST", 256)
    monkeypatch.setattr(blocks, "_SMALLEST", 16)


@pytest.fixture
def no_slow_way(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> Iterator[Record]:
        raise AssertionError("read record by record")

    monkeypatch.setattr(blocks, "records", never)


PLAIN = ["", "1", "Acme", "Müller", " ", "\u2003", "株式会社", "#x", "'", "null", "x" * 40]
QUOTED = ['""', '"a,b"', '"a;b"', '"x\ny"', '"x\r\ny"', '"say ""hi"""', '""""', '"\n"', '" "', '"\ufeff"']
STRANGE = ["\x1c", "\ufeff", "a\0b", "\r", '5"', '"a"b', 'a"b', '"open', '" ', ' "a"', '"a" ', '"""', '"a\rb"']
CLEAN = st.tuples(
    st.lists(st.sampled_from(PLAIN) | st.sampled_from(QUOTED), min_size=WIDTH, max_size=WIDTH),
    st.sampled_from(["\n", "\n", "\r\n"]),
)
DAMAGED = st.tuples(
    st.lists(st.sampled_from([*PLAIN, *QUOTED, *STRANGE]), max_size=WIDTH + 2),
    st.sampled_from(["\n", "\r", "\n\n", ""]),
)
Rows = list[tuple[list[str], str]]


def written(rows: Rows, delimiter: str) -> str:
    return "".join(delimiter.join(cells) + end for cells, end in rows)


@pytest.mark.usefixtures("small_blocks")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=400)
@given(above=st.lists(CLEAN, max_size=15), damaged=DAMAGED, below=st.lists(CLEAN, max_size=15))
def test_blocks_say_what_the_slow_way_says(above: Rows, damaged: tuple[list[str], str], below: Rows) -> None:
    for delimiter in ",;":
        text = written([*above, damaged, *below], delimiter)
        assert as_read(text, delimiter) == reference(text, delimiter)


TRAPS = [
    "a,b\na,b,c,\n",  # a cell too few and one too many: the delimiters add up
    "\ufeffa,b,c\nd\ne,f\n",  # a mark that a parser skips, and as many bytes of delimiters too few
    "a,b,c\r,d\n",  # a line ends where a block sees none
    "a,b,c\n\n\na,b,c\n",
    "a,b,c\n,,\n \n \u2003,,\x1c\na,b,c",
    'a,b,"c\n\nd"\n\n',
    "a,b\0,c\n",
    '5",b,c\nd,e,"f\n',  # two quotes, neither of which begins a cell that the other ends
    f"a,b,{'c' * 140_000}\n",
]


@pytest.mark.parametrize("text", TRAPS)
def test_what_a_parser_would_swallow_is_seen(text: str) -> None:
    assert as_read(text, ",") == reference(text, ",")


@pytest.mark.usefixtures("small_blocks", "no_slow_way")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_clean_rows_are_never_read_one_by_one(end: str) -> None:
    rows = ["1,Acme,Ulm", '2,"Müller, ""M"" & Co",', '3,"a' + end + 'b",x', ",,", '"4","","Bonn"'] * 50
    text = end.join(rows) + end
    found = as_read(text, ",")
    assert found == reference(text, ",")
    assert len(found[0]) == 200


def test_one_bad_row_costs_its_neighbourhood_only(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []

    def counted(*where: object) -> Iterator[Record]:
        for record in slow_way(*where):
            looked_at.append(record)
            yield record

    slow_way = blocks.records
    monkeypatch.setattr(blocks, "records", counted)
    rows = ["1234567,Acme Pumps,Ulm"] * 200_000
    rows[123_456] = '7,5" Pipes,Bonn'
    good, odd = as_read("\n".join(rows) + "\n", ",")
    assert good[123_456] == (123_457, "7", '5" Pipes', "Bonn")
    assert len(good) == 200_000
    assert odd == []
    assert len(looked_at) * len(rows[0]) < 100_000


SPACED = [
    "a",
    "a",
    "a",
    " ",
    " ",
    "ü",
    "é",
    "株",
    "  ",
    "\t",
    "\n",
    "\r\n",
    '"',
    ",",
    "\x0b",
    "\x1f",
    "\x85",
    "\xa0",
    "\u1680",
]
SPACED += ["\u2003", "\u2013", "\u200b", "\u2028", "\u205f", "\u2060", "\u3000", "\u3042", "\ufeff"]


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "_WINDOW", 4)


@pytest.mark.usefixtures("small_windows")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    cells=st.lists(st.lists(st.sampled_from(SPACED), max_size=4).map("".join), min_size=1, max_size=20),
    quoted=st.booleans(),
    delimiter=st.sampled_from([",", "\t"]),
)
def test_no_cell_is_left_untrimmed(save: Callable[..., Path], cells: list[str], quoted: bool, delimiter: str) -> None:
    def tidy(cell: str) -> str | None:
        kept = re.sub("[\u200b\u2060\ufeff]", "", cell)
        return re.sub(r"[^\S\x1c-\x1f]+", " ", kept).strip(" ") or None  # for Python, \x1c to \x1f are white space too

    text = io.StringIO(newline="")
    style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=delimiter, quoting=style, lineterminator="\n")
    writer.writerows([("id", "city", "last"), *((str(at), cell, cell) for at, cell in enumerate(cells))])
    rows = trimmed(read_table(save(text.getvalue())), {"city": "city", "state": "last"}, ["city", "state"])
    assert rows["city"].to_list() == rows["state"].to_list() == [tidy(cell) for cell in cells]
