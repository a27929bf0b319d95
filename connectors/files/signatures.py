"""How account-mapping tools and CRMs write their exports: told by their headings, read by one table.

The one thing to know: a two-sided export holds our accounts beside the partner's. Only the partner's columns are read
of it: those behind the partner's name ("Globex: Company Name", "Partner Account Name"). If ours is the name in front of
headings, the partner exported it, and the others are the partner's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from connectors.files.headings import recognise, squashed
from connectors.files.reader import Table


@dataclass(frozen=True, slots=True)
class Signature:
    """An export of *name*, known by the headings that it *needs*; ``A|B`` is either.

    *columns* says what stands for a column of ours where aliases would not say so. *is_two_sided*: what is not behind
    the partner's name, or in *columns*, is ours. *names_populations*: a status is the name that somebody gave to a
    population. *open_deal* is the heading of a tick for an open opportunity.
    """

    name: str
    needs: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    is_two_sided: bool = False
    names_populations: bool = False
    open_deal: str | None = None


#: The first that fits is it. Source of Crossbeam's and HubSpot's headings: exports; of Reveal's: its help pages, where
#: default columns are Company Name, Account Status, Open Deal and Account Owner.
SIGNATURES: Final = (
    Signature(
        "a Crossbeam list",
        ("Our Populations|Your Populations", "Partner Populations"),
        {"population": "Partner Populations", "name": "Record|Record Name"},
        is_two_sided=True,
        names_populations=True,
    ),
    Signature("a Reveal export", ("Company Name", "Account Status", "Open Deal"), open_deal="Open Deal"),
    Signature(
        "a PartnerTap export", ("PT Status|PartnerTap ID|PartnerTap Status", "Account Name|Partner Account Name")
    ),
    Signature(
        "a HubSpot export",
        ("Record ID|Record ID - Company", "Company name", "Company Domain Name|Company owner|Lifecycle Stage"),
        {"id": "Record ID - Company|Record ID"},
    ),
    Signature(
        "a Salesforce report",
        ("Account Name", "Account ID|Account Owner|Last Activity", "Billing State/Province|Type|Rating|Last Activity"),
    ),
    Signature("a Salesforce data export", ("Id", "Name", "OwnerId|IsDeleted", "BillingCity|BillingCountry|Website")),
    Signature(
        "a Crossbeam upload", ("Company Name", "Website|Company Website", "Account Owner Name|Account Owner Email")
    ),
)
_TWO_SIDED: Final = Signature("a list of both sides", (), is_two_sided=True)
#: Bare words behind "Partner" speak of the partner itself and not of its accounts.
_OF_THE_PARTNER: Final = frozenset(
    map(squashed, ("Name", "ID", "Key", "Account", "Company", "Type", "Status", "Email"))
)


@dataclass(frozen=True, slots=True)
class Signed:
    """A table that bears *signature*, and which heading of it stands for which of our columns by that.

    *is_two_sided*: the headings that *columns* does not name are not the partner's.
    """

    signature: Signature
    columns: Mapping[str, str]
    is_two_sided: bool


def signed(table: Table, names: Sequence[str] = (), own_names: Sequence[str] = ()) -> Signed | None:
    """Return what export *table* is, None if of no tool that is known.

    *names* are what the partner is called, *own_names* what we are.
    """
    by_letters = {squashed(heading): heading for heading in reversed(table.headings)}
    known = next((one for one in SIGNATURES if all(_first(by_letters, need) for need in one.needs)), None)
    if turned := _of_the_partners_making(table, own_names):
        record = {"name": _first(by_letters, "Record|Record Name"), "population": _first(by_letters, "Our Populations")}
        said = {column: heading for column, heading in record.items() if heading}
        return Signed(known or _TWO_SIDED, turned | said, is_two_sided=True)
    theirs = _their_side(table, names, known)
    signature = known or (_TWO_SIDED if theirs else None)
    if signature is None:
        return None
    of_its_own = {column: _first(by_letters, heading) for column, heading in signature.columns.items()}
    told = {column: heading for column, heading in of_its_own.items() if heading}
    if "population" in told:
        theirs.pop("population", None)
    return Signed(signature, told | theirs, signature.is_two_sided or bool(theirs))


def _first(by_letters: Mapping[str, str], headings: str) -> str | None:
    """Return the first of *headings*, parted by bars, that is there."""
    found = (by_letters.get(squashed(heading)) for heading in headings.split("|"))
    return next((heading for heading in found if heading), None)


def _their_side(table: Table, names: Sequence[str], known: Signature | None) -> dict[str, str]:
    """Return the headings behind the partner's name, by column of ours; none if they are no list of accounts."""
    for prefix in _prefixes(table.headings, names, known is not None and known.is_two_sided):
        behind: dict[str, str] = {}
        for heading in table.headings:
            if heading.casefold().startswith(prefix.casefold()):
                behind.setdefault(heading[len(prefix) :].rpartition(": ")[2], heading)
        if not prefix.endswith(": "):
            behind = {rest: heading for rest, heading in behind.items() if squashed(rest) not in _OF_THE_PARTNER}
        found = {column: behind[rest] for column, rest in recognise(list(behind), {}).items()}
        if "name" in found and len(found) > 1 and _is_of_many(table, found["name"]):
            return found
    return {}


def _of_the_partners_making(table: Table, own_names: Sequence[str]) -> dict[str, str]:
    """Return the partner's headings of a list that has ours behind our name, by column; none if it is no such list."""
    starts = tuple(f"{name.casefold()}{end}" for name in own_names for end in (" ", ":"))
    ours = [heading for heading in table.headings if heading.casefold().startswith(starts)]
    mentioned = recognise([heading.rpartition(": ")[2] for heading in ours if ": " in heading], {})
    if "name" not in mentioned or len(mentioned) < 2:
        return {}
    rest = [heading for heading in table.headings if heading not in ours]
    return dict(recognise([heading for heading in rest if squashed(heading) != squashed("Partner Populations")], {}))


def _prefixes(headings: Sequence[str], names: Sequence[str], any_name: bool) -> Iterator[str]:
    """Yield what may stand before the partner's headings: ``Globex: ``, ``Partner ``; *any_name* before a colon."""
    for name in (*names, "Partner", "Partner's"):
        yield from (f"{name}: ", f"{name} - ", f"{name} ")
    if any_name:
        yield from dict.fromkeys(f"{heading.partition(': ')[0]}: " for heading in headings if ": " in heading)


def _is_of_many(table: Table, heading: str) -> bool:
    """Whether a column names many companies: one that names the partner itself says the same in each row."""
    filled = table.rows[heading].drop_nulls()
    return filled.n_unique() * 2 > filled.len()
