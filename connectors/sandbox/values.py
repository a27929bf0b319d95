"""One field's value: from JSON into the store, checked as Salesforce checks it, and back into JSON.

Stored as they are compared: text trimmed and never empty, booleans as 0 and 1, dates as ``2026-11-21``, times in UTC
and whole seconds as ``2026-11-21T10:00:00.000+0000``, which is also how the API shows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from connectors.sandbox.errors import ApiError
from connectors.sandbox.ids import with_checksum
from connectors.sandbox.schema import Column

Stored = str | int | float | None

_ID: Final = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
_EMAIL: Final = re.compile(r"[^@\s,;<>()]+@[^@\s,;<>()]+\.[^@\s,;<>().]{2,}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")


def accept(column: Column, value: Any) -> Stored:
    """Return *value* as the store keeps it.

    Raises:
        ApiError: Salesforce would refuse it, with the code that it would use.
    """
    if isinstance(value, str):
        value = value.strip() or None
    if value is None:
        if column.type == "boolean":
            raise _wrong_type(column, value)
        return None
    if isinstance(value, dict | list):
        raise _unreadable(column, value)
    return _ACCEPT.get(column.type, _text)(column, value)


def shown(column: Column) -> Callable[[Stored], Any] | None:
    """Return what turns a stored value of *column* into its JSON value; None if it is stored as it is shown."""
    return _as_bool if column.type == "boolean" else None


def stamp(at: datetime) -> str:
    """Return *at* as Salesforce stores and shows it; whole seconds, cut and not rounded."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def record_id(label: str, value: str, prefix: str, field: str) -> str:
    """Return the 18-character id of *value*, given in either form.

    Raises:
        ApiError: MALFORMED_ID, *value* is no id or its checksum is wrong; FIELD_INTEGRITY_EXCEPTION, it is another
            object's.
    """
    if not _ID.fullmatch(value) or with_checksum(value[:15]) != with_checksum(value):
        raise ApiError("MALFORMED_ID", f"{label}: id value of incorrect type: {value}", (field,))
    if not value.startswith(prefix):
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", f"{label}: id value of incorrect type: {value}", (field,))
    return with_checksum(value)


def _as_bool(value: Stored) -> Any:
    return None if value is None else bool(value)


def _text(column: Column, value: Any) -> str:
    if not isinstance(value, str) or not _is_unicode(value):
        raise _unreadable(column, value)
    if column.length and len(value) > column.length:
        shown_part = value if len(value) <= 255 else value[:252] + "..."
        message = f"{column.label}: data value too large: {shown_part} (max length={column.length})"
        raise ApiError("STRING_TOO_LONG", message, (column.name,))
    return value


def _is_unicode(text: str) -> bool:
    """Half of a surrogate pair is valid JSON and no text."""
    return not any("\ud800" <= character <= "\udfff" for character in text) if not text.isascii() else True


def _email(column: Column, value: Any) -> str:
    text = _text(column, value)
    if not _EMAIL.fullmatch(text):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{column.label}: invalid email address: {text}", (column.name,))
    return text.lower()  # Salesforce keeps addresses in lower case


def _picklist(column: Column, value: Any) -> str:
    text = _text(column, value)
    if column.restricted and text not in column.values:
        raise _bad_choice(column, text)
    return text


def _multi_picklist(column: Column, value: Any) -> str:
    text = _text(column, value)
    parts = list(dict.fromkeys(part.strip() for part in text.split(";") if part.strip()))
    for part in parts:
        if column.restricted and part not in column.values:
            raise _bad_choice(column, part)
        if len(part) > 255:
            raise _bad_choice(column, part)
    return ";".join(parts)


def _number(column: Column, value: Any) -> float:
    number = _decimal(column, value)
    # Digits before the point are the limit; more digits after it than the field has are rounded away.
    if abs(number) >= Decimal(10) ** (column.precision - column.scale):
        raise _out_of_range(column, value)
    return float(number.quantize(Decimal(1).scaleb(-column.scale), ROUND_HALF_UP))


def _int(column: Column, value: Any) -> int:
    number = _decimal(column, value)
    if number != number.to_integral_value():
        raise _unreadable(column, value)
    if abs(number) >= Decimal(10) ** column.digits:
        raise _out_of_range(column, value)
    return int(number)


def _decimal(column: Column, value: Any) -> Decimal:
    # Numbers in quotes are taken, as recorded calls show; true and false are not.
    try:
        number = Decimal("nan") if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        raise _unreadable(column, value) from None
    if not number.is_finite():
        raise _unreadable(column, value)
    return number


def _boolean(column: Column, value: Any) -> int:
    if value in (True, "true"):
        return 1
    if value in (False, "false"):
        return 0
    raise _unreadable(column, value)


def _date(column: Column, value: Any) -> str:
    try:
        if len(value) == 10:
            return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        pass
    raise _unreadable(column, value)


def _datetime(column: Column, value: Any) -> str:
    try:
        if _TIME.fullmatch(value):
            return stamp(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError):
        pass
    raise _unreadable(column, value)


_ACCEPT: Final[dict[str, Callable[[Column, Any], Stored]]] = {
    "email": _email,
    "picklist": _picklist,
    "multipicklist": _multi_picklist,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _int,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}


def _bad_choice(column: Column, value: str) -> ApiError:
    message = f"{column.label}: bad value for restricted picklist field: {value}"
    return ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (column.name,))


def _out_of_range(column: Column, value: Any) -> ApiError:
    message = f"{column.label}: value outside of valid range on numeric field: {value}"
    return ApiError("NUMBER_OUTSIDE_VALID_RANGE", message, (column.name,))


def _wrong_type(column: Column, value: Any) -> ApiError:
    shown_value = "null" if value is None else value
    message = f"{column.label}: value not of required type: {shown_value}"
    return ApiError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (column.name,))


def _unreadable(column: Column, value: Any) -> ApiError:
    kind = {dict: "START_OBJECT", list: "START_ARRAY", bool: "VALUE_TRUE" if value else "VALUE_FALSE"}.get(
        type(value), "VALUE_NUMBER" if isinstance(value, int | float) else "VALUE_STRING"
    )
    wanted = {"reference": "ID", "currency": "double", "percent": "double"}.get(column.type, column.type)
    if column.type in ("picklist", "multipicklist", "textarea", "url", "email", "phone"):
        wanted = "string"
    message = f"Cannot deserialize instance of {wanted} from {kind} value {value}"
    return ApiError("JSON_PARSER_ERROR", f"{message} or request may be missing a required field", (column.name,))
