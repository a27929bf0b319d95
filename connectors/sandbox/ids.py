"""Salesforce record ids: a 3-character prefix per object, 12 of number, 3 of checksum for readers that ignore case."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
PREFIXES: Final = {
    "Account": "001",
    "Opportunity": "006",
    "User": "005",
    "Organization": "00D",
    "OpportunityPartner": "00I",
    "Contact": "003",
    "Lead": "00Q",
    "OpportunityContactRole": "00K",
    "RecordType": "012",
    "Overlap_Partner__c": "a01",
    "Partner_Overlap__c": "a02",
    "Partner_Influence__c": "a03",
}


def record_id(object_name: str, number: int) -> str:
    """Return the 18-character id of the *number*-th record of *object_name* (its API name)."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return with_checksum(PREFIXES[object_name] + digits.rjust(12, "0"))


def with_checksum(id_15: str) -> str:
    """Return the 18-character form of a 15-character id; 18-character ids come back as they are.

    Each of the three added characters encodes which of five characters are upper case.
    Source: Salesforce, "How to convert 15 digit Ids to 18 digit Ids".
    """
    if len(id_15) != 15:
        return id_15
    groups = (id_15[start : start + 5] for start in (0, 5, 10))
    return id_15 + "".join(_CHECKSUM[sum(1 << i for i, c in enumerate(g) if "A" <= c <= "Z")] for g in groups)
