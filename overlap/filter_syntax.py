"""Parse the text of a filter as SQL's conditions, with sqlglot, and say where in it something is wrong.

What comes back is sqlglot's tree of the text: `overlap.filter_text` decides what of it may stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.parser import Parser as SqlParser
from sqlglot.tokenizer_core import Token, TokenType
from sqlglot.tokens import Tokenizer as SqlTokenizer

from overlap.errors import ConfigError

EXAMPLE: Final = "write it like: account_type = 'Customer' and revenue > 1e6"
_LONGEST: Final = 5_000
_DEEPEST: Final = 20
#: What sqlglot says of its own tree, in words that help.
_PLAIN: Final = {"Required keyword": "something is missing here", "Invalid expression": "this does not belong here"}


class Days(exp.Expression, exp.Predicate):
    """``created_at within last 90 days``, which SQL does not have."""

    arg_types = {"this": True, "days": True, "side": False}  # noqa: RUF012 - sqlglot's own form


class _FilterDialect(Dialect):
    """SQL's conditions, and ``within``."""

    class Tokenizer(SqlTokenizer):
        KEYWORDS = {**SqlTokenizer.KEYWORDS, "WITHIN": TokenType.ADJACENT}  # noqa: RUF012

    class Parser(SqlParser):
        RANGE_PARSERS = {
            kind: SqlParser.RANGE_PARSERS[kind]
            for kind in (TokenType.BETWEEN, TokenType.ILIKE, TokenType.IN, TokenType.IS, TokenType.LIKE)
        } | {TokenType.ADJACENT: lambda self, this: self._parse_days(this)}

        def _parse_days(self, this: Any) -> Any:
            side = next((side for side in ("last", "next") if self._match_text_seq(side.upper())), "")
            days = self._parse_number()
            if days is None or not (self._match_text_seq("DAYS") or self._match_text_seq("DAY")):
                self.raise_error("within wants a number of days, as in created_at within 90 days")
            return self.expression(Days(this=this, days=days, side=side))


@dataclass(frozen=True, slots=True)
class Written:
    """The text of a filter, and *where* in the settings it stands."""

    text: str
    where: str

    def parsed(self) -> exp.Expr:
        """Return sqlglot's tree of the whole text.

        Raises:
            ConfigError: it is no single condition.
        """
        if len(self.text) > _LONGEST:
            raise self.refused(f"it has {len(self.text):,} characters, more than {_LONGEST:,}")
        dialect = _FilterDialect()
        try:
            tokens = dialect.tokenize(self.text)
        except SqlglotError as error:
            raise self.refused("a quote or a comment that begins here is not closed", self._unclosed()) from error
        self._look_at(tokens)
        try:
            trees = dialect.parser().parse_into(exp.Condition, tokens, self.text)
        except ParseError as error:
            first = error.errors[0] if error.errors else {}
            said = str(first.get("description") or "it cannot be read")
            why = next((plain for start, plain in _PLAIN.items() if said.startswith(start)), said)
            raise self.refused(f"{why}; {EXAMPLE}", self._offset(first)) from error
        except (SqlglotError, ValueError, TypeError, AttributeError, LookupError) as error:
            raise self.refused(f"it cannot be read; {EXAMPLE}") from error
        if len(trees) != 1 or trees[0] is None:
            raise self.refused(f"it must be one condition; {EXAMPLE}")
        return trees[0]

    def refused(self, why: str, at: Any = None) -> ConfigError:
        """Return the error that says *why*; *at* is the place, an offset or a node of the tree."""
        if isinstance(at, exp.Expression):
            starts = (found.meta.get("start") for found in at.walk())
            at = min((start for start in starts if isinstance(start, int)), default=None)
        place = "" if at is None else f"at character {at + 1}, {self.text[at : at + 24]!r}: "
        return ConfigError(f"{self.where}: {place}{' '.join(why.split())}")

    def _look_at(self, tokens: list[Token]) -> None:
        """Refuse what the tree would not show: comments and semicolons, and nesting that would not end well."""
        if not tokens:
            raise self.refused(f"there is no condition; {EXAMPLE}")
        depth = 0
        for token in tokens:
            if token.comments:
                raise self.refused(
                    "a comment cannot stand in a filter; write it on a line of its own, after #", token.start
                )
            if token.token_type is TokenType.SEMICOLON:
                raise self.refused("a filter is one condition, without a semicolon", token.start)
            depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
            if depth > _DEEPEST:
                raise self.refused(f"more than {_DEEPEST} brackets within brackets; split it into several", token.start)

    def _offset(self, said: dict[str, Any]) -> int | None:
        """Return where in the text an error of sqlglot is: it gives line and column of the end of the piece."""
        line, column = said.get("line"), said.get("col")
        if not isinstance(line, int) or not isinstance(column, int):
            return None
        before = sum(len(one) + 1 for one in self.text.split("\n")[: line - 1])
        return max(0, min(before + column - len(str(said.get("highlight") or "")), len(self.text) - 1))

    def _unclosed(self) -> int:
        """Return where the last quote, or else the comment begins."""
        return max(self.text.rfind("'"), self.text.rfind('"'), self.text.rfind("/*"), 0)
