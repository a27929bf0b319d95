"""What HubSpot's answers look like, by endpoint of `paths`: to be held against before they are taken apart.

Source: HubSpot's published API specifications. Lists of values are not in it: `cells` reads those.
"""

from __future__ import annotations

from typing import Any, Final

_ID: Final = str | int
_PAGING: Final = {"paging?": {"next?": {"after?": _ID}}}
_RECORDS: Final = {"results": [{"id": _ID, "properties": dict}], **_PAGING}
_TYPE: Final = {"category": str, "typeId": int, "label?": str}
_LINKED: Final = {"toObjectId": _ID, "associationTypes": [_TYPE]}
_LIMIT: Final = {"limit?": int, "usage?": int, "allLabels?": [str]}
_LIMITS: Final = {"results?": [_LIMIT], "byObjectType?": [{"objectTypeId?": str, **_LIMIT}], **_LIMIT}
_PROPERTY: Final = {"name": str, "type?": str, "fieldType?": str, "options?": [{"label": str, "value": str}]}
_STAGE: Final = {"id": _ID, "label": str, "metadata?": dict}
_SCOPES: Final = {"requiredScopes?": list, "requiredGranularScopes?": list}
_DETAIL: Final = {"message?": str, "code?": str, "context?": {"propertyName?": [str], **_SCOPES}}
_CONTEXT: Final = {"objectWriteTraceId?": list, "ids?": list, "from?": list}
#: What is read of a refusal, of a whole call or of one record.
REFUSAL: Final = {"message": str, "category": str, "context": _CONTEXT, "errors": [_DETAIL]}
_REFUSALS: Final = {"errors?": [{f"{name}?": shape for name, shape in REFUSAL.items()}]}

#: Of what is only read.
ANSWERS: Final[dict[str, Any]] = {
    "account": {"portalId": _ID, "companyCurrency?": str, "additionalCurrencies?": [str], "timeZone?": str},
    "objects": _RECORDS,
    "search": _RECORDS,
    "batch": _RECORDS,
    "properties": {"results": [_PROPERTY]},
    "groups": {"results": [{"name": str}]},
    "owners": {
        "results": [{"id": _ID, "updatedAt": str, "firstName?": str, "lastName?": str, "email?": str}],
        **_PAGING,
    },
    "pipelines": {"results": [{"label": str, "stages": [_STAGE]}]},
    "associations": {"results": [{"from": {"id": _ID}, "to": [_LINKED], **_PAGING}]},
    "labels": {"results": [_TYPE]},
    "schemas": {"results": [{"name": str, "objectTypeId": str}]},
    "object limit": _LIMITS,
    "property limit": _LIMITS,
    "label limit": _LIMITS,
}
#: Of what is written, as far as anybody asks what it says; an empty one counts as one without names.
RECEIPTS: Final[dict[str, Any]] = {
    "batch": {"results?": [{"id": _ID}], **_REFUSALS},
    "associations": {**_REFUSALS},
    "property": _PROPERTY,
    "property batch": {"results?": [{"name": str}], **_REFUSALS},
    "schemas": {"objectTypeId": str},
}
