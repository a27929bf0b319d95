"""A HubSpot portal in the words that histories have for an org: people, oracle and player need not know.

Objects and fields have Salesforce's names, and the ids of users are those of `tests.jobs.world`; all other ids, and
what is written into the portal, are its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Self

from connectors.hubspot.objects import property_name
from connectors.salesforce.objects import OBJECT_NAMES, api_name
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.journal import Change
from overlap.errors import RecordError
from overlap.fields import BY_NAME, Kind
from tests.jobs.world import COMPANIES, LEFT, OTHER_SELLER, SELLER, World

API = "api"
#: What portals call our objects and their own, by what histories call them.
WORDS = {OBJECT_NAMES[name]: {"account": "companies", "opportunity": "deals"}.get(name, name) for name in BY_NAME}
OWNERS = {SELLER: "50000071", OTHER_SELLER: "50000072", LEFT: "50000073"}
GLOBEX_COMPANY = "1090"
_NAMES = {word: name for name, word in WORDS.items()}
_USERS = {owner: user for user, owner in OWNERS.items()}
#: HubSpot's own properties that histories name.
_OWN = {
    "Account": {
        "Name": "name",
        "Website": "domain",
        "BillingCountry": "country",
        "NumberOfEmployees": "numberofemployees",
    },
    "Opportunity": {"Name": "dealname", "StageName": "dealstage", "CloseDate": "closedate"},
}
_OWNER = {"OwnerId": "hubspot_owner_id"}
_STAGES = {"Qualification": "qualifiedtobuy", "Closed Won": "closedwon", "Closed Lost": "closedlost"}
_DELETED = {"archive": "delete", "restore": "undelete"}
#: Where ids of records begin that people make: they must not hang on how many the API has made.
_MADE_BY_PEOPLE = 500_000


class PortalOrg:
    """A portal as an org. What both have in common is the portal's own."""

    def __init__(self, folder: Path) -> None:
        self.portal = Portal.open(folder)
        self.api_user = API
        #: What an address has to have; the key of a portal is in its workspace.
        self.credentials = ("", "")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.portal, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.portal.close()

    # --- what people do ---------------------------------------------------------------------------------------------

    def edit(self, object_name: str, record: str, values: Mapping[str, Any], user: str = "Ada") -> None:
        if object_name == "User":
            self._owner(record, bool(values["IsActive"]))
        else:
            self.portal.edit(_word(object_name), record, _values(object_name, values), user)

    def create(self, object_name: str, values: Mapping[str, Any], user: str = "Ada") -> None:
        links = {name: values[name] for name in values if name in _ends(object_name)}
        own = {name: value for name, value in values.items() if name not in links}
        with self._by_people():
            made = self.portal.create(_word(object_name), _values(object_name, own), user)
        for name, end in links.items():
            self.portal.associate((_word(object_name), made), (_ends(object_name)[name], end), user=user)

    def delete(self, object_name: str, record: str, user: str = "Ada") -> None:
        self.portal.archive(_word(object_name), record, user)

    def undelete(self, object_name: str, record: str) -> None:
        self.portal.restore(_word(object_name), record)

    def merge(self, object_name: str, kept: str, lost: str) -> None:
        with self._by_people():
            self.portal.merge(_word(object_name), kept, lost)

    def in_a_long_transaction(self, action: str, object_name: str, record: str, values: Any, requests: int) -> None:
        arguments = _word(object_name), record, _values(object_name, values), "Ada"
        self.portal.in_a_long_transaction(action, *arguments, requests=requests)

    # --- what the portal says ---------------------------------------------------------------------------------------

    def records(self, object_name: str) -> list[dict[str, Any]]:
        """Return every record as an org would show it: a lookup is the id at the other end of its association."""
        word, ends = _word(object_name), _ends(object_name)
        linked: dict[tuple[str, str], list[str]] = {}
        for start, record, end, other, _ in self.portal.links() if ends else ():
            if start == word:
                linked.setdefault((record, end), []).append(other)
        rows = []
        for found in self.portal.records(word):
            row = {_name(object_name, name): _USERS.get(value, value) for name, value in found.items()}
            row |= {name: ";".join(self._there(end, linked.get((found["id"], end), ()))) for name, end in ends.items()}
            row |= {"Id": found["id"], "IsDeleted": found["archived"]}
            rows.append(dict.fromkeys(_known(object_name)) | row)
        return rows

    def _there(self, word: str, records: Iterable[str]) -> list[str]:
        """Return the ends of a lookup; where a new one came beside one that was archived, the new one."""
        found = sorted({*records})
        if len(found) < 2:
            return found
        gone = {record["id"] for record in self.portal.records(word) if record["archived"]}
        return [record for record in found if record not in gone]

    def history(self) -> list[Change]:
        """Return every write; what one try wrote into one record is one, its properties and links together."""
        changes: list[Change] = []
        places: dict[tuple[datetime, str], int] = {}
        for change in self._in_order():
            place = places.get((change.at, change.id))
            if change.user != API or not change.effective or place is None:
                if change.user == API and change.effective:
                    places[change.at, change.id] = len(changes)
                changes.append(change)
            else:
                changes[place] = replace(changes[place], changed={**changes[place].changed, **change.changed})
        return changes

    def _in_order(self) -> Iterator[Change]:
        vain = [*self._in_vain()]
        for change in self._in_words():
            while vain and change.request is not None and (vain[0].request or 0) < change.request:
                yield vain.pop(0)
            yield change
        yield from vain

    def _in_words(self) -> Iterator[Change]:
        for change in self.portal.history():
            word, record, changed = change.object_name, change.id, dict(change.changed)
            if word == "associations":
                start, record, end, other = record.split("/")
                word, changed = start, {f":{end}": [types and [other, *types] for types in changed["types"]]}
            if word in _NAMES:
                named = {_name(_NAMES[word], name): tuple(values) for name, values in changed.items()}
                done = _DELETED.get(change.operation, change.operation)
                done = done if done in ("create", "delete", "undelete") else "update"
                yield replace(change, object_name=_NAMES[word], id=record, operation=done, changed=named)

    def _in_vain(self) -> Iterator[Change]:
        """Yield the writes that changed nothing: HubSpot's own history does not tell of them."""
        done = {(change.request, change.id) for change in self.portal.history()}
        for request in self.portal.requests():
            path = request.path.split("/")
            if not request.path.endswith("/batch/update") or request.status != 200 or request.fault in _NOTHING_DONE:
                continue
            for one in json.loads(request.body)["inputs"]:
                if (request.number, one["id"]) not in done and path[-3] in self._types():
                    name = self._types()[path[-3]]
                    yield Change(request.at, API, name, one["id"], "update", {}, request.number)

    def _types(self) -> dict[str, str]:
        kinds = self.portal.database.types().values()
        return {
            path: _NAMES[kind.word] for kind in kinds if kind.word in _NAMES for path in (kind.type_id, *kind.names)
        }

    # --- inside -----------------------------------------------------------------------------------------------------

    def found(self, long_ago: datetime) -> None:
        """Put owners, companies and deals into the portal, none of them touched since *long_ago*."""
        portal = self.portal
        portal.set_rate_limits(False)  # they go by a clock that stands still
        portal.set_index_lag(120)
        for name, owner in zip(("Ada", "Bob", "Cyd"), OWNERS.values(), strict=True):
            portal.add_owner(id=owner, firstName=name, lastName=name, archived=name == "Cyd")
        since, owned = {"createdate": f"{long_ago:%Y-%m-%dT%H:%M:%S}.000Z"}, {"hubspot_owner_id": OWNERS[SELLER]}
        companies = [
            {"id": company_id(at), "name": name, "domain": site, "country": country}
            for at, (name, site, country) in enumerate(COMPANIES)
        ]
        companies.append({"id": GLOBEX_COMPANY, "name": "Globex Corporation"})
        portal.seed("companies", [one | since | owned for one in companies])
        for at in (0, 1, 2):
            deal = {"id": deal_id(at), "dealname": f"{COMPANIES[at][0]} 2026", "dealstage": "qualifiedtobuy"}
            portal.seed("deals", [deal | since | owned])
            portal.seed_link(("deals", deal["id"]), ("companies", company_id(at)), "Primary")

    def _owner(self, user: str, is_active: bool) -> None:
        [(body,)] = self.portal.database.rows("select body from owner where id = ?", (OWNERS[user],))
        self.portal.add_owner(**json.loads(body) | {"archived": not is_active})

    @contextmanager
    def _by_people(self) -> Iterator[None]:
        """Count the records that people make apart from the API's."""
        database = self.portal.database
        sql = "insert or replace into counter select ?, coalesce((select number from counter where object = ?), ?)"
        database.rows(sql, ("of the API", "record", 0))
        database.rows(sql, ("record", "of people", _MADE_BY_PEOPLE))
        try:
            yield
        finally:
            database.rows(sql, ("of people", "record", 0))
            database.rows(sql, ("record", "of the API", 0))


class PortalWorld(World):
    """A workspace and its portal: its companies and deals have ids of their own."""

    def account_id(self, number: int) -> str:
        return company_id(number)

    def deal_id(self, number: int) -> str:
        return deal_id(number)


_NOTHING_DONE = ("lost-request", "rolled-back", "delayed-commit", "http")


def company_id(number: int) -> str:
    """The id of the company at that place of `COMPANIES`: no number that a count or a score could be."""
    return str(1_001 + number)


def deal_id(number: int) -> str:
    return str(2_001 + number)


def is_write(method: str, path: str) -> bool:
    """Return whether a request writes records."""
    return method == "POST" and fnmatchcase(path.partition("?")[0], "*/objects/*/batch/[cu]*")


def as_org_bodies(store: PortalOrg, rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """Return the records that requests (method, path, body) brought, as an org would be sent them."""
    types, bodies = store._types(), []
    for method, path, body in rows:
        if is_write(method, path):
            kind = types[path.split("/")[-3]]
            records = [
                {_name(kind, name): value for name, value in one["properties"].items()} | {"attributes": {"type": kind}}
                for one in json.loads(body)["inputs"]
            ]
            bodies.append(json.dumps({"records": records}))
    return bodies


def _word(object_name: str) -> str:
    if object_name not in WORDS:
        raise RecordError(f"portals have no {object_name}")
    return WORDS[object_name]


@cache
def _thing(object_name: str) -> Any:
    _word(object_name)
    return next(thing for name, thing in BY_NAME.items() if OBJECT_NAMES[name] == object_name)


def _known(object_name: str) -> list[str]:
    return [api_name(field) for field in _thing(object_name).columns if field.kind is not Kind.LOOKUP]


@cache
def _ends(object_name: str) -> dict[str, str]:
    """Return the lookups of an object that are associations here, and the objects that they lead to."""
    if object_name == "Opportunity":
        return {"AccountId": "companies"}
    lookups = [field for field in _thing(object_name).columns if field.kind is Kind.LOOKUP and field.target != "user"]
    return {api_name(field): WORDS[OBJECT_NAMES[str(field.target)]] for field in lookups}


@cache
def _properties(object_name: str) -> dict[str, str]:
    ours = {api_name(field): property_name(field) for field in _thing(object_name).columns}
    return _OWNER | ours | _OWN.get(object_name, {})


def _name(object_name: str, property_: str) -> str:
    if property_.startswith(":"):
        return next((name for name, end in _ends(object_name).items() if f":{end}" == property_), property_)
    return _words_back(object_name).get(property_, property_)


@cache
def _words_back(object_name: str) -> dict[str, str]:
    """Return the names of an object's properties by what the portal calls them."""
    return {word: name for name, word in _properties(object_name).items()}


def _values(object_name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a person's edit says, as the portal takes it.

    Raises:
        RecordError: a portal has no such field.
    """
    known = _properties(object_name)
    if object_name == "Account" and "Type" in values:
        return {"lifecyclestage": "customer"}
    if unknown := values.keys() - known:
        raise RecordError(f"portals have no {unknown} of {object_name}")
    return {known[name]: OWNERS.get(value, _STAGES.get(value, value)) for name, value in values.items()}


LONG_AGO = datetime(2026, 2, 1, 10, tzinfo=UTC)
