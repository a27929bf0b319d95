"""SOQL, the part that the sandbox speaks: text in, a frozen `Select` out. It knows no schema.

As in Salesforce, AND and OR may not stand side by side without parentheses, dates and times are not quoted, and every
refusal points at the word it is about. What SOQL knows and this subset does not (GROUP BY, subqueries, date literals
such as TODAY, bind variables) is refused as MALFORMED_QUERY and never half understood.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from connectors.sandbox.errors import ApiError, QueryError

_T = TypeVar("_T")
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w-])
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<string>'(?:[^'\\\n]|\\.)*')
    | (?P<sign><=|>=|!=|<>|[=<>(),])
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(.)")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_MAX_OFFSET: Final = 2000


@dataclass(frozen=True, slots=True)
class Path:
    """A field, its parents first: ``Owner.Name`` is ("Owner", "Name"). *position* is where it stands in the text."""

    names: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. *kind* is string, number, boolean, date, datetime or null; *text* is unescaped, as SOQL means it."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a value, or against several for ``in`` and ``not in``. Operators are lower-case."""

    path: Path
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """*operator* is ``and``, ``or`` or ``not`` (one part)."""

    operator: str
    parts: tuple[Condition, ...]


Condition = Comparison | Logic


@dataclass(frozen=True, slots=True)
class Order:
    """One field of ORDER BY. Nulls come first in both directions unless the text says otherwise."""

    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A query. No *paths* means COUNT(). *position* is where the object's name stands in *soql*."""

    soql: str
    paths: tuple[Path, ...]
    entity: str
    position: int
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def parse(soql: str) -> Select:
    """Return what *soql* asks for.

    Raises:
        ApiError: MALFORMED_QUERY, it is not in the subset.
    """
    try:
        return _Parser(soql).select()
    except RecursionError:
        raise ApiError("MALFORMED_QUERY", "the query is nested too deeply") from None


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


class _Parser:
    """Recursive descent: one method per rule, in the order of the grammar."""

    def __init__(self, soql: str) -> None:
        self._soql = soql
        self._tokens = self._read()
        self._next = 0

    def select(self) -> Select:
        self._word("select")
        paths = self._fields()
        self._word("from")
        entity = self._take("name")
        where = self._condition() if self._have("where") else None
        order = self._list(self._order) if self._have("order", "by") else ()
        limit = self._count() if self._have("limit") else None
        at = self._peek().position
        offset = self._count() if self._have("offset") else 0
        if offset > _MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {_MAX_OFFSET}"
            raise QueryError("NUMBER_OUTSIDE_VALID_RANGE", message, self._soql, at)
        self._take("end")
        return Select(self._soql, paths, entity.text, entity.position, where, order, limit, offset)

    def _fields(self) -> tuple[Path, ...]:
        if self._peek().text.lower() == "count":
            self._word("count")
            self._sign("(")
            self._sign(")")
            return ()
        return self._list(self._path)

    def _condition(self) -> Condition:
        first = self._term()
        for operator in ("and", "or"):
            parts = [first]
            while self._have(operator):
                parts.append(self._term())
            if len(parts) > 1:
                # "a AND b OR c" ends here and is refused: the next word is not one that may follow.
                return Logic(operator, tuple(parts))
        return first

    def _term(self) -> Condition:
        if self._have("not"):
            return Logic("not", (self._term(),))
        if self._peek().text == "(":
            self._sign("(")
            inner = self._condition()
            self._sign(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Comparison:
        path = self._path()
        if self._have("not"):
            self._word("in")
            return Comparison(path, "not in", self._values())
        if self._have("in"):
            return Comparison(path, "in", self._values())
        if self._have("like"):
            return Comparison(path, "like", (self._literal(pattern=True),))
        operator = self._take("sign")
        if operator.text in "(),":
            raise self._unexpected(operator)
        return Comparison(path, "!=" if operator.text == "<>" else operator.text, (self._literal(),))

    def _values(self) -> tuple[Literal, ...]:
        self._sign("(")
        values = self._list(self._literal)
        self._sign(")")
        return values

    def _literal(self, pattern: bool = False) -> Literal:
        token = self._advance()
        if token.kind == "string":
            return Literal("string", self._unescaped(token, pattern), token.position)
        word = token.text.lower()
        if word in ("true", "false"):
            return Literal("boolean", word, token.position)
        if word == "null":
            return Literal("null", word, token.position)
        if token.kind not in ("number", "date", "datetime"):
            raise self._unexpected(token)
        return Literal(token.kind, token.text, token.position)

    def _unescaped(self, token: _Token, pattern: bool) -> str:
        """Resolve escapes; a LIKE pattern keeps those of its own signs, which are literal there."""

        def one(escape: re.Match[str]) -> str:
            sign = escape[1]
            if pattern and sign in "%_\\":
                return escape[0]
            if sign.lower() not in _ESCAPES:
                message = f"Illegal character sequence '\\{sign}' in string literal"
                raise QueryError("MALFORMED_QUERY", message, self._soql, token.position)
            return _ESCAPES[sign.lower()]

        return _ESCAPE.sub(one, token.text[1:-1])

    def _order(self) -> Order:
        path = self._path()
        descending = self._have("desc")
        if not descending:
            self._have("asc")
        nulls_last = self._have("nulls", "last")
        if not nulls_last:
            self._have("nulls", "first")
        return Order(path, descending, nulls_last)

    def _path(self) -> Path:
        token = self._take("name")
        return Path(tuple(token.text.split(".")), token.position)

    def _count(self) -> int:
        token = self._take("number")
        if not token.text.isdigit():
            raise self._unexpected(token)
        return int(token.text)

    def _list(self, item: Callable[[], _T]) -> tuple[_T, ...]:
        items = [item()]
        while self._peek().text == ",":
            self._advance()
            items.append(item())
        return tuple(items)

    def _have(self, *words: str) -> bool:
        """Step over *words* if they come next."""
        ahead = self._tokens[self._next : self._next + len(words)]
        if [token.text.lower() for token in ahead] != list(words):
            return False
        self._next += len(words)
        return True

    def _word(self, word: str) -> None:
        if not self._have(word):
            raise self._unexpected(self._peek())

    def _sign(self, sign: str) -> None:
        token = self._advance()
        if token.text != sign:
            raise self._unexpected(token)

    def _take(self, kind: str) -> _Token:
        token = self._advance()
        if token.kind != kind:
            raise self._unexpected(token)
        return token

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _advance(self) -> _Token:
        token = self._tokens[self._next]
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def _unexpected(self, token: _Token) -> ApiError:
        shown = "<EOF>" if token.kind == "end" else token.text
        return QueryError("MALFORMED_QUERY", f"unexpected token: '{shown}'", self._soql, token.position)

    def _read(self) -> list[_Token]:
        tokens: list[_Token] = []
        position = 0
        while not tokens or tokens[-1].kind != "end":
            found = _TOKEN.match(self._soql, position)
            if found is None or found.lastgroup is None:
                start = position + len(self._soql[position:]) - len(self._soql[position:].lstrip())
                message = f"unexpected token: '{self._soql[start : start + 1]}'"
                raise QueryError("MALFORMED_QUERY", message, self._soql, start)
            tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
            position = found.end()
        return tokens
