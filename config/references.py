"""Which settings say where a secret is, and how they may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, BeforeValidator

from config.secrets import is_reference, shown


@dataclass(frozen=True, slots=True)
class Reference:
    """A setting at *place*, a path of keys, that says where a secret is."""

    place: str
    reference: str

    @property
    def shown(self) -> str:
        """The reference as it may be shown."""
        return shown(self.reference)


def references(settings: BaseModel) -> list[Reference]:
    """Return every reference to a secret in *settings*, in their order."""
    return list(_of(settings, ()))


def _of(value: Any, place: tuple[str, ...]) -> Iterator[Reference]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            found = getattr(value, name)
            if isinstance(found, str) and names_a_secret(field):
                yield Reference(".".join((*place, name)), found)
            else:
                yield from _of(found, (*place, name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _of(inner, (*place, str(key)))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for number, inner in enumerate(value):
            yield from _of(inner, (*place, str(number)))


def names_a_secret(field: Any) -> bool:
    """Return whether *field* of a model, or a type, is a `SecretReference`."""
    metadata = getattr(field, "metadata", ()) or getattr(field, "__metadata__", ())
    if any(isinstance(one, BeforeValidator) and one.func is is_reference for one in metadata):
        return True
    annotation = getattr(field, "annotation", field)
    return any(names_a_secret(part) for part in get_args(annotation) if not isinstance(part, BeforeValidator))
