"""Erase one person: the address, and the name that stands beside it, wherever we hold them.

Lists stay, but for these cells: their bytes become others, under another sha256. A hash of the address stays too, so
that no later list brings the person back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, delete, func, select, update

from connectors import base
from jobs.context import Context, recorded
from jobs.erasing import erased_files, erased_records, stop_list
from jobs.erasing.traces import Traces, find
from jobs.steps import step
from jobs.stores import erasures, lists, releases, schema, snapshot
from jobs.stores.lock import workspace_lock
from overlap.erasing import Person, is_address, mark_of
from overlap.errors import ConfigError
from overlap.fields import BY_NAME, OBJECTS, PARTNER

_KIND: Final = "person"
#: Columns of a run's frames that hold a name, by the one that holds the address beside it.
_BESIDE: Final = {"owner_email": "owner_name", "theirs_owner_email": "theirs_owner_name", "email": "name"}
#: Where somebody of ours is named by what they did.
_DOERS: Final = (
    *((schema.audit, "who"), (schema.plans, "approved_by"), (schema.lists, "approved_by")),
    (schema.messages, "recipient"),
)


@dataclass(frozen=True, slots=True)
class PersonErasure:
    """Where a person was found: *records* that change, by CRM; *lists* as (partner, old sha256, new sha256 or "").

    *files* came in and are rewritten, *quarantine* files go, *frames* of the last run count rows. *users*: a CRM has a
    user with this address, and the next pull reads it again. *named* are files of people that still have the address,
    *released* those that went out to partners with it, *unread* lists that could not be read. *unreached* are CRMs that
    the workspace once had, and the settings do not name any more.
    """

    mark: str
    records: Mapping[str, int] = field(default_factory=dict)
    lists: tuple[tuple[str, str, str], ...] = ()
    files: tuple[str, ...] = ()
    quarantine: tuple[str, ...] = ()
    frames: Mapping[str, int] = field(default_factory=dict)
    users: bool = False
    named: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    released: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the person was found anywhere."""
        files = (self.lists, self.files, self.quarantine, self.named, self.released)
        return any((sum(self.records.values()), self.frames, *files))


def erase_person(context: Context, address: str, preview: bool = False) -> PersonErasure:
    """Erase the person with the e-mail *address* and return where it was; a *preview* only looks.

    Raises:
        ConfigError: that is no address.
        TransientError: a CRM does not answer, or something is on its way to it; the same command goes on.
        GuardError: a CRM refused some records.
    """
    address = address.strip().lower()
    if not is_address(address):
        raise ConfigError(f"'{address}' is no e-mail address; write the person's, as a list has it")
    workspace = context.workspace
    mark = mark_of(workspace.settings.workspace.id, address)
    number = erasures.unfinished(context.ledger, _KIND, mark)
    if number is not None:
        if not preview:
            erasures.end(context.ledger, number, workspace.ledger_file, context.now)
        return PersonErasure(mark)
    if preview:
        traces, person = _named(context, address)
        return _found(
            context, traces, person, mark, {crm: _told(context, crm, person) for crm in workspace.settings.crm}
        )
    for crm in workspace.settings.crm:
        erased_records.require_quiet(context, crm)
    with recorded(context, "erase") as (run_id, summary), workspace_lock(workspace.lock_file):
        number = erasures.begin(context.ledger, _KIND, address, context.now)
        stop_list.add(context.ledger, mark, context.now)
        step("erase: begun")
        traces, person = _named(context, address)
        # Before anything is emptied: a second try would not find the names any more.
        erasures.keep_names(context.ledger, number, person.names)
        step("erase: names are kept")
        report = _erase(context, traces, person, run_id, number)
        summary |= {"person": mark, "records": sum(report.records.values()), "lists": len(report.lists)}
    return report


def _named(context: Context, address: str) -> tuple[Traces, Person]:
    traces = find(context, address)
    kept = erasures.kept_names(context.ledger, _KIND, address)
    return traces, Person(address, traces.names | _names_in_ledger(context, address) | kept)


def _erase(context: Context, traces: Traces, person: Person, run_id: int, number: int) -> PersonErasure:
    workspace, mark = context.workspace, mark_of(context.workspace.settings.workspace.id, person.address)
    records = {crm: erased_records.write(context, crm, *_asked(context, crm, person)) for crm in workspace.settings.crm}
    found = _found(context, traces, person, mark, records)
    for path, before, clean in traces.sent:
        stop_list.replace(path, before, clean.content)
        lists.follow_origin(context.ledger, path.name, before, lists.name_of(clean.content))
    for list_id, path, name, clean in traces.accepted:
        lists.rewrite(context.ledger, list_id, name, clean.content, path.parent)
    lists.drop_unknown(context.ledger, workspace.lists)
    erased_files.publish_without(context, run_id, lambda _, frame: _rewritten(frame, person)[0])
    erased_files.forget_made(context, words=False)
    erased_files.delete(workspace.folder / name for name in found.quarantine)
    step("erase: files are gone")
    with context.ledger.engine.begin() as connection:
        _forget(connection, person, mark)
        erasures.drop_names(connection, number)
        what = {"person": mark, "records": records, "lists": found.lists, "rows": dict(found.frames)}
        what |= {"unreached": found.unreached} if found.unreached else {}
        line = {"at": context.now, "who": context.who, "did": "erased person", "what": what}
        erasures.forgotten(connection, number, mark, line)
    step("erase: ledger has forgotten")
    erasures.end(context.ledger, number, workspace.ledger_file, context.now)
    step("erase: ended")
    return found


def _names_in_ledger(context: Context, address: str) -> frozenset[str]:
    """Return the names that stand beside *address* in what we wrote."""
    box, names = schema.outbox, set()
    with context.ledger.engine.connect() as connection:
        for images in connection.execute(select(box.c.old, box.c.new).where(box.c.object_name == "partner_overlap")):
            for said in map(json.loads, images):
                if (said.get("partner_owner_email") or "").lower() == address and said.get("partner_owner_name"):
                    names.add(said["partner_owner_name"])
    return frozenset(names)


def _asked(context: Context, crm: str, person: Person) -> tuple[Any, erased_records.Emptied]:
    places = _places(context, crm, person)

    def where(connection: base.Connection) -> erased_records.Places:
        del connection
        return places

    return where, lambda name, now: person.emptied(name, now, context.today)


def _told(context: Context, crm: str, person: Person) -> int:
    return len(erased_records.told(context, crm, *_asked(context, crm, person)))


def _places(context: Context, crm: str, person: Person) -> dict[str, set[str]]:
    """Return the keys of the records of *crm* that may name the person: those we wrote, and those we read."""
    objects = [thing.name for thing in OBJECTS if thing is not PARTNER]
    found: dict[str, set[str]] = {name: set() for name in objects}
    box, plans = schema.outbox, schema.plans
    query = select(box.c.object_name, box.c.key, box.c.old, box.c.new).join(plans).where(plans.c.crm == crm)
    with context.ledger.engine.connect() as connection:
        for name, key, *images in connection.execute(query):
            if name in found and any(person.is_in(image) for image in images):
                found[name].add(key)
    published = context.ledger.pinned("published_run")
    before = snapshot.former(context.workspace.runs, published, *(f"record_{name}" for name in objects))
    for name, frame in zip(objects, before[1] if before else (), strict=False):
        for row in frame.filter(pl.col("crm") == crm).iter_rows(named=True):
            key = row[BY_NAME[name].key or "id"]
            if key is not None and any(isinstance(value, str) and person.is_in(value) for value in row.values()):
                found[name].add(key)
    return found


def _found(context: Context, traces: Traces, person: Person, mark: str, records: Mapping[str, int]) -> PersonErasure:
    workspace = context.workspace
    table, published = schema.lists, context.ledger.pinned("published_run")
    with context.ledger.engine.connect() as connection:
        partners = dict(connection.execute(select(table.c.id, table.c.partner)).all())
    frames = {}
    if published is not None and snapshot.exists(workspace.runs, published):
        for name in snapshot.manifest(workspace.runs, published)["files"]:
            (frame,) = snapshot.read(workspace.runs, published, Path(name).stem)
            frames[Path(name).stem] = _rewritten(frame, person)[1]
    bad = [path for path in sorted(workspace.quarantine.glob("*")) if person.is_in(path.read_text("utf-8", "replace"))]
    sent = {path for path, *_ in traces.sent}
    named = erased_files.still_named_in(workspace, {person.address})
    return PersonErasure(
        mark=mark,
        records=records,
        lists=tuple(
            (partners[list_id], path.stem, lists.name_of(clean.content)) for list_id, path, _, clean in traces.accepted
        ),
        files=tuple(str(path.relative_to(workspace.folder)) for path in sorted(sent)),
        quarantine=tuple(str(path.relative_to(workspace.folder)) for path in bad),
        frames={name: rows for name, rows in frames.items() if rows},
        users=frames.get("users", 0) > 0,
        named=tuple(name for name in named if workspace.folder / name not in sent),
        unread=traces.unread,
        released=tuple(sorted({*releases.files_with(context.ledger, person.is_in), *_shared(context, person)})),
        unreached=erased_records.unreached(context),
    )


def _shared(context: Context, person: Person) -> list[str]:
    """Return the files among those that went out in which the address stands as plain text."""
    return erased_files.named_in(context.workspace, context.workspace.shared, {person.address})


def _rewritten(frame: pl.DataFrame, person: Person) -> tuple[pl.DataFrame, int]:
    """Return *frame* without the person, and in how many rows it was named."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    is_in = partial(_is_in, person)
    named = pl.Series([False] * frame.height, dtype=pl.Boolean)
    for name in texts:
        named |= is_in(frame[name])
    if not named.any():
        return frame, 0
    for address, name in _BESIDE.items():
        if address in frame.columns and name in frame.columns:
            empty = pl.lit("Erased") if address == "email" else pl.lit(None, pl.String)
            theirs = pl.col(address).str.to_lowercase() == person.address
            frame = frame.with_columns(
                pl.when(theirs).then(empty).otherwise(pl.col(name)).alias(name),
                pl.when(theirs).then(None).otherwise(pl.col(address)).alias(address),
            )
    for name in texts:
        without = person.without if name in ("claim", "evidence") else person.without_address
        hits = named if name in ("claim", "evidence") else is_in(frame[name])
        cells = [without(text) if hit and text else text for hit, text in zip(hits, frame[name], strict=True)]
        frame = frame.with_columns(pl.Series(name, cells, pl.String)) if hits.any() else frame
    return frame, int(named.sum())


def _is_in(person: Person, texts: pl.Series) -> pl.Series:
    maybe = texts.str.to_lowercase().str.contains(person.address, literal=True).fill_null(False)
    return pl.Series([hit and person.is_in(text) for hit, text in zip(maybe, texts, strict=True)], dtype=pl.Boolean)


def _forget(connection: Connection, person: Person, mark: str) -> None:
    """Let the ledger forget the person, in the transaction of *connection*."""
    erasures.may_rewrite(connection)
    erasures.drop_planned(connection)
    erasures.clean_images(connection, lambda _, values, __: person.left_of(values), [thing.name for thing in OBJECTS])
    erasures.clean_texts(connection, person.is_in, lambda _: "erased")
    releases.forget_rows(connection, person.is_in)
    connection.execute(delete(schema.told).where(schema.told.c.reader.endswith(person.address, autoescape=True)))
    for table, column in (*_DOERS, (schema.judgements, "judged_by")):
        doer = table.c[column]
        connection.execute(update(table).where(func.lower(doer) == person.address).values({column: mark}))
