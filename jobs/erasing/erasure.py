"""Erase a partner: everything of it that we hold, in the CRM, in the workspace and in the ledger.

The ledger says where everything is, so it forgets last, in one transaction; until then an erasure that was cut short is
begun again from the start by the same command, and afterwards only the file's free pages are left to overwrite.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, delete, func, select

from connectors import base
from connectors.files.answers import REVIEWED
from jobs.context import Context, recorded
from jobs.erasing import erased_files, erased_records
from jobs.partners import arrivals
from jobs.partners.partner_names import files_of
from jobs.steps import step
from jobs.stores import erasures, releases, schema, snapshot
from jobs.stores.digest import digest
from jobs.stores.lock import workspace_lock
from overlap.erasing import BEST, LISTS, emptied_record, mark_of, mentions, without_partner
from overlap.errors import ConfigError
from overlap.fields import ACCOUNT, BY_NAME, INFLUENCE, OPPORTUNITY, OVERLAP, PARTNER
from overlap.keys import external_key

_KIND: Final = "partner"
_FLAT: Final = (ACCOUNT.name, OPPORTUNITY.name)
#: Kinds of pins that are named by a CRM, which may have the name of a partner.
_OF_CRMS: Final = ("org", "merged")
#: What of an audit line about the partner is no word of its own.
_PLAIN: Final = ("crm", "ours", "sha256", "verdict")


@dataclass(frozen=True, slots=True)
class PartnerErasure:
    """What goes, or went: *records* counts those that change, by CRM; *lists* are the sha256 of what it had sent.

    *files* lie in the workspace. *kept* are files that another partner's pattern fits too; *named* those of people in
    which the partner is still named as plain text. *models* were perhaps fitted with its verdicts: they hold numbers.
    *unreached* are CRMs that the workspace once had, and the settings do not name any more: what is there stays there.
    """

    partner: str
    mark: str
    records: Mapping[str, int] = field(default_factory=dict)
    lists: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    judgements: int = 0
    models: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger knows of a partner: every name that it had, its lists (sha256 and file name) and patterns."""

    key: str
    names: frozenset[str]
    lists: tuple[tuple[str, str], ...]
    patterns: frozenset[str]


def erase_partner(context: Context, key: str, preview: bool = False) -> PartnerErasure:
    """Erase partner *key* and return what went; a *preview* says what would go, and changes nothing.

    Raises:
        ConfigError: the settings still name it, or nothing is known of it.
        TransientError: a CRM does not answer, or something is on its way to it; the same command goes on.
        GuardError: a CRM refused some records.
    """
    workspace = context.workspace
    if key in workspace.settings.partners:
        raise ConfigError(
            f"{workspace.settings_files}: [partners.{key}] is still there, so the next pull would read its "
            f"lists again; take it out first, then erase"
        )
    mark = mark_of(workspace.settings.workspace.id, key)
    number = erasures.unfinished(context.ledger, _KIND, mark)
    if number is not None:
        if not preview:
            erasures.end(context.ledger, number, workspace.ledger_file, context.now)
        return PartnerErasure(key, mark)
    known = _known(context, key)
    if preview:
        return _found(context, known, mark)
    for crm in workspace.settings.crm:
        erased_records.require_quiet(context, crm)
    with recorded(context, "erase") as (run_id, summary), workspace_lock(workspace.lock_file):
        number = erasures.begin(context.ledger, _KIND, key, context.now)
        step("erase: begun")
        report = _erase(context, known, mark, run_id, number)
        summary |= {"partner": mark, "records": sum(report.records.values()), "lists": len(report.lists)}
    return report


def _erase(context: Context, known: _Known, mark: str, run_id: int, number: int) -> PartnerErasure:
    workspace = context.workspace
    found = _found(context, known, mark, written=True)
    erased_files.publish_without(context, run_id, partial(_frame_without, known.key))
    erased_files.forget_made(context, words=True)
    erased_files.delete(workspace.folder / name for name in found.files)
    step("erase: files are gone")
    with context.ledger.engine.begin() as connection:
        _forget(context, connection, known, mark)
        what = {"partner": mark, "records": dict(found.records), "lists": found.lists, "judgements": found.judgements}
        what |= {"unreached": found.unreached} if found.unreached else {}
        line = {"at": context.now, "who": context.who, "did": "erased partner", "what": what}
        erasures.forgotten(connection, number, mark, line)
    step("erase: ledger has forgotten")
    erasures.end(context.ledger, number, workspace.ledger_file, context.now)
    step("erase: ended")
    return found


def _known(context: Context, key: str) -> _Known:
    pins = context.ledger.pins("partner:")
    names = {name for name, of in context.ledger.pins("partner_name:").items() if of == key}
    table = schema.lists
    with context.ledger.engine.connect() as connection:
        rows = connection.execute(select(table).where(table.c.partner == key).order_by(table.c.id)).all()
    settings = [json.loads(row.settings) for row in rows]
    files = files_of(context.ledger, key)
    if key not in pins and not rows and files is None:
        mark = mark_of(context.workspace.settings.workspace.id, key)
        at = erasures.ended_at(context.ledger, _KIND, mark)
        if at is not None:
            zone = context.workspace.zone
            raise ConfigError(f"'{key}' was erased on {at.astimezone(zone):%Y-%m-%d}; there is nothing left of it")
        near = difflib.get_close_matches(key, set(pins) - set(context.workspace.settings.partners), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "'overlap status' shows the partners"
        raise ConfigError(f"nothing is known of a partner '{key}'; {hint}")
    names |= {said["name"] for said in settings if "name" in said} | ({pins[key]} if key in pins else set())
    return _Known(
        key=key,
        names=frozenset(names),
        lists=tuple((row.sha256, row.file_name) for row in rows),
        patterns=frozenset([files] if files else []) | {said["files"] for said in settings if "files" in said},
    )


def _found(context: Context, known: _Known, mark: str, written: bool = False) -> PartnerErasure:
    """Return what there is of the partner; with *written*, its records in the CRMs are emptied on the way."""
    workspace = context.workspace
    do = erased_records.write if written else lambda *asked: len(erased_records.told(*asked))
    records = {}
    for crm in workspace.settings.crm:
        places = _places(context, crm, known)
        emptied = _Emptied(context, known)
        records[crm] = do(context, crm, partial(_seen, emptied, places), emptied)
    table, said = schema.lists, schema.judgements
    with context.ledger.engine.connect() as connection:
        others = set(connection.execute(select(table.c.sha256).where(table.c.partner != known.key)).scalars())
        judged = connection.execute(select(func.count()).where(said.c.partner == known.key)).scalar_one()
    hashes = {sha256 for sha256, _ in known.lists}
    bytes_of = [path for path in sorted(workspace.lists.glob("*")) if path.stem.strip(".")[:64] in hashes - others]
    sent, kept = erased_files.sent_by(workspace, known.patterns, lambda path: digest(path) in hashes - others)
    files = [*bytes_of, *erased_files.quarantined(workspace, known.key), *sent]
    ours = (place / known.key for place in (workspace.shares, workspace.shared, workspace.briefs, workspace.reviews))
    reviewed = workspace.folder / "inbox" / REVIEWED / known.key
    of_it = (*ours, arrivals.fetched(workspace.folder, known.key), reviewed)
    files += [folder for folder in of_it if folder.is_dir()]
    words = {*known.names, f"[partners.{known.key}]", *hashes}
    named = erased_files.still_named_in(workspace, words) if words else []
    relative = [str(path.relative_to(workspace.folder)) for path in files]
    return PartnerErasure(
        partner=known.key,
        mark=mark,
        records=records,
        lists=tuple(sorted(hashes)),
        files=tuple(relative),
        kept=tuple(str(path.relative_to(workspace.folder)) for path in kept),
        judgements=judged,
        models=tuple(path.stem for path in sorted((workspace.folder / "models").glob("*.toml"))) if judged else (),
        named=tuple(name for name in named if name not in relative),
        unreached=erased_records.unreached(context),
    )


class _Emptied:
    """Says what a record must change; whether people confirmed influence of the partner is known once it was seen."""

    def __init__(self, context: Context, known: _Known) -> None:
        self._names, self._today = known.names, context.today
        self.is_confirmed = False

    def __call__(self, name: str, now: Mapping[str, Any]) -> dict[str, Any]:
        confirmed = now.get("status") == "Confirmed" if name == INFLUENCE.name else self.is_confirmed
        return emptied_record(name, now, self._names, self._today, confirmed)


def _seen(emptied: _Emptied, places: erased_records.Places, connection: base.Connection) -> erased_records.Places:
    """Look whether people confirmed any influence among *places*."""
    holds = {thing.name for thing in connection.holds}
    keys = sorted(places.get(INFLUENCE.name, ()))
    if keys and INFLUENCE.name in holds:
        emptied.is_confirmed = (connection.sink.current(INFLUENCE.name, keys)["status"] == "Confirmed").any()
    return places


def _places(context: Context, crm: str, known: _Known) -> dict[str, set[str]]:
    """Return the keys of the records of *crm* that may speak of the partner: those we wrote, and those we read."""
    partner_key = external_key(context.workspace.settings.workspace.id, known.key, "", "partner")
    found: dict[str, set[str]] = {PARTNER.name: {partner_key}, OVERLAP.name: set(), INFLUENCE.name: set()}
    found |= {name: set() for name in _FLAT}
    box, plans = schema.outbox, schema.plans
    query = (
        select(box.c.object_name, box.c.key, box.c.partner, box.c.old, box.c.new).join(plans).where(plans.c.crm == crm)
    )
    with context.ledger.engine.connect() as connection:
        for name, key, partner, *images in connection.execute(query):
            flat = name in _FLAT and any(_names_it(json.loads(image), known.names) for image in images)
            if flat or (partner == known.key and name not in _FLAT):
                found[name].add(key)
    published = context.ledger.pinned("published_run")
    records = [f"record_{name}" for name in found]
    before = snapshot.former(context.workspace.runs, published, *records)
    for name, frame in zip(found, before[1] if before else (), strict=False):
        for row in frame.filter(pl.col("crm") == crm).iter_rows(named=True):
            ours = row.get("partner") == partner_key if name not in _FLAT else _names_it(row, known.names)
            if ours and row[BY_NAME[name].key or "id"] is not None:
                found[name].add(row[BY_NAME[name].key or "id"])
    return found


def _names_it(values: Mapping[str, Any], names: Collection[str]) -> bool:
    listed = (name for one in LISTS for name in (values.get(one) or "").split(";"))
    return values.get(BEST) in names or not set(names).isdisjoint(listed)


def _frame_without(key: str, name: str, frame: pl.DataFrame) -> pl.DataFrame:
    del name
    return frame.filter(pl.col("partner") != key) if "partner" in frame.columns else frame


def _forget(context: Context, connection: Connection, known: _Known, mark: str) -> None:
    """Let the ledger forget the partner, but for hashes, in the transaction of *connection*."""
    erasures.may_rewrite(connection)
    box, pins = schema.outbox, schema.pins
    # What emptied the records too: after a restore, nothing else may know which ones they were.
    about = (box.c.partner == known.key) | (box.c.cause == erased_records.ERASED)
    keys = set(connection.execute(select(box.c.key).where(about)).scalars())
    keys.add(external_key(context.workspace.settings.workspace.id, known.key, "", "partner"))
    erasures.drop_planned(connection)
    records = (PARTNER.name, OVERLAP.name, INFLUENCE.name)
    erasures.blank_records(connection, dict.fromkeys(records, keys))
    erasures.clean_images(connection, lambda _, values, best: without_partner(values, known.names, best))
    says = mentions({known.key, *known.names, *(name for _, name in known.lists)})
    _clean_audit(connection, known.key, mark)
    erasures.drop_reports(connection, known.key)
    crms = {*erased_records.known_crms(connection), *context.workspace.settings.crm}
    erasures.clean_texts(connection, says, lambda text: mark if text == known.key else "erased", crms)
    releases.forget(connection, known.key, mark)
    for table in reversed(schema.metadata.sorted_tables):
        if "partner" in table.c and table is not box:  # lists, verdicts, and whatever else is kept by partner
            connection.execute(delete(table).where(table.c.partner == known.key))
    connection.execute(delete(schema.first_seen).where(schema.first_seen.c.key.in_(keys)))
    for name, value in connection.execute(select(pins.c.name, pins.c.value)).all():
        kind, _, rest = name.partition(":")
        if (rest == known.key and kind not in _OF_CRMS) or (kind == "partner_name" and value == known.key):
            connection.execute(delete(pins).where(pins.c.name == name))


def _clean_audit(connection: Connection, key: str, mark: str) -> None:
    """Let lines about the partner say who did what when, with its mark in the place of its key, and no words."""
    table = schema.audit
    for row in connection.execute(select(table)).all():
        what = json.loads(row.what)
        if what.get("partner") == key:
            left = {name: value for name, value in what.items() if name in _PLAIN} | {"partner": mark}
            connection.execute(table.update().where(table.c.id == row.id).values(what=json.dumps(left)))
