"""Which heading of a list stands for which of our columns, and why.

The one thing to know is who wins: the settings, a person's corrections, what the last accepted list had, the tool that
wrote the file, aliases, and last what is in the columns. Content only ever speaks where a heading says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from connectors.files import contents
from connectors.files.headings import COLUMNS, is_known, recognise, squashed
from connectors.files.reader import Table
from connectors.files.reading import Heading, Known, Memory, Reading, Why
from connectors.files.signatures import Signed, signed

_SAMPLES: Final = 3
_SAMPLE_LENGTH: Final = 200
_MOST_NAMED: Final = 8
#: A heading with one of these speaks of somebody or something else than the company in the row.
_ELSEWHERE: Final = re.compile(
    r"parent|mutter|konzern|contact|kontakt|ansprech|owner|betreuer|partner|competitor|vendor|reseller|distribut|"
    r"linkedin|facebook|twitter|xing|crunchbase|logo|image|support|former|previous|ship|liefer|creat|modif|"
    r"^our |^your |^my |^unser|^ihr |second|other|alt\b",
    re.IGNORECASE,
)


def understand(table: Table, known: Known) -> Reading:
    """Return how *table* is read.

    Raises:
        ConfigError: a setting is for a column that is not ours, or names a heading that the table lacks.
    """
    ignored = set(map(squashed, known.memory.ignored))
    usable = [heading for heading in table.headings if squashed(heading) not in ignored]
    set_ = recognise(table.headings, dict.fromkeys(COLUMNS, "") | dict(known.settings))
    choice = _Choice(table, [heading for heading in usable if heading not in set_.values()] + list(set_.values()))
    choice.take(set_, "setting")
    choice.refuse(known.settings)
    choice.take(choice.present(known.memory.corrected), "corrected")
    choice.refuse(known.memory.corrected)
    choice.take(_remembered(choice, known.memory), "remembered")
    found = signed(table, known.names, known.own_names)
    if found is not None:
        choice.take(found.columns, "signature")
    if found is None or not found.is_two_sided:
        wrong = _by_alias(choice)
        _by_content(choice)
        _settle(choice, wrong)
    return _reading(choice, known, found)


class _Choice:
    """The headings chosen so far: the first who speaks for a column, or takes a heading, wins."""

    def __init__(self, table: Table, usable: Sequence[str]) -> None:
        self.table = table
        self.usable = usable
        self.columns: dict[str, str] = {}
        self.why: dict[str, Why] = {}
        self.refused: set[str] = set()
        self.notes: list[str] = []
        self._cells: dict[str, list[str]] = {}

    def take(self, columns: Mapping[str, str], why: Why) -> None:
        """Let each of *columns* stand as said, unless it or its heading is taken."""
        for column, heading in columns.items():
            if heading in self.left() and column not in self.columns and column not in self.refused:
                self.columns[column] = heading
                self.why[column] = why

    def refuse(self, columns: Mapping[str, str]) -> None:
        """Let nothing stand for those of *columns* whose heading is empty: somebody said so."""
        self.refused |= {column for column, heading in columns.items() if not heading} - set(self.columns)

    def left(self) -> list[str]:
        """Return the headings that stand for nothing yet."""
        return [heading for heading in self.usable if heading not in self.columns.values()]

    def present(self, columns: Mapping[str, str]) -> dict[str, str]:
        """Return those of *columns* whose heading the table has, as it spells it."""
        spelt = {squashed(heading): heading for heading in reversed(self.usable)}
        return {column: spelt[squashed(heading)] for column, heading in columns.items() if squashed(heading) in spelt}

    def cells(self, heading: str) -> list[str]:
        """Return some cells of a column."""
        if heading not in self._cells:
            self._cells[heading] = contents.sample(self.table.rows[heading])
        return self._cells[heading]


def _remembered(choice: _Choice, memory: Memory) -> dict[str, str]:
    """Return what the last accepted list had and this one has; not what its cells plainly speak against."""
    return {
        column: heading
        for column, heading in choice.present(memory.taken).items()
        if contents.contradiction(column, choice.cells(heading)) is None
        and (memory.why.get(column) != "content" or contents.column_like(choice.cells(heading)) in (column, None))
    }


def _by_alias(choice: _Choice) -> dict[str, tuple[str, str]]:
    """Take the headings that are known words, and return those whose cells plainly are something else.

    They stand for nothing; with each comes the column that it would have stood for, and what it holds.
    """
    told = dict.fromkeys((*choice.columns, *choice.refused), "")
    headings = choice.left()
    wrong: dict[str, tuple[str, str]] = {}
    while True:
        found = recognise(headings, told)
        now = {
            heading: (column, what)
            for column, heading in found.items()
            if (what := contents.contradiction(column, choice.cells(heading)))
        }
        if not now:
            break
        wrong |= now
        headings = [heading for heading in headings if heading not in wrong]
    choice.take(found, "alias")
    return wrong


def _settle(choice: _Choice, wrong: Mapping[str, tuple[str, str]]) -> None:
    """Say what is not read for what it holds; a name is read all the same if nothing else is one."""
    for heading, (column, what) in wrong.items():
        if column == "name" and "name" not in choice.columns:
            choice.take({column: heading}, "alias")
            choice.notes.append(f"'{heading}' is read as name although it holds {what}")
        else:
            choice.notes.append(f"'{heading}' holds {what}: it is not read as {column}")


def _by_content(choice: _Choice) -> None:
    """Take headings that say nothing for what is in them, if only one is like that."""
    alike: dict[str, list[str]] = {}
    for heading in choice.left():
        if not is_known(heading) and not _ELSEWHERE.search(heading):
            column = contents.column_like(choice.cells(heading))
            if column is not None and column not in choice.columns and column not in choice.refused:
                alike.setdefault(column, []).append(heading)
    for column, headings in alike.items():
        if len(headings) == 1:
            choice.take({column: headings[0]}, "content")
            choice.notes.append(f"'{headings[0]}' is read as {column} for what is in it")
        else:
            both = " and ".join(f"'{heading}'" for heading in headings)
            choice.notes.append(f"{both} look like {column}, so none is read as it; name one in the setting 'headings'")


def _reading(choice: _Choice, known: Known, found: Signed | None) -> Reading:
    columns = {column: choice.columns[column] for column in COLUMNS if column in choice.columns}
    of = {heading: column for column, heading in columns.items()}
    headings = tuple(
        Heading(name, of.get(name), choice.why[of[name]] if name in of else None, _samples(choice.table, name))
        for name in choice.table.headings
    )
    signature = found.signature if found else None
    side = ": only the columns of the partner's side count" if found and found.is_two_sided else ""
    said = (f"read as {signature.name}{side}",) if signature else ()
    return Reading(
        columns=columns,
        headings=headings,
        differences=_differences(choice, known),
        notes=(*said, *choice.notes, *_news(choice, known.memory)),
        signature=signature.name if signature else None,
        open_deal=_tick(choice.table, signature.open_deal) if signature else None,
        names_populations=signature is not None and signature.names_populations,
    )


def _tick(table: Table, wanted: str | None) -> str | None:
    return next((heading for heading in table.headings if wanted and squashed(heading) == squashed(wanted)), None)


def _samples(table: Table, heading: str) -> tuple[str, ...]:
    shown = (cell.strip()[:_SAMPLE_LENGTH] for cell in table.rows[heading].head(200) if cell is not None)
    return tuple(dict.fromkeys(filter(None, shown)))[:_SAMPLES]


def _differences(choice: _Choice, known: Known) -> tuple[str, ...]:
    """Say where a heading that was read before is gone, or is not what it was."""
    memory, said = known.memory, []
    wanted = {**memory.taken, **memory.corrected}
    present = choice.present(wanted)
    for column, heading in wanted.items():
        if not heading or column in known.settings or choice.columns.get(column) == present.get(column, ""):
            continue
        now = choice.columns.get(column)
        instead = f"; '{now}' would be read instead" if now else ""
        if column not in present:
            said.append(f"{column} was read from '{heading}', which is gone{instead}")
        elif column not in memory.corrected:
            said.append(f"{column} was read from '{heading}', which holds something else now{instead}")
    return tuple(said)


def _news(choice: _Choice, memory: Memory) -> tuple[str, ...]:
    """Say which headings are new since the last accepted list, and what is made of them."""
    if not memory.headings:
        return ()
    before = set(map(squashed, memory.headings))
    new = [heading for heading in choice.usable if squashed(heading) not in before]
    of = {heading: column for column, heading in choice.columns.items()}
    taken = tuple(f"the heading '{heading}' is new and is read as {of[heading]}" for heading in new if heading in of)
    unread = [f"'{heading}'" for heading in new if heading not in of]
    more = f" and {len(unread) - _MOST_NAMED} more" if len(unread) > _MOST_NAMED else ""
    return (*taken, f"new headings that are not used: {', '.join(unread[:_MOST_NAMED])}{more}") if unread else taken
