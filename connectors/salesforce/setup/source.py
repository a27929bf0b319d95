"""Everything that overlap puts into an org, as a project's source or as a package. Same input, same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from connectors.salesforce.setup import automation, objects, permissions, reports
from connectors.salesforce.setup.component import (
    CHILDREN,
    SOURCE_VERSION,
    Component,
    Part,
    object_xml,
    source_xml,
    xml,
)
from connectors.salesforce.setup.fields import Wanted, fields

_SOURCE: Final = "force-app/main/default"
#: What makes a folder a project; an admin's own one may be there.
PROJECT_FILE: Final = "sfdx-project.json"
_PROJECT: Final = {
    "packageDirectories": [{"default": True, "path": "force-app"}],
    "name": "overlap",
    "namespace": "",
    "sfdcLoginUrl": "https://login.salesforce.com",
    "sourceApiVersion": SOURCE_VERSION,
}
#: The CRM's own objects that carry fields of ours.
_CARRIERS: Final = frozenset({"Account", "Opportunity"})
#: A zip file cannot say "no time".
_NO_TIME: Final = (1980, 1, 1, 0, 0, 0)


def components(wanted: Wanted) -> list[Component]:
    """Return everything, what others refer to first."""
    read = _read_fields(wanted)
    rest = [
        *objects.tabs(),
        *objects.list_views(),
        objects.permission_to_change(),
        *objects.validation_rules(),
        automation.flow(),
        *reports.report_types(),
        reports.folder(),
        *reports.reports(),
    ]
    made = objects.objects()
    unmarked = permissions.permission_sets(wanted, read, "")
    found = _digest([*made, *rest, *unmarked])
    return [*made, *fields(wanted), *rest, *permissions.permission_sets(wanted, read, found)]


def fingerprint(wanted: Wanted) -> str:
    """Return 12 hex digits that change when anything but a field does; fields are compared one by one."""
    [integration] = [one for one in components(wanted) if one.name == permissions.INTEGRATION]
    description = dict(integration.parts)["description"]
    return str(description).removesuffix(".").rpartition(" ")[2]


def files(every: Iterable[Component]) -> dict[str, bytes]:
    """Return a project that `sf project deploy` takes: path to content."""
    found = {f"{_SOURCE}/{one.source_path}": source_xml(one) for one in every}
    return {PROJECT_FILE: (json.dumps(_PROJECT, indent=2) + "\n").encode(), **found}


def write(every: Iterable[Component], folder: Path) -> list[Path]:
    """Write the project into *folder* and return its files. Other files that are there stay, a project's own too."""
    written = []
    for path, content in sorted(files(every).items()):
        target = folder / path
        if path == PROJECT_FILE and target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written.append(target)
    return written


def package(every: Sequence[Component]) -> bytes:
    """Return the zip that the Metadata API deploys: one file per object, and a list of everything."""
    content = {"package.xml": _manifest(every)}
    shared: dict[str, list[Component]] = defaultdict(list)
    for one in every:
        if one.kind == "CustomObject" or one.kind in CHILDREN:
            shared[one.package_path if one.kind in CHILDREN else f"objects/{one.name}.object"].append(one)
        else:
            content[one.package_path] = xml(one.kind, one.parts)
    content |= {path: object_xml(parts) for path, parts in shared.items()}
    return zipped(content)


def zipped(content: dict[str, bytes]) -> bytes:
    """Return a zip of *content*, the same bytes for the same content."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(content):
            archive.writestr(zipfile.ZipInfo(path, _NO_TIME), content[path], zipfile.ZIP_DEFLATED)
    return target.getvalue()


def manifest(members: dict[str, list[str]]) -> bytes:
    """Return a package.xml that names *members* by type."""
    types: list[Part] = [
        ("types", [*(("members", name) for name in sorted(names)), ("name", kind)])
        for kind, names in sorted(members.items())
    ]
    return xml("Package", [*types, ("version", SOURCE_VERSION)])


def _manifest(every: Iterable[Component]) -> bytes:
    members: dict[str, list[str]] = defaultdict(list)
    for one in every:
        members["Report" if one.kind == "ReportFolder" else one.kind].append(one.name)  # a folder is listed as its kind
    return manifest(members)


def _digest(every: Iterable[Component]) -> str:
    return hashlib.sha256(b"".join(source_xml(one) for one in every)).hexdigest()[:12]


def _read_fields(wanted: Wanted) -> dict[str, list[str]]:
    """Return the fields of the CRM's own objects that a pull reads, by object."""
    from connectors.salesforce.columns import readings  # polars: only setting up needs it here

    found: dict[str, list[str]] = defaultdict(list)
    for reading in readings(""):
        if reading.object_name in _CARRIERS:
            found[reading.object_name] += [column.field for view in reading.views for column in view.columns]
    for name, more in wanted.more.items():
        found[name] += more
    return found
