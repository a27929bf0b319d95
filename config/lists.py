"""The section of the settings on how lists are read: what one of them may take of this machine."""

from __future__ import annotations

import os
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from overlap.errors import ConfigError

_PREFIX = "OVERLAP_LISTS__"


class ListsSettings(BaseModel):
    """What reading one list may take, before it is held.

    *file_mb* is the size of the file, *memory_mb* and *cpu_s* what the process that parses it may use, *wall_s* how
    long it may take. Without *separate_process* lists are parsed in overlap's own process, and only *file_mb* counts:
    for machines that let nobody start one, and for lists that nobody else has written.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_mb: Annotated[int, Field(ge=1, le=100_000)] = 500
    memory_mb: Annotated[int, Field(ge=400, le=1_000_000)] = 4_000
    cpu_s: Annotated[int, Field(ge=1, le=86_400)] = 120
    wall_s: Annotated[float, Field(gt=0, le=86_400)] = 300
    separate_process: bool = True


def without_workspace() -> ListsSettings:
    """Return the settings where there is no file of them: the defaults, and over them ``OVERLAP_LISTS__<KEY>``.

    Raises:
        ConfigError: a variable has a value that its key cannot have.
    """
    names = {key: _PREFIX + key.upper() for key in ListsSettings.model_fields}
    given = {key: os.environ[name] for key, name in names.items() if name in os.environ}
    try:
        return ListsSettings.model_validate(given)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise ConfigError(f"{_PREFIX}{str(wrong['loc'][0]).upper()}: {wrong['msg']}; correct or unset it") from error
