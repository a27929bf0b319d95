"""What each refusal means. Codes and words are Salesforce's, copied by hand."""

from __future__ import annotations

import pytest

from connectors.base import Remedy
from connectors.salesforce.error_classes import remedy_of

RACE = "duplicate value found: Overlap_Key__c duplicates value on record with id: 001000000000001"
TRIGGER = "CannotInsert: execution of BeforeInsert caused by: System.{}"

CASES = [  # code, message, fields, upserted by key?, what to do
    ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", (), True, Remedy.RETRY),
    ("DUPLICATE_VALUE", RACE, (), True, Remedy.PERHAPS),
    ("DUPLICATE_VALUE", RACE, (), False, Remedy.REJECT),
    ("DUPLICATE_VALUE", "Duplicate external id specified: k1", ("Overlap_Key__c",), True, Remedy.REJECT),
    ("DUPLICATES_DETECTED", "Use one of these records?", (), True, Remedy.REJECT),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No", (), True, Remedy.REJECT),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", TRIGGER.format("DmlException: No"), (), True, Remedy.REJECT),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "... first error: UNABLE_TO_LOCK_ROW", (), True, Remedy.RETRY),
    (
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        TRIGGER.format("LimitException: Too many SOQL queries: 101"),
        (),
        True,
        Remedy.SPLIT,
    ),
    ("ENTITY_IS_DELETED", "entity is deleted", (), False, Remedy.GONE),
    ("ENTITY_IS_DELETED", "entity is deleted", ("Account__c",), True, Remedy.REJECT),
    ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (), False, Remedy.GONE),
    ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ("Account__c",), False, Remedy.REJECT),
    ("INVALID_FIELD", "Foreign key external ID: k9 not found for field Partner_Key__c", (), True, Remedy.REJECT),
    ("INVALID_FIELD", "No such column 'X__c' on sobject of type Account", (), True, Remedy.HOLD),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: X__c.", ("X__c",), True, Remedy.HOLD),
    ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", (), True, Remedy.STOP),
    ("SOMETHING_NEW", "words", (), True, Remedy.UNKNOWN),
]


@pytest.mark.parametrize(("code", "message", "fields", "by_key", "remedy"), CASES)
def test_each_refusal_has_its_remedy(code, message, fields, by_key, remedy) -> None:
    assert remedy_of(code, message, fields, by_key) is remedy
