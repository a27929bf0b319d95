"""What two names have in common, word by word. Compiled: it runs for millions of pairs.

A word meets its like, or one that abbreviates it. Information is in 1/100 bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from matching.compiled import compiled
from matching.texts import begins, letter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Places that a word may be away from the one that it abbreviates.
_SHIFT: Final = 2
#: Information of a very short abbreviation at most.
_SHORT_ABBREVIATION: Final = 500


class InCommon(NamedTuple):
    """What two names share, and what is left over in only our (*a*) or their (*b*) name.

    *shared* is the information of the words that both have, *abbreviations* of them abbreviated; *first* says that the
    first words met. *rest* is the information of all words left over, *own* of those that are not generic; *met* has a
    bit for each place whose word met one.
    """

    shared: int
    abbreviations: int
    first: bool
    rest_a: int
    rest_b: int
    own_a: int
    own_b: int
    met_a: int
    met_b: int


@compiled
def in_common(a: Any, b: Any, words: Array) -> InCommon:
    """Return what the names *a* and *b* (`features.NAME`) have in common; *words* is the vocabulary."""
    met_a, met_b, shared, own, abbreviations = 0, 0, 0, 0, 0
    for i in range(a.count):
        number = a.words[i]
        for j in range(b.count):
            if number == b.words[j] and not met_b >> j & 1:
                met_a |= 1 << i
                met_b |= 1 << j
                word = words[number]
                shared += word.info
                own += 0 if word.is_generic else word.info
                break
    first = a.words[0] == b.words[0]
    rest_a, rest_b, own_a, own_b = a.total - shared, b.total - shared, a.own - own, b.own - own
    # Abbreviated names begin with the same letter at least.
    if rest_a > 0 and rest_b > 0 and letter(a.squeezed, 0) == letter(b.squeezed, 0):
        for i in range(a.count):
            for j in range(max(0, i - _SHIFT), min(b.count, i + _SHIFT + 1)):
                # First words meet only each other.
                if met_a >> i & 1 or met_b >> j & 1 or (i == 0) != (j == 0):
                    continue
                one, other = words[a.words[i]], words[b.words[j]]
                likeness = _abbreviates(one, other)
                if likeness > (1 if i == 0 else 0):
                    worth = min(one.info, other.info)
                    shared += worth if likeness > 1 else min(worth, _SHORT_ABBREVIATION)
                    rest_a, rest_b = rest_a - one.info, rest_b - other.info
                    own_a -= 0 if one.is_generic else one.info
                    own_b -= 0 if other.is_generic else other.info
                    met_a |= 1 << i
                    met_b |= 1 << j
                    abbreviations += 1
                    first = first or i == 0
    return InCommon(shared, abbreviations, bool(first), rest_a, rest_b, own_a, own_b, met_a, met_b)


@compiled
def names_unit(name: Any, met: int, words: Array) -> bool:
    """Return whether a word behind the first that is not *met* names a unit of a company."""
    for place in range(1, name.count):
        if not met >> place & 1 and words[name.words[place]].is_unit:
            return True
    return False


@compiled
def names_region(name: Any, met: int, words: Array) -> bool:
    """Return whether a word behind the first that is not *met* names a country or region."""
    for place in range(1, name.count):
        if not met >> place & 1 and words[name.words[place]].is_region:
            return True
    return False


@compiled
def _abbreviates(one: Any, other: Any) -> int:
    """Return whether the shorter word is the longer one cut off, or some of its letters in their order ("hldgs").

    2 says so of a word cut to 3 letters or more and of 4 letters or more from inside, 1 of shorter ones, 0 is no.
    """
    # One letter less is a slip of the pen or another word ("Avant", "Avanti").
    if abs(one.text.length - other.text.length) < 2 or letter(one.text, 0) != letter(other.text, 0):
        return 0
    if letter(one.text, 0) < _A:  # "20" is not short for "2020"
        return 0
    short, long = (one.text, other.text) if one.text.length < other.text.length else (other.text, one.text)
    if begins(long, short):
        return 2 if short.length >= 3 else 1
    at = 0
    for place in range(long.length):
        if at < short.length and letter(long, place) == letter(short, at):
            at += 1
    if at < short.length or short.length < 2:
        return 0
    return 2 if short.length >= 4 else 1


_A: Final = ord("a")
