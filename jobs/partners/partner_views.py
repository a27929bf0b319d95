"""What is known of each partner: its lists, its terms, and what was found with them. Changes nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from jobs import views
from jobs.context import Context
from jobs.partners import lists_in_force
from jobs.partners.terms import said_of
from jobs.reviewing.measured import measured
from jobs.stores import lists
from jobs.stores.lists import AcceptedList
from overlap.errors import ConfigError
from overlap.list_changes import RowChange, row_changes


@dataclass(frozen=True, slots=True)
class PartnerState:
    """One line per partner. *age_days* is that of the list in force; *overlaps* are those of the published run.

    *precision* says how right its matches are, as far as people said; empty if nobody did.
    """

    partner: str
    name: str
    file: str | None
    as_of: datetime | None
    age_days: int | None
    rows: int
    late: bool
    held: str | None
    terms: str
    overlaps: int
    precision: str = ""


@dataclass(frozen=True, slots=True)
class PartnerDetails:
    """Everything of one partner. *lists* are all that were accepted, the newest first; *headings* maps our columns.

    *cells* are those of the matrix; *quarantine* are files with bad rows, the newest first.
    """

    state: PartnerState
    settings: dict[str, Any]
    lists: tuple[AcceptedList, ...]
    headings: dict[str, str]
    quarantine: tuple[str, ...]
    cells: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class ListDifference:
    """How the list of *after* differs from that of *before*."""

    partner: str
    before: datetime
    after: datetime
    rows: tuple[RowChange, ...]

    def count(self, what: str) -> int:
        """Return how many rows appeared, vanished or changed."""
        return sum(row.what == what for row in self.rows)


def require_partner(context: Context, partner: str) -> None:
    """Make sure that the settings have *partner*.

    Raises:
        ConfigError: they do not; the message lists those that they have.
    """
    known = context.workspace.settings.partners
    if partner not in known:
        raise ConfigError(f"there is no partner '{partner}'; known: {', '.join(known) or 'none'}")


def states(context: Context) -> tuple[PartnerState, ...]:
    """Return the state of every partner, in the order of the settings."""
    found = _overlaps(context)
    return tuple(_state(context, key, found) for key in context.workspace.settings.partners)


def details(context: Context, partner: str) -> PartnerDetails:
    """Return everything that is known of *partner*.

    Raises:
        ConfigError: there is no such partner.
    """
    require_partner(context, partner)
    accepted = lists.history(context.ledger, partner)
    headings: dict[str, str] = {}
    if accepted:
        with lists_in_force.reading(context) as read:
            headings = dict(lists_in_force.read_again(context, accepted[0], read).headings)
    folder = context.workspace.quarantine
    bad = sorted(folder.glob(f"{partner}-[0-9][0-9][0-9][0-9]-*.csv"), reverse=True)
    cells = views.matrix(context, partner).to_dicts() if context.ledger.pinned("published_run") else []
    return PartnerDetails(
        state=_state(context, partner, _overlaps(context)),
        settings=context.workspace.settings.partners[partner].model_dump(mode="json"),
        lists=tuple(accepted),
        headings=headings,
        quarantine=tuple(str(path.relative_to(context.workspace.folder)) for path in bad),
        cells=tuple(cells),
    )


def difference(context: Context, partner: str, since: date | None, until: date | None) -> ListDifference:
    """Return how the list of *until* differs from that of *since*; without days, the newest from the one before.

    Raises:
        ConfigError: no such partner, or there is no list of such a day; the message lists the days that there are.
    """
    require_partner(context, partner)
    by_day: dict[date, AcceptedList] = {}
    for one in lists.history(context.ledger, partner):
        by_day.setdefault(one.as_of.astimezone(context.workspace.zone).date(), one)
    days = sorted(by_day)
    if len(days) < 2:
        raise ConfigError(
            f"'{partner}' has {'one list' if days else 'no list'} yet: there is nothing to compare; "
            f"'overlap partner show {partner}' shows its lists"
        )
    for day in (since, until):
        if day is not None and day not in by_day:
            raise ConfigError(f"'{partner}' has no list of {day}; there are: {', '.join(map(str, days))}")
    last = until or days[-1]
    earlier = [day for day in days if day < last]
    first = since or (earlier[-1] if earlier else None)
    if first is None or first >= last:
        raise ConfigError(f"compare an earlier list with a later one; there are: {', '.join(map(str, days))}")
    with lists_in_force.reading(context) as read:
        before, after = (lists_in_force.read_again(context, by_day[day], read).rows for day in (first, last))
    return ListDifference(partner, by_day[first].as_of, by_day[last].as_of, tuple(row_changes(before, after)))


def as_json(found: PartnerDetails) -> dict[str, Any]:
    """Return *found* for JSON; of lists, what they were read with is left out."""
    return asdict(found) | {
        "lists": [{name: value for name, value in asdict(one).items() if name != "settings"} for one in found.lists]
    }


def _overlaps(context: Context) -> dict[str, int]:
    """Return how many overlaps each partner has in the published run, each company once."""
    if context.ledger.pinned("published_run") is None:
        return {}
    return dict(views.overlaps(context).group_by("partner").len().iter_rows())


def _state(context: Context, partner: str, overlaps: dict[str, int]) -> PartnerState:
    one = views.list_status(context, partner)
    age = None if one.as_of is None else (context.now - one.as_of).days
    return PartnerState(
        partner=partner,
        name=one.name,
        file=one.file,
        as_of=one.as_of,
        age_days=age,
        rows=one.accounts,
        late=one.late,
        held=one.held,
        terms=said_of(context, partner),
        overlaps=overlaps.get(partner, 0),
        precision=str(measured(context).get(partner, "")),
    )
