"""What Salesforce says when it refuses, word for word where its words are known.

One refusal is said in two ways: a whole call answers with ``errorCode``, one record of a collection with
``statusCode``. Source: Salesforce REST API Developer Guide, "Status Codes and Error Responses", and bodies that public
bug reports quote.
"""

from __future__ import annotations

from typing import Any

_CUSTOM_FIELD = (
    "If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
_CUSTOM_OBJECT = (
    "If you are attempting to use a custom object, be sure to append the '__c' after the entity name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


class Refusal(Exception):  # noqa: N818 -- what a CRM says, no fault of ours
    """What the CRM refuses, in the words of its API."""


class ApiError(Refusal):
    """A refusal. *status* is the HTTP status if it ends the whole call; *fields* are API names."""

    def __init__(self, code: str, message: str, fields: tuple[str, ...] = (), status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status

    def body(self) -> list[dict[str, Any]]:
        """Return the body of a whole call that is refused."""
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return [{**error, "fields": list(self.fields)} if self.fields else error]

    def item(self) -> dict[str, Any]:
        """Return the error of one record in a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}


class QueryError(ApiError):
    """A refused SOQL text; Salesforce shows where by a caret under the offending word."""

    def __init__(self, code: str, message: str, soql: str, position: int) -> None:
        before, after = soql[:position], soql[position:]
        row, column = before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1
        # The excerpt starts a little before the fault and the caret stands under its first letter.
        start = max(position - 40, 0)
        excerpt = (soql[start:position] + after[:40]).replace("\n", " ")
        where = f"\n{excerpt}\n{' ' * (position - start)}^\nERROR at Row:{row}:Column:{column}\n"
        super().__init__(code, where + message)


def unknown_type(name: str) -> ApiError:
    """Return the refusal of an object that does not exist."""
    return ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported. {_CUSTOM_OBJECT}")


def unknown_type_in_query(name: str, soql: str, position: int) -> ApiError:
    """Return the refusal of an object in FROM that does not exist."""
    return QueryError("INVALID_TYPE", f"sObject type '{name}' is not supported. {_CUSTOM_OBJECT}", soql, position)


def unknown_column_in_query(name: str, entity: str, soql: str, position: int) -> ApiError:
    """Return the refusal of a field in SOQL that does not exist or is hidden."""
    return QueryError("INVALID_FIELD", f"No such column '{name}' on entity '{entity}'. {_CUSTOM_FIELD}", soql, position)


def unknown_relation_in_query(name: str, soql: str, position: int) -> ApiError:
    """Return the refusal of a parent path in SOQL that does not exist."""
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        "be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe "
        "call for the appropriate names."
    )
    return QueryError("INVALID_FIELD", message, soql, position)


def unknown_column(name: str, entity: str) -> ApiError:
    """Return the refusal of a field in a write that does not exist or is hidden."""
    return ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {entity}")


def read_only(names: tuple[str, ...]) -> ApiError:
    """Return the refusal of fields that a write may not set."""
    listed = ", ".join(names)
    message = (
        f"Unable to create/update fields: {listed}. Please check the security settings of this field and verify that "
        "it is read/write for your profile or permission set."
    )
    return ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", message, names)


def missing(names: tuple[str, ...]) -> ApiError:
    """Return the refusal of a record without its required fields."""
    return ApiError("REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(names)}]", names)


def duplicate(column: str, record_id: str) -> ApiError:
    """Return the refusal of a second record with one external id."""
    message = f"duplicate value found: {column} duplicates value on record with id: {record_id}"
    return ApiError("DUPLICATE_VALUE", message)


def not_found() -> ApiError:
    """Return the refusal of a path that leads nowhere."""
    return ApiError("NOT_FOUND", "The requested resource does not exist", status=404)


def expired() -> ApiError:
    """Return the refusal of a token that is missing, unknown or expired."""
    return ApiError("INVALID_SESSION_ID", "Session expired or invalid", status=401)


def locked(ids: list[str]) -> ApiError:
    """Return the refusal of a write to records that another transaction holds."""
    listed = f"{len(ids)} records: {','.join(ids)}"
    return ApiError("UNABLE_TO_LOCK_ROW", f"unable to obtain exclusive access to this record or {listed}")


def bad_locator() -> ApiError:
    """Return the refusal of a query locator that is unknown or was closed."""
    return ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")


ROLLED_BACK = ApiError(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
)
DELETED = ApiError("ENTITY_IS_DELETED", "entity is deleted")
UNKNOWN_REFERENCE = ApiError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
NO_ACCESS = ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
NO_ACCESS_TO_REFERENCE = ApiError(
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id"
)
LOCKED = ApiError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
