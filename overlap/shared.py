"""What is known of one account of a company holds for its accounts in all CRMs: exclusions, verdicts, matches.

`known` is what `overlap.companies.members` gives; companies that only one CRM has are left as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from overlap.model import RELATIONS

_THEIRS: Final = ["partner", "theirs_id"]
_OURS: Final = ["crm", "ours_id"]
#: What the line of evidence begins with of a match that another account of the company brought.
LINE: Final = "our companies|"


def left_out(gone: pl.DataFrame, companies: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return *gone* (crm, id, name, rule) and all accounts of companies that some CRM leaves out altogether.

    A CRM that still has an account of the company, say beside a test of the same name, does not leave it out. A lead
    is asked only in a CRM that has no account of it.
    """
    several = companies.filter(pl.col("crm").n_unique().over("company") > 1)
    is_lead = accounts.select("crm", "id", pl.col("is_lead").fill_null(False))
    told = several.join(is_lead, on=["crm", "id"], maintain_order="left")
    asked = told.filter(~pl.col("is_lead") | pl.col("is_lead").all().over("company", "crm"))
    by_rule = asked.join(gone.select("crm", "id", "rule"), on=["crm", "id"], how="left", maintain_order="left")
    in_crm = by_rule.group_by("company", "crm", maintain_order=True).agg(
        pl.col("rule").drop_nulls().first(), is_out=pl.col("rule").is_not_null().all()
    )
    out = in_crm.filter("is_out").group_by("company", maintain_order=True).agg(pl.col("rule").first())
    rest = companies.join(out, on="company", maintain_order="left").join(gone, on=["crm", "id"], how="anti")
    named = rest.join(accounts.select("crm", "id", "name"), on=["crm", "id"], maintain_order="left")
    return pl.concat([gone, named.select(gone.columns)])


def contradicting(verdicts: pl.DataFrame) -> frozenset[tuple[str, str]]:
    """Return the pairs (``crm:id``, the smaller first) of our accounts that people cannot mean to be one company.

    One of them is a row of a partner's list, and the other is not. *verdicts* are those of `judgements.resolve`.
    """
    rows = verdicts.select(*_THEIRS, "verdict", row=pl.concat_str(_OURS, separator=":"))
    same, other = (rows.filter(pl.col("verdict") == verdict) for verdict in ("same", "different"))
    pairs = same.join(other, on=_THEIRS).select("row", "row_right").iter_rows()
    return frozenset((min(one, two), max(one, two)) for one, two in pairs)


def verdicts_of_all(verdicts: pl.DataFrame, known: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return *verdicts*, and each also for the other accounts of its company; *of* names the account that was judged.

    It is null for what was said of the account itself. A company has no two verdicts on one row, see `contradicting`.
    """
    several = known.filter("in_several").select("crm", "company", ours_id="id")
    said = verdicts.join(several, on=_OURS).join(_called(accounts), on=_OURS)
    latest = said.sort("judged_at", *_OURS).unique(["company", *_THEIRS], keep="last", maintain_order=True)
    for_all = latest.drop(_OURS).join(several, on="company").join(verdicts, on=[*_OURS, *_THEIRS], how="anti")
    nobody = verdicts.with_columns(of=pl.lit(None, pl.String))
    return pl.concat([nobody, for_all.sort(*_OURS, *_THEIRS).select(nobody.columns)])


def matches_of_all(pairs: pl.DataFrame, known: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return *pairs* (columns of Match) where each account of a company has the matches of all its accounts.

    The company itself comes before relatives, then the surest pair. What an account matches by itself stays, and so
    does what people judged; what is doubtful of it alone is settled.
    """
    several = known.filter("in_several").select("crm", "company", "speaks", ours_id="id")
    theirs = pairs.join(several, on=_OURS).filter(pl.col("decision") == "match")
    rank = pl.col("relation").replace_strict(_places(RELATIONS), return_dtype=pl.Int64)
    down = [False, True, True, False, False]
    best = theirs.sort(rank, "probability", "speaks", *_OURS, descending=down).unique(
        ["company", *_THEIRS], keep="first", maintain_order=True
    )
    told = best.join(_called(accounts), on=_OURS).drop(_OURS, "speaks")
    settled = pairs.filter(pl.col("decision") != "review").select(*_OURS, *_THEIRS)
    new = told.join(several.drop("speaks"), on="company").join(settled, on=[*_OURS, *_THEIRS], how="anti")
    said = pl.format("same company as {}", "of")
    found = new.with_columns(
        reasons=pl.format("{}; {}", said, "reasons").str.slice(0, 255),
        evidence=pl.format(f"{{}}\n{LINE}{{}}|0.0", "evidence", said).str.strip_chars_start("\n"),
    ).select(pairs.columns)
    kept = pairs.join(found, on=[*_OURS, *_THEIRS], how="anti", maintain_order="left")
    return pl.concat([kept, found]).sort(*_OURS, *_THEIRS)


def once(pairs: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return *pairs* without those that another account of the same company has too: the CRM that speaks comes first.

    Then the surest. Doubles within the CRM that speaks are accounts that a person may look at: they stay.
    """
    told = known.select("crm", "company", "in_several", "speaks", ours_id="id")
    both = pairs.join(told, on=_OURS, how="left", maintain_order="left").with_row_index("at")
    several = both.filter("in_several").sort("speaks", "probability", "at", descending=[True, True, False])
    first = several.unique(["company", *_THEIRS], keep="first", maintain_order=True)
    left = several.filter(~pl.col("speaks")).join(first, on="at", how="anti")
    return both.join(left, on="at", how="anti", maintain_order="left").select(pairs.columns)


def _called(accounts: pl.DataFrame) -> pl.DataFrame:
    return accounts.select("crm", ours_id="id", of=pl.format("{} in {}", "name", "crm"))


def _places(order: Sequence[str]) -> dict[str, int]:
    return {name: place for place, name in enumerate(order)}
