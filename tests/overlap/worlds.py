"""Random small worlds: two partners, three accounts, four deals, and a CRM that says something near the truth."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from overlap.fields import OBJECTS, CrmObject, Field, Kind
from overlap.model import Account, Influence, Match, Opportunity, Overlap, User
from overlap.planning import Reasons
from overlap.records import Findings
from tests.overlap.agreed import key_by_hand
from tests.overlap.frames import WORKSPACE, confirmed, findings, frame, partners, rated_accounts, rated_theirs, said
from tests.overlap.reference_records import Row, World, desired

PARTNERS = ("globex", "initech")
ACCOUNTS = ("001A", "001B", "001C")
DEALS = ("006A", "006B", "006C", "006D")
OFTEN = st.sampled_from([True, True, False])
MAYBE = st.sampled_from([None, "x"])
ENGAGEMENT = st.sampled_from([None, None, None, "Open", "Off limits"])
OWNER = st.sampled_from(["005U", "005V", "005W"])  # active or not, and one that nobody knows

OTHERWISE = {
    Kind.NUMBER: 7.0,
    Kind.DATE: date(2025, 7, 7),
    Kind.DATETIME: datetime(2025, 7, 7, tzinfo=UTC),
    Kind.CHECKBOX: True,
}


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A world whose CRM says what it should, with differences."""
    world = World(
        partners=[
            {"partner": key, "name": key.title(), "account": draw(MAYBE), "late": draw(st.booleans())}
            for key in draw(st.sampled_from([PARTNERS, PARTNERS, PARTNERS[:1], ()]))
        ],
        accounts=frame(
            Account, *({"id": id_, "name": f"Acme {id_}", "engagement": draw(ENGAGEMENT)} for id_ in ACCOUNTS)
        ).to_dicts(),
        opportunities=frame(Opportunity, *(_deal(draw, number) for number in range(4))).to_dicts(),
        users=frame(User, {"is_active": draw(st.booleans())}, {"id": "005V"}).to_dicts(),
        overlaps=[],
        influences=[],
        confirmed=[],
        fallback=draw(st.sampled_from([None, "005F"])),
        most=draw(st.integers(1, 2)),
    )
    world.partners = partners(*world.partners).to_dicts()
    world.overlaps = [_overlap(draw, world, a, p) for a in ACCOUNTS for p in PARTNERS if draw(OFTEN)]
    world.overlaps = frame(Overlap, *world.overlaps).to_dicts()
    found = [_influence(draw, world, d, p) for d in DEALS for p in PARTNERS if draw(OFTEN)]
    world.influences = frame(Influence, *draw(st.permutations(found))).to_dicts()
    world.confirmed = [
        {"partner": world.partner_key(p), "opportunity_id": d, "sourced": draw(st.sampled_from([None, False, True]))}
        for d in DEALS
        for p in PARTNERS
        if draw(st.integers(0, 3)) == 0
    ]
    for thing in OBJECTS:
        world.current[thing.name] = _crm(draw, world, thing)
    return world


def _deal(draw: st.DrawFn, number: int) -> Row:
    return {
        "id": DEALS[number],
        "account_id": draw(st.sampled_from([*ACCOUNTS, None])) if number else "001A",
        "name": f"deal {number}",
        "is_closed": draw(st.booleans()),
        "engagement": draw(ENGAGEMENT),
    }


def _overlap(draw: st.DrawFn, world: World, account: str, partner: str) -> Row:
    return {
        "key": key_by_hand(WORKSPACE, partner, account, "overlap"),
        "account_id": account,
        "account_name": f"Acme {account}",
        "partner": partner,
        "partner_population": draw(st.sampled_from(["Customers", "Open Opportunities", "Prospects", "Other"])),
        "relation": draw(st.sampled_from(["Same", "Same", "Sibling"])),
        "play": draw(MAYBE),
        "priority": draw(st.sampled_from([50, 75])),
        "probability": draw(st.sampled_from([0.95, 0.99])),
        "theirs_owner_name": draw(MAYBE),
        "owner_id": draw(OWNER),
        "engagement": next(row["engagement"] for row in world.accounts if row["id"] == account),
    }


def _influence(draw: st.DrawFn, world: World, deal: str, partner: str) -> Row:
    account = next(row["account_id"] for row in world.opportunities if row["id"] == deal)
    return {
        "key": key_by_hand(WORKSPACE, partner, deal, "influence"),
        "opportunity_id": deal,
        "account_id": account,
        "partner": partner,
        "evidence": draw(st.sampled_from(["a claim", "an entry"])),
        "owner_id": draw(OWNER),
        "suggest": draw(st.booleans()),
    }


def _crm(draw: st.DrawFn, world: World, thing: CrmObject) -> list[Row]:
    """Records of *thing*: as they should be, changed, deleted, by hand, of nobody's, or missing."""
    right = desired(world)[thing.name]
    kinds = {"partner_overlap": ("overlap", ACCOUNTS), "partner_influence": ("influence", DEALS)}
    if thing.name in kinds:
        kind, ids = kinds[thing.name]
        keys = [key_by_hand(WORKSPACE, partner, one, kind) for partner in PARTNERS for one in ids]
    else:
        partner_keys = [world.partner_key(partner) for partner in PARTNERS]
        keys = {"account": ACCOUNTS, "opportunity": DEALS}.get(thing.name, partner_keys)
    rows = []
    for number, key in enumerate(keys):
        states = (
            ["right", "changed", "changed", "missing", "deleted"] if key in right else ["missing", "missing", "right"]
        )
        state = draw(st.sampled_from(states))
        if state == "missing":
            continue
        row = {thing.key or "id": key} | _made_up(draw, world, thing) | right.get(key, {})
        row |= {"id": key if thing.key is None else f"a{number}", "is_deleted": state == "deleted"}
        rows.append(_changed(draw, thing, row) if state == "changed" else row)
    if thing.name == "partner_influence":
        rows += [_by_hand(draw, world, number) for number in range(draw(st.integers(0, 3)))]
    return said(thing, *rows).to_dicts()


def _made_up(draw: st.DrawFn, world: World, thing: CrmObject) -> Row:
    """What a record says that should not be there (any more)."""
    if thing.name == "partner_overlap":
        return {"workspace": WORKSPACE, "status": "Active", "partner": world.partner_key("globex"), "account": "001A"}
    if thing.name == "partner_influence":
        return {"workspace": WORKSPACE, "origin": "Engine", "suggestion_state": "Current", "opportunity": "006A"}
    if thing.name == "overlap_partner":
        return {"workspace": WORKSPACE, "name": "Oldco"}
    return {"overlap_customer_of": "Initech;Globex"} if thing.key is None and draw(st.booleans()) else {}


def _changed(draw: st.DrawFn, thing: CrmObject, row: Row) -> Row:
    free = [one for one in thing.engine_fields if one.name != thing.key]
    picked = draw(st.lists(st.sampled_from(free), max_size=3, unique_by=lambda one: one.name))
    return row | {one.name: _otherwise(draw, one, row.get(one.name)) for one in picked}


def _otherwise(draw: st.DrawFn, one: Field, value: Any) -> Any:
    choices = {
        "origin": ["Engine", "Person", "Partner", None],
        "suggestion_state": ["Withdrawn"],
        "status": ["Retired"],
    }
    if one.name in choices:
        return draw(st.sampled_from(choices[one.name]))
    if one.kind is Kind.MULTI_PICKLIST and value:
        return draw(st.sampled_from([None, ";".join(reversed(value.split(";"))), "Oldco"]))
    return draw(st.sampled_from([None, OTHERWISE.get(one.kind, "otherwise")]))


def _by_hand(draw: st.DrawFn, world: World, number: int) -> Row:
    return {
        "id": f"h{number}",
        "origin": draw(st.sampled_from(["Person", "Person", None])),
        "opportunity": draw(st.sampled_from([*DEALS[:2], None, "006X"])),
        "partner": draw(st.sampled_from([world.partner_key("globex"), world.partner_key("initech"), None])),
        "owner_id": "005H",
        "evidence_summary": draw(MAYBE),
        "is_deleted": draw(st.sampled_from([False, False, True])),
    }


def as_findings(world: World) -> tuple[Findings, Reasons]:
    """What `overlap.planning.intent` is given of *world*."""
    found = findings(
        partners=partners(*world.partners),
        overlaps=frame(Overlap, *world.overlaps),
        influences=frame(Influence, *world.influences),
        opportunities=frame(Opportunity, *world.opportunities),
        users=frame(User, *world.users),
        confirmed=confirmed(*world.confirmed),
        fallback_owner=world.fallback,
        most_suggestions=world.most,
        current={thing.name: said(thing, *world.current[thing.name]) for thing in OBJECTS},
    )
    return found, Reasons(rated_accounts(*world.accounts), rated_theirs(), frame(Match))
