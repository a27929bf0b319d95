"""The whole scoring once more, slowly and pair by pair: the oracle of the compiled comparison.

An account is a dict with the columns of `matching.accounts.Tables.accounts` and ``names``, a list of (core, squeezed,
form, native), the name itself first. No number stands for a text here: what is equal is equal letter by letter.
Names are in `reference_names`, rivals and decisions in `reference_decisions`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import polars as pl

from matching.model import Model
from matching.normalize.industries import sector
from matching.normalize.names import generic_words
from tests.matching.reference_names import (
    ALIKE,
    EQUAL,
    ONE_HAS_MORE,
    Account,
    Counts,
    Name,
    begins,
    fnv1a,
    in_common,
    name_levels,
    names_of,
)

#: Names that are equal to one of two that a company has.
OF_TWO_NAMES = {"equal_known", "equal_alias"}
#: How a website reads beside a name.
NONE, UNLIKE, BEGINS, BRAND, NAME, DISTINCTIVE = range(-1, 5)


def compare(x: Account, y: Account, counts: Counts, model: Model) -> dict[str, Any]:
    """Levels by comparison, their ``weight``, and of the best names ``shared``, ``own_a``, ``own_b`` and units."""
    weights = {ladder.comparison: {level.code: level.weight for level in ladder.levels} for ladder in model.ladders}
    fits = []
    for a in names_of(x):
        for b in names_of(y):
            if not (a.at and b.at):
                met = in_common(a, b, counts)
                level = next(level for level, holds in name_levels(a, b, met, counts) if holds)
                left_over = sum(counts.info(word) for left in met.left for word in left)
                neither = -(
                    (fnv1a(a.squeezed) + fnv1a(b.squeezed)) % 2**64
                )  # says nothing, but the same of swapped sides
                fits.append((weights["name"][level], met.shared, -left_over, neither, level, a, b, met))
    _, shared, _, _, level, a, b, met = max(fits, key=lambda fit: fit[:4])
    reads = (_read_best(x, y, counts), _read_best(y, x, counts))
    found: dict[str, Any] = {
        "name": level,
        "website": website(x, y, level, bool(a.form and b.form), reads, counts),
        "place": place(x, y, level, min(counts.rarest(name.words) for name in (a, b)) >= 1100, met.region),
        "post": post(x, y, level),
        "size": size(x["headcount"], y["headcount"]),
        "industry": industry(x["industry"], y["industry"]),
        "form": form(x, y, a, b, level),
        "phone": "same" if x["phone"] and x["phone"] == y["phone"] else "unknown",
        "taken": "unknown",
    }
    found["weight"] = sum(weights[comparison][code] for comparison, code in found.items())
    own = [sum(counts.info(word) for word in left if word not in generic_words()) for left in met.left]
    return found | {"shared": shared, "own_a": own[0], "own_b": own[1], "unit_a": met.units[0], "unit_b": met.units[1]}


def reading(account: Account, name: Name, counts: Counts) -> int:
    label, bare = account["label"], account["bare"]
    if not label:
        return NONE
    is_name = label == name.squeezed or (bare == name.squeezed and begins(label, bare))
    if is_name and len(name.squeezed) >= 4 and counts.rarest(name.words) >= 1100:
        return DISTINCTIVE
    if label == name.squeezed:
        return NAME
    brand = "".join(word for word in name.words if word not in generic_words())
    if bare == name.squeezed or (len(name.squeezed) >= 3 and brand in (label, bare)):
        return BRAND
    starts = [(label, name.squeezed), (name.squeezed, bare), (label, name.words[0])]
    if any(len(start) >= 4 and begins(text, start) for text, start in starts):
        return BEGINS
    is_initials = 2 <= len(label) <= 8 and label == "".join(word[0] for word in name.words)
    return BEGINS if is_initials else UNLIKE


def _read_best(account: Account, other: Account, counts: Counts) -> int:
    return max((reading(account, name, counts) for name in names_of(other)), default=NONE)


def website(x: Account, y: Account, level: str, entities: bool, reads: tuple[int, int], counts: Counts) -> str:
    with_site = [account for account in (x, y) if account["domain"]]
    sharers = max((counts.sharers[one["side"], one["book"], one["domain"]] for one in with_site), default=1)
    own = [_read_best(account, account, counts) for account in with_site]
    read = max(reads)
    if len(with_site) == 2:
        if set(_domains(x)) & set(_domains(y)):
            return _same_website(level, entities, sharers)
        if level in OF_TWO_NAMES:
            return "unknown"
        if x["label"] == y["label"]:
            is_brand = level in ONE_HAS_MORE and max(own) == DISTINCTIVE
            return "same_label_brand" if is_brand or (level == "initials" and min(own) > UNLIKE) else "same_label"
        if read >= BRAND:
            return "different_named"
        if level in ("weak", "scripts"):
            return "different_weak"
        return "different" if min(own) > UNLIKE and sharers <= 3 else "different_unclear"
    if not with_site or (level in {"weak", "scripts", *OF_TWO_NAMES} and read == UNLIKE):
        return "unknown"
    if level == "near" and own[0] >= NAME and read == UNLIKE:
        return "unknown"
    if level in EQUAL:
        read = max(read, own[0])
    if level == "scripts" and read == BRAND:
        return "is_other_name"
    if read >= NAME and level not in EQUAL:
        return "is_other_name" if own[0] < NAME else "is_name_partly"
    if read >= NAME:
        if not _is_home(*sorted((x, y), key=lambda account: not account["domain"])):
            return "is_name_elsewhere"
        return "is_distinctive" if read == DISTINCTIVE and level != "equal_common" else "is_name"
    if read == BRAND:
        if own[0] > BRAND:
            return "is_brand_own"
        return "is_brand" if level in {*EQUAL, "brand_late"} else "is_brand_partly"
    if read == BEGINS:
        return "begins_own" if own[0] >= NAME and level not in EQUAL else "begins_name"
    return "unlike_both" if own[0] == UNLIKE or sharers > 3 else "unlike"


def _domains(account: Account) -> list[str]:
    """The first website, and two more at most."""
    return [account["domain"], *(account["others"] or [])[:2]]


def _same_website(level: str, entities: bool, sharers: int) -> str:
    if level in ALIKE and sharers > 3:
        return "same_shared"
    if level not in ALIKE and sharers > 1:
        return "same_shared_entities" if entities else "same_shared_other"
    if level in ALIKE and level != "tiny_rest_long":
        return "same"
    return "same_entities" if entities else "same_other"


def _is_home(owner: Account, other: Account) -> bool:
    """Whether the website of *owner* ends as a name's first owner's does."""
    suffix = owner["domain"].rsplit(".", 1)[-1]
    country = (owner["country"] or other["country"] or "").lower()
    return suffix == "com" or {"uk": "gb"}.get(suffix, suffix) == country


def place(x: Account, y: Account, level: str, rare: bool, region: bool) -> str:
    same = {key: bool(x[key]) and x[key] == y[key] for key in ("country", "state", "city")}
    differ = {key: bool(x[key] and y[key]) and x[key] != y[key] for key in same}
    if differ["country"]:
        if same["city"]:
            return "city_only"
        if region and rare and level in ONE_HAS_MORE:
            return "country_unit"
        return "country_named" if region else "country_differs"
    if same["city"] and not differ["state"]:
        return "city"
    if same["state"]:
        return "state_only" if differ["city"] else "state"
    if not same["country"]:
        return "unknown"
    elsewhere = differ["state"] or differ["city"]
    return "city_differs" if elsewhere and not (x["postcode"] and y["postcode"]) else "country"


def post(x: Account, y: Account, level: str) -> str:
    if x["country"] and y["country"] and x["country"] != y["country"]:
        return "unknown"
    if x["postcode"] and x["postcode"] == y["postcode"]:
        return "postcode" if level in EQUAL else "sisters"
    if x["outward"] and x["outward"] == y["outward"]:
        return "outward" if level in ALIKE else "outward_other"
    if x["postcode"] and y["postcode"]:
        return "differs" if level in EQUAL - {"equal_common"} else "differs_other"
    return "unknown"


def size(one: int | None, other: int | None) -> str:
    known = sorted(value for value in (one, other) if value)
    if len(known) == 2:
        ratio = known[1] / known[0]
        return "same" if ratio <= 1.25 else "near" if ratio <= 2.6 else "off" if ratio <= 6 else "far"
    if not known or known[0] > 100:
        return "unknown"
    return "tiny" if known[0] <= 10 else "small"


def industry(one: str | None, other: str | None) -> str:
    if one is None or other is None:
        return "unknown"
    codes = [set(sorted(set(re.findall(r"\b\d{4,6}\b", text)))[:4]) for text in (one, other)]
    if codes[0] and codes[1]:
        if codes[0] == codes[1]:
            return "same_many" if len(codes[0]) > 1 else "same"
        return "overlap" if codes[0] & codes[1] else "differs"
    if not any(codes) and one.lower().strip() == other.lower().strip():
        return "same"
    sectors = [sector_of(one), sector_of(other)]
    return "unknown" if None in sectors else "sector" if sectors[0] == sectors[1] else "other_sector"


@cache
def sector_of(text: str) -> str | None:
    return sector(pl.Series([text])).item()


def form(x: Account, y: Account, a: Name, b: Name, level: str) -> str:
    apart = x["country"] and y["country"] and x["country"] != y["country"]
    if level not in EQUAL or not a.form or not b.form or apart:
        return "unknown"
    return "same" if a.form == b.form else "differs"
