"""Showing steps on a terminal: why, the code that runs, and what it says."""

from __future__ import annotations

import inspect
import io
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from butler.errors import ButlerError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from butler.butler import Butler

__all__ = ["Presenter"]

Result = TypeVar("Result")

_WIDTH = 110
_LINES = 12
_INDENT = "    "


class Presenter:
    """Prints and runs code, commands and SQL; what is shown is what is run.

    Parameters
    ----------
    repo : `pathlib.Path`
        The repository, as the user typed it: commands are shown with it.
    """

    def __init__(self, repo: Path) -> None:
        self._repo = repo
        self._begun = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        """How long the tour has taken so far."""
        return time.monotonic() - self._begun

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(width=_WIDTH, highlight=False, markup=False, soft_wrap=True)

    def heading(self, title: str, why: str) -> None:
        """Begin a step: its title, and why it matters to an astronomer."""
        self._steps += 1
        self._console.print()
        self._console.print(f"{self._steps}. {title}", style="bold")
        self._console.print(textwrap.fill(" ".join(why.split()), _WIDTH))

    def say(self, text: str) -> None:
        """Print a paragraph between code."""
        self._console.print()
        self._console.print(textwrap.fill(text, _WIDTH))

    def table(self, rows: Mapping[str, str]) -> None:
        """Print names and what they are, in two columns."""
        self._console.print()
        width = max(map(len, rows))
        for name, meaning in rows.items():
            self._console.print(f"{_INDENT}{name:{width}}  {meaning}".rstrip())

    def python(self, function: Callable[..., Result], *arguments: Any, lines: int = _LINES) -> Result:
        """Show the body of a function and run it.

        Parameters
        ----------
        function : callable
            What it prints is the step's output.
        *arguments
            For the function; their names in its body are those of its parameters.
        lines : `int`
            How many lines of the output are shown.
        """
        self._code(_body(function), "python")
        output = io.StringIO()
        with redirect_stdout(output):
            result = function(*arguments)
        self._output(output.getvalue(), lines)
        return result

    def sql(self, butler: Butler, query: str, *, lines: int = _LINES) -> None:
        """Show a SELECT and run it; so many lines of its answer are shown."""
        query = textwrap.dedent(query).strip()
        self._code(query + ";", "postgresql")
        self._output(_aligned(butler.registry.query(query)), lines)

    def command(self, *words: str, status: int = 0, whole: bool = False) -> str:
        """Show a command of ``butler`` and run it in the repository.

        Parameters
        ----------
        *words : `str`
            What follows ``butler -r <repository>``.
        status : `int`
            The exit status that the step needs.
        whole : `bool`
            Whether long lines of the output are shown to their end.

        Returns
        -------
        output : `str`
            All that the command printed.

        Raises
        ------
        ButlerError
            If it ends with another status.
        """
        return self._run(("-r", str(self._repo), *words), status, whole)

    def create(self) -> None:
        """Show ``butler create`` and run it."""
        self._run(("create", str(self._repo)), 0, False)

    def _run(self, words: Sequence[str], status: int, whole: bool) -> str:
        self._code(f"$ butler {shlex.join(words)}", "console")
        done = subprocess.run(
            [sys.executable, "-m", "butler", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        self._output(done.stdout + done.stderr, whole=whole)
        if done.returncode != status:
            raise ButlerError(
                f"butler {shlex.join(words)} ended with status {done.returncode}, not {status}",
                hint=done.stderr.strip()[-500:],
            )
        return done.stdout

    def _code(self, code: str, language: str) -> None:
        self._console.print()
        if not self._console.is_terminal:
            self._console.print(textwrap.indent(code, _INDENT))
            return
        from rich.syntax import Syntax
        from rich.text import Text

        shown = Syntax(code, language, theme="ansi_dark").highlight(code)
        for line in shown.split("\n"):
            self._console.print(Text(_INDENT) + line)

    def _output(self, output: str, lines: int = _LINES, *, whole: bool = False) -> None:
        said = output.rstrip().splitlines()
        if not said:
            return
        self._console.print()
        for line in said[:lines]:
            shown = line if whole else _cut(line)
            self._console.print(_INDENT + shown, style="dim" if self._console.is_terminal else None)
        if len(said) > lines:
            self._console.print(f"{_INDENT}… and {len(said) - lines} more lines", style="italic")


def _body(function: Callable[..., Any]) -> str:
    """Give the source of a function without its first line and docstring."""
    lines, _ = inspect.getsourcelines(function)
    begin = next(place for place, line in enumerate(lines) if line.rstrip().endswith(":")) + 1
    body = textwrap.dedent("".join(lines[begin:]))
    if function.__doc__:
        body = body.split('"""', 2)[2]
    kept = [line for line in body.strip().splitlines() if not line.startswith("return ")]
    return "\n".join(kept).rstrip()


def _cut(line: str) -> str:
    room = _WIDTH - len(_INDENT)
    return line if len(line) <= room else line[: room - 1] + "…"


def _aligned(rows: Any) -> str:
    """Set rows out under their columns' names."""
    cells = [rows.columns, *(tuple(map(_shown, row)) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    rule = "-+-".join("-" * width for width in widths)
    return "\n".join([lines[0], rule[: _WIDTH - len(_INDENT)], *lines[1:]])


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9g}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat(sep=" ", timespec="seconds")) if hasattr(value, "hour") else str(value)
    return str(value)
