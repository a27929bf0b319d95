"""Why an overlap is otherwise in one run than in another: what of its account, its rows, the rules or verdicts moved.

A cause that is enough by itself (a row that is gone, a verdict, a rule that takes the account) stands alone; else every
fact that moved and bears on the question is named, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from overlap.run_facts import Key, Pair, Row, Sides

#: Kinds of causes: data of ours or theirs, a verdict, a setting, the model, an exclusion, terms, words counted anew,
#: the day (conditions may ask of it), and what no fact that is kept explains.
KINDS: Final = ("ours", "theirs", "judgement", "setting", "model", "exclusion", "terms", "words", "day", "unknown")
#: Conditions ask of any deal, or only whether one is won or open.
ANY_DEAL: Final = "any deal"
PLAIN_DEALS: Final = "won or open deals"
_NO_FACTS: Final = ("modified_at", "owner_id", "engagement", "population", "populations", "custom")
_RATED: Final = ("icp_fit", "icp_tier", "icp_reasons")
_UNKNOWN: Final = "nothing of this pair moved that runs keep; other rows did"


@dataclass(frozen=True, slots=True)
class Cause:
    """*kind* is one of `KINDS`; *text* is for people."""

    kind: str
    text: str


def of_matching(sides: Sides, pair: Pair, is_new: bool) -> list[Cause]:
    """Return why the first run of *sides* has the overlap *pair* and the other one has not."""
    crm, account_id, partner = pair
    there, missing = sides.one, sides.other
    other_partners, named = missing.facts.get("by_partner"), f"[partners.{partner}]"
    if other_partners is not None and partner not in other_partners:
        return [Cause("setting", f"{named} was {'added' if is_new else 'taken out'}")]
    if partner in missing.facts.get("not_analysed", {}):
        why = missing.facts["not_analysed"][partner]
        return [Cause("terms", f"the partner's terms allow it {'again: before, ' if is_new else 'no more: '}{why}")]
    if (crm, account_id) in missing.excluded:
        rule = missing.excluded[crm, account_id]
        return [Cause("exclusion", f"our account is {'no longer ' if is_new else ''}excluded by [exclusions.{rule}]")]
    if (crm, account_id) not in missing.accounts:
        return [Cause("ours", "our account is new" if is_new else "our account is gone: deleted, or merged")]
    matched = {row_id: said for row_id, said in there.pairs[pair].items() if said["decision"] == "match"}
    causes = [cause for row_id in sorted(matched) for cause in _of_row(sides, pair, row_id, is_new)]
    return causes or [Cause("unknown", _UNKNOWN)]


def of_weighing(sides: Sides, pair: Pair) -> list[Cause]:
    """Return why *pair* is weighed otherwise: it is a match in both runs."""
    before, after = (run.pairs[pair] for run in (sides.one, sides.other))
    causes = list[Cause]()
    for row_id in sorted(before.keys() | after.keys()):
        then, now = before.get(row_id), after.get(row_id)
        was, is_now = (said is not None and said["decision"] == "match" for said in (then, now))
        if was and not is_now:
            causes += _of_row(sides, pair, row_id, is_new=False)
        elif is_now and not was:
            causes += _of_row(sides.turned(), pair, row_id, is_new=True)
        elif was and (then["probability"], then["relation"]) != (now["probability"], now["relation"]):  # type: ignore[index]
            causes += _of_row(sides, pair, row_id, is_new=False, stays=True)
    return causes or [Cause("unknown", _UNKNOWN)]


def of_our_side(sides: Sides, pair: Pair, section: str) -> list[Cause]:
    """Return why our account lies in another population, or fits otherwise: *section* is ``populations`` or ``icp``."""
    key = pair[:2]
    causes = list(_company_moved(sides, key))
    known = [run.facts.get("asks", {}).get(section) for run in (sides.one, sides.other)]
    asked = None if None in known else {name for names in known for name in names}
    for member in sorted(sides.one.company[key] | sides.other.company[key]):
        causes += _of_account(sides, member, asked, of=member if member != key else None)
    sections = [section, "companies", f"crm.{pair[0]}"]
    causes += _settings(sides, sections)
    # Nothing of it moved: conditions may ask how long ago something was.
    return causes or [Cause("day", f"[{section}] asks of the day of the run, or of facts that runs do not keep")]


def of_their_side(sides: Sides, pair: Pair) -> list[Cause]:
    """Return why the partner has the company in another population."""
    partner, causes = pair[2], list[Cause]()
    before, after = (
        {row_id for row_id, said in run.pairs[pair].items() if said["decision"] == "match"}
        for run in (sides.one, sides.other)
    )
    for row_id in sorted(before & after):
        then, now = (run.rows[partner, row_id]["population"] for run in (sides.one, sides.other))
        if then != now:
            causes.append(Cause("theirs", f"their row {row_id} says {now}, it said {then}"))
    for row_id in sorted(before - after):
        causes += _of_row(sides, pair, row_id, is_new=False)
    for row_id in sorted(after - before):
        causes += _of_row(sides.turned(), pair, row_id, is_new=True)
    causes += _settings(sides, [f"partners.{partner}"])
    return causes or [Cause("unknown", _UNKNOWN)]


def _of_row(sides: Sides, pair: Pair, row_id: str, is_new: bool, stays: bool = False) -> Iterator[Cause]:
    """Yield why the first run has the match of *pair* with one row, and the other one not, or (*stays*) otherwise."""
    partner, key = pair[2], pair[:2]
    here, there = sides.one.pairs[pair].get(row_id), sides.other.pairs[pair].get(row_id)
    if (partner, row_id) not in sides.other.rows:
        yield Cause("theirs", f"their row {row_id} {'is new' if is_new else 'is not in their list any more'}")
        return
    verdict = _verdict(there) if is_new is False else _verdict(here)
    before = _verdict(here) if is_new is False else _verdict(there)
    if verdict != before:
        yield Cause("judgement", verdict if verdict else f"undone: {before}")
        return
    moved = [
        *_company_moved(sides, key),
        *(
            cause
            for member in sorted(sides.one.company[key] | sides.other.company[key])
            for cause in _of_account(sides, member, {*sides.compared, "parent_id"}, member if member != key else None)
        ),
        *_of_their_row(sides, (partner, row_id)),
    ]
    if not stays:
        moved += _rivals(sides, pair, row_id, is_new)
    moved += _rules(sides)
    yield from moved or [Cause("unknown", _UNKNOWN)]


def _verdict(said: Row | None) -> str:
    """Return what people said of a pair, in the words of its reasons; nothing if nobody did."""
    reasons = "" if said is None else said["reasons"]
    return reasons.split("; ")[0] if reasons.startswith("judged ") else ""


def _of_account(sides: Sides, key: Key, asked: Collection[str] | None, of: Key | None = None) -> Iterator[Cause]:
    """Yield what of an account of ours moved; *asked*: only in these columns. *of* names one in another CRM."""
    then, now = sides.one.accounts.get(key), sides.other.accounts.get(key)
    if then is None or now is None:
        return
    whose = "our account" if of is None else f"its account {of[1]} in {of[0]}"
    columns = [name for name in _differing(then, now) if asked is None or name in asked]
    if columns:
        yield Cause("ours", f"{whose} changed: {', '.join(columns)}")
    if asked is None or ANY_DEAL in asked:
        differ = _facts_of(sides.one.deals[key]) != _facts_of(sides.other.deals[key])
    else:
        differ = PLAIN_DEALS in asked and _plain(sides.one.deals[key]) != _plain(sides.other.deals[key])
    if differ:
        yield Cause("ours", f"deals of {whose} changed")


def _of_their_row(sides: Sides, key: Key) -> Iterator[Cause]:
    columns = [name for name in _differing(sides.one.rows[key], sides.other.rows[key]) if name in sides.compared]
    if columns:
        yield Cause("theirs", f"their row {key[1]} changed: {', '.join(columns)}")


def _company_moved(sides: Sides, key: Key) -> Iterator[Cause]:
    if sides.one.company[key] != sides.other.company[key]:
        yield Cause("ours", "other accounts of ours are one company with it than before")


def _rivals(sides: Sides, pair: Pair, row_id: str, is_new: bool) -> Iterator[Cause]:
    """Yield that the row is matched with other accounts of ours in the run that has not this match."""
    crm, account_id, partner = pair
    place = (crm, partner, row_id)
    rivals = sides.other.holders[place] - sides.one.holders[place] - {account_id}
    for rival in sorted(rivals):
        yield Cause("ours", f"their row {row_id} {'was' if is_new else 'is now'} matched with our account {rival}")


def _rules(sides: Sides) -> list[Cause]:
    """Return which of model, question, precision, version of the engine and counts of words are others."""
    one, other = sides.one.facts, sides.other.facts
    causes = []
    if one.get("model") != other.get("model"):
        causes.append(Cause("model", "the model is another one"))
    elif (one.get("mode"), one.get("match_at")) != (other.get("mode"), other.get("match_at")):
        causes.append(Cause("setting", "[matching] changed"))
    if str(one.get("companies_by")).split(" ")[0] != str(other.get("companies_by")).split(" ")[0]:
        causes.append(Cause("model", "another version of the engine weighs pairs"))
    if one.get("statistics") != other.get("statistics"):
        causes.append(Cause("words", "words were counted anew"))
    return causes


def _settings(sides: Sides, sections: Sequence[str]) -> list[Cause]:
    """Return which of *sections*, some with the name of a partner or CRM, are others; as exactly as both runs tell."""
    causes = []
    for section in sections:
        kind, _, name = section.partition(".")
        each = [run.facts.get(f"by_{kind.removesuffix('s')}") for run in (sides.one, sides.other)]
        if name and None not in each:
            differs = each[0].get(name) != each[1].get(name)  # type: ignore[union-attr]
        else:
            section, found = kind, [(run.facts.get("found_by") or {}) for run in (sides.one, sides.other)]
            differs = found[0].get(kind) != found[1].get(kind)
        if differs:
            causes.append(Cause("setting", f"[{section}] changed"))
    return causes


def _differing(then: Row, now: Row) -> list[str]:
    """Return the names of the facts that differ, those that the settings map among them."""
    columns = [
        name
        for name in now
        if name not in _NO_FACTS and name not in _RATED and name in then and then[name] != now[name]
    ]
    mine, yours = (json.loads(row.get("custom") or "{}") for row in (then, now))
    return columns + sorted(name for name in mine.keys() | yours.keys() if mine.get(name) != yours.get(name))


def _facts_of(deals: Sequence[Row]) -> list[Any]:
    return sorted(repr([value for name, value in row.items() if name not in _NO_FACTS[:3]]) for row in deals)


def _plain(deals: Sequence[Row]) -> tuple[bool, bool]:
    return any(row["is_won"] for row in deals), any(not row["is_closed"] for row in deals)
