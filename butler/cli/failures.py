"""How the command ends: exit status, and one ``error:`` line instead of a traceback."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from enum import IntEnum
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

from butler.dsn import hidden
from butler.errors import ButlerError, showable

__all__ = ["EXIT_STATUS", "ExitStatus", "GuardedGroup", "run_guarded", "show_error"]

EXIT_STATUS = (
    "Exit status: 0 done; 1 it failed, or the answer is no; 2 the command isn't written right;"
    " 3 done in part; 130 interrupted."
)

_log = logging.getLogger(__name__)


class ExitStatus(IntEnum):
    """What a shell sees."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PARTLY = 3
    INTERRUPTED = 130
    BROKEN_PIPE = 141  # as a program that the signal kills


class GuardedGroup(TyperGroup):
    """The commands, with every error told in a line."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _discard_output()
            raise typer.Exit(ExitStatus.BROKEN_PIPE) from None
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            raise typer.Exit(ExitStatus.INTERRUPTED) from None
        except (ButlerError, OSError) as error:
            show_error(*_told(error))
            if _log.isEnabledFor(logging.DEBUG):
                traceback.print_exc()
            raise typer.Exit(ExitStatus.FAILED) from None
        return result


def show_error(message: str, hint: str | None = None) -> None:
    """Tell what is wrong and, on the next line, what to do about it."""
    message = showable(hidden(message))
    _log.error(message)
    print(f"{_coloured('error:', 31, sys.stderr)} {message}", file=sys.stderr)
    if hint:
        print(f"  {showable(hidden(hint))}", file=sys.stderr)


def run_guarded(application: typer.Typer) -> None:
    """Run the command as this process: whatever happens, it ends with a line and a status."""
    warnings.showwarning = _show_warning
    try:
        application(prog_name="butler")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(ExitStatus.INTERRUPTED)
    except Exception as error:
        show_error(f"{type(error).__name__}: {error}", "This is a fault of Butler itself; -vv shows where.")
        if _log.isEnabledFor(logging.DEBUG):
            traceback.print_exc()
        sys.exit(ExitStatus.FAILED)


def _told(error: ButlerError | OSError) -> tuple[str, str | None]:
    """Give what to tell of an error, and the hint."""
    if isinstance(error, ButlerError):
        return error.message, error.hint
    return f"{error.filename}: {error.strerror}" if error.filename else str(error), None


def _show_warning(message: Warning | str, *_where: Any, **_more: Any) -> None:
    print(f"{_coloured('warning:', 33, sys.stderr)} {showable(hidden(str(message)))}", file=sys.stderr)


def _coloured(text: str, colour: int, stream: TextIO) -> str:
    plain = "NO_COLOR" in os.environ or not stream.isatty()
    return text if plain else f"\033[{colour}m{text}\033[0m"


def _discard_output() -> None:
    """Keep the interpreter from writing what is left when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
