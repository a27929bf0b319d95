"""The small world of `tests.jobs.world`, with a HubSpot portal in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.server import HUBSPOT, Address
from connectors.sandbox.server import in_a_thread
from jobs.connecting import setup_portal
from jobs.connecting.setup_portal import PortalPlan
from jobs.writeback import plan, undo
from overlap.plan import SyncPlan
from tests.jobs.world import COMPANIES, GLOBEX, INITECH, LISTED, START, World, listed

GLOBEX_COMPANY = "90"
CONNECTION = """
[crm.hubspot]
type = "hubspot"
token = "file:token"
api = "{api}"
api_url = "{url}"
app_url = "{url}"
ca_file = "{ca_file}"
"""
_SETTINGS = """
[workspace]
id = "contoso-1a2b3c"
name = "Contoso"

[lists]
separate_process = false  # as they are read in tests/connectors/files, hundreds of times quicker
{connection}
[partners.globex]
name = "Globex"
files = "inbox/globex*"
account = "90"
expected_every_days = 35

[partners.initech]
name = "Initech"
files = "inbox/initech*"
expected_every_days = 35
"""
SETTINGS = _SETTINGS.replace("{connection}", CONNECTION)
#: What Globex claims on the company at place 1: it has a deal.
CLAIM = {"Partner Influence": "introduced you", "Influence Date": "2026-02-20"}


@dataclass
class PortalWorld(World):
    """A workspace and its portal. Companies and deals have their places, from 1, as ids."""

    @property
    def portal(self) -> Portal:
        assert isinstance(self.store, Portal)
        return self.store

    def set_up(self) -> PortalPlan:
        with self.context() as context:
            return setup_portal.apply(context, "hubspot", lambda _: None)

    def setup_plan(self) -> PortalPlan:
        with self.context() as context:
            return setup_portal.plan(context, "hubspot")

    def plan(self) -> SyncPlan:
        with self.context() as context:
            return plan.plan(context, "hubspot")

    def undo(self, plan_id: str) -> undo.UndoPlan:
        with self.context() as context:
            [made] = undo.undo_plans(context, plan_id)
        return made

    def writes_since(self, line: int) -> list[Any]:
        """What the API has changed in records, from line *line* of the history on."""
        return [change for change in self.portal.history()[line:] if change.user == "api"]

    def record(self, object_name: str, **wanted: str) -> dict[str, Any]:
        [found] = [one for one in self.portal.records(object_name) if wanted.items() <= one.items()]
        return found


@contextmanager
def portal_world(folder: Path, tier: str, api: str = "auto") -> Iterator[PortalWorld]:
    """A portal of *tier* with ten companies and three deals, of which Globex lists six and claims a part in one."""
    workspace = folder / "workspace"
    with small_portal(folder / "portal", tier) as (portal, address):
        _workspace(workspace, address, api)
        world = PortalWorld(workspace, portal)  # type: ignore[arg-type]
        world.send(GLOBEX, [row | (CLAIM if row["Account ID"] == "X-1" else {}) for row in listed(*LISTED)])
        world.send(INITECH, listed(0, 1))
        yield world


@contextmanager
def small_portal(site: Path, tier: str) -> Iterator[tuple[Portal, Address]]:
    """A portal of *tier* with ten companies, a partner's one, and three deals."""
    with Portal.open(site) as portal, in_a_thread(site, HUBSPOT) as address:
        portal.set_time(START)
        portal.set_tier(tier)
        portal.set_rate_limits(False)
        _fill(portal)
        yield portal, address


def _workspace(folder: Path, address: Address, api: str) -> None:
    for part in ("inbox", "lists", "quarantine", "runs"):
        (folder / part).mkdir(parents=True)
    (folder / "token").write_text(address.access_token)
    settings = SETTINGS.format(url=address.url, ca_file=address.ca_file, api=api)
    (folder / "overlap.toml").write_text(settings, encoding="utf-8")


def _fill(portal: Portal) -> None:
    long_ago = {"createdate": "2026-02-01T10:00:00.000Z"}
    owner = portal.add_owner(firstName="Ada")
    companies = [
        {"id": str(at), "name": name, "domain": site, "country": country, "hubspot_owner_id": owner}
        for at, (name, site, country) in enumerate(COMPANIES, 1)
    ]
    portal.seed("companies", [one | long_ago for one in (*companies, {"id": GLOBEX_COMPANY, "name": "Globex Corp"})])
    deals = [
        {"id": str(at), "dealname": f"{COMPANIES[at - 1][0]} 2026", "dealstage": "qualifiedtobuy"} for at in (1, 2, 3)
    ]
    portal.seed("deals", [one | {"hubspot_owner_id": owner} | long_ago for one in deals])
    for one in deals:
        portal.seed_link(("deals", one["id"]), ("companies", one["id"]), "Primary")


#: Which property of a record of ours is its key.
KEYS = {"overlap_partner": "partner_key", "partner_overlap": "overlap_key", "partner_influence": "influence_key"}
#: What HubSpot itself keeps of a record.
_ITS_OWN = ("id", "createdate", "lastmodifieddate", "hs_")


def said_by(portal: Portal) -> dict[tuple[str, str], dict[str, Any]]:
    """What a portal says in our records and properties, by object and key, links and labels too: no ids of ours."""
    known = portal.vocabulary.objects()
    everything = [
        (name, one) for name in (*KEYS, "companies", "deals") if name in known for one in portal.records(name)
    ]
    places = {(name, one["id"]): (name, one[KEYS[name]] if name in KEYS else one["id"]) for name, one in everything}
    found = {places[name, one["id"]]: {field: one[field] for field in one if one[field]} for name, one in everything}
    for (name, _), values in found.items():
        for field in [*values]:
            if field.startswith(_ITS_OWN) or not (name in KEYS or field.startswith("overlap_")):
                del values[field]
    for start, one, end, other, label in portal.links():
        if {(start, one), (end, other)} <= places.keys():
            found[places[start, one]][f"{label} {places[end, other]}"] = "linked"
    return found
