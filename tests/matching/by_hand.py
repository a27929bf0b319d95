"""Accounts and their features by hand, for tests of single rules."""

from typing import Any

from matching.features import Features, featurise
from matching.levels import COMPARISONS
from matching.statistics import measure
from matching.weights import DEFAULT
from tests.matching import worlds

Account = worlds.Account
NOTHING = dict.fromkeys(
    (*worlds.SITE, "phone", "country", "state", "city", "postcode", "outward", "street", "industry")
)


def account(
    name: str = "", /, *beside: str, form: str = "", native: str = "", site: str | None = None, **known: Any
) -> Account:
    """An account of ours with a name, names *beside* it, a website, and what is *known*."""
    names = [(core, core.replace(" ", ""), form, native) for core in (name, *beside) if core]
    label = site.split(".")[0] if site else None
    bare = known.pop("bare", label)
    fields = {"side": "o", "book": "sf", "id": name, "headcount": None, "domain": site, "label": label, "bare": bare}
    return NOTHING | fields | {"names": names} | known


def theirs(one: Account) -> Account:
    return one | {"side": "t", "book": "globex"}


def features(*accounts: Account) -> Features:
    read = worlds.tables(worlds.ours_first(list(accounts)))
    return featurise(read, measure(read))


def levels(x: Account, y: Account, *others: Account) -> dict[str, Any]:
    """Return what the engine finds of a pair; *others* are only counted."""
    counted = measure(worlds.tables(worlds.ours_first([x, theirs(y), *others])))
    (found,) = worlds.beside([(x, theirs(y))], DEFAULT, counted).to_dicts()
    return found


def level(comparison: str, x: Account, y: Account, *others: Account) -> str:
    """Return the level of one comparison, which must be the same with the sides swapped."""
    assert comparison in COMPARISONS
    found, swapped = levels(x, y, *others)[comparison], levels(y, x, *others)[comparison]
    assert found == swapped
    return str(found)
