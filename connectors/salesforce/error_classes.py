"""Salesforce's refusals of a record, and what to do about each: one table. A code that is not in it stops an apply.

Source: "Status Codes and Error Responses" in the REST API guide, "Core Data Types Used in API Calls" in the SOAP guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.base import Remedy

#: Ours: the call of a record was refused as a whole, and the record was not sent by itself.
IN_COMPANY: Final = "REFUSED_IN_COMPANY"
_REMEDIES: Final = {
    Remedy.RETRY: ("UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"),
    Remedy.PERHAPS: (
        "QUERY_TIMEOUT",
        "REQUEST_RUNNING_TOO_LONG",
        "UNKNOWN_EXCEPTION",  # an error within Salesforce, with a number for its support
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    ),
    Remedy.SPLIT: (IN_COMPANY, "EXCEEDED_ID_LIMIT", "REQUEST_TOO_LARGE", "TOO_MANY_APEX_REQUESTS"),
    Remedy.REJECT: (
        "APEX_DATA_ACCESS_RESTRICTION",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",  # a trigger of the org said no
        "CIRCULAR_DEPENDENCY",
        "DELETE_FAILED",
        "DEPENDENCY_EXISTS",
        "DUPLICATES_DETECTED",
        "DUPLICATE_EXTERNAL_ID",
        "DUPLICATE_VALUE",
        "ENTITY_IS_LOCKED",  # an approval is under way
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "FIELD_FILTER_VALIDATION_EXCEPTION",
        "FIELD_INTEGRITY_EXCEPTION",
        "INACTIVE_OWNER_OR_USER",
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
        "INSUFFICIENT_ACCESS_OR_READONLY",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_EMAIL_ADDRESS",
        "INVALID_INPUT",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "JSON_PARSER_ERROR",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "NUMERIC_OVERFLOW",
        "OP_WITH_INVALID_USER_TYPE_EXCEPTION",
        "REQUIRED_FIELD_MISSING",
        "STRING_TOO_LONG",
        "TRANSFER_REQUIRES_READ",
    ),
    Remedy.GONE: ("ENTITY_IS_DELETED", "NOT_FOUND"),
    Remedy.HOLD: ("INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE", "CANNOT_UPDATE_CONVERTED_LEAD"),
    Remedy.STOP: (
        "API_CURRENTLY_DISABLED",
        "API_DISABLED_FOR_ORG",
        "LICENSE_LIMIT_EXCEEDED",
        "LIMIT_EXCEEDED",
        "ORG_LOCKED",
        "REQUEST_LIMIT_EXCEEDED",
        "STORAGE_LIMIT_EXCEEDED",
        "TRIAL_EXPIRED",
    ),
}
_BY_CODE: Final = {code: remedy for remedy, codes in _REMEDIES.items() for code in codes}
#: What a record is told that some limit of a transaction was reached by its neighbours.
_CROWDED: Final = ("LimitException", "Too many SOQL queries", "Too many DML", "CPU time limit")


def remedy_of(code: str, message: str, fields: Sequence[str], by_key: bool) -> Remedy:
    """Return what to do about a refused record; *by_key*: it was upserted, and not addressed by its id.

    Some codes mean two things, which only the words tell apart.
    """
    if code == "DUPLICATE_VALUE" and by_key and "duplicates value on record" in message:
        return Remedy.PERHAPS  # two writers created one key at the same moment; the next upsert is an update
    if code in ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER"):
        if "UNABLE_TO_LOCK_ROW" in message:
            return Remedy.RETRY
        return Remedy.SPLIT if any(words in message for words in _CROWDED) else Remedy.REJECT
    if code == "INVALID_FIELD" and message.startswith("Foreign key external ID"):
        return Remedy.REJECT  # the record that a lookup points to is not there
    if code == "INVALID_CROSS_REFERENCE_KEY" and not by_key and not fields:
        return Remedy.GONE  # it is the record itself that is not there, and no lookup of it
    known = _BY_CODE.get(code, Remedy.UNKNOWN)
    return Remedy.REJECT if known is Remedy.GONE and by_key else known
