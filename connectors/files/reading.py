"""How a list is read: which heading stands for what, why, and what of that is remembered when the list is accepted.

The one thing to know: what a person said (`Memory.corrected`) and what merely was so (`Memory.taken`) are kept apart.
The first holds until the heading is gone, the second until a list is accepted that has it otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from connectors.files.headings import squashed

Why = Literal["setting", "corrected", "remembered", "signature", "alias", "content"]


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of a partner's lists.

    *headings* are those of the last accepted list, *taken* says which of them stood for which of our columns, and *why*
    at that time. *corrected* (column to heading) and *ignored* (headings) are what a person said.
    """

    headings: tuple[str, ...] = ()
    taken: Mapping[str, str] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)
    corrected: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Return the memory that became *said*, JSON."""
        values: dict[str, Any] = {name: tuple(one) if isinstance(one, list) else one for name, one in said.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before a list is opened: the partner's *settings* for headings, its *names*, ours, the *memory*."""

    settings: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    own_names: tuple[str, ...] = ()
    memory: Memory = field(default_factory=Memory)

    @property
    def headings(self) -> frozenset[str]:
        """Every heading that somebody named."""
        named = (*self.settings.values(), *self.memory.corrected.values(), *self.memory.headings)
        return frozenset(named) - {""}


@dataclass(frozen=True, slots=True)
class Heading:
    """One heading of a list: the *column* of ours that it stands for, if any, *why*, and the first *samples* of it."""

    heading: str
    column: str | None
    why: Why | None
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a table is read: *columns* (ours to theirs, ordered as `COLUMNS`) and all *headings* as the file has them.

    *differences* say where it does not fit what is remembered; *notes* are for a person. *signature* names the tool
    that wrote it; *open_deal* and *names_populations* are as `connectors.files.signatures.Signature` has them.
    """

    columns: Mapping[str, str]
    headings: tuple[Heading, ...]
    differences: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    signature: str | None = None
    open_deal: str | None = None
    names_populations: bool = False


def remembered(before: Memory, reading: Reading) -> Memory:
    """Return what is to be remembered when a list that was read as *reading* says is accepted; *before* is what was.

    What the settings say is in force as long as they say it, and is not remembered.
    """
    found = {one.column: one for one in reading.headings if one.column is not None}
    taken = {column: one for column, one in found.items() if one.why not in ("setting", "corrected")}
    return Memory(
        headings=tuple(one.heading for one in reading.headings),
        taken={column: one.heading for column, one in taken.items()},
        why={
            column: before.why.get(column, "alias") if one.why == "remembered" else str(one.why)
            for column, one in taken.items()
        },
        corrected={
            column: heading
            for column, heading in before.corrected.items()
            if not heading or (column in found and squashed(found[column].heading) == squashed(heading))
        },
        ignored=before.ignored,
    )
