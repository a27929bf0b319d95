"""One signed-in Salesforce org: queries, describes, patches, and its clock. Vendor errors become ours here.

simple-salesforce has no timeouts, would renew a refused token four times in a row, and lets REQUESTS_CA_BUNDLE
overrule a session's own CA; what looks roundabout below is against that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError
from simple_salesforce.util import exception_handler
from urllib3.util.retry import Retry

from config.settings import SalesforceSettings
from connectors.salesforce import soql
from connectors.salesforce.errors import MissingError, translated
from overlap.errors import AccessError, ConfigError, TransientError

CONNECT_TIMEOUT_S: Final = 10.0
READ_TIMEOUT_S: Final = 60.0
RETRIES: Final = 3
BACKOFF_S: Final = 0.2
RETRY_AFTER_MAX_S: Final = 60

#: What the describe of an object says of each of its fields, by API name.
Describe = Mapping[str, Mapping[str, Any]]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class SalesforceSession:
    """Signed in from the start; an expired token is renewed once in the middle of any call.

    *secret* resolves a secret's reference each time that a token is asked for, so that a rotated secret is found.

    Raises:
        ConfigError: the ca_file of the settings is not there.
        AccessError: the org cannot be reached or refuses the sign-in; the message says which and what to do.
        TransientError: the org is there and out of service.
    """

    def __init__(self, name: str, settings: SalesforceSettings, secret: Callable[[str], str], folder: Path) -> None:
        self.where = f"salesforce '{name}'"
        self._settings = settings
        self._secret = secret
        self._renewals = 0
        self._said: dict[str, str] = {}
        self._http = _http_session(self._ca_file(folder))
        self._http.hooks["response"].append(self._listen)
        try:
            token, instance_url = self._token()
            self._client = Salesforce(
                session_id=token, instance_url=instance_url, session=self._http, version=settings.api_version
            )
            # The one door that the client has for a token that it did not fetch itself.
            self._client._salesforce_login_partial = self._renewed  # type: ignore[assignment]
            self.org_id = self._organization()
        except BaseException:
            self._http.close()
            raise

    def close(self) -> None:
        """Close the sockets."""
        self._http.close()

    def query(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a SOQL query, deleted ones left out, page after page of the answer."""
        return self._records(text, include_deleted=False)

    def query_all(self, text: str) -> Iterator[dict[str, Any]]:
        """Yield the records of a SOQL query, those in the recycle bin too."""
        return self._records(text, include_deleted=True)

    def count(self, object_name: str) -> int:
        """Return how many records of an object we see."""
        reply = self._call(self._client.query, f"SELECT COUNT() FROM {object_name}")
        return int(reply["totalSize"])

    def describe(self, object_name: str) -> Describe | None:
        """Return what Salesforce says of the object's fields that we may see; None if we see no such object."""
        try:
            reply: Any = self._call(self._client.restful, f"sobjects/{object_name}/describe")
        except MissingError:
            return None
        return {field["name"]: field for field in reply["fields"]}

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send *body* to *path*, below ``/services/data/vNN.0/``, and return what came back.

        Raises:
            TransientError: the answer is lost or says to come again: nobody knows whether the records were taken.
        """
        try:
            return self._call(self._client.restful, path, method="PATCH", json=body)
        except TransientError as error:
            raise TransientError(
                f"{error}; unknown whether the records were taken: read them back first", error.retry_after_s
            ) from error

    def send(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
    ) -> requests.Response:
        """Send *body* to *path*, below ``/services/data/vNN.0/``, and return the answer as it is: bulk jobs speak CSV.

        Raises:
            TransientError: the answer is lost or says to come again.
            AccessError: Salesforce refuses.
        """
        return self._call(self._sent, method, path, body, content_type)

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

    def _ca_file(self, folder: Path) -> Path | None:
        if self._settings.ca_file is None:
            return None
        path = folder / self._settings.ca_file
        if not path.is_file():
            raise ConfigError(f"{self.where}: ca_file {path} is not there; correct the path or leave the setting out")
        return path

    def _organization(self) -> str:
        records = self._records(soql.select("Organization", ["Id"]), include_deleted=False)
        return str(next(records)["Id"])

    def _records(self, text: str, include_deleted: bool) -> Iterator[dict[str, Any]]:
        reply = self._call(self._client.query, text, include_deleted=include_deleted)
        yield from reply["records"]
        while not reply["done"]:
            reply = self._call(self._client.query_more, reply["nextRecordsUrl"], identifier_is_url=True)
            yield from reply["records"]

    def _sent(self, method: str, path: str, body: bytes | None, content_type: str) -> requests.Response:
        def send() -> requests.Response:
            headers = {"Authorization": f"Bearer {self._client.session_id}", "Content-Type": content_type}
            return self._http.request(method, self._client.base_url + path, data=body, headers=headers)

        reply = send()
        if reply.status_code == 401:
            self._client._refresh_session()
            reply = send()
        if reply.status_code >= 300:
            exception_handler(reply, name=path)
        return reply

    def _metadata(self, operation: str, envelope: Callable[[str], bytes]) -> bytes:
        url = f"https://{self._client.sf_instance}/services/Soap/m/{self._settings.api_version}"

        def send() -> requests.Response:
            headers = {"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": operation}
            return self._http.post(url, data=envelope(str(self._client.session_id)), headers=headers)

        reply = send()
        if b"INVALID_SESSION_ID" in reply.content:
            self._client._refresh_session()
            reply = send()
        # A fault comes with status 500 and says more than that.
        if reply.status_code >= 300 and b"Envelope" not in reply.content:
            exception_handler(reply, name="the Metadata API")
        return reply.content

    def _call(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            result = call(*args, **kwargs)
        # LookupError and TypeError: the client reads every 401 as a list of errors; a proxy's looks different.
        except (SalesforceError, requests.RequestException, LookupError, TypeError) as error:
            raise translated(self.where, error, self._retry_after_s()) from error
        self._renewals = 0
        return result

    def _renewed(self) -> tuple[str, str]:
        """Return (token, host) for the client, which would ask again and again as long as the token is refused."""
        self._renewals += 1
        if self._renewals > 1:
            raise AccessError(
                f"{self.where}: a token is refused as soon as it is issued; check the app's run-as user and its "
                "policies, then run 'overlap check'"
            )
        token, instance_url = self._token()
        host = urlsplit(instance_url).netloc
        if host.removesuffix(":443") != self._client.sf_instance:
            raise AccessError(f"{self.where}: the org moved to {host} in the middle of the run; run it again")
        return token, host

    def _token(self) -> tuple[str, str]:
        """Return (access token, instance URL) by the OAuth client credentials flow.

        Source: Salesforce help, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration". It needs the
        org's My Domain as login_url; login.salesforce.com refuses it.
        """
        login_url = self._settings.login_url
        try:
            reply = self._http.post(
                f"{login_url}/services/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(self._secret(self._settings.consumer_key), self._secret(self._settings.consumer_secret)),
            )
        except requests.exceptions.SSLError as error:
            raise translated(self.where, error) from error
        except requests.RequestException as error:
            raise AccessError(
                f"{self.where}: cannot reach {login_url} ({type(error).__name__}); check login_url and the network, "
                "then run 'overlap check'"
            ) from error
        if reply.status_code >= 500:
            raise TransientError(
                f"{self.where}: sign-in answers HTTP {reply.status_code}; try again later", self._retry_after_s()
            )
        body = _json_object(reply)
        if not reply.ok or "access_token" not in body or "instance_url" not in body:
            said = ": ".join(str(body[key]) for key in ("error", "error_description") if key in body)
            raise AccessError(
                f"{self.where}: sign-in refused: {said or f'HTTP {reply.status_code}'}; check login_url (My Domain), "
                "consumer_key and consumer_secret, then run 'overlap check'"
            )
        return str(body["access_token"]), str(body["instance_url"])

    def _listen(self, reply: requests.Response, **_: object) -> None:
        """Keep what the last answers said about time and limits, also when they are errors."""
        self._said.pop("Retry-After", None)
        for header in ("Date", "Sforce-Limit-Info", "Retry-After"):
            if header in reply.headers:
                self._said[header] = reply.headers[header]

    def _retry_after_s(self) -> float | None:
        told = self._said.get("Retry-After", "")
        return float(told) if told.isdigit() else None


class _PatientAdapter(HTTPAdapter):
    """Gives every call timeouts and our CA. Only reads are tried again: a lost write may have been taken."""

    def __init__(self, ca_file: Path | None) -> None:
        self._ca_file = ca_file
        retry = Retry(
            total=RETRIES,
            other=0,  # a wrong certificate does not get better
            status_forcelist=(502, 503, 504),
            allowed_methods={"GET"},
            backoff_factor=BACKOFF_S,
            retry_after_max=RETRY_AFTER_MAX_S,
            raise_on_status=False,
        )
        super().__init__(max_retries=retry)

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_TIMEOUT_S, READ_TIMEOUT_S)
        if self._ca_file:
            kwargs["verify"] = str(self._ca_file)
        return super().send(request, *args, **kwargs)


def _http_session(ca_file: Path | None) -> requests.Session:
    http = requests.Session()
    http.mount("https://", _PatientAdapter(ca_file))
    # An auth that does nothing: without one, requests puts a ~/.netrc entry in the place of the token.
    http.auth = lambda request: request
    return http


def _json_object(reply: requests.Response) -> dict[str, Any]:
    try:
        body = reply.json()
    except requests.exceptions.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
