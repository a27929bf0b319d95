"""What a plan says of partners and of its run: terms and lists at their end, old rows, what an undo may put back."""

from __future__ import annotations

from collections.abc import Iterable

from jobs.context import Context
from jobs.partners.terms import not_written, terms_of, warnings
from jobs.stores import snapshot
from jobs.views import late_lists
from overlap.plan import Change
from overlap.terms import FIELDS


def notes_of(context: Context, run_id: str) -> tuple[str, ...]:
    """Say of whom nothing is written, whose terms end soon, whose list is late, and what of run *run_id* is old."""
    behind = snapshot.manifest(context.workspace.runs, run_id).get("behind", ())
    told = (f"'{crm}' could not be read by the last pull: run {run_id} has its rows of before" for crm in behind)
    return (*told, *_of_partners(context))


def _of_partners(context: Context) -> tuple[str, ...]:
    names = {key: one.name for key, one in context.workspace.settings.partners.items()}
    withheld = not_written(context)
    ending = {key: said for key, said in warnings(context).items() if key not in withheld}
    zone = context.workspace.zone
    late = {key: day.astimezone(zone) for key, day in late_lists(context).items() if key not in withheld}
    return (
        *(f"{names[key]}: nothing of it may be in a CRM: {why}" for key, why in withheld.items()),
        *(f"{names[key]}: its terms: {said}; then everything of it retires" for key, said in ending.items()),
        *(f"{names[key]}: its list is of {day:%Y-%m-%d}, and late: unknown, and not gone" for key, day in late.items()),
    )


def against_terms(context: Context, changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the partners of whom *changes* may put something into a CRM that their terms do not allow any more.

    What an undo puts back was right when it was written, and no terms are asked of it: a person looks.
    """
    withheld = not_written(context)
    limited = [key for key, one in terms_of(context).items() if key in withheld or not one.fields >= {*FIELDS}]
    names = {key: context.workspace.settings.partners[key].name for key in limited}
    filled = [(one.partner, [str(value) for value in one.new.values() if value is not None]) for one in changes]
    return tuple(
        f"it may put back what the terms of '{key}' do not allow"
        for key, name in names.items()
        if any(values and (of == key or any(name in value for value in values)) for of, values in filled)
    )
