"""Where a table begins: under which title lines its headings stand, or that it has none.

The one thing to know: the first row bears the headings unless another one plainly does. Only a row that has the form of
the rows below it (a website where they have websites) is a company and no heading.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from connectors.files import contents, values
from connectors.files.headings import MADE_UP, recognise, squashed

#: As many rows, blank ones aside, are looked at.
LOOKED_AT: Final = 30


class Top(NamedTuple):
    """*at* is the place of the row of headings among the rows looked at; those before it are titles.

    *is_bare*: there are no headings, the row at *at* is data. *is_certain*: words of it are known as headings.
    """

    at: int
    is_bare: bool = False
    is_certain: bool = False


def find_top(rows: Sequence[Sequence[str]], known: Collection[str] = ()) -> Top:
    """Return where the table in *rows* begins; *known* are headings that settings or memory name."""
    some = None
    for at, row in enumerate(rows):
        score = _score(row, known)
        if score > 1 and (some is None or _filled(row) > max(map(_filled, rows[:at]))):
            return Top(at, is_certain=True)
        if some is None and score and (at == 0 or _is_first(rows, at)):
            some = at
    if some is not None:
        return Top(some, is_certain=True)
    at = next((at for at in range(len(rows)) if _is_first(rows, at)), 0)
    return Top(at, is_bare=_is_data(rows[at:]))


def letters(at: int) -> str:
    """Return the name of column *at*, counted from 0, as a spreadsheet has it: A, B, ... Z, AA."""
    name = ""
    at += 1
    while at:
        at, letter = divmod(at - 1, 26)
        name = chr(ord("A") + letter) + name
    return name


def made_headings(width: int) -> tuple[str, ...]:
    """Return headings for a table that has none: ``column A``, ``column B``, ..."""
    return tuple(f"{MADE_UP}{letters(at)}" for at in range(width))


def titles_note(titles: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return a note on lines that stand above the headings, none if there are none."""
    if not titles:
        return ()
    first = next((cell.strip() for cell in titles[0] if cell.strip()), "")
    return (f"{len(titles)} title lines above the headings were left out, first '{first[:60]}'",)


BARE_NOTE: Final = "no row of headings: the first row is data, and columns are told by what is in them"


def _score(row: Sequence[str], known: Collection[str]) -> int:
    """Return how many headings of a list are in *row*; words that are statuses as well count only beside others."""
    cells = [cell.strip() for cell in row if cell.strip()]
    wanted = {squashed(heading) for heading in known}
    # "Globex: Company Name" is a heading for what its last part says
    last_parts = [cell.rpartition(": ")[2] for cell in cells]
    found = recognise(list(dict.fromkeys(last_parts)), {})
    named = sum(squashed(cell) in wanted for cell in cells)
    plain = sum(values.population(heading, {}) is None for heading in found.values())
    if len(cells) > 1 and not plain + named:
        return 0
    return len(found) + named


def _is_first(rows: Sequence[Sequence[str]], at: int) -> bool:
    """Whether only titles stand above row *at*: single cells, where it has as many as most rows have."""
    filled = list(map(_filled, rows))
    usual = max(filled, key=filled.count, default=0)
    return at == 0 if usual < 2 else filled[at] > 1 and max(filled[:at], default=1) == 1


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_data(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of *rows* is like those below it: no heading is a website, a country or a company."""
    first, *below = rows
    fits = 0
    for at, cell in enumerate(first):
        cells = [text for row in below if len(row) > at and (text := row[at].strip())]
        kind = contents.kind_of(cells)
        if kind is None or not cell.strip():
            continue
        has_form = contents.FORMS.get(kind, contents.is_company)(cell.strip())
        if not has_form and kind != "name":
            return False
        fits += has_form
    return fits > 0
