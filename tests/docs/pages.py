"""The examples of the documentation: found in its pages, run, and held against what the pages show."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import yaml

from butler.cameras import CameraDefinition
from butler.config import RepositoryConfig
from butler.datastore import open_datastore

PROJECT = Path(__file__).parents[2]

_FENCE = re.compile(r'^( *)```([a-z]*)(?: title="(\S+)")?\n(.*?)^\1```$', re.MULTILINE | re.DOTALL)
_DOCTEST = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
_END = "end of command"


@dataclass(frozen=True)
class Example:
    """A fenced block of a page; one with ``title=`` after its language is that file's content."""

    page: str
    line: int
    language: str
    file: str | None
    text: str

    @property
    def first_line(self) -> str:
        return self.text.split("\n", 1)[0]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def examples(page: str) -> Iterator[Example]:
    content = (PROJECT / page).read_text(encoding="utf-8")
    for match in _FENCE.finditer(content):
        indent, language, file, text = match.groups()
        line = content.count("\n", 0, match.start()) + 1
        yield Example(page, line, language, file, re.sub(f"^{indent}", "", text, flags=re.MULTILINE))


class Reader:
    """Somebody who types what a page shows, in one folder and in one shell with some variables set."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self._names: dict[str, Any] = {"__name__": "__main__"}
        programs = folder / ".programs"
        packages = folder / ".packages"
        programs.mkdir(exist_ok=True)
        for name, arguments in (
            ("python", '"$@"'),
            ("butler", """-c 'from butler.cli import main; main()' "$@\""""),
            ("pip", f'-m pip "$@" --quiet --no-deps --no-build-isolation --no-index --target "{packages}"'),
        ):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}\n')
            program.chmod(0o755)
        environment = {key: value for key, value in os.environ.items() if key != "BUTLER_REPO"}
        environment |= variables | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(packages), str(PROJECT), str(folder)]),
            "COLUMNS": "120",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait()

    def follow(self, example: Example) -> None:
        """Do what an example says; an `AssertionError` says what came out otherwise."""
        follow = {
            "python": self._script,
            "pycon": self._session,
            "console": self._commands,
            "bash": self._bash,
            "sql": self._select,
            "yaml": self._configure,
        }
        if example.file is not None:
            path = self.folder / example.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(example.text, encoding="utf-8")
        elif example.language in follow:
            follow[example.language](example)

    def _script(self, example: Example) -> None:
        # The lines before it keep the numbers that a traceback shows those of the page.
        code = compile("\n" * example.line + example.text, example.page, "exec")
        exec(code, self._names)

    def _session(self, example: Example) -> None:
        test = doctest.DocTestParser().get_doctest(
            example.text, self._names, str(example), example.page, example.line
        )
        for step in test.examples:
            step.want = step.want.replace("…", "...")
            step.exc_msg = step.exc_msg and step.exc_msg.replace("…", "...")
        runner = doctest.DocTestRunner(optionflags=_DOCTEST, verbose=False)
        report: list[str] = []
        runner.run(test, out=report.append, clear_globs=False)
        self._names.update(test.globs)
        assert runner.failures == 0, "".join(report)

    def _commands(self, example: Example) -> None:
        for command, shown in _commands(example.text):
            output, status = self._type(command)
            assert not shown or _alike(shown, output), (
                f"{example}: $ {command}\nshows\n{shown}\ngave\n{output}"
            )
            assert (status != 0) == ("error:" in shown), (
                f"{example}: $ {command}\nended with {status}\n{output}"
            )

    def _bash(self, example: Example) -> None:
        output, status = self._type(f"( set -e\n{example.text})")
        assert status == 0, f"{example} ended with {status}\n{output}"

    def _type(self, command: str) -> tuple[str, int]:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(f'{{ {command}\n}} < /dev/null\necho "{_END} $?"\n')
        self._shell.stdin.flush()
        lines: list[str] = []
        for line in self._shell.stdout:
            before, found, status = line.rpartition(_END)
            if found:
                return "".join(lines) + before, int(status)
            lines.append(line)
        raise AssertionError(f"the shell ended at $ {command}\n{''.join(lines)}")

    def _configure(self, example: Example) -> None:
        file = self.folder / "example.yaml"
        file.write_text(example.text, encoding="utf-8")
        content = yaml.safe_load(example.text)
        if "camera" in content:
            CameraDefinition.read(file)
        else:
            config = RepositoryConfig.from_plain(content, self.folder)
            for name, each in config.datastores.items():
                open_datastore(each, self.folder, name)

    def _select(self, example: Example) -> None:
        connection = psycopg2.connect(RepositoryConfig.read(self.folder / "demo").dsn("reader"))
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute(example.text)
            assert cursor.fetchone() is not None, f"{example} finds nothing"
        finally:
            connection.close()


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Split what a terminal shows into commands and what each of them printed."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, rest = part.partition("\n")
        while command.endswith("\\") or re.match(r"> ", rest):
            line, _, rest = rest.partition("\n")
            command = f"{command}\n{line.removeprefix('> ')}"
        yield command, rest.strip("\n")


def _alike(shown: str, output: str) -> bool:
    """Compare, but for blanks; ``…`` in a page stands for anything."""
    parts = re.split(r"\s*…\s*", re.sub(r"\s+", " ", shown.strip()))
    pattern = ".*?".join(map(re.escape, parts))
    return re.fullmatch(pattern, re.sub(r"\s+", " ", output.strip()), re.DOTALL) is not None
