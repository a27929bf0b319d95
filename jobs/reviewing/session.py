"""One sitting at doubtful pairs: which one is looked at, what was said, what a key does. Pure: it shows nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Self

#: What each key does, as the help shows it. The first of several names the key.
KEYS: Final = {
    "j": "next pair",
    "k": "previous pair",
    "a": "accept: the same company",
    "r": "reject: different companies",
    "s": "set aside for later",
    "u": "undo the last verdict",
    "?": "this help",
    "q": "quit; every verdict is kept",
}
_SAME_KEYS: Final = {
    **dict.fromkeys(("\x1b[B", "\x1b[C", "\x1bOB", "\x1bOC", " "), "j"),
    **dict.fromkeys(("\x1b[A", "\x1b[D", "\x1bOA", "\x1bOD"), "k"),
    **dict.fromkeys(("\x1b", "\x04", ""), "q"),  # Escape, Ctrl-D, a terminal that is gone
}
_VERDICTS: Final = {"a": "same", "r": "different"}


class Wish(NamedTuple):
    """What is to be stored: ``same``, ``different``, or ``undo`` for the pair *at* that place."""

    at: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Session:
    """The pair *at* which a person looks, out of as many as there are *verdicts* (None: nothing said yet).

    *past* are the places judged, in order, each with what was said there before; *aside* were set aside. *said* is
    what to tell the person now.
    """

    verdicts: tuple[str | None, ...]
    at: int = 0
    past: tuple[tuple[int, str | None], ...] = ()
    aside: frozenset[int] = frozenset()
    shows_help: bool = False
    ended: bool = False
    said: str = ""

    @classmethod
    def of(cls, pairs: int) -> Self:
        """Return a session at the beginning of so many *pairs*, at least one."""
        return cls((None,) * pairs)

    @property
    def left(self) -> int:
        """How many pairs have no verdict and were not set aside."""
        return sum(self._is_open(at) for at in range(len(self.verdicts)))

    def press(self, key: str) -> tuple[Session, Wish | None]:
        """Return the session after *key*, and what must be stored first, if anything."""
        key = _SAME_KEYS.get(key, key.lower())
        calm = replace(self, said="", shows_help=False)
        if key in _VERDICTS:
            return calm._judged(_VERDICTS[key])
        if key == "u":
            return calm._undone()
        if key == "s":
            return replace(calm, aside=calm.aside | {calm.at})._onward(), None
        if key in ("j", "k"):
            return calm._moved(1 if key == "j" else -1), None
        if key == "?":
            return replace(calm, shows_help=not self.shows_help), None
        if key == "q":
            return replace(calm, ended=True), None
        return replace(calm, said=f"{key!r} does nothing; ? shows what does"), None

    def _judged(self, verdict: str) -> tuple[Session, Wish]:
        done = replace(
            self,
            verdicts=_with(self.verdicts, self.at, verdict),
            past=(*self.past, (self.at, self.verdicts[self.at])),
            aside=self.aside - {self.at},
        )
        return done._onward(), Wish(self.at, verdict)

    def _undone(self) -> tuple[Session, Wish | None]:
        """Take the last verdict back; what it had replaced in this sitting is in force again."""
        if not self.past:
            return replace(self, said="nothing was judged in this sitting; see: overlap judgements list"), None
        at, before = self.past[-1]
        done = replace(self, verdicts=_with(self.verdicts, at, before), past=self.past[:-1], at=at)
        return replace(done, said="the last verdict is undone"), Wish(at, before or "undo")

    def _moved(self, by: int) -> Session:
        at = self.at + by
        if not 0 <= at < len(self.verdicts):
            return replace(self, said=f"this is the {'last' if by > 0 else 'first'} pair")
        return replace(self, at=at)

    def _onward(self) -> Session:
        """Go on to the next pair that nothing was said of, those before this one last."""
        behind = range(self.at + 1, len(self.verdicts))
        following = next((at for at in (*behind, *range(self.at)) if self._is_open(at)), None)
        if following is None:
            return replace(self, said="no pair is left; q ends, u undoes the last verdict, k goes back")
        return replace(self, at=following)

    def _is_open(self, at: int) -> bool:
        return self.verdicts[at] is None and at not in self.aside


def _with(verdicts: tuple[str | None, ...], at: int, verdict: str | None) -> tuple[str | None, ...]:
    return (*verdicts[:at], verdict, *verdicts[at + 1 :])
