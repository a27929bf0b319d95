"""One signed-in Salesforce org: queries, describes, patches, and its clock. Vendor errors become ours here.

simple-salesforce renews tokens badly (see `renewal`); what looks roundabout below is against that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from simple_salesforce.util import exception_handler

from config.salesforce import SalesforceSettings
from connectors.authority import ca_file
from connectors.base import Vault
from connectors.salesforce import soql
from connectors.salesforce.errors import MissingError, translated
from connectors.salesforce.pages import pages
from connectors.salesforce.renewal import RenewingAuth
from connectors.salesforce.signin import SignIn
from connectors.salesforce.transport import CONNECT_TIMEOUT_S, http_session
from connectors.shapes import shaped, strange
from overlap.errors import AccessError, TransientError

#: An org's triggers may be long about a batch. Who stops listening too early finds nothing of it, and sends it again.
WRITE_TIMEOUT_S: Final = 600.0

_FIELD: Final = {"name": str, "type?": str, "length?": int, "label?": str, "compoundFieldName?": str}
_REFERENCE: Final = {"relationshipName?": str, "referenceTo?": [str], "picklistValues?": [{"value": str}]}
_DESCRIBE: Final = {"fields": [{**_FIELD, **_REFERENCE}]}
#: What the describe of an object says of each of its fields, by API name.
Describe = Mapping[str, Mapping[str, Any]]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class SalesforceSession:
    """Signed in from the start; an expired token is renewed in the middle of any call.

    Raises:
        ConfigError: the ca_file of the settings is not there.
        AccessError: the org cannot be reached, refuses the sign-in, or is not the one of the settings; the message
            says which and what to do.
        TransientError: the org is there and out of service.
    """

    def __init__(self, name: str, settings: SalesforceSettings, vault: Vault, folder: Path) -> None:
        self.where = f"salesforce '{name}'"
        self._settings = settings
        #: Answers that this session has had: what it took of the day's allowance.
        self.calls = 0
        self._said: dict[str, str] = {}
        ca = ca_file(self.where, settings.ca_file, folder)
        self._http = http_session(ca)
        self._http.hooks["response"].append(self._listen)
        self._sign_in = SignIn(name, settings, vault, http_session(ca))
        try:
            self._http.auth = self._auth = RenewingAuth(self._sign_in)
            self.org_id = self._organization()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()
        self._sign_in.close()

    def query(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a SOQL query, deleted ones left out, page after page of the answer."""
        return self._records(text, include_deleted=False)

    def query_all(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a SOQL query, those in the recycle bin too."""
        return self._records(text, include_deleted=True)

    def one(self, text: str) -> dict[str, Any]:
        """Return the first record of a SOQL query that always finds one.

        Raises:
            TransientError: there is none.
        """
        for record in self.query(text):
            return record
        raise strange(self.where, "no record")

    def count(self, object_name: str) -> int:
        """Return how many records of an object we see."""
        reply = self._call(self._client.query, f"SELECT COUNT() FROM {object_name}")
        return int(shaped(self.where, reply, {"totalSize": int})["totalSize"])

    def describe(self, object_name: str) -> Describe | None:
        """Return what Salesforce says of the object's fields that we may see; None if we see no such object."""
        try:
            reply: Any = self._call(self._client.restful, f"sobjects/{object_name}/describe")
        except MissingError:
            return None
        return {field["name"]: field for field in shaped(self.where, reply, _DESCRIBE)["fields"]}

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send *body* to *path*, below ``/services/data/vNN.0/``, and return what came back.

        Raises:
            TransientError: the answer is lost or says to come again: nobody knows whether the records were taken.
        """
        try:
            patience = (CONNECT_TIMEOUT_S, WRITE_TIMEOUT_S)
            return self._call(self._client.restful, path, method="PATCH", json=body, timeout=patience)
        except TransientError as error:
            raise TransientError(
                f"{error}; unknown whether the records were taken: read them back first", error.retry_after_s
            ) from error

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/json",
        stream: bool = False,
    ) -> requests.Response:
        """Send *body* to *path*, below ``/services/data/vNN.0/``, and return the answer as it is: bulk jobs speak CSV.

        With *stream*, the answer's body is still to be read: close it.

        Raises:
            TransientError: the answer is lost or says to come again.
            AccessError: Salesforce refuses.
        """
        return self._call(self._sent, method, path, body, content_type, stream)

    def ask(self, method: str, path: str, shape: Any, body: bytes | None = None) -> Any:
        """Send as `send` does, and return what the JSON of the answer says, which has *shape*.

        Raises:
            TransientError: also if it has not, or the answer is no JSON, such as a maintenance page.
        """
        said = self._call(lambda: self._sent(method, path, body, "application/json", stream=False).json())
        return shaped(self.where, said, shape)

    def soap(self, operation: str, envelope: Callable[[str], bytes]) -> bytes:
        """Send what *envelope* makes of the session's id to the Metadata API, and return the answer, a fault too.

        Raises:
            TransientError: the answer is lost.
        """
        return self._call(self._metadata, operation, envelope)

    def server_now(self) -> datetime:
        """Return the org's own time, UTC, in whole seconds, for the price of one call.

        Raises:
            AccessError: the answer carries no date.
        """
        self._call(self._client.restful, "limits")
        try:
            return parsedate_to_datetime(self._said["Date"]).astimezone(UTC)
        except (KeyError, ValueError) as error:
            raise AccessError(
                f"{self.where}: answers carry no Date header; ask who runs the proxy in between"
            ) from error

    def api_calls(self) -> tuple[int, int] | None:
        """Return (used, allowed) API calls of the last 24 hours as the last answer told; None if none did."""
        told = re.search(r"(?:^|[\s;])api-usage=(\d+)/(\d+)", self._said.get("Sforce-Limit-Info", ""))
        return (int(told[1]), int(told[2])) if told else None

    @property
    def _client(self) -> Salesforce:
        """The client library with the token and host of now; making one costs nothing."""
        access = self._auth.access
        return Salesforce(
            session_id=access.token,
            instance_url=access.instance_url,
            session=self._http,
            version=self._settings.api_version,
            object_pairs_hook=None,  # plain dicts, which are built five times as fast as the client's ordered ones
        )

    def _organization(self) -> str:
        """Return the org's id, which must be the one of the settings, where they name one."""
        version = self._settings.api_version
        try:
            org_id = str(self.one(soql.select("Organization", ["Id"]))["Id"])
        except MissingError as error:
            raise AccessError(
                f"{self.where}: the org has no API version {version}; set api_version to one that it has"
            ) from error
        self._sign_in.require_org(org_id)
        return org_id

    def _records(self, text: str, include_deleted: bool) -> Iterator[dict[str, Any]]:
        def following(address: str) -> Any:
            return self._call(self._client.query_more, address, identifier_is_url=True)

        first = self._call(self._client.query, text, include_deleted=include_deleted)
        for records in pages(self.where, text, first, following):
            yield from records

    def _sent(self, method: str, path: str, body: bytes | None, content_type: str, stream: bool) -> requests.Response:
        headers = {"Content-Type": content_type}
        reply = self._http.request(method, self._client.base_url + path, data=body, headers=headers, stream=stream)
        if reply.status_code >= 300:
            exception_handler(reply, name=path)
        return reply

    def _metadata(self, operation: str, envelope: Callable[[str], bytes]) -> bytes:
        # The token stands in the body, where the session's auth does not reach.
        headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": operation}

        def send(token: str) -> requests.Response:
            url = f"{self._auth.access.instance_url}/services/Soap/m/{self._settings.api_version}"
            return self._http.post(url, data=envelope(token), headers=headers)

        token = self._auth.access.token
        reply = send(token)
        if b"INVALID_SESSION_ID" in reply.content:
            self._auth.renew(token)
            reply = send(self._auth.access.token)
        # A fault comes with status 500 and says more than that.
        if reply.status_code >= 300 and (reply.is_redirect or b"Envelope" not in reply.content):
            exception_handler(reply, name="the Metadata API")
        return reply.content

    def _call(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return call(*args, **kwargs)
        # LookupError and TypeError: an answer that is JSON and has not the shape that the client expects.
        except (SalesforceError, requests.RequestException, LookupError, TypeError) as error:
            raise translated(self.where, error, self._retry_after_s()) from error

    def _listen(self, reply: requests.Response, **_: object) -> None:
        """Keep what the last answers said about time and limits, also when they are errors."""
        self.calls += 1
        self._said.pop("Retry-After", None)
        for header in ("Date", "Sforce-Limit-Info", "Retry-After"):
            if header in reply.headers:
                self._said[header] = reply.headers[header]

    def _retry_after_s(self) -> float | None:
        told = self._said.get("Retry-After", "")
        return float(told) if told.isdigit() else None
