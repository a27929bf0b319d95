"""Lists that the last pull held, as people may be told of them."""

from __future__ import annotations

from typing import Final

from jobs import views
from jobs.context import Context
from jobs.partners.terms import terms_of
from overlap.terms import FIELDS

_NOT_SAID: Final = "its partner hides fields, and why it is held may repeat one; 'overlap status' says why"


def held_lists(context: Context) -> dict[str, str]:
    """Return why lists are held, by partner: in words that may quote a row only where every field may be shown."""
    terms = terms_of(context)
    open_ones = {partner for partner, one in terms.items() if one.fields >= {*FIELDS}}
    held = views.held_lists(context).items()
    return {partner: why if partner in open_ones or partner not in terms else _NOT_SAID for partner, why in held}
