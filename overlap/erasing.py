"""What a partner's or a person's erasure leaves of a value. Pure: it says what is to go, and changes nothing.

A record of ours is never deleted in a CRM: its texts are emptied, and what has to say something says `NEUTRAL`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from overlap.fields import ACCOUNT, ENGINE_MADE, INFLUENCE, OPPORTUNITY, OVERLAP, PARTNER, SUGGESTED, TICKED

#: The name of a record that must have one.
NEUTRAL: Final = "Erased"
BEST: Final = "overlap_best_partner"
#: What flat fields say of the one partner that is best.
OF_BEST: Final = (BEST, "overlap_best_play", "overlap_best_reason", "overlap_partner_contact")
CONTACT: Final = "overlap_partner_contact"
#: Flat fields that list partners' names.
LISTS: Final = (
    *("overlap_customer_of", "overlap_open_opportunity_of", "overlap_prospect_of", "overlap_family_of"),
    SUGGESTED,
)
#: What flat fields say of all partners together.
_OF_ALL: Final = ("overlap_partner_count", "overlap_icp_fit", "overlap_icp_tier")
#: What people confirmed. A CRM keeps it; the ledger's images of it do not.
_CONFIRMED: Final = ("overlap_confirmed_partners", "overlap_sourced_by")
#: What an overlap says of the partner's own records and people.
_OF_THEIRS: Final = (
    *("account", "partner_population", "partner_populations", "play", "partner_record_name", "partner_record_website"),
    *("partner_owner_name", "partner_owner_email", "match_probability", "match_relation", "match_reason", "priority"),
)
_ADDRESS: Final = re.compile(r"[^\s@,;:<>()\[\]\"'|/]+@[^\s@,;:<>()\[\]\"'|/]+\.[^\s@,;:<>()\[\]\"'|/]+")
#: What a partner's key is called wherever we note it.
_KEY: Final = "partner"
#: Marks who is meant in the audit, when the name is gone.
_DIGITS: Final = 16


def mark_of(workspace_id: str, subject: str) -> str:
    """Return what stands for *subject*, a partner's key or a person's e-mail, once it is erased: 16 hex digits."""
    return hashlib.sha256(f"{workspace_id}\x1f{subject.strip().lower()}".encode()).hexdigest()[:_DIGITS]


def addresses_in(text: str) -> list[str]:
    """Return the e-mail addresses in *text*, in lower case."""
    return [_bare(found[0]).lower() for found in _ADDRESS.finditer(text)]


def is_address(text: str) -> bool:
    """Whether *text* is an e-mail address and nothing else."""
    return _ADDRESS.fullmatch(text) is not None and _bare(text) == text


def without_addresses(text: str, is_gone: Callable[[str], bool]) -> str:
    """Return *text* without each address, in lower case, that *is_gone*; one that it is a part of stays."""

    def left(found: re.Match[str]) -> str:
        bare = _bare(found[0])
        return found[0][len(bare) :] if is_gone(bare.lower()) else found[0]

    return _ADDRESS.sub(left, text)


def without_words(text: str, words: Collection[str]) -> str:
    """Return *text* without those of *words* that stand in it as words of their own, in any case."""
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True) if word)
    return re.sub(rf"(?<![^\W_])(?:{either})(?![^\W_])", "", text, flags=re.IGNORECASE) if either else text


def _bare(found: str) -> str:
    """Return an address that was *found* without what ends the sentence behind it."""
    return found.rstrip(".!?")


@dataclass(frozen=True, slots=True)
class Marks:
    """Which persons were erased from workspace *workspace_id*: what stands for them, see `mark_of`."""

    workspace_id: str
    marks: frozenset[str]

    def has(self, address: str) -> bool:
        """Whether *address* is one of theirs."""
        return mark_of(self.workspace_id, address) in self.marks


def emptied_record(
    name: str, now: Mapping[str, Any], names: Collection[str], today: date, is_confirmed: bool
) -> dict[str, Any]:
    """Return the fields that record *now* of object *name* must change so that it says nothing of an erased partner.

    *names* are those that the partner has and had. *is_confirmed*: people confirmed influence of this partner (of this
    very record, if it is one of influence): its name and the evidence stay.
    """
    wanted: dict[str, Any] = {}
    if name == PARTNER.name:
        wanted = {"partner_account": None, "list_as_of": None, "feed_status": None}
        wanted |= {} if is_confirmed else {"name": NEUTRAL}
    elif name == OVERLAP.name:
        wanted = dict.fromkeys(_OF_THEIRS) | {"name": NEUTRAL, "status": "Retired"}
    elif name == INFLUENCE.name and not is_confirmed:
        wanted = {"evidence_summary": None}
        wanted |= {"suggestion_state": "Withdrawn"} if now.get("origin") == ENGINE_MADE else {}
    elif name in (ACCOUNT.name, OPPORTUNITY.name):
        said = {field: value for field, value in now.items() if field in (*OF_BEST, *LISTS)}
        if now.get(TICKED) and now.get(SUGGESTED) in names:
            del said[SUGGESTED]  # a person's tick says that this one is right: it is the evidence of that
        kept = without_partner(said, names, now.get(BEST))
        wanted = {field: kept.get(field) for field in said}
        if wanted != said and not any(wanted.get(field) for field in LISTS):
            wanted |= dict.fromkeys(_OF_ALL)  # no partner is left: as if there never had been an overlap
    changed = {field: value for field, value in wanted.items() if field in now and now[field] != value}
    day = {"changed_on": today, "overlap_changed_on": today} if changed else {}
    return changed | {field: value for field, value in day.items() if field in now and now[field] != value}


def without_partner(values: Mapping[str, Any], names: Collection[str], best: str | None) -> dict[str, Any]:
    """Return flat fields *values* without what they say of the partner that has or had *names*.

    *best* is the partner that was best when they said so. A list loses the name, anything else its field.
    """
    kept: dict[str, Any] = {}
    for field, value in values.items():
        if field in LISTS and value:
            left = [name for name in value.split(";") if name not in names]
            kept[field] = ";".join(left) or None
        elif field in _CONFIRMED and value:
            if not set(value.split(";")) & set(names):
                kept[field] = value
        elif field not in OF_BEST or best not in names:
            kept[field] = value
    return kept


def mentions(words: Collection[str]) -> Callable[[str], bool]:
    """Return what tells whether a text has one of *words* standing by itself, in any case."""
    either = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or "(?!)"
    found = re.compile(rf"(?<![^\W_])(?:{either})(?![^\W_])", re.IGNORECASE)
    return lambda text: found.search(text) is not None


def redacted(
    value: Any, is_told: Callable[[str], bool], instead: Callable[[str], str], crms: Collection[str] = ()
) -> Any:
    """Return JSON's *value* with *instead* of each text that *is_told* is to go, names of keys included.

    A text that is one of *crms*, names of CRM connections, means that one, unless it stands where a partner's key does.
    """
    if isinstance(value, str):
        return instead(value) if is_told(value) and value not in crms else value
    if isinstance(value, Mapping):
        return {
            redacted(name, is_told, instead, crms): redacted(one, is_told, instead, () if name == _KEY else crms)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(one, is_told, instead, crms) for one in value]
    return value


@dataclass(frozen=True, slots=True)
class Person:
    """One person: an e-mail *address* in lower case, and the *names* that stood beside it."""

    address: str
    names: frozenset[str]

    def is_in(self, text: str) -> bool:
        """Whether *text* has the address."""
        return self.address in text.lower() and self.address in addresses_in(text)

    def without(self, text: str | None) -> str | None:
        """Return *text* without address and names, None where nothing is left."""
        if text is None:
            return None
        left = without_words(self.without_address(text), self.names)
        return text if left == text else left.strip(" ,;:") or None

    def without_address(self, text: str) -> str:
        """Return *text* without the address."""
        return without_addresses(text, lambda found: found == self.address)

    def emptied(self, name: str, now: Mapping[str, Any], today: date) -> dict[str, Any]:
        """Return the fields that record *now* of object *name* must change so that it does not name the person."""
        wanted: dict[str, Any] = {}
        if (now.get("partner_owner_email") or "").lower() == self.address:
            wanted = {"partner_owner_name": None, "partner_owner_email": None}
        if self.is_in(now.get(CONTACT) or ""):
            wanted[CONTACT] = None
        if name == INFLUENCE.name:
            wanted["evidence_summary"] = self.without(now["evidence_summary"])
        changed = {field: value for field, value in wanted.items() if now[field] != value}
        day = {"changed_on": today, "overlap_changed_on": today} if changed else {}
        return changed | {field: value for field, value in day.items() if field in now and now[field] != value}

    def left_of(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return *values* of a record without the fields that name the person."""
        texts = {field: value for field, value in values.items() if isinstance(value, str)}
        gone = {field for field, text in texts.items() if self.is_in(text)}
        gone |= {"partner_owner_name"} if values.get("partner_owner_name") in self.names else set()
        if "evidence_summary" in texts and self.without(texts["evidence_summary"]) != texts["evidence_summary"]:
            gone.add("evidence_summary")
        return {field: value for field, value in values.items() if field not in gone}
