"""Templates: those that we ship, and over them those in the workspace's ``templates/``, which people edit.

What comes from CRMs and partners is escaped as each form needs it, and never breaks a line where lines mean something.
A template of the workspace that does not work is an error that names its line: the shipped one is not taken instead.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined, TemplateSyntaxError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from jobs.telling.content import Content
from overlap.errors import ConfigError

#: What a message's template in text begins with.
_SUBJECT: Final = "Subject: "
_SHIPPED: Final = Path(__file__).with_name("templates")


class Pages:
    """The templates of the workspace whose own lie in *own*."""

    def __init__(self, own: Path) -> None:
        loader = ChoiceLoader([FileSystemLoader(own), PackageLoader("jobs.telling")])
        forms = {"html": _filled, "txt": _on_one_line, "slack": _for_slack}
        self._own = own
        self._forms = {
            form: SandboxedEnvironment(
                loader=loader,
                undefined=StrictUndefined,
                autoescape=form == "html",
                finalize=finalize,
                trim_blocks=True,
                lstrip_blocks=True,
            )
            for form, finalize in forms.items()
        }

    def message(self, name: str, facts: Mapping[str, Any]) -> tuple[str, Content]:
        """Return the title of message *name* about *facts*, and what it says in every form.

        Raises:
            ConfigError: a template does not work; the message names file and line.
        """
        first, _, text = self.page(f"{name}.txt", facts).lstrip().partition("\n")
        if not first.startswith(_SUBJECT):
            raise ConfigError(f"{self._place(f'{name}.txt')}: its first line must be '{_SUBJECT}...'")
        html, slack = (self.page(f"{name}.{form}", facts) for form in ("html", "slack"))
        return first.removeprefix(_SUBJECT).strip(), Content(text.lstrip("\n"), html, slack.strip(), facts)

    def page(self, name: str, facts: Mapping[str, Any]) -> str:
        """Return template *name* filled with *facts*.

        Raises:
            ConfigError: it does not work; the message names file and line.
        """
        try:
            return self._forms[name.rpartition(".")[2]].get_template(name).render(facts)
        except TemplateSyntaxError as error:
            place = self._place(error.name or name)
            raise ConfigError(f"{place}, line {error.lineno}: {error.message}; correct it, or delete it") from error
        except Exception as error:  # whatever a person's template does: it is the template's
            place, line = self._fault(error, name)
            raise ConfigError(
                f"{place}{line}: {error}; correct it, or delete the file to have the shipped one"
            ) from error

    def _place(self, name: str) -> Path:
        own = self._own / name
        return own if own.is_file() else _SHIPPED / name

    def _fault(self, error: Exception, name: str) -> tuple[Path, str]:
        """Return the template that *error* came up in, and its line."""
        ours = {self._own.resolve(), _SHIPPED.resolve()}
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if Path(frame.filename).resolve().parent in ours:
                return Path(frame.filename), f", line {frame.lineno}"
        return self._place(name), ""


def copy_out(own: Path) -> list[Path]:
    """Copy the shipped templates that *own* does not have into it, and return them: people edit these."""
    own.mkdir(parents=True, exist_ok=True)
    made = []
    for shipped in sorted(_SHIPPED.iterdir()):
        target = own / shipped.name
        if shipped.is_file() and not target.exists():
            target.write_bytes(shipped.read_bytes())
            made.append(target)
    return made


def _filled(value: Any) -> Any:
    return "" if value is None else value


def _on_one_line(value: Any) -> Any:
    if isinstance(value, Undefined) or value is None:
        return _filled(value)
    return " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())


def _for_slack(value: Any) -> Any:
    """Escape what Slack takes for a link or a mention; https://docs.slack.dev/messaging/formatting-message-text."""
    if isinstance(value, Undefined) or value is None:
        return _filled(value)
    text = str(_on_one_line(value)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("|", "¦")  # it ends a link's address
