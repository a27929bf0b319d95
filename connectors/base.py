"""What every connector promises. Structural: a connector inherits nothing, it just has these methods.

A connector knows no ledger and no workspace: what it needs is handed in, what it did is handed back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import polars as pl

    from overlap.fields import CrmObject


class KeptToken(Protocol):
    """The place of one refresh token, while nobody else can reach it. What is kept is opaque to it."""

    def read(self) -> str | None:
        """Return what was written last; None if nothing was."""
        ...

    def write(self, token: str) -> None:
        """Keep *token* in the place of the one before. When this returns, a power cut loses neither."""
        ...

    def forget(self) -> None:
        """Keep nothing here any more."""
        ...


class TokenStore(Protocol):
    """Where refresh tokens live between runs, each under the name of its connection."""

    def ready(self) -> None:
        """Make sure that a token could be kept, before anybody is asked for one.

        Raises:
            ConfigError: it could not.
        """
        ...

    def locked(self, name: str) -> AbstractContextManager[KeptToken]:
        """Wait until no other process holds the token of *name*, and hold it: from here on, keeping it needs no secret.

        Raises:
            ConfigError: a token could not be kept.
        """
        ...


@dataclass(frozen=True, slots=True)
class Vault:
    """Where a connector gets its secrets. *secret* resolves a reference; *tokens* None means that none are kept."""

    secret: Callable[[str], str]
    tokens: TokenStore | None = None


@dataclass(frozen=True, slots=True)
class Browser:
    """A person's browser. *visit* has it open an address and returns the one that it is led to, at *redirect_uri*."""

    redirect_uri: str
    visit: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of one stream.

    *stream* is ``accounts``, ``opportunities``, ``users``, ``opportunity_partners``, ``partner_accounts`` (columns of
    the noun in `overlap.model`), or ``record:<object>`` for what the CRM says now in fields of ours: columns ``crm``,
    ``id`` and every E and H field of that object in `overlap.fields`. *deleted* are ids that the source says are gone;
    *merged* says of some of them which record of the stream took their place.
    """

    stream: str
    rows: pl.DataFrame
    deleted: tuple[str, ...] = ()
    merged: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Something that accounts are read from."""

    def now(self) -> datetime:
        """Return the source's own time, UTC: the only clock that a watermark may be taken from."""
        ...

    def outline(self) -> Mapping[str, str]:
        """Return what a read will bring, in words to hold against those of the run before.

        A key ``<stream>.<column>`` says which field fills the column, and its type; a key ``<stream>`` which rows
        come at all.
        """
        ...

    def pages(self, since: datetime | None, until: datetime, known: datetime | None = None) -> Iterator[Page]:
        """Yield what changed in [*since*, *until*], deletions included; *since* None means everything.

        *known* is the time up to which the rows that the caller has were read, by default *since*: what is not to be
        read any more since then is named as deleted, also when everything is read again and simply lacks it.

        A row may come twice: land it by id. Rows come whole, never as differences. What is cut short may be kept, so
        that the next call with the same *since* need not begin again.
        """
        ...

    def ids(self) -> Iterator[tuple[str, pl.Series]]:
        """Yield (stream, every id visible now): the complete sweep that finds what changed rows cannot show.

        A stream may come in several pieces.
        """
        ...

    def links(self, ids: Mapping[str, pl.Series]) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Yield (stream, column, ``id`` and ``end``) of what rows *ids*, by stream, lead to now.

        Only columns that may change without the row being a changed one, as the links of some CRMs do.
        """
        ...

    def rows(self, stream: str, ids: Sequence[str], until: datetime) -> Iterator[Page]:
        """Yield the rows *ids* of *stream* as they are now, but for those that changed after *until*."""
        ...

    def unreadable(self) -> tuple[str, ...]:
        """Return the fields that `pages` has to leave empty, as ``Object.Field``: missing, or hidden."""
        ...

    def landed(self) -> None:
        """Hear that everything of the last `pages` is safe: what was kept for a restart may go."""
        ...


@dataclass(frozen=True, slots=True)
class Write:
    """One intended change. *values* are E fields by their name in `overlap.fields`; None clears.

    *record_id* addresses the record by the CRM's own id; without it, it is upserted by *key*. A lookup to an object
    of ours holds that record's key, a lookup to the CRM's own its id.
    """

    key: str
    record_id: str | None
    values: Mapping[str, Any]


class Remedy(StrEnum):
    """What to do about a refusal, the mildest first: of two errors of one record the later one counts."""

    RETRY = "retry"  # passes by itself: the same write may succeed later
    PERHAPS = "perhaps"  # may pass by itself, and may not: try it some times, then reject the record
    SPLIT = "split"  # too much at once: the same write may succeed in smaller company
    REJECT = "reject"  # this record is bad: journal it, go on
    GONE = "gone"  # there is no such record any more
    HOLD = "hold"  # permission or setup: a person must look before more is sent
    STOP = "stop"  # the org takes nothing more: limits, storage
    UNKNOWN = "unknown"  # nobody has said what to do: reject the record, and stop


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the CRM said of one `Write`. *error* and *remedy* are None where it took the write.

    *partly*: it is refused, and other fields of it may have been taken, or a link may have lost its former end.
    *landed* are those that were taken for sure.
    """

    key: str
    record_id: str | None
    created: bool = False
    error: str | None = None
    remedy: Remedy | None = None
    partly: bool = False
    landed: tuple[str, ...] = ()

    @property
    def retry(self) -> bool:
        """The same write may succeed later."""
        return self.remedy in (Remedy.RETRY, Remedy.PERHAPS, Remedy.SPLIT)

    @property
    def gone(self) -> bool:
        """There is no such record any more."""
        return self.remedy is Remedy.GONE


@dataclass(frozen=True, slots=True)
class Load:
    """The writes of one bulk job, as they travel: *by_key* upserts, otherwise updates by id."""

    object_name: str
    by_key: bool
    writes: tuple[Write, ...]
    content: bytes


class Progress(StrEnum):
    """Where a bulk job stands."""

    OPEN = "open"  # the CRM will do nothing until it is closed
    WORKING = "working"
    DONE = "done"  # every record has a receipt
    FAILED = "failed"  # ended early: some records may have been written, the others were not
    ABORTED = "aborted"
    UNKNOWN = "unknown"  # the CRM has no such job: it keeps old ones for a week, and a young one may be at work


@dataclass(frozen=True, slots=True)
class JobState:
    """What the CRM says of a bulk job. *processed* counts its records so far, *reason* says why it failed.

    *begun* is False of a job that was ended before the CRM began with it.
    """

    progress: Progress
    processed: int = 0
    reason: str = ""
    begun: bool = True


class Bulk(Protocol):
    """Writes by the job, for many records of one object. Nothing is written before `close`."""

    #: From how many records on a job is cheaper than calls of `Sink.send`.
    least: int
    #: API calls that a job takes, one look at how it stands included.
    calls: int

    def loads(self, object_name: str, writes: Sequence[Write]) -> tuple[list[Load], list[Receipt]]:
        """Return *writes* as loads in their order, and receipts of those that do not fit into their fields."""
        ...

    def open(self, load: Load) -> str:
        """Open a job for *load* and return its id."""
        ...

    def upload(self, job_id: str, load: Load) -> None:
        """Bring *load* to its job; it can be done once."""
        ...

    def close(self, job_id: str) -> None:
        """Let the CRM begin. After a TransientError it may have begun: ask `state`."""
        ...

    def state(self, job_id: str) -> JobState:
        """Return where the job stands.

        Raises:
            TransientError: the CRM does not say, or says something that nobody knows: it may be at work.
        """
        ...

    def abort(self, job_id: str) -> JobState:
        """End a job that is open, and return where it stands: one that works already goes on."""
        ...

    def receipts(self, job_id: str, object_name: str, writes: Sequence[Write]) -> list[Receipt | None]:
        """Return what became of *writes* in a job that has ended, in their order; None: it does not say, read it back.

        A write that was not in the job has none either.
        """
        ...


class Sink(Protocol):
    """Something that records are written to."""

    #: Records that one `send` takes at most.
    batch_size: int
    #: The way for many records; None where the CRM has none.
    bulk: Bulk | None
    #: Whether a record's links are changed after its other fields, in calls of their own; else it is written whole.
    links_apart: bool

    def current(self, object_name: str, keys: Sequence[str], record_ids: Sequence[str] = ()) -> pl.DataFrame:
        """Return what the CRM says now of the records with these *keys* or *record_ids*.

        Columns: ``id`` and every E and H field of the object; a key that the CRM does not know has no row.
        """
        ...

    def deleted(self, object_name: str, keys: Sequence[str]) -> Mapping[str, str]:
        """Return the ids of deleted records that have one of these *keys*, by key, while the CRM remembers them."""
        ...

    def send(self, object_name: str, batch: Sequence[Write]) -> list[Receipt]:
        """Write *batch* and return one receipt per write, in its order.

        Raises:
            TransientError: it is not known whether the CRM took the batch: read back before sending again.
            AccessError: the CRM took nothing and will not.
        """
        ...

    def looks(self, object_name: str, by_key: int, by_id: int) -> int:
        """Return how many API calls it takes at most to look at so many records, by key and by id."""
        ...

    def calls(self, object_name: str, by_key: int, by_id: int) -> int:
        """Return how many API calls it takes at most to look at and write so many records, if nothing goes wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `overlap check`: what was looked at, whether it is well, and else what to do."""

    ok: bool
    subject: str
    detail: str
    remedy: str = ""


class Connection(Protocol):
    """A signed-in CRM."""

    name: str
    org_id: str
    source: Source
    sink: Sink

    @property
    def holds(self) -> tuple[CrmObject, ...]:
        """The objects of `overlap.fields` that this CRM can hold, each with only the fields that it has."""
        ...

    def check(self) -> list[Finding]:
        """Look at everything that a run needs, and change nothing."""
        ...

    def close(self) -> None:
        """Let go of sockets."""
        ...

    def api_calls_left(self) -> tuple[int, int] | None:
        """Return (used, allowed) calls of the day as the CRM last said; None if it never did."""
        ...

    def api_calls_made(self) -> int:
        """Return how many calls this connection has made."""
        ...
