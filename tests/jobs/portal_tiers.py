"""What a portal of each tier holds after one run of the same workspace: the table in ``docs/hubspot.md``.

Usage: python -m tests.jobs.portal_tiers [--write]

Each tier is set up and run once by each family of paths, in the small world of `tests.jobs.portals`. Where families
leave the same behind, they share a column. Without --write, it prints the table.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from connectors.hubspot.columns import STANDARD
from connectors.hubspot.paths import FAMILIES
from connectors.hubspot.setup.wanted import GROUP, targets
from connectors.sandbox.hubspot.links import USER, types
from connectors.sandbox.hubspot.tiers import TIERS
from jobs.connecting.setup_portal import PortalPlan
from overlap.fields import BY_NAME, OBJECTS, SUGGESTED, Owner
from tests.jobs.portals import PortalWorld, portal_world

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "hubspot.md"
NONE: Final = "–"
_BEGIN, _END = "<!-- tiers: made by 'make tiers' -->\n\n", "\n<!-- end of tiers -->\n"
PATHS: Final = "by the paths of"
_RECORDS: Final = tuple(thing for thing in OBJECTS if thing.key is not None)

Column = dict[str, str]


def main() -> None:
    """Play every tier by every family, and print the table or put it into the document."""
    found = {(tier, family): holdings(tier, family) for tier in TIERS for family in FAMILIES}
    made = table(found)
    if "--write" in sys.argv[1:]:
        before, _, after = parts(DOCUMENT.read_text(encoding="utf-8"))
        DOCUMENT.write_text(before + made + after, encoding="utf-8")
    else:
        sys.stdout.write(made)


def holdings(tier: str, family: str) -> Column:
    """Return what a portal of *tier* holds after setup and one run by *family*, by the rows of the table."""
    with tempfile.TemporaryDirectory() as folder, portal_world(Path(folder), tier, family) as world:
        made = world.set_up()
        world.run()
        return _said(world, made)


def table(found: Mapping[tuple[str, str], Column]) -> str:
    """Return *found*, by tier and family, as a Markdown table: a column for each tier, more where families differ."""
    columns: dict[str, Column] = {}
    for tier in dict.fromkeys(tier for tier, _ in found):
        outcomes: dict[str, list[str]] = {}
        sides = {family: column for (of, family), column in found.items() if of == tier}
        for family, column in sides.items():
            outcomes.setdefault(str(column), []).append(family)
        for families in outcomes.values():
            name = tier.capitalize() + ("" if len(outcomes) == 1 else f", {families[0]}")
            columns[name] = {PATHS: ", ".join(families), **sides[families[0]]}
    rows = list(next(iter(columns.values())))
    lines = [["after setup and one run", *columns], ["---"] * (len(columns) + 1)]
    lines += [[row, *(column[row] for column in columns.values())] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def parts(text: str) -> tuple[str, str, str]:
    """Return what stands before the table in the document, the table, and what comes after it."""
    found = re.fullmatch(f"(.*{re.escape(_BEGIN)})(.*)({re.escape(_END)}.*)", text, re.DOTALL)
    assert found is not None, f"{DOCUMENT.name} has no place for the table"
    return found[1], found[2], found[3]


def _said(world: PortalWorld, made: PortalPlan) -> Column:
    portal = world.portal
    kinds = {kind.word: kind for kind in portal.database.types().values()}
    said = {"overlap takes it for": made.tier}
    for thing in OBJECTS:
        if thing.key is None:
            filled = [one for one in portal.records(STANDARD[thing.name]) if _is_ours(one)]
            said[f"{STANDARD[thing.name]} with values of ours"] = str(len(filled))
    for thing in _RECORDS:
        said[f"records of *{thing.label}*"] = str(len(portal.records(thing.name))) if thing.name in kinds else NONE
    ends = Counter((start, end) for start, _, end, _, _ in portal.links())
    said["their associations"] = _listed(
        f"{thing.label} to {BY_NAME[target].label} {count}"
        for thing in _RECORDS
        for target in targets(thing)
        if (count := ends[thing.name, STANDARD.get(target, target)])
    )
    suggested = [one for one in portal.records("deals") if one.get(SUGGESTED)]
    said[f"deals with `{SUGGESTED}`"] = str(len(suggested)) if suggested else NONE
    for thing in OBJECTS:
        name = STANDARD.get(thing.name, thing.name)
        if thing.key is None:
            ours = [one for one in portal.database.properties(kinds[name]).values() if one.group == GROUP["name"]]
            said[f"properties on {name}"] = str(len(ours))
    labels = types(portal.database, kinds["deals"], kinds["companies"])
    said["labels of a deal's companies"] = _listed(str(one.label) for one in labels if one.category == USER)
    return said | _left_out(world, made)


def _is_ours(record: Mapping[str, object]) -> bool:
    return any(value and name.startswith("overlap_") for name, value in record.items())


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words) or NONE


def _left_out(world: PortalWorld, made: PortalPlan) -> Column:
    """Return what the portal lacks of `overlap.fields`, and why."""
    database = world.portal.database
    kinds = {kind.word: kind for kind in database.types().values()}
    lost = [thing.label for thing in OBJECTS if STANDARD.get(thing.name, thing.name) not in kinds]
    formulas = [
        f"{thing.name}.{one.name}"
        for thing in OBJECTS
        if thing.name in kinds
        for one in thing.fields
        if one.owner is Owner.FORMULA and one.name not in database.properties(kinds[thing.name])
    ]
    return {
        "left out, since it has no custom objects": _listed(lost),
        "left out, since it has no room for the property": _listed(f"`{step.name}`" for step in made.left_out),
        "left out, since HubSpot has no such formula": _listed(f"`{name}`" for name in formulas),
    }


if __name__ == "__main__":
    main()
