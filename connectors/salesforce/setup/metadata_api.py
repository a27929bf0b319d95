"""The Metadata API: deploy a package, and fetch one component. SOAP, because it has no other way to fetch.

simple-salesforce can deploy too, but it drops the names of the components that failed, puts values into XML as they
are, never renews a session here, and reads a WSDL of 28,000 lines first.
"""

from __future__ import annotations

import base64
import io
import time
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import stamina

from connectors.salesforce import soql
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup.component import NAMESPACE, SOURCE_VERSION, Part
from connectors.salesforce.tooling import tooling
from connectors.shapes import taken_apart
from overlap.errors import AccessError, TransientError

_SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
#: Seconds between two looks at a deployment: quick ones at first, then patient ones.
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 5.0
_PATIENCE_S: Final = 3600.0
#: Looks at one state before the connection counts as broken.
_TRIES: Final = 10
_AT_WORK: Final = ("Pending", "InProgress", "Canceling")


@dataclass(frozen=True, slots=True)
class Failure:
    """A component that the org refused, and why in the org's words."""

    kind: str
    name: str
    problem: str


@dataclass(frozen=True, slots=True)
class Deployed:
    """How a deployment ended. *components* were taken, or would have been."""

    components: int
    failures: tuple[Failure, ...]

    @property
    def ok(self) -> bool:
        """Everything was taken. A deployment is all or nothing."""
        return not self.failures


def deploy(session: SalesforceSession, package: bytes, *, check_only: bool) -> Deployed:
    """Deploy *package*, all of it or nothing, and wait for the end; *check_only* changes nothing in the org.

    Raises:
        AccessError: the user may not deploy, or the org refuses the package as a whole.
        TransientError: the end did not come within an hour.
    """
    options = [("checkOnly", check_only), ("rollbackOnError", True), ("singlePackage", True)]
    body = [("ZipFile", base64.b64encode(package).decode()), ("DeployOptions", options)]
    started = _call(session, "deploy", body)
    return ended(session, _text(started, "result/id"))


def ended(session: SalesforceSession, number: str) -> Deployed:
    """Wait for the end of the deployment *number* and return how it ended; raises as `deploy` does."""
    return _deployed(_wait(session, "checkDeployStatus", number, [("includeDetails", True)]), session)


def at_work(session: SalesforceSession, user_id: str | None) -> list[str]:
    """Return the ids of this user's deployments that the org has not ended, rehearsals too; none if we may not ask."""
    if user_id is None:
        return []
    where = [soql.one_of("Status", _AT_WORK), soql.compare("CreatedById", "=", user_id)]
    return [str(row["Id"]) for row in tooling(session, soql.select("DeployRequest", ["Id"], where)) or []]


def retrieve(session: SalesforceSession, kind: str, name: str) -> bytes | None:
    """Return the file of one component as the org has it now; None if there is none. Raises as `retrieve_all`."""
    return next(iter(retrieve_all(session, {kind: [name]}).values()), None)


def retrieve_all(session: SalesforceSession, members: Mapping[str, Sequence[str]]) -> dict[str, bytes]:
    """Return the files of the components *members*, full names by type, by path; what is not there has none.

    They are XML.

    Raises:
        AccessError: the user may not look at the org's metadata.
    """
    types: list[Part] = [
        ("types", [*(("members", name) for name in names), ("name", kind)]) for kind, names in members.items()
    ]
    unpackaged = [*types, ("version", SOURCE_VERSION)]
    request = [("apiVersion", SOURCE_VERSION), ("singlePackage", True), ("unpackaged", unpackaged)]
    started = _call(session, "retrieve", [("retrieveRequest", request)])
    done = _wait(session, "checkRetrieveStatus", _text(started, "result/id"), [("includeZip", True)])
    if _text(done, "result/success") != "true":
        raise AccessError(f"{session.where}: {_text(done, 'result/errorMessage')}")
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(_text(done, "result/zipFile")))) as archive:
            files = {path: archive.read(path) for path in archive.namelist() if not path.endswith("package.xml")}
        for content in files.values():
            ElementTree.fromstring(content)
        return files
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, ElementTree.ParseError) as error:
        raise TransientError(f"{session.where}: the org answered with a broken package; try again") from error


def _wait(session: SalesforceSession, operation: str, number: str, more: Sequence[Part]) -> Element:
    pause, until = _FIRST_WAIT_S, time.monotonic() + _PATIENCE_S
    while True:
        try:
            state = _state(session, operation, number, more)
        except TransientError as error:
            raise TransientError(f"{error}. {_goes_on(number)}", error.retry_after_s) from error
        if _text(state, "result/done") == "true":
            return state
        if time.monotonic() > until:
            raise TransientError(f"{session.where}: not done after an hour. {_goes_on(number)}")
        time.sleep(pause)
        pause = min(pause * 2, _LONGEST_WAIT_S)


@stamina.retry(on=TransientError, attempts=_TRIES, timeout=None, wait_max=_LONGEST_WAIT_S)
def _state(session: SalesforceSession, operation: str, number: str, more: Sequence[Part]) -> Element:
    """Ask how *number* stands. That changes nothing: it is asked again when an answer is lost."""
    return _call(session, operation, [("asyncProcessId", number), *more])


def _goes_on(number: str) -> str:
    return (
        f"Job {number} goes on in the org: see Deployment Status in Setup, or run 'overlap setup salesforce --apply' "
        "again, which waits for it"
    )


def _deployed(state: Element, session: SalesforceSession) -> Deployed:
    found = state.iterfind(_path("result/details/componentFailures"))
    failures = tuple(
        Failure(_text(one, "componentType") or "package", _text(one, "fullName"), _text(one, "problem"))
        for one in found
        if _text(one, "problemType") != "Warning"
    )
    if _text(state, "result/success") != "true" and not failures:
        said = _text(state, "result/errorMessage") or _text(state, "result/status")
        raise AccessError(f"{session.where}: the deployment ended without success: {said}")
    with taken_apart(session.where, "numberComponentsDeployed"):
        return Deployed(int(_text(state, "result/numberComponentsDeployed") or 0), failures)


def _call(session: SalesforceSession, operation: str, body: Sequence[Part]) -> Element:
    """Return the answer's body.

    Raises:
        AccessError: the answer is a fault.
    """

    def envelope(token: str) -> bytes:
        root = Element(f"{{{_SOAP}}}Envelope")
        header = ElementTree.SubElement(root, f"{{{_SOAP}}}Header")
        _fill(header, [("SessionHeader", [("sessionId", token)])])
        _fill(ElementTree.SubElement(root, f"{{{_SOAP}}}Body"), [(operation, body)])
        written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
        return written

    try:
        answer = ElementTree.fromstring(session.soap(operation, envelope))
    except ElementTree.ParseError as error:
        raise TransientError(f"{session.where}: the Metadata API answered with something that is not XML") from error
    fault = answer.find(f".//{{{_SOAP}}}Fault")
    if fault is not None:
        raise _refused(session, fault.findtext("faultcode", ""), fault.findtext("faultstring", ""))
    found = answer.find(f".//{{{NAMESPACE}}}{operation}Response")
    if found is None:
        raise TransientError(f"{session.where}: the Metadata API answered '{operation}' with something else; try again")
    return found


def _refused(session: SalesforceSession, code: str, said: str) -> AccessError:
    said = " ".join(said.split())
    if "INSUFFICIENT_ACCESS" in code or "INSUFFICIENT_ACCESS" in said:
        return AccessError(
            f"{session.where}: {said}; deploy as an admin: 'overlap setup salesforce --write DIR', then "
            "'sf project deploy start' in DIR"
        )
    return AccessError(f"{session.where}: {said or code}; run 'overlap check'")


def _fill(element: Element, parts: Sequence[Part]) -> None:
    for tag, value in parts:
        child = ElementTree.SubElement(element, f"{{{NAMESPACE}}}{tag}")
        if isinstance(value, list | tuple):
            _fill(child, value)
        else:
            child.text = str(value).lower() if isinstance(value, bool) else str(value)


def _text(element: Element, path: str) -> str:
    return element.findtext(_path(path), "")


def _path(path: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
