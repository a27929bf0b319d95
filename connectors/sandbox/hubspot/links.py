"""Associations as they are kept: each in both directions, with one or more types, some of which have a label.

Who gains or loses its primary company, its parent, a deal or a child is changed by that, and so is its time of change.
A label that is put on an association that exists changes neither record: no stamp tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.sandbox.hubspot.database import Database
from connectors.sandbox.hubspot.errors import HubSpotError, invalid
from connectors.sandbox.hubspot.schema import COMPANIES, DEALS, ObjectType
from connectors.sandbox.hubspot.tiers import TIERS
from connectors.sandbox.hubspot.writes import Author, Values, touch

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"
DEAL_TO_COMPANY, DEAL_TO_PRIMARY, PARENT_TO_CHILD, CHILD_TO_PARENT = 341, 5, 13, 14
#: What every portal has: type id, from, to, label, name, the id in the other direction.
#: Source: HubSpot's associations guide.
_STANDARD: Final = (
    (DEAL_TO_COMPANY, DEALS, COMPANIES, None, "deal_to_company", 342),
    (342, COMPANIES, DEALS, None, "company_to_deal", DEAL_TO_COMPANY),
    (DEAL_TO_PRIMARY, DEALS, COMPANIES, "Primary", "deal_to_primary_company", 6),
    (6, COMPANIES, DEALS, "Primary", "primary_company_to_deal", DEAL_TO_PRIMARY),
    (PARENT_TO_CHILD, COMPANIES, COMPANIES, "Child Company", "parent_to_child_company", CHILD_TO_PARENT),
    (CHILD_TO_PARENT, COMPANIES, COMPANIES, "Parent Company", "child_to_parent_company", PARENT_TO_CHILD),
    (450, COMPANIES, COMPANIES, None, "company_to_company", 450),
    (451, DEALS, DEALS, None, "deal_to_deal", 451),
)
#: Ids of labels start here.
_FIRST_LABEL: Final = 10_000
_COLUMNS: Final = "category, type_id, from_type, to_type, label, name, inverse"


@dataclass(frozen=True, slots=True)
class LinkType:
    """One direction of a type of association; *inverse* is its id in the other one."""

    category: str
    type_id: int
    from_type: str
    to_type: str
    label: str | None
    name: str
    inverse: int

    def shown(self) -> dict[str, object]:
        """Return it as the API shows it."""
        return {"category": self.category, "typeId": self.type_id, "label": self.label}


@dataclass(frozen=True, slots=True)
class Ends:
    """Two records, in the direction in which somebody looks."""

    kind: ObjectType
    record: int
    to_kind: ObjectType
    to_record: int

    def turned(self) -> Ends:
        """Return them in the other direction."""
        return Ends(self.to_kind, self.to_record, self.kind, self.record)

    @property
    def place(self) -> tuple[str, int, str, int]:
        """Their place in the table."""
        return self.kind.type_id, self.record, self.to_kind.type_id, self.to_record


def found_types(database: Database) -> None:
    """Give a new portal the types that HubSpot defines."""
    for type_id, start, end, label, name, inverse in _STANDARD:
        add_type(database, LinkType(HUBSPOT, type_id, start.type_id, end.type_id, label, name, inverse))


def add_type(database: Database, made: LinkType) -> None:
    """Keep a type of association, one direction of it."""
    values = (made.category, made.type_id, made.from_type, made.to_type, made.label, made.name, made.inverse)
    database.rows("insert into association_type values (?, ?, ?, ?, ?, ?, ?)", values)


def types(database: Database, start: ObjectType, end: ObjectType) -> list[LinkType]:
    """Return the types of association from *start* to *end*."""
    sql = f"select {_COLUMNS} from association_type where from_type = ? and to_type = ? order by category, type_id"
    return [LinkType(*row) for row in database.rows(sql, (start.type_id, end.type_id))]


def add_label(author: Author, kinds: tuple[ObjectType, ObjectType], name: str, said: tuple[str, str]) -> list[LinkType]:
    """Make a label called *name*; *said* are its words in both directions, the second empty if they are the same.

    Raises:
        HubSpotError: the tier has no labels, or no more of them; it is there.
    """
    database, (kind, end), (text, inverse) = author.database, kinds, said
    most = TIERS[database.setting("tier")].labels
    there = [one for one in types(database, kind, end) if one.category == USER and one.label]
    if not most:
        raise HubSpotError(403, "FORBIDDEN", "The account's subscription has no association labels")
    if len(there) >= most:
        raise invalid(f"The account has reached its limit of {most} labels of {kind.name} to {end.name}")
    if any(text.lower() == (one.label or "").lower() or name == one.name for one in there):
        raise HubSpotError(409, "OBJECT_ALREADY_EXISTS", f"A label '{text}' already exists.")
    first = _FIRST_LABEL + 2 * database.next_number("label")
    second = first + 1 if end is not kind or inverse else first
    made = [LinkType(USER, first, kind.type_id, end.type_id, text, name, second)]
    if second != first:
        made.append(LinkType(USER, second, end.type_id, kind.type_id, inverse or text, f"{name}_inverse", first))
    for one in made:
        add_type(database, one)
    database.note(author.user, ("labels", f"{kind.word}.{end.word}.{name}"), "create", {"label": [None, text]})
    return made


def of_ids(database: Database, ends: Ends, wanted: Iterable[tuple[str, int]]) -> list[LinkType]:
    """Return the types with these categories and ids.

    Raises:
        HubSpotError: one of them is none from the one object to the other.
    """
    known = {(one.category, one.type_id): one for one in types(database, ends.kind, ends.to_kind)}
    found = []
    for category, type_id in wanted:
        if (category, type_id) not in known:
            message = f"{type_id} is not a valid association type between {ends.kind.name} and {ends.to_kind.name}"
            context = {"type": [str(type_id)], "fromObjectType": [ends.kind.name], "toObjectType": [ends.to_kind.name]}
            raise invalid(message, context=context, subCategory="crm.associations.INVALID_ASSOCIATION_TYPE")
        found.append(known[category, type_id])
    return found


def plain(database: Database, start: ObjectType, end: ObjectType) -> LinkType:
    """Return the type without a label.

    Raises:
        HubSpotError: these objects have no association.
    """
    for one in types(database, start, end):
        if one.label is None:
            return one
    raise invalid(f"No association definition exists between {start.name} and {end.name}")


def linked(database: Database, start: tuple[ObjectType, int], end: ObjectType) -> dict[int, list[LinkType]]:
    """Return the records of *end* that a record is associated with, by id, and by which types."""
    kind, record = start
    known = {(one.category, one.type_id): one for one in types(database, kind, end)}
    # Not "in": that would read every id of the other object, for each record.
    sql = (
        "select to_id, category, type_id from association where from_type = ? and from_id = ? and to_type = ? "
        f'and exists (select 1 from "{end.type_id}" where id = to_id and archived_at is null) '
        "order by to_id, category, type_id"
    )
    found: dict[int, list[LinkType]] = {}
    for to_id, category, type_id in database.rows(sql, (kind.type_id, record, end.type_id)):
        found.setdefault(to_id, []).append(known[category, type_id])
    return found


def connect(author: Author, ends: Ends, wanted: Sequence[LinkType]) -> None:
    """Associate two records by *wanted* types, and by the plain one where their objects have one.

    Raises:
        HubSpotError: one of the records is not there.
    """
    database = author.database
    for kind, record in ((ends.kind, ends.record), (ends.to_kind, ends.to_record)):
        found = database.find(kind, record)
        if found is None or found.archived_at is not None:
            raise HubSpotError(404, "OBJECT_NOT_FOUND", f"No {kind.singular.lower()} with ID {record} exists")
    hierarchy = {PARENT_TO_CHILD, CHILD_TO_PARENT} & {one.type_id for one in wanted if one.category == HUBSPOT}
    added = dict.fromkeys(wanted)
    if not hierarchy:
        added = dict.fromkeys([*wanted, plain(database, ends.kind, ends.to_kind)])
    for one in added:
        _make_room(author, ends, one)
    before = _on(database, ends)
    after = sorted({*before, *((one.category, one.type_id) for one in added)})
    if after != before:
        _put(database, ends, added)
        _note(author, ends, before, after)
        _count(author, ends)


def found(database: Database, ends: Ends, wanted: Sequence[LinkType]) -> None:
    """Associate two records from outside: nobody did it, and no stamp tells of it."""
    _put(database, ends, wanted)
    for end in (ends, ends.turned()):
        if computed := _computed(database, end):
            database.update(end.kind, end.record, computed)


def disconnect(author: Author, ends: Ends, taken: Sequence[LinkType] | None = None) -> None:
    """Take *taken* types from an association, or all of them."""
    database = author.database
    before = _on(database, ends)
    known = {(one.category, one.type_id): one for one in types(database, ends.kind, ends.to_kind)}
    gone = [known[key] for key in before if taken is None or known[key] in taken]
    if not gone:
        return
    sql = (
        "delete from association where from_type = ? and from_id = ? and to_type = ? and to_id = ? "
        "and category = ? and type_id = ?"
    )
    database.many(sql, [(*ends.place, one.category, one.type_id) for one in gone])
    database.many(sql, [(*ends.turned().place, one.category, one.inverse) for one in gone])
    _note(author, ends, before, _on(database, ends))
    _count(author, ends)


def _make_room(author: Author, ends: Ends, one: LinkType) -> None:
    """A child has one parent, a deal one primary company: the former one loses that type."""
    if one.category != HUBSPOT or one.type_id not in (PARENT_TO_CHILD, CHILD_TO_PARENT, DEAL_TO_PRIMARY, 6):
        return
    start = ends if one.type_id in (CHILD_TO_PARENT, DEAL_TO_PRIMARY) else ends.turned()
    type_id = CHILD_TO_PARENT if start.to_kind is start.kind else DEAL_TO_PRIMARY
    for other, held in linked(author.database, (start.kind, start.record), start.to_kind).items():
        lost = [held_type for held_type in held if (held_type.category, held_type.type_id) == (HUBSPOT, type_id)]
        if lost and other != start.to_record:
            disconnect(author, Ends(start.kind, start.record, start.to_kind, other), lost)


def _on(database: Database, ends: Ends) -> list[tuple[str, int]]:
    sql = (
        "select category, type_id from association where from_type = ? and from_id = ? and to_type = ? and to_id = ? "
        "order by category, type_id"
    )
    return [(category, type_id) for category, type_id in database.rows(sql, ends.place)]


def _put(database: Database, ends: Ends, added: Iterable[LinkType]) -> None:
    sql = "insert or ignore into association values (?, ?, ?, ?, ?, ?)"
    for one in added:
        database.rows(sql, (*ends.place, one.category, one.type_id))
        database.rows(sql, (*ends.turned().place, one.category, one.inverse))


def _note(author: Author, ends: Ends, before: Sequence[tuple[str, int]], after: Sequence[tuple[str, int]]) -> None:
    name = f"{ends.kind.word}/{ends.record}/{ends.to_kind.word}/{ends.to_record}"
    operation = "associate" if len(after) > len(before) else "dissociate"
    changed = {"types": [[f"{c}:{t}" for c, t in kept] for kept in (before, after)]}
    author.database.note(author.user, ("associations", name), operation, changed)


def _count(author: Author, ends: Ends) -> None:
    """Set what HubSpot computes from associations, where it has changed."""
    for end in (ends, ends.turned()):
        computed = _computed(author.database, end)
        found = author.database.select(end.kind, "id = ?", (end.record,), computed)
        if found and any(found[0].values.get(name) != value for name, value in computed.items()):
            touch(author, end.kind, end.record, computed)


def _computed(database: Database, end: Ends) -> Values:
    if end.kind.custom or end.to_kind.custom:
        return {}  # before anything is looked up: a record of ours may have thousands of others
    held = linked(database, (end.kind, end.record), end.to_kind)

    def first(type_id: int) -> str | None:
        return next((str(to) for to, on in held.items() if any(t.type_id == type_id for t in on)), None)

    if end.kind is DEALS and end.to_kind is COMPANIES:
        return {"hs_primary_associated_company": first(DEAL_TO_PRIMARY)}
    if end.kind is COMPANIES and end.to_kind is DEALS:
        return {"num_associated_deals": str(len(held)) if held else None}
    if end.kind is COMPANIES and end.to_kind is COMPANIES:
        children = sum(any(t.type_id == PARENT_TO_CHILD for t in on) for on in held.values())
        return {
            "hs_parent_company_id": first(CHILD_TO_PARENT),
            "hs_num_child_companies": str(children) if children else None,
        }
    return {}
