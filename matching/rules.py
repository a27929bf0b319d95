"""The rules by which two accounts reach the levels of `matching.levels`. Compiled: they run for millions of pairs.

*x* is an account of ours and *a* its name, *y* and *b* are theirs (`features.ACCOUNT`, `features.NAME`). 0 is unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from matching import readings
from matching.compiled import compiled
from matching.levels import Form, Industry, Name, Phone, Place, Post, Size, Website
from matching.normalize.names import BESIDE
from matching.texts import begins, one_slip_apart

if TYPE_CHECKING:
    from matching.words_in_common import InCommon

#: Rows of one side on a website that still is one company's.
_FEW_SHARERS: Final = 3
#: How the suffix ".com" is kept; see `features.suffixes`.
DOT_COM: Final = int.from_bytes(b"c!", "big")


@compiled
def name(a: Any, b: Any, both: InCommon) -> Name:
    """Return the level of two names that have *both* in common; information is in 1/100 bit."""
    least, most = min(both.rest_a, both.rest_b), max(both.rest_a, both.rest_b)
    least_own, most_own = min(both.own_a, both.own_b), max(both.own_a, both.own_b)
    letters, words = min(a.squeezed.length, b.squeezed.length), min(a.count, b.count)
    common = a.is_common or b.is_common
    if a.squeezed.hash == b.squeezed.hash or a.ordered == b.ordered:
        # Two names in one script that are only alike in Latin letters are two names.
        if a.native != 0 and b.native != 0 and a.native != b.native:
            return Name.RESEMBLES
        if max(a.variant, b.variant) >= BESIDE:
            return Name.EQUAL_ALIAS
        if max(a.companies, b.companies) > 1 or letters <= 3 or common:
            return Name.EQUAL_COMMON
        if a.variant > 0 or b.variant > 0:
            return Name.EQUAL_KNOWN
        if (words > 1 and min(a.total, b.total) >= 1200) or (words == 1 and letters >= 8):
            return Name.EQUAL_DISTINCTIVE
        return Name.EQUAL
    shared, first = both.shared, both.first
    if first and both.abbreviations:
        if most_own == 0 and most <= 300 and shared >= 1100:
            return Name.ABBREVIATED_LONG if shared >= 1500 else Name.ABBREVIATED
        if most == 0:
            return Name.ABBREVIATED_COMMON
    # A number is a name of its own: "No. 3" is no misspelt "No. 2".
    slip = letters >= 6 and a.digits == b.digits and one_slip_apart(a.squeezed, b.squeezed)
    if slip and letters >= 10:
        return Name.NEAR
    if first and shared >= 900:
        if least == 0 and most_own == 0 and most <= 300:
            return Name.TINY_REST_LONG if shared >= 1500 else Name.TINY_REST
        if least == 0 and most_own == 0:
            return Name.GENERIC_REST
        if most_own == 0:
            return Name.GENERIC_BOTH
        if least == 0:
            return Name.INSIDE_LONG if shared >= 1700 else Name.INSIDE
        if least_own == 0:
            return Name.INSIDE_MIXED
    elif first and least == 0 and most_own == 0 and words > 1:
        return Name.GENERIC_REST
    elif most_own == 0 and min(a.rarest, b.rarest) >= 1100:
        return Name.BRAND_LATE
    elif letters >= 9 and min(a.total, b.total) >= 1000 and not common and _one_begins(a, b):
        return Name.BEGINS
    if slip:
        return Name.RESEMBLES
    if _are_initials(a, b) or _are_initials(b, a):
        return Name.INITIALS
    if least == 0 and shared >= 1100:
        return Name.INSIDE_LATE
    if first and shared >= 1100 and 100 * shared >= 60 * (shared + both.rest_a + both.rest_b):
        return Name.MOST
    if first and shared >= 900:
        return Name.CONFLICT_FIRST
    if shared >= 1700:
        return Name.CONFLICT_LONG
    # A name in its own script may be the other one by its meaning: it tells less than two names in one script do.
    return Name.SCRIPTS if (a.native == 0) != (b.native == 0) else Name.WEAK


@compiled
def _one_begins(a: Any, b: Any) -> bool:
    return bool(begins(a.squeezed, b.squeezed) or begins(b.squeezed, a.squeezed))


@compiled
def _are_initials(short: Any, long: Any) -> bool:
    """Return whether a name is made of the first letters of the other's words."""
    return bool(2 <= short.squeezed.length <= 6 and short.squeezed.packs[0] == long.initials)


@compiled
def website(x: Any, y: Any, level: Name, entities: bool, reads_a: int, reads_b: int) -> Website:
    """Return the level of the websites of accounts whose names reach *level*.

    *entities* says that both names have a legal form; *reads_a* how our website reads beside their names, *reads_b* how
    theirs does beside ours (`readings`).
    """
    sharers, reads = max(x.sharers, y.sharers), max(reads_a, reads_b)
    if x.domain != 0 and y.domain != 0:
        if _share_domain(x, y):
            return _same_website(level, entities, sharers)
        if level in (Name.EQUAL_KNOWN, Name.EQUAL_ALIAS):
            return Website.UNKNOWN  # a company of two names may well have two websites
        if x.label.hash == y.label.hash:
            most_own, least_own = max(x.own_reading, y.own_reading), min(x.own_reading, y.own_reading)
            is_brand = one_has_more(level) and most_own == readings.DISTINCTIVE
            is_initials = level == Name.INITIALS and least_own > readings.UNLIKE
            return Website.SAME_LABEL_BRAND if is_brand or is_initials else Website.SAME_LABEL
        if reads >= readings.BRAND:
            return Website.DIFFERENT_NAMED
        if level in (Name.WEAK, Name.SCRIPTS):
            return Website.DIFFERENT_WEAK
        speak = x.own_reading > readings.UNLIKE and y.own_reading > readings.UNLIKE
        return Website.DIFFERENT if speak and sharers <= _FEW_SHARERS else Website.DIFFERENT_UNCLEAR
    # That the website of one company is unlike the name of quite another one, or its own other name, says nothing new.
    differ = level in (Name.WEAK, Name.SCRIPTS, Name.EQUAL_KNOWN, Name.EQUAL_ALIAS)
    if reads == readings.UNKNOWN or (differ and reads == readings.UNLIKE):
        return Website.UNKNOWN
    own = x.own_reading if x.domain != 0 else y.own_reading
    if level == Name.NEAR and own >= readings.NAME and reads == readings.UNLIKE:
        return Website.UNKNOWN  # what is its own name cannot read like a slip of it
    if equal(level):
        reads = max(reads, own)  # what reads like one of two equal names reads like both
    if level == Name.SCRIPTS and reads == readings.BRAND:
        return Website.IS_OTHER_NAME
    if reads >= readings.NAME:
        return _is_name(x, y, level, reads, own)
    if reads == readings.BRAND:
        if own > readings.BRAND:
            return Website.IS_BRAND_OWN
        return Website.IS_BRAND if equal(level) or level == Name.BRAND_LATE else Website.IS_BRAND_PARTLY
    if reads == readings.BEGINS:
        return Website.BEGINS_OWN if own >= readings.NAME and not equal(level) else Website.BEGINS_NAME
    # A website that does not read like its own name either, or that many share, need not read like the other's.
    return Website.UNLIKE_BOTH if own == readings.UNLIKE or sharers > _FEW_SHARERS else Website.UNLIKE


@compiled
def _share_domain(x: Any, y: Any) -> bool:
    """Return whether any of the websites of either side is one of the other's."""
    if x.domain == y.domain:
        return True
    for other in x.others:
        if other != 0 and (other == y.domain or other in y.others):
            return True
    return x.domain in y.others


@compiled
def _same_website(level: Name, entities: bool, sharers: int) -> Website:
    """Return the level of one website on both sides: a group's entities share theirs."""
    if alike(level) and sharers > _FEW_SHARERS:
        return Website.SAME_SHARED
    if not alike(level) and sharers > 1:
        return Website.SAME_SHARED_ENTITIES if entities else Website.SAME_SHARED_OTHER
    if alike(level) and level != Name.TINY_REST_LONG:
        return Website.SAME
    return Website.SAME_ENTITIES if entities else Website.SAME_OTHER


@compiled
def _is_name(x: Any, y: Any, level: Name, reads: int, own: int) -> Website:
    """Return the level of a website that is the other side's name."""
    if not equal(level):
        return Website.IS_OTHER_NAME if own < readings.NAME else Website.IS_NAME_PARTLY
    owner, other = (x, y) if x.domain != 0 else (y, x)
    country = owner.country if owner.country != 0 else other.country
    # .com or the country's own suffix belongs to the name's first owner.
    if owner.suffix != DOT_COM and (owner.suffix == 0 or owner.suffix != country):
        return Website.IS_NAME_ELSEWHERE
    distinctive = reads == readings.DISTINCTIVE and level != Name.EQUAL_COMMON
    return Website.IS_DISTINCTIVE if distinctive else Website.IS_NAME


@compiled
def place(x: Any, y: Any, a: Any, b: Any, level: Name, region: bool) -> Place:
    """Return the level of country, state and city; *region* says that one name has a region's name more."""
    same_city = x.city != 0 and x.city == y.city
    if _differ(x.country, y.country):
        # "San Francisco, CA" may have been read as Canada.
        if same_city:
            return Place.CITY_ONLY
        if region and one_has_more(level) and min(a.rarest, b.rarest) >= 1100:
            return Place.COUNTRY_UNIT
        return Place.COUNTRY_NAMED if region else Place.COUNTRY_DIFFERS
    if same_city and not _differ(x.state, y.state):
        return Place.CITY
    if x.state != 0 and x.state == y.state:
        return Place.STATE_ONLY if _differ(x.city, y.city) else Place.STATE
    if x.country == 0 or y.country == 0:
        return Place.UNKNOWN
    elsewhere = _differ(x.state, y.state) or _differ(x.city, y.city)
    # Where both give a postcode, that comparison says it better.
    both_post = x.postcode != 0 and y.postcode != 0
    return Place.CITY_DIFFERS if elsewhere and not both_post else Place.COUNTRY


@compiled
def post(x: Any, y: Any, level: Name) -> Post:
    """Return the level of the postcodes; sisters of a group live at one address."""
    if _differ(x.country, y.country):
        return Post.UNKNOWN
    if x.postcode != 0 and x.postcode == y.postcode:
        return Post.POSTCODE if equal(level) else Post.SISTERS
    if x.outward != 0 and x.outward == y.outward:
        return Post.OUTWARD if alike(level) else Post.OUTWARD_OTHER
    if _differ(x.postcode, y.postcode):
        return Post.DIFFERS if equal(level) and level != Name.EQUAL_COMMON else Post.DIFFERS_OTHER
    return Post.UNKNOWN


@compiled
def size(x: Any, y: Any) -> Size:
    """Return the level of the headcounts; a company of ten whom only one side counts is rarely on a partner's list."""
    least, most = min(x.headcount, y.headcount), max(x.headcount, y.headcount)
    if least > 0:
        if most <= 1.25 * least:
            return Size.SAME
        if most <= 2.6 * least:
            return Size.NEAR
        return Size.FAR if most > 6 * least else Size.OFF
    if 0 < most <= 10:
        return Size.TINY
    return Size.SMALL if 0 < most <= 100 else Size.UNKNOWN


@compiled
def industry(x: Any, y: Any) -> Industry:
    """Return the level of the industries, as sets of codes or as texts."""
    if x.codes == 0 or y.codes == 0:
        return Industry.UNKNOWN
    met = 0
    for i in range(x.codes):
        for j in range(y.codes):
            met += x.industry[i] == y.industry[j]
    if met == x.codes and met == y.codes:
        return Industry.SAME_MANY if met > 1 else Industry.SAME
    if met > 0:
        return Industry.OVERLAP
    # Two words for industries may mean the same; two lists of codes do not.
    if x.is_coded and y.is_coded:
        return Industry.DIFFERS
    if x.sector == 0 or y.sector == 0:
        return Industry.UNKNOWN
    return Industry.SECTOR if x.sector == y.sector else Industry.OTHER_SECTOR


@compiled
def form(x: Any, y: Any, a: Any, b: Any, level: Name) -> Form:
    """Return the level of the legal forms."""
    if not equal(level) or a.form == 0 or b.form == 0 or _differ(x.country, y.country):
        return Form.UNKNOWN
    return Form.SAME if a.form == b.form else Form.DIFFERS


@compiled
def phone(x: Any, y: Any) -> Phone:
    """Return whether the phone number is the same."""
    return Phone.SAME if x.phone != 0 and x.phone == y.phone else Phone.UNKNOWN


@compiled
def equal(level: Name) -> bool:
    """Return whether two names are the same."""
    return level >= Name.EQUAL_COMMON


@compiled
def one_has_more(level: Name) -> bool:
    """Return whether one name is the other with words more, as the names of units are."""
    return level in (Name.TINY_REST, Name.TINY_REST_LONG, Name.GENERIC_REST, Name.BRAND_LATE)


@compiled
def alike(level: Name) -> bool:
    """Return whether two names are as good as the same."""
    return bool(equal(level)) or level in (Name.ABBREVIATED, Name.ABBREVIATED_LONG, Name.NEAR, Name.TINY_REST_LONG)


@compiled
def _differ(one: int, other: int) -> bool:
    return one != 0 and other != 0 and one != other
