"""Find the pair a person means, and say what the engine and people think of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from rapidfuzz import process

from jobs.context import Context
from jobs.finding.identity import Verdict, identified, judgement
from jobs.finding.models import chosen
from jobs.stores import judgements, snapshot
from jobs.stores.statistics import StatisticsFolder
from matching.kept import engine_version
from matching.ladder import Step, ladder, thought_of
from matching.model import Model
from matching.statistics import Statistics
from matching.surroundings import Thought, look_at, think
from matching.why_not import Rival, WhyNot, rival
from matching.why_not import why_not as look_why_not
from overlap import judgements as verdicts
from overlap import shared
from overlap.errors import ConfigError
from overlap.model import Judgement

_MOST_SUGGESTIONS = 5
_LEAST_LIKENESS = 60
#: What a run says of our accounts, of the partners', and of what ours are together (`overlap.companies.members`).
Run = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Explanation:
    """One pair in full: both rows as they came, what the model thinks of them, and the verdict in force, if any.

    *match* has the columns of `overlap.model.Match`, or nothing if a row has no usable name. *ladder* leads from what
    is thought before looking to the sum, *bits*. *thresholds* are the least probabilities of a match and of a doubtful
    pair. *compared* is false for a pair that no run looks at, because its
    rows have nothing in common to find it by. *rival* fits one of the rows better. *model* is the version of the one
    chosen now, *run_model* of the one that made the published run.
    """

    ours: dict[str, Any]
    theirs: dict[str, Any]
    match: dict[str, Any]
    ladder: tuple[Step, ...]
    bits: float
    thresholds: dict[str, float]
    compared: bool
    rival: Rival | None
    model: str
    run_model: str
    verdict: dict[str, Any] | None
    why_not: WhyNot | None


def explain(context: Context, ours: str, theirs: str, why_not: bool = False) -> Explanation:
    """Return what is thought of the pair that *ours* and *theirs* (an id or a name each) stand for.

    The probability is that of the published run, if its model is still the one chosen: the pair is weighed among all
    its rivals.

    Raises:
        ConfigError: there is no such row, or several.
    """
    accounts, partner_accounts, known = _published(context)
    our_row, their_row = _rows_of_pair(context, (accounts, partner_accounts, known), ours, theirs)
    pair = pl.DataFrame(
        {"crm": our_row["crm"], "ours_id": our_row["id"], "partner": their_row["partner"], "theirs_id": their_row["id"]}
    )
    model, facts = chosen(context), snapshot.manifest(context.workspace.runs, _run(context))
    context.report("weighing the pair among its rivals")
    around = look_at(accounts, partner_accounts, pair, _statistics(context, facts))
    decided = think(around, model, [Thought()])[0].decided
    found = _said_by_run(context, facts, pair, model)
    if found.is_empty():
        found = thought_of(around, decided, accounts, model)
    in_force = verdicts.resolve(
        judgements.in_force(context.ledger), identified(accounts, "crm"), identified(partner_accounts, "partner")
    )
    in_force = shared.verdicts_of_all(in_force, known, accounts)
    verdict = in_force.join(pair, on=pair.columns, how="semi")
    judged = verdicts.apply(found, verdict)
    steps = ladder(around, decided, model)
    return Explanation(
        ours=our_row,
        theirs=their_row,
        match=judged.row(0, named=True) if judged.height else {},
        ladder=steps,
        bits=round(sum(step.bits for step in steps), 2),
        thresholds={"match": model.match_at, "review": model.review_at},
        compared=around.proposed,
        rival=rival(around, decided),
        model=model.version,
        run_model=str(facts["model"]),
        verdict=verdict.row(0, named=True) if verdict.height else None,
        why_not=look_why_not(around, model, our_row, their_row) if why_not else None,
    )


def judge(context: Context, ours: str, theirs: str, verdict: str) -> Judgement:
    """Put ``same`` or ``different`` in force for a pair, or ``undo`` the verdict on it, and return it.

    Raises:
        ConfigError: there is no such row, or several, or nothing to undo.
    """
    run = _published(context)
    our_row, their_row = _rows_of_pair(context, run, ours, theirs)
    made = _judgement(context, our_row, their_row, verdict)
    if verdict == "undo":
        if not _undo(context, made, run):
            raise ConfigError(f"nobody judged '{our_row['name']}' and '{their_row['name']}'; there is nothing to undo")
    else:
        judgements.record(context.ledger, made)
    what = {
        "crm": made.crm,
        "ours": made.ours_id,
        "partner": made.partner,
        "theirs": made.theirs_id,
        "verdict": verdict,
    }
    context.ledger.note(context.who, "judged", what, context.now)
    return made


def _undo(context: Context, pair: Judgement, run: Run) -> bool:
    """Undo every verdict that speaks of *pair* today, whatever ids it was given on; return whether there was one.

    One on another account of the same company speaks of it too, while nobody judged the account itself.
    """
    wanted = {"crm": pair.crm, "ours_id": pair.ours_id, "partner": pair.partner, "theirs_id": pair.theirs_id}
    in_force = judgements.in_force(context.ledger).filter(pl.col("partner") == pair.partner)
    accounts, partner_accounts, known = _in_question(pair, in_force, run)
    ours, theirs = identified(accounts, "crm"), identified(partner_accounts, "partner")
    own: list[tuple[str, str, str, str]] = []
    others: list[tuple[str, str, str, str]] = []
    for number, stored in enumerate(in_force.select(list(wanted)).iter_rows()):
        today = shared.verdicts_of_all(verdicts.resolve(in_force[number], ours, theirs), known, accounts)
        for of in today.filter(**wanted)["of"]:
            (own if of is None else others).append(stored)
    undone = [judgements.undo(context.ledger, stored, context.now) for stored in own or others]
    return any(undone)


def _in_question(pair: Judgement, in_force: pl.DataFrame, run: Run) -> Run:
    """Return what of *run* decides whether a verdict *in_force* speaks of *pair*: its company, and its row.

    And what verdicts were given on, since one whose own account or row is still there speaks of no namesake.
    """
    accounts, theirs, known = run
    company = known.filter(crm=pair.crm, id=pair.ours_id).select("company")
    of_company = known.join(company, on="company", how="semi").select("crm", "id")
    ours = pl.concat([of_company, in_force.select("crm", id="ours_id")])
    rows = [pair.theirs_id, *in_force["theirs_id"]]
    its = theirs.filter(pl.col("partner") == pair.partner, pl.col("id").is_in(rows))
    return accounts.join(ours, on=["crm", "id"], how="semi", maintain_order="left"), its, known


def _published(context: Context) -> Run:
    runs, run_id = context.workspace.runs, _run(context)
    accounts, theirs, known = snapshot.read(runs, run_id, "accounts", "partner_accounts", "companies")
    if "speaks" not in known.columns:  # a run of an earlier version
        known = known.with_columns(in_several=pl.lit(False), speaks=pl.lit(True))
    return accounts, theirs, known


def _rows_of_pair(context: Context, run: Run, ours: str, theirs: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the account and the partner's row that are meant.

    A name that accounts of one company in several CRMs have means the one of the CRM that speaks for it.
    """
    accounts, partner_accounts, known = run
    _require_not_excluded(context, accounts, ours)
    named = accounts.filter(pl.col("name").str.to_lowercase() == ours.strip().lower())
    told = named.join(known, on=["crm", "id"])
    if told["company"].n_unique() == 1 and told["in_several"].all():
        spoken = accounts.join(told.filter("speaks"), on=["crm", "id"], how="semi")
        rest = accounts.join(named, on=["crm", "id"], how="anti")
        accounts = pl.concat([rest, spoken]) if spoken.height else accounts
    return _find(accounts, ours, "ours", "crm"), _find(partner_accounts, theirs, "theirs", "partner")


def _require_not_excluded(context: Context, accounts: pl.DataFrame, ours: str) -> None:
    """Refuse to speak of an account that the settings left out of the published run, unless another has its name."""
    runs, run_id = context.workspace.runs, _run(context)
    if "excluded.parquet" not in snapshot.manifest(runs, run_id)["files"]:
        return  # a run that is older than exclusions
    if accounts["name"].str.to_lowercase().eq(ours.strip().lower()).any():
        return
    (excluded,) = snapshot.read(runs, run_id, "excluded")
    for row in excluded.iter_rows(named=True):
        if ours.strip().lower() in (row["id"].lower(), f"{row['crm']}:{row['id']}".lower(), row["name"].lower()):
            raise ConfigError(f"'{row['name']}' is excluded by [exclusions.{row['rule']}]: it is not matched")


def _run(context: Context) -> str:
    published = context.ledger.pinned("published_run")
    if published is None:
        raise ConfigError("nothing has been matched yet; run 'overlap pull' and 'overlap match' first")
    return published


def _said_by_run(context: Context, facts: dict[str, Any], pair: pl.DataFrame, model: Model) -> pl.DataFrame:
    """Return what the published run said of *pair*: nothing if it had other rules, or a person's verdict in force."""
    (matches,) = snapshot.read(context.workspace.runs, _run(context), "matches")
    said = matches.join(pair, on=pair.columns, how="semi").filter(~pl.col("reasons").str.starts_with("judged "))
    return said if (facts["model"], facts.get("match_at")) == (model.version, model.match_at) else said.clear()


def _statistics(context: Context, facts: dict[str, Any]) -> Statistics | None:
    """Return the word statistics of the published run; None if they are gone: then words are counted again."""
    name = facts.get("statistics")
    return None if name is None else StatisticsFolder(context.workspace.statistics).load(name, engine_version())


def _find(rows: pl.DataFrame, wanted: str, side: str, book: str) -> dict[str, Any]:
    """Return the row whose id, ``book:id`` or name is *wanted*; names are compared without regard to case."""
    ids = rows.filter((pl.col("id") == wanted) | (pl.concat_str(book, "id", separator=":") == wanted))
    found = ids if ids.height else rows.filter(pl.col("name").str.to_lowercase() == wanted.strip().lower())
    if found.height == 1:
        return found.row(0, named=True)
    if found.height > 1:
        listed = "; ".join(
            f"{row[book]}:{row['id']} {row['name']} ({row['country'] or 'no country'})" for row in _rows(found)
        )
        raise ConfigError(f"{side} '{wanted}' is {found.height} rows; name one by its id: {listed}")
    names = rows["name"].to_list()
    close = [
        name for name, _, _ in process.extract(wanted, names, limit=_MOST_SUGGESTIONS, score_cutoff=_LEAST_LIKENESS)
    ]
    hint = (
        f"did you mean {' · '.join(close)}?" if close else f"it has {len(names):,} rows; look with 'overlap overlaps'"
    )
    raise ConfigError(f"{side} '{wanted}' is no id and no name in the last run; {hint}")


def _rows(found: pl.DataFrame) -> list[dict[str, Any]]:
    return found.head(_MOST_SUGGESTIONS).to_dicts()


def _judgement(context: Context, ours: dict[str, Any], theirs: dict[str, Any], verdict: str) -> Judgement:
    said = Verdict(verdict, "command", context.who, context.now)
    return judgement(_identified(ours, "crm"), _identified(theirs, "partner"), said)


def _identified(row: dict[str, Any], side: str) -> dict[str, Any]:
    texts = dict.fromkeys(("name", "website", "country"), pl.String)  # a row without a country has no type to go by
    return identified(pl.DataFrame([row], schema_overrides=texts), side).row(0, named=True)
