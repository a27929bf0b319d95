"""The verbs of `overlap`, in the order of the help. Each opens what it needs, calls a job, and shows what came of it.

Heavy imports happen inside the verbs, so that `overlap --help` answers at once.
"""

from __future__ import annotations

import errno
import sys
import traceback
from types import TracebackType
from typing import Any

import typer
import typer.core
from rich.markup import escape
from typer.exceptions import TyperException

from jobs.cli import (
    config,
    connect,
    erase,
    judgements,
    look,
    model,
    partner,
    populations,
    review,
    runs,
    sandbox,
    schedule,
    service,
    setup,
    share,
    telling,
    upkeep,
    work,
)
from jobs.cli.options import with_environment
from jobs.cli.undo import undo
from jobs.cli.unlock import unlock
from jobs.service import logs
from overlap.errors import OverlapError
from overlap.redaction import redacted


class _Verbs(typer.core.TyperGroup):
    """Turns our errors into a sentence on stderr and the exit code that says what to do next."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except OverlapError as error:
            raise _ended(str(error), error.exit_code, error.kind) from error
        except OSError as error:
            if error.errno in (None, errno.EPIPE):  # not about a file, or whoever read our output has gone
                raise
            raise _ended(f"{error.filename}: {error.strerror}", OverlapError.exit_code) from error
        except KeyboardInterrupt as error:
            if not logs.is_on():
                raise
            logs.info("interrupted")
            raise typer.Exit(130) from error
        except Exception as error:
            if not isinstance(error, _ITS_OWN) and logs.is_on():
                logs.unforeseen(error)
                raise typer.Exit(OverlapError.exit_code) from error
            raise
        finally:
            logs.silence()


#: How typer ends a call: with an exit code, or with a sentence on what was wrong with its words.
_ITS_OWN = (typer.Exit, typer.Abort, TyperException)


def _ended(sentence: str, exit_code: int, kind: str = "OSError") -> typer.Exit:
    from jobs.cli.console import err

    sentence = redacted(sentence)
    if logs.is_on():
        logs.error("failed", said=sentence, code=exit_code, kind=kind)
        return typer.Exit(exit_code)
    err.print(f"[bold red]error:[/] {escape(sentence)}", soft_wrap=True)
    return typer.Exit(exit_code)


app = typer.Typer(
    name="overlap",
    cls=_Verbs,
    help="Find which of your accounts are also a partner's, explain it, and write it to your CRM.",
    epilog=(
        "Exit codes: 0 ok, 1 failure, 2 usage or settings, 3 connection or access, 4 changes pending, "
        "5 done with rejected records, 6 held or stale: a person must look, 130 interrupted."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PANELS = {
    "Start": (sandbox.demo, work.init, connect.connect, work.check),
    "The weekly job": (work.run, work.pull, work.match, work.plan, work.apply, undo, service.serve, unlock),
    "Look": (look.matrix, look.overlaps, look.reviews, look.greenfield, look.companies, look.status),
    "Look back": (runs.diff, runs.history),
    "Share": (share.share, share.releases),
    "Tell people": (telling.digest, telling.brief, telling.alerts, telling.messages),
    "Settle matches": (review.review, look.explain, work.judge),
    "Forget": (erase.erase_partner, erase.erase_person),
    "Look after it": (upkeep.doctor, upkeep.backup, upkeep.restore, upkeep.migrate, upkeep.audit),
}
for _panel, _verbs in _PANELS.items():
    for _verb in _verbs:
        app.command(rich_help_panel=_panel)(_verb)
app.add_typer(setup.app, name="setup", rich_help_panel="Start")
app.add_typer(sandbox.app, name="sandbox", rich_help_panel="Start")
app.add_typer(partner.app, name="partner", rich_help_panel="The weekly job")
app.add_typer(judgements.app, name="judgements", rich_help_panel="Settle matches")
app.add_typer(schedule.app, name="schedule", rich_help_panel="The weekly job")
app.add_typer(model.app, name="model", rich_help_panel="Settle matches")
app.add_typer(populations.app, name="populations", rich_help_panel="Look")
app.add_typer(runs.app, name="runs", rich_help_panel="Look back")
app.add_typer(config.app, name="config", rich_help_panel="Look after it")
with_environment(app)


def main() -> None:
    """Run the command line."""
    sys.excepthook = _without_secrets
    app()


def _without_secrets(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print a traceback of what nobody foresaw, as Python does: no values of variables, and no secret."""
    sys.stderr.write(redacted("".join(traceback.format_exception(kind, error, trace))))


if __name__ == "__main__":
    main()
