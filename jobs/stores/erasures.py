"""The journal of erasures, and what the ledger itself forgets: texts of one partner or person, down to the free pages.

Everything that says where the rest lies stands in the ledger, so it is the last to forget; until then an erasure that
was cut short begins again from the start, and does what is left.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from jobs.stores import audit, baselines, schema
from jobs.stores.entries import State, dumped, parsed
from jobs.stores.ledger import Ledger, utc_now
from jobs.stores.outbox import KEYS_AT_ONCE
from jobs.stores.schema import slots
from overlap.erasing import BEST, redacted
from overlap.errors import TransientError
from overlap.fields import ACCOUNT, OPPORTUNITY

#: Fields of a row's images, changed; None drops none of them.
Kept = Callable[[str, Mapping[str, Any], str | None], Mapping[str, Any]]
_FLAT: Final = (ACCOUNT.name, OPPORTUNITY.name)
#: What the pin of the names that an erasure found begins with.
_NAMES: Final = "erasing:"
_BLANK: Final = {
    "label": "",
    "cause": "",
    "old": "{}",
    "new": "{}",
    "partner": None,
    "account_id": None,
    "landed": None,
}
#: Texts of the ledger in JSON, by table; `runs.summary` may repeat any error.
_TEXTS: Final = ((schema.plans, ("held", "notes")), (schema.runs, ("summary",)), (schema.audit, ("what",)))


def begin(ledger: Ledger, kind: str, subject: str, at: datetime) -> int:
    """Note that *subject* is being erased and return the number of that; one that was cut short goes on."""
    number = unfinished(ledger, kind, subject)
    if number is None:
        table = schema.erasures
        with ledger.engine.begin() as connection:
            row = insert(table).values(kind=kind, subject=subject, began_at=at).returning(table.c.id)
            number = int(connection.execute(row).scalar_one())
    return number


def unfinished(ledger: Ledger, kind: str, subject: str) -> int | None:
    """Return the number of the erasure of *subject* that is open; None: none is.

    *subject* is a mark where the ledger knows no more of it: it has forgotten already.
    """
    table = schema.erasures
    query = select(table.c.id).where(table.c.kind == kind, table.c.subject == subject, table.c.done_at.is_(None))
    with ledger.engine.connect() as connection:
        return connection.execute(query).scalar()


def ended_at(ledger: Ledger, kind: str, mark: str) -> datetime | None:
    """Return when the subject with this *mark* was erased, None if it was not."""
    table = schema.erasures
    query = select(func.max(table.c.done_at)).where(table.c.kind == kind, table.c.subject == mark)
    with ledger.engine.connect() as connection:
        found: datetime | None = connection.execute(query).scalar()
    return found


def keep_names(ledger: Ledger, number: int, names: Collection[str]) -> None:
    """Keep the *names* that were found of a person until erasure *number* is through."""
    ledger.pin(f"{_NAMES}{number}", json.dumps(sorted(names)))


def kept_names(ledger: Ledger, kind: str, subject: str) -> frozenset[str]:
    """Return the names that an erasure of *subject* found, which was cut short."""
    number = unfinished(ledger, kind, subject)
    return frozenset(json.loads(ledger.pinned(f"{_NAMES}{number}") or "[]"))


def drop_names(connection: Connection, number: int) -> None:
    """Forget the names that erasure *number* kept."""
    connection.execute(delete(schema.pins).where(schema.pins.c.name == f"{_NAMES}{number}"))


def may_rewrite(connection: Connection) -> None:
    """Let texts be overwritten in the transaction of *connection*, those of the audit too; `forgotten` ends it."""
    connection.exec_driver_sql("pragma secure_delete = on")
    audit.may_be_rewritten(connection)


def forgotten(connection: Connection, number: int, mark: str, line: Mapping[str, Any]) -> None:
    """Note in the audit, as *line*, that the ledger has forgotten; erasure *number* is known by its *mark* alone."""
    what = {**line["what"], "rewritten": audit.rewritten(connection)}
    audit.append(connection, line["who"], line["did"], what, line["at"])
    connection.execute(update(schema.erasures).where(schema.erasures.c.id == number).values(subject=mark))


def end(ledger: Ledger, number: int, path: Path, at: datetime) -> None:
    """Overwrite what the file's free pages still hold, and close erasure *number*.

    Raises:
        TransientError: another process reads the file.
    """
    ledger.engine.dispose()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("pragma secure_delete = on")
        connection.execute("vacuum")
        (is_busy, *_) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    if is_busy:
        raise TransientError(f"{path} is being read by another process; run the same command again when it has ended")
    with ledger.engine.begin() as transaction:
        row = update(schema.erasures).where(schema.erasures.c.id == number)
        transaction.execute(row.values(done_at=at))
    ledger.engine.dispose()


def blank_records(connection: Connection, places: Mapping[str, Collection[str]]) -> None:
    """Empty the rows of the outbox about the records *places*, keys by object.

    What stays is which record had which key, and how the row ended.
    """
    box = schema.outbox
    for name, keys in places.items():
        for some in _portions(sorted(keys)):
            ours = (box.c.object_name == name) & box.c.key.in_(some)
            connection.execute(update(box).where(ours, box.c.before.is_not(None)).values(before="{}"))
            connection.execute(update(box).where(ours, box.c.error.is_not(None)).values(error="erased"))
            connection.execute(update(box).where(ours).values(**_BLANK, closed=True))
            baselines.blank(connection, name, some)


def clean_images(connection: Connection, kept: Kept, objects: Collection[str] = _FLAT) -> None:
    """Let *kept* say what stays of each image of the rows of *objects*; it is told who was best by then, if known."""
    box = schema.outbox
    query = select(box, schema.plans.c.crm).join(schema.plans).where(box.c.object_name.in_(objects)).order_by(box.c.seq)
    best: dict[tuple[str, str, str], str | None] = {}
    for row in connection.execute(query).all():
        place = (row.crm, row.object_name, row.key)
        values = {}
        for image in ("old", "before", "new", "landed"):
            said = parsed(row.object_name, getattr(row, image) or "{}")
            left = kept(row.object_name, said, said.get(BEST, best.get(place)))
            if left != said:
                values[image] = dumped(left)
            if image == "new" and row.state == State.ACKNOWLEDGED and BEST in said:
                best[place] = said[BEST]
        if values:
            connection.execute(update(box).where(box.c.seq == row.seq).values(values))
    baselines.clean(connection, kept, objects)


def clean_texts(
    connection: Connection,
    is_told: Callable[[str], bool],
    instead: Callable[[str], str],
    crms: Collection[str] = (),
) -> None:
    """Put *instead* into the place of every text of plans, runs and the audit that *is_told* is to go.

    What is just the name of one of *crms* stays: that is no partner, though it may be called the same.
    """
    for table, columns in _TEXTS:
        for row in connection.execute(select(table.c.id, *(table.c[name] for name in columns))).all():
            values = dict(_cleaned(row, columns, lambda said: redacted(said, is_told, instead, crms)))
            if values:
                connection.execute(update(table).where(table.c.id == row.id).values(values))
    box = schema.outbox
    for seq, label, error, cause in connection.execute(select(box.c.seq, box.c.label, box.c.error, box.c.cause)).all():
        texts = {"label": label, "error": error, "cause": cause}
        told = {name: "erased" for name, text in texts.items() if text and is_told(text)}
        if told:
            connection.execute(update(box).where(box.c.seq == seq).values(told))
    sent = schema.messages
    for number, title, error in connection.execute(select(sent.c.id, sent.c.title, sent.c.error)).all():
        told = {name: "erased" for name, text in (("title", title), ("error", error)) if text and is_told(text)}
        if told:
            connection.execute(update(sent).where(sent.c.id == number).values(told))
    connection.execute(update(schema.plans).values(drift="[]"))  # only ever shown, and full of values
    connection.execute(update(slots).values(said=None))  # the same


def _cleaned(row: Row[Any], columns: Collection[str], left_of: Callable[[Any], Any]) -> Iterator[tuple[str, str]]:
    for name in columns:
        text = getattr(row, name)
        if text:
            said = json.loads(text)
            if name == "summary":
                said.pop("error", None)  # it may repeat a line of a list, and nobody can tell whose
            left = json.dumps(left_of(said))
            if left != text:
                yield name, left


def drop_reports(connection: Connection, partner: str) -> None:
    """Drop what pulls told of the lists of *partner*: notes on a list may repeat a cell of it."""
    runs = schema.runs
    for row in connection.execute(select(runs.c.id, runs.c.summary).where(runs.c.verb == "pull")).all():
        said = json.loads(row.summary or "{}")
        left = [one for one in said.get("lists", ()) if one["partner"] != partner]
        if left != said.get("lists", []):
            summary = json.dumps(said | {"lists": left})
            connection.execute(update(runs).where(runs.c.id == row.id).values(summary=summary))


def drop_planned(connection: Connection) -> None:
    """Drop what was planned and never set off, messages too: it is out of date now, and says whom it is about."""
    connection.execute(delete(schema.outbox).where(schema.outbox.c.state == State.PLANNED))
    told = schema.messages
    connection.execute(delete(told).where(told.c.settled_at.is_(None), told.c.state == "pending"))
    # What is wrong still is told anew, now that what told of it may be gone.
    connection.execute(update(schema.alerts).where(schema.alerts.c.ended_at.is_(None)).values(ended_at=utc_now()))
    left = {"content": "", "told": ""}
    connection.execute(update(told).where(told.c.settled_at.is_(None)).values(left))


def _portions(keys: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(keys), KEYS_AT_ONCE):
        yield keys[start : start + KEYS_AT_ONCE]
