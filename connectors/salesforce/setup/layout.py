"""Our section on a page layout that exists. It is fetched, added to, and sent back: the rest of it is the org's."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from connectors.salesforce.objects import OBJECT_NAMES, api_name
from connectors.salesforce.session import SalesforceSession
from connectors.salesforce.setup import source
from connectors.salesforce.setup.component import NAMESPACE, written
from connectors.salesforce.setup.metadata_api import Deployed, deploy, retrieve
from overlap.errors import ConfigError
from overlap.fields import ACCOUNT, OPPORTUNITY, CrmObject, Field, Owner

SECTION: Final = "Partner overlaps"


@dataclass(frozen=True, slots=True)
class LayoutChange:
    """*before* and *after* are the layout as text, formatted alike; they are equal if there is nothing to add."""

    name: str
    before: str
    after: str

    @property
    def difference(self) -> list[str]:
        """The lines that are added, with a little of what is around them."""
        lines = self.before.splitlines(), self.after.splitlines()
        return list(difflib.unified_diff(*lines, "in the org", "with our section", lineterm=""))


def layout_change(session: SalesforceSession, name: str) -> LayoutChange:
    """Return what the layout called *name* (``Account-Account Layout``) would become. Changes nothing.

    Raises:
        ConfigError: there is no such layout, or it is of an object that has no fields of ours.
    """
    thing = _object(name)
    content = retrieve(session, "Layout", _encoded(name))
    if content is None:
        raise ConfigError(
            f"{session.where}: there is no page layout '{name}'; write OBJECT-NAME as in 'Account-Account Layout'"
        )
    return LayoutChange(_encoded(name), *with_section(content, thing))


def change_layout(session: SalesforceSession, change: LayoutChange) -> Deployed:
    """Deploy the layout of *change*."""
    content = {
        "package.xml": source.manifest({"Layout": [change.name]}),
        f"layouts/{change.name}.layout": change.after.encode(),
    }
    return deploy(session, source.zipped(content), check_only=False)


def with_section(content: bytes, thing: CrmObject) -> tuple[str, str]:
    """Return a layout as it is and with our section: after the other sections, or a section of ours made complete.

    A field that somebody has put elsewhere on the layout stays where it is; Salesforce takes no field twice.
    """
    root = ElementTree.fromstring(content)
    before = _text(root)
    shown = {one.text for one in root.iter(_tag("field"))}
    missing = [one for one in thing.fields if api_name(one) not in shown]
    if missing:
        section = next((one for one in root.iter(_tag("layoutSections")) if _label(one) == SECTION), None)
        if section is None:
            section = _new_section()
            root.insert(_place(root), section)
        _fill(section, missing)
    return before, _text(root)


def _object(name: str) -> CrmObject:
    owner = name.partition("-")[0]
    for thing in (ACCOUNT, OPPORTUNITY):
        if OBJECT_NAMES[thing.name] == owner:
            return thing
    raise ConfigError(
        f"'{name}' is no layout of Account or Opportunity; write OBJECT-NAME as in 'Account-Account Layout'"
    )


def _encoded(name: str) -> str:
    """Return a layout's full name: what is no letter, digit, space, hyphen or underscore is percent-encoded."""
    return quote(unquote(name), safe=" -_").replace(".", "%2E").replace("~", "%7E")  # these quote() leaves alone


def _place(root: Element) -> int:
    """Return where a new section goes: behind the last one, before anything that the schema puts after it."""
    sections = [number for number, child in enumerate(root) if child.tag == _tag("layoutSections")]
    earlier = ("customButtons", "customConsoleComponents", "emailDefault", "excludeButtons", "feedLayout", "headers")
    before = [number for number, child in enumerate(root) if child.tag in map(_tag, earlier)]
    return max([*sections, *before], default=-1) + 1


def _new_section() -> Element:
    section = Element(_tag("layoutSections"))
    facts = [("customLabel", "true"), ("detailHeading", "true"), ("editHeading", "true"), ("label", SECTION)]
    for tag, value in facts:
        ElementTree.SubElement(section, _tag(tag)).text = value
    ElementTree.SubElement(section, _tag("layoutColumns"))
    ElementTree.SubElement(section, _tag("layoutColumns"))
    ElementTree.SubElement(section, _tag("style")).text = "TwoColumnsTopToBottom"
    return section


def _fill(section: Element, fields: list[Field]) -> None:
    """Put *fields* into the columns in turns. What the engine writes is shown read-only; people's own may be edited."""
    columns = list(section.iter(_tag("layoutColumns")))
    for number, one in enumerate(fields):
        item = ElementTree.SubElement(columns[number % len(columns)], _tag("layoutItems"))
        ElementTree.SubElement(item, _tag("behavior")).text = "Edit" if one.owner is Owner.HUMAN else "Readonly"
        ElementTree.SubElement(item, _tag("field")).text = api_name(one)


def _label(section: Element) -> str:
    return section.findtext(_tag("label"), "")


def _text(root: Element) -> str:
    """Return *root* as Salesforce writes a layout: no prefix for its namespace."""
    plain = Element(root.tag.rpartition("}")[2], {"xmlns": NAMESPACE})
    plain.extend(_without_namespace(root))
    return written(plain).decode()


def _without_namespace(root: Element) -> Iterator[Element]:
    for child in root:
        copy = Element(child.tag.rpartition("}")[2], child.attrib)
        copy.text = (child.text or "").strip() or None
        copy.extend(_without_namespace(child))
        yield copy


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"
