"""What of ours may go to one partner: the table ``[partners.NAME.share]``. Without it, nothing does."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from config.profiles import ExclusionSettings
from overlap.shareable import ANY, CELLS, FIELDS

_CELL: Final = re.compile(r"our (?P<ours>\S.*?) x their (?P<theirs>\S.*)")
LevelName = Literal["hidden", "overlapping", "all"]


def sides(cell: str) -> tuple[str, str]:
    """Return our population and theirs of *cell*, as in ``our Customers x their Prospects``; ``*`` is any.

    Raises:
        ValueError: it is no cell, or names a population that there is not; the message says what to write.
    """
    read = _CELL.fullmatch(cell)
    if read is None:
        raise ValueError(f"'{cell}' is no cell; write it like 'our Customers x their Prospects'")
    for name in read.groups():
        if name not in (*CELLS, ANY):
            raise ValueError(f"'{cell}': there is no population '{name}' in the matrix; {_near(name, (*CELLS, ANY))}")
    return read["ours"], read["theirs"]


def _good_cells(cells: dict[str, LevelName]) -> dict[str, LevelName]:
    read = {sides(cell): level for cell, level in cells.items()}
    for (ours, theirs), level in read.items():
        if level != "all":
            continue
        if ours == ANY or theirs != ANY:
            raise ValueError(
                "'all' shares every account of one population of yours, whether the partner has it or not: "
                "write it as in 'our Customers x their *', one line for each population"
            )
        for other in _contradicting(ours, read):
            raise ValueError(
                f"all of your {ours} are shared, and 'our {other[0]} x their {other[1]}' hides some of them, which the "
                f"partner would miss; write 'overlapping' instead of 'all', or name what may not go out under 'never'"
            )
    return cells


def _contradicting(ours: str, read: dict[tuple[str, str], LevelName]) -> Iterator[tuple[str, str]]:
    yield from (cell for cell, level in read.items() if level == "hidden" and cell[0] in (ours, ANY) and cell[1] != ANY)


def _good_fields(fields: tuple[str, ...]) -> tuple[str, ...]:
    for name in fields:
        if name not in FIELDS:
            raise ValueError(f"'{name}' is no field that can be shared; {_near(name, FIELDS)}")
    return fields


def _near(wanted: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(wanted, known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


class ShareSettings(BaseModel):
    """What one partner may see. *cells* name a population of ours and one of theirs; what is not named is hidden.

    *fields* are those of ours that go out, *never* takes accounts that do not, whatever the cells say. *expires* is the
    last day on which it holds, *agreement* says for people what allows it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cells: Annotated[dict[str, LevelName], AfterValidator(_good_cells)] = {}
    fields: Annotated[tuple[str, ...], AfterValidator(_good_fields)] = ("name",)
    never: ExclusionSettings | None = None
    expires: date | None = None
    agreement: str | None = None

    @model_validator(mode="after")
    def _names_what_only_we_have(self) -> Self:
        if "all" in self.cells.values() and "name" not in self.fields:
            raise ValueError("of accounts that the partner does not have, nothing would be told; add 'name' to fields")
        return self
