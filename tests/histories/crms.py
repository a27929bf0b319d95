"""What is different where a history is played on another CRM: all of it is here, and in `portal`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.sandbox import database, salesforce
from connectors.sandbox.direct import URL, DirectWire
from connectors.sandbox.hubspot import api, server
from connectors.sandbox.hubspot import database as portal_database
from connectors.sandbox.server import Address, in_a_thread
from connectors.sandbox.store import API_ALLOWANCE, Store
from tests.histories import oracle, portal
from tests.histories.portal import GLOBEX_COMPANY, PortalOrg, PortalWorld
from tests.histories.script import HUBSPOT_FAULTS, SALESFORCE_FAULTS, Repertoire
from tests.jobs import portals
from tests.jobs.conftest import Org
from tests.jobs.world import GLOBEX_ACCOUNT, SETTINGS, START, World, bulk_objects, seed
from tests.sandbox import copy_database, running_sandbox

#: A request: its method, its path and its body.
Asked = tuple[str, str, str]
_REVOKED = "pat-eu1-revoked"
_CALLS_OF_A_DAY = 10_000_000
#: A portal may stand beside an org; nobody listens at this address either.
PORTAL_URL = "https://portal.invalid"
#: What the fault "hidden field" hides: every run reads it.
_HIDDEN = ("Account", "Website")


@dataclass(frozen=True, eq=False)
class Crm:
    """A CRM that histories are played on.

    *is_counted* says which requests a fault of writes counts, *is_write* which ones bring records; *problems* finds in
    those what people own. *breaks* are faults that nobody scripts: each begins at a request and ends with the try. One
    that *is_in_parts* takes a record's properties and its links in calls of their own.
    """

    name: str
    file_name: str
    open: Callable[[Path], Any]
    wire: Callable[[Any], Callable[..., Any]]
    served: Callable[[Path], AbstractContextManager[Address]]
    world: type[World]
    set_up: Callable[[Address, Any, Path], None]
    first: tuple[str, ...]
    put_back: Callable[[Org, Path], None]
    settle: Callable[[Any], None]
    is_counted: Callable[[str, str], bool]
    is_write: Callable[[str, str], bool]
    problems: Callable[[Any, Iterable[Asked]], list[str]]
    breaks: Mapping[str, Callable[[Any, int], None]]
    repair: Callable[[Any], None]
    faults: Repertoire
    url: str = URL
    is_in_parts: bool = False


class PortalWire(DirectWire):
    """Answers from a portal."""

    def __init__(self, store: PortalOrg) -> None:
        self._answer = api.endpoint(store.portal, PORTAL_URL)


def _problems_of_org(store: Store, asked: Iterable[Asked]) -> list[str]:
    rows = list(asked)
    loads = [(path.split("/")[-2], body) for method, path, body in rows if method == "PUT"]
    writes = [body for method, path, body in rows if _brings_records(method, path)]
    return [*oracle.sent(writes), *oracle.uploaded(loads, bulk_objects(store) if loads else {})]


def _brings_records(method: str, path: str) -> bool:
    return method in ("POST", "PATCH") and "/composite/" in path


def _repair_org(store: Store) -> None:
    store.set_down(False)
    store.set_limit_used(0)
    store.show_field(*_HIDDEN)
    store.set_credentials_valid(True)
    store.lock_rows(0)


def _new_org(address: Address, store: Store, folder: Path) -> None:
    store.set_time(START)
    seed(store)
    settings = SETTINGS.format(url=address.url, ca_file=address.ca_file, globex_account=GLOBEX_ACCOUNT)
    _join(folder, settings, {name: getattr(address, name) for name in ("consumer_key", "consumer_secret")})


SALESFORCE = Crm(
    name="salesforce",
    file_name=database.FILE_NAME,
    open=Store.open,
    wire=DirectWire,
    served=running_sandbox,
    world=World,
    set_up=_new_org,
    first=(),
    put_back=Org.put_back,
    settle=salesforce.settle,
    is_counted=lambda method, _: method == "PATCH",
    is_write=_brings_records,
    problems=_problems_of_org,
    breaks={
        "locked rows": lambda store, count: store.lock_rows(count),
        "expired token": lambda store, _: store.expire_tokens(),
        "out of service": lambda store, _: store.set_down(True),
        "calls used up": lambda store, _: store.set_limit_used(API_ALLOWANCE),
        "hidden field": lambda store, _: store.hide_field(*_HIDDEN),
        "refused sign-in": lambda store, _: store.set_credentials_valid(False),
    },
    repair=_repair_org,
    faults=SALESFORCE_FAULTS,
)


def _problems_of_portal(store: PortalOrg, asked: Iterable[Asked]) -> list[str]:
    return oracle.sent(portal.as_org_bodies(store, asked))


@contextmanager
def _served_portal(folder: Path) -> Iterator[Address]:
    with in_a_thread(folder, server.HUBSPOT) as address:
        yield Address(address.url, address.ca_file, "", "")


def _use_up(store: PortalOrg, _: int) -> None:
    store.set_rate_limits(True)
    store.set_calls_today(_CALLS_OF_A_DAY)


def _revoke(store: PortalOrg, _: int) -> None:
    store.database.keep("key of then", store.key)
    store.database.keep("key", _REVOKED)


def _repair_portal(store: PortalOrg) -> None:
    store.set_rate_limits(False)
    store.set_calls_today(0)
    if store.key == _REVOKED:
        store.database.keep("key", store.database.setting("key of then"))


def _new_portal(address: Address, store: PortalOrg, folder: Path) -> None:
    store.set_time(START)
    store.found(portal.LONG_AGO)
    settings = portals.SETTINGS.replace('api = "{api}"\n', "").format(url=address.url, ca_file=address.ca_file)
    _join(folder, settings.replace('account = "90"', f'account = "{GLOBEX_COMPANY}"'), {"token": store.key})


def _join(folder: Path, settings: str, secrets: Mapping[str, str]) -> None:
    """Make *folder* a workspace of *settings*; if it is one, only the CRM's connection is new in it."""
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    path = folder / "overlap.toml"
    if path.exists():
        connection = settings[settings.index("[crm.") : settings.index("[partners.")]
        path.write_text(path.read_text(encoding="utf-8") + "\n" + connection, encoding="utf-8")
    else:
        path.write_text(settings, encoding="utf-8")


HUBSPOT = Crm(
    name="hubspot",
    file_name=portal_database.FILE_NAME,
    open=PortalOrg,
    wire=PortalWire,
    served=_served_portal,
    world=PortalWorld,
    set_up=_new_portal,
    first=("setup", "hubspot", "--apply", "--yes"),
    put_back=lambda org, state: copy_database(state, org.folder / portal_database.FILE_NAME),
    settle=lambda store: api.settle(store.portal),
    is_counted=portal.is_write,
    is_write=portal.is_write,
    problems=_problems_of_portal,
    breaks={"calls used up": _use_up, "refused sign-in": _revoke},
    repair=_repair_portal,
    faults=HUBSPOT_FAULTS,
    url=PORTAL_URL,
    is_in_parts=True,
)
BY_NAME = {crm.name: crm for crm in (SALESFORCE, HUBSPOT)}
#: What a workspace may have: one CRM, or both.
CASTS = {**{name: (crm,) for name, crm in BY_NAME.items()}, "both": (SALESFORCE, HUBSPOT)}


@dataclass(frozen=True)
class Site:
    """A CRM of a bench: its org, and what a person sees of it."""

    crm: Crm
    org: Org
    store: Any
