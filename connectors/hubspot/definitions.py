"""What a portal has to write into: properties, and the options that their values need. Asked once per object.

Setups do not happen while we write; only the options that we add ourselves are news.
"""

from __future__ import annotations

from collections.abc import Collection

from connectors.hubspot import columns
from connectors.hubspot.columns import Reading, record_reading
from connectors.hubspot.errors import DEPLOY, MissingError
from connectors.hubspot.objects import property_name
from connectors.hubspot.options import value_of, with_options
from connectors.hubspot.payload import Draft
from connectors.hubspot.session import HubSpotSession, Properties
from overlap.fields import BY_NAME, CrmObject


class Definitions:
    """What the portal of one *session* says of the properties of our objects."""

    def __init__(self, session: HubSpotSession) -> None:
        self._session = session
        self._defined: dict[str, Properties] = {}

    def known(self, thing: CrmObject) -> bool:
        """Whether the portal was asked of *thing* already."""
        return thing.name in self._defined

    def of(self, thing: CrmObject) -> Properties:
        """Return the properties of *thing*.

        Raises:
            MissingError: the portal has no such object.
        """
        if thing.name not in self._defined:
            found = self._session.properties(self._path(thing))
            if found is None:
                raise MissingError(f"{self._session.where}: object {thing.name} is missing; {DEPLOY}")
            self._defined[thing.name] = found
        return self._defined[thing.name]

    def reading(self, thing: CrmObject) -> Reading:
        """Return what of *thing* can be read."""
        reading = record_reading(self._session.portal, columns.whole(thing))
        return columns.visible(self._session.where, reading, self.of(thing))

    def held(self, thing: CrmObject) -> CrmObject:
        """Return *thing* with only the flat fields that the portal has properties for, stand-ins of any tier too.

        Raises:
            MissingError: it has none at all: nobody has set them up yet.
        """
        if thing.key is not None:
            return thing
        defined = self.of(thing)
        every = BY_NAME[thing.name]
        names = {one.name for one in every.columns if property_name(one) in defined}
        if not names:
            where = f"{self._session.where}: {self._path(thing)} have none of overlap's properties"
            raise MissingError(f"{where}; {DEPLOY}, or set flat_fields = false")
        return every.holding(names)

    def require(self, thing: CrmObject, drafts: Collection[Draft]) -> None:
        """Refuse properties that are missing: HubSpot would refuse every record by itself, once per record.

        Raises:
            MissingError: names them.
        """
        wanted = {name for one in drafts for name in one.texts}
        wanted |= {property_name(thing.by_name[name]) for one in drafts for name in one.lists}
        if lost := sorted(wanted - self.of(thing).keys()):
            raise columns.missing(self._session.where, record_reading(self._session.portal, thing).name, lost)

    def offer(self, thing: CrmObject, drafts: Collection[Draft]) -> None:
        """Add the options that values of *drafts* need: HubSpot takes no other."""
        wanted: dict[str, set[str]] = {}
        for one in drafts:
            for name, values in one.lists.items():
                wanted.setdefault(name, set()).update(values)
        for name, listed in wanted.items():
            options = with_options(thing.by_name[name], self.of(thing)[name], listed)
            if options is not None:
                _, said = self._session.send("PATCH", "property", self._path(thing), name, body={"options": options})
                self._defined[thing.name] = {**self.of(thing), name: said}

    def properties(self, thing: CrmObject, one: Draft) -> dict[str, str]:
        """Return the properties of *one* as HubSpot is sent them."""
        defined = self.of(thing)
        lists = {
            name: ";".join(value_of(thing.by_name[name], defined[name], value) for value in values)
            for name, values in one.lists.items()
        }
        return {**one.texts, **lists}

    def _path(self, thing: CrmObject) -> str:
        return record_reading(self._session.portal, thing).object_name
