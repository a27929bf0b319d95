"""One company, all its accounts: where one of our duplicates is a match, a doubtful pair of another is a match too.

Rivals take a partner's row away from the account that fits it less. Between two accounts of one company there is
nothing to take away: whoever opens either should see the overlap. Pure; no pair is made that the engine did not see.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from overlap.model import SAME

_THEIRS: Final = ["partner", "theirs_id"]
#: The line of evidence of such a match; the account that it follows stands in the middle.
_KIND: Final = "our duplicates"


def follow(pairs: pl.DataFrame, companies: pl.DataFrame) -> pl.DataFrame:
    """Return *pairs* (columns of Match) with the doubtful ones of our duplicates decided as their surest match is.

    *companies* has ``crm``, ``id`` and ``company``. A pair that a person judged is never doubtful, and one that was
    judged the same is followed like any match. The order of *pairs* stays.
    """
    known = companies.rename({"id": "ours_id"})
    both = pairs.join(known, on=["crm", "ours_id"], how="left", maintain_order="left")
    same = pl.col("relation") == SAME
    sure = both.filter(same, pl.col("decision") == "match").sort("probability", "crm", "ours_id")
    surest = sure.unique([*_THEIRS, "company"], keep="last")
    leader = surest.select(*_THEIRS, "company", leader="ours_id", its_probability="probability")
    both = both.join(leader, on=[*_THEIRS, "company"], how="left", maintain_order="left")
    follows = same & (pl.col("decision") == "review") & pl.col("leader").is_not_null()
    said = pl.format("our duplicate {} is a match", "leader")
    followed = both.with_columns(
        decision=pl.when(follows).then(pl.lit("match")).otherwise("decision"),
        probability=pl.when(follows).then("its_probability").otherwise("probability"),
        reasons=pl.when(follows).then(pl.format("{}; {}", said, "reasons").str.slice(0, 255)).otherwise("reasons"),
        evidence=pl.when(follows).then(pl.format(f"{{}}\n{_KIND}|{{}}|0.0", "evidence", said)).otherwise("evidence"),
    )
    return followed.select(pairs.columns)
