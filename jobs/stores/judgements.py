"""People's verdicts on pairs, as the ledger keeps them. Undone ones stay on record and count no more."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import polars as pl
from sqlalchemy import RowMapping, func, insert, select, update

from jobs.stores.ledger import Ledger
from jobs.stores.schema import judgements
from overlap.model import PAIR, Judgement, schema_of


@dataclass(frozen=True, slots=True)
class Kept:
    """A verdict with its *number*, and when it was undone, if it was: by a person, or by a later verdict."""

    number: int
    said: Judgement
    undone_at: datetime | None

    @property
    def last_word_at(self) -> datetime:
        """When anything was last decided about the pair."""
        return max(self.said.judged_at, self.undone_at or self.said.judged_at)


def record(ledger: Ledger, verdict: Judgement) -> None:
    """Put *verdict* in force; an earlier one on the same pair is undone."""
    with ledger.engine.begin() as connection:
        connection.execute(_of_pair(verdict.ids, verdict.judged_at))
        connection.execute(insert(judgements).values(asdict(verdict)))


def undo(ledger: Ledger, pair: tuple[str, str, str, str], at: datetime) -> bool:
    """Undo the verdict on *pair* (crm, ours_id, partner, theirs_id); return whether there was one."""
    with ledger.engine.begin() as connection:
        return bool(connection.execute(_of_pair(pair, at)).rowcount)


def undo_one(ledger: Ledger, number: int, at: datetime) -> Kept | None:
    """Undo verdict *number* and return it; None if there is none of that number in force."""
    with ledger.engine.begin() as connection:
        mine = (judgements.c.id == number) & judgements.c.undone_at.is_(None)
        row = connection.execute(select(judgements).where(mine)).mappings().one_or_none()
        if row is None:
            return None
        connection.execute(update(judgements).where(mine).values(undone_at=at))
    return replace(_kept(row), undone_at=at)


def every(ledger: Ledger) -> list[Kept]:
    """Return all verdicts, oldest first, also those that count no more."""
    with ledger.engine.connect() as connection:
        return [_kept(row) for row in connection.execute(select(judgements).order_by(judgements.c.id)).mappings()]


def last_of_each(ledger: Ledger) -> dict[tuple[str, str, str, str], Kept]:
    """Return what was said last of each pair of ids, in force or not."""
    newest = select(func.max(judgements.c.id)).group_by(*(judgements.c[name] for name in PAIR))
    with ledger.engine.connect() as connection:
        rows = connection.execute(select(judgements).where(judgements.c.id.in_(newest))).mappings()
        return {kept.said.ids: kept for kept in map(_kept, rows)}


def move(ledger: Ledger, crm: str, survivors: Mapping[str, str]) -> int:
    """Let the verdicts in force on our accounts of *crm* follow *survivors*, loser to survivor; return how many did."""
    ours = (judgements.c.crm == crm) & judgements.c.undone_at.is_(None)
    moved = 0
    with ledger.engine.begin() as connection:
        for loser, survivor in survivors.items():
            where = ours & (judgements.c.ours_id == loser)
            moved += connection.execute(update(judgements).where(where).values(ours_id=survivor)).rowcount
    return moved


def in_force(ledger: Ledger) -> pl.DataFrame:
    """Return the verdicts that count, with the columns of Judgement, oldest first."""
    columns = [judgements.c[name] for name in schema_of(Judgement)]
    query = select(*columns).where(judgements.c.undone_at.is_(None)).order_by(judgements.c.judged_at, judgements.c.id)
    with ledger.engine.connect() as connection:
        rows = connection.execute(query).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=dict(schema_of(Judgement)), orient="row")


def fingerprint(ledger: Ledger) -> str:
    """Return 16 hex digits that change when a verdict comes in force or is undone."""
    query = select(judgements.c.id).where(judgements.c.undone_at.is_(None)).order_by(judgements.c.id)
    with ledger.engine.connect() as connection:
        said = str(connection.execute(query).scalars().all())
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _kept(row: RowMapping) -> Kept:
    return Kept(row["id"], Judgement(**{name: row[name] for name in schema_of(Judgement)}), row["undone_at"])


def _of_pair(pair: tuple[str, ...], at: datetime):  # type: ignore[no-untyped-def]  # SQLAlchemy's Update is private
    where = [judgements.c[name] == value for name, value in zip(PAIR, pair, strict=True)]
    return update(judgements).where(*where, judgements.c.undone_at.is_(None)).values(undone_at=at)
