"""What the parsing process says, held against a shape before anybody believes it: what it read may have taken it over.

Tables come as Parquet: a damaged one is an error, where a damaged Arrow file ends the process that reads it. A few
bytes of it can say a billion rows: no more are read than an honest process could have held in its *memory_mb*.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final, Literal, TypeVar, get_type_hints

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, create_model

from connectors.files.accounts import COLUMNS as ACCOUNT_COLUMNS
from connectors.files.accounts import Accounts
from connectors.files.answers import SCHEMA as ANSWERS
from connectors.files.answers import Answers
from connectors.files.cleaning import Cleaned
from connectors.files.headings import COLUMNS
from connectors.files.quarantine import SCHEMA
from connectors.files.reading import Reading
from connectors.files.source import ListRead
from overlap.model import OTHER, POPULATIONS, PartnerAccount, schema_of

ACCOUNTS: Final = {name: pl.Int64 if name == "headcount" else pl.String for name in ACCOUNT_COLUMNS}
_LONGEST: Final = 20_000
_MB: Final = 1_000_000
#: A cell of a table takes about so many bytes of memory at least, whatever is in it.
_CELL_BYTES: Final = 16
_Text = Annotated[str, StringConstraints(max_length=_LONGEST)]
Shape = TypeVar("Shape", bound=BaseModel)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class NonsenseError(Exception):
    """A reply that no reader of ours gives."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def _but_frames(kind: type) -> type[_Shape]:
    """Return the shape of *kind*, a dataclass of ours, but for its frames: those come as files."""
    shapes: dict[str, Any] = {name: (hint, ...) for name, hint in get_type_hints(kind).items() if hint != pl.DataFrame}
    return create_model(f"_{kind.__name__}", __base__=_Shape, **shapes)


class Refusal(_Shape):
    """Why there is no table: the file is ``held``, a setting is ``refused``, or there was no ``memory``."""

    held: _Text | None = None
    refused: _Text | None = None
    memory: bool = False


_LIST: Final = _but_frames(ListRead)
_ACCOUNTS: Final = _but_frames(Accounts)
_READING: Final = _but_frames(Reading)
_ANSWERS: Final = _but_frames(Answers)


class _Corrected(_Shape):
    corrected: Annotated[int, Field(ge=1)]


class _Cleaned(_Shape):
    rows: Annotated[int, Field(ge=0)]
    names: tuple[_Text, ...]


class _NamesNobody(_Shape):
    names_nobody: Literal[True]


class _NoReview(_Shape):
    no_review: Literal[True]


def refusal(reply: Any) -> Refusal | None:
    """Return what *reply* says of why there is no table, None if it says that there is one.

    Raises:
        NonsenseError: it says neither.
    """
    if not isinstance(reply, dict):
        raise NonsenseError("no object")
    return _shaped(Refusal, reply) if reply.keys() & Refusal.model_fields.keys() else None


def list_read(reply: Any, tables: Sequence[Path], partner: str, memory_mb: int) -> ListRead:
    """Return the list of *partner* that *reply* and the two *tables* describe.

    Raises:
        NonsenseError: a shape is wrong, the counts do not add up, or an id is missing or comes twice.
    """
    said: Any = _shaped(_LIST, reply)
    rows = _table(tables[0], schema_of(PartnerAccount), memory_mb)
    quarantine = _table(tables[1], SCHEMA, memory_mb)
    if said.rows_in != rows.height + quarantine.height + said.duplicates or said.duplicates < 0:
        raise NonsenseError("rows in are not rows out, quarantined and duplicates")
    if rows["id"].has_nulls() or not (rows["id"].slice(1) > rows["id"].head(-1)).all():
        raise NonsenseError("ids are not there once each, in order")
    known = rows["population"].is_in([*POPULATIONS, OTHER]).all(ignore_nulls=False)
    if rows["name"].has_nulls() or not known or (rows["partner"] != partner).any():
        raise NonsenseError("rows without name, population or partner")
    if not said.headings.keys() <= set(COLUMNS) or not set(said.headings.values()) <= set(said.titles):
        raise NonsenseError("headings that are none")
    return ListRead(**dict(said), rows=rows, quarantine=quarantine)


def reading(reply: Any) -> Reading:
    """Return how a list is read, as *reply* says.

    Raises:
        NonsenseError: a shape is wrong.
    """
    return Reading(**dict(_shaped(_READING, reply)))


def accounts(reply: Any, tables: Sequence[Path], memory_mb: int) -> Accounts:
    """Return the companies that *reply* and its table describe.

    Raises:
        NonsenseError: a shape is wrong, or an id or a name is missing, or an id comes twice.
    """
    said: Any = _shaped(_ACCOUNTS, reply)
    rows = _table(tables[0], ACCOUNTS, memory_mb)
    if (
        said.dropped < 0
        or rows.select("id", "name").null_count().sum_horizontal().item()
        or rows["id"].is_duplicated().any()
    ):
        raise NonsenseError("ids or names are not there once each")
    return Accounts(**dict(said), rows=rows)


def corrections(reply: Any, tables: Sequence[Path], target: Path, memory_mb: int) -> int:
    """Return how many rows *reply* says are corrected, and copy the list that came of it to *target*.

    Raises:
        NonsenseError: a shape is wrong, or there is no list.
    """
    said = _shaped(_Corrected, reply)
    target.write_bytes(_bytes(tables[0], memory_mb))
    return said.corrected


def cleaning(reply: Any, tables: Sequence[Path], memory_mb: int) -> Cleaned | None:
    """Return the list without erased persons that *reply* and its file describe; None if it named none of them.

    Raises:
        NonsenseError: a shape is wrong, or there is no list.
    """
    if isinstance(reply, dict) and "names_nobody" in reply:
        _shaped(_NamesNobody, reply)
        return None
    said = _shaped(_Cleaned, reply)
    return Cleaned(_bytes(tables[0], memory_mb), said.rows, frozenset(said.names))


def answers(reply: Any, tables: Sequence[Path], memory_mb: int) -> Answers | None:
    """Return the answers that *reply* and its table describe; None if the file is no review workbook.

    Raises:
        NonsenseError: a shape is wrong.
    """
    if isinstance(reply, dict) and "no_review" in reply:
        _shaped(_NoReview, reply)
        return None
    said: Any = _shaped(_ANSWERS, reply)
    rows = _table(tables[0], ANSWERS, memory_mb)
    return Answers(said.judged_by, rows.with_columns(pl.col(pl.String).str.replace_all(_CONTROL.pattern, "\ufffd")))


def _plain(said: Any) -> Any:
    """Return what was *said*, JSON, with its texts as a terminal may show them: they may quote the file."""
    if isinstance(said, str):
        return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", said)
    if isinstance(said, dict):
        return {_plain(name): _plain(value) for name, value in said.items()}
    return [_plain(one) for one in said] if isinstance(said, list) else said


def _shaped(shape: type[Shape], reply: Any) -> Shape:
    try:
        return shape.model_validate_json(json.dumps(_plain(reply)))  # a tuple of ours is a list in JSON
    except ValidationError as error:
        raise NonsenseError(str(error)) from error


def _opened(path: Path) -> BinaryIO:
    """Open *path* if it is a file, and no way to another one."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _bytes(path: Path, memory_mb: int) -> bytes:
    try:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > memory_mb * _MB:
                raise NonsenseError("a list that is larger than its memory")
            return file.read(size)
    except OSError as error:
        raise NonsenseError("no list") from error


def _table(path: Path, schema: Mapping[str, Any], memory_mb: int) -> pl.DataFrame:
    most_rows = memory_mb * _MB // (_CELL_BYTES * len(schema))
    try:
        with _opened(path) as file:
            if list(pl.read_parquet_schema(file).items()) != list(schema.items()):
                raise NonsenseError(f"another table {path.name}")
            file.seek(0)
            frame = pl.read_parquet(file, n_rows=most_rows + 1)
    except (OSError, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise NonsenseError(f"no table {path.name}") from error
    if frame.height > most_rows:
        raise NonsenseError(f"more rows in {path.name} than there is memory for")
    return frame
