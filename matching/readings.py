"""How a website reads beside a name: its label may be the name, the brand, or begin like it.

One website says much even where the other side gives none: "acme.com" beside the name "Acme".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from matching.compiled import compiled
from matching.texts import begins

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

#: No website; then from "reads like something else" to "is the distinctive name".
UNKNOWN: Final = -1
UNLIKE: Final = 0
BEGINS: Final = 1
BRAND: Final = 2
NAME: Final = 3
DISTINCTIVE: Final = 4
#: Letters from which on a text is no accident, and information of its most telling word, in 1/100 bit.
_LETTERS: Final = 4
_TELLING: Final = 1100
#: Leaves the first `_LETTERS` letters of a pack.
_FIRST: Final = np.uint64(64 - 8 * _LETTERS)


@compiled
def reading(account: Any, name: Any, words: Array) -> int:
    """Return how the website of an account (`features.ACCOUNT`) reads beside a name (`features.NAME`)."""
    label, bare, squeezed = account.label, account.bare, name.squeezed
    if label.length == 0:
        return UNKNOWN
    is_label, is_bare = squeezed.hash == label.hash, squeezed.hash == bare.hash
    # The bare label may have been the name with more behind it ("acmehq"), or before it ("getacme").
    if (is_label or (is_bare and begins(label, bare))) and squeezed.length >= _LETTERS and name.rarest >= _TELLING:
        return DISTINCTIVE
    if is_label:
        return NAME
    if is_bare or (squeezed.length >= 3 and (name.brand == label.hash or name.brand == bare.hash)):
        return BRAND
    if 2 <= label.length <= 8 and label.packs[0] == name.initials:
        return BEGINS
    # What begins like something else shares its first letters: cheap to see, and most do not.
    label_start, bare_start = label.packs[0] >> _FIRST, bare.packs[0] >> _FIRST
    squeezed_start = squeezed.packs[0] >> _FIRST
    if label_start == squeezed_start and squeezed.length >= _LETTERS and begins(label, squeezed):
        return BEGINS
    if bare_start == squeezed_start and bare.length >= _LETTERS and begins(squeezed, bare):
        return BEGINS
    if label_start == name.start:
        first = words[name.words[0]].text
        if first.length >= _LETTERS and begins(label, first):
            return BEGINS
    return UNLIKE


@compiled
def own_readings(accounts: Array, names: Array, first: Array, words: Array) -> Array:
    """Return for each account how its website reads beside the one of its own names that it reads most like."""
    best = np.full(len(accounts), UNKNOWN, dtype=np.int8)
    for row in range(len(accounts)):
        for at in range(first[row], first[row + 1]):
            best[row] = max(best[row], reading(accounts[row], names[at], words))
    return best
