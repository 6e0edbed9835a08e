"""What the options before the command say: which repository, which layer, how talkative."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from butler.dsn import hidden

if TYPE_CHECKING:
    import typer
    from sqlalchemy import Connection

    from butler.butler import Butler
    from butler.config import RepositoryConfig

__all__ = ["Session", "installed_version", "schema_range", "session_of"]

_logger = logging.getLogger("butler")


@dataclass(frozen=True)
class Session:
    """One run of the command.

    Parameters
    ----------
    repo : `~pathlib.Path`
        The repository's folder.
    repo_from : `str`
        What named it: ``--repo``, ``BUTLER_REPO`` or ``current folder``.
    layer : `str` or `None`
        The layer to work in; `None` for the registry that the repository names.
    verbosity : `int`
        0, 1 for ``-v``, 2 for ``-vv``.
    quiet : `bool`
        Whether to write results only.
    """

    repo: Path = Path()
    repo_from: str = "current folder"
    layer: str | None = None
    verbosity: int = 0
    quiet: bool = False

    def config(self) -> RepositoryConfig:
        """Read the repository's configuration."""
        from butler.config import RepositoryConfig

        return RepositoryConfig.read(self.repo)

    @property
    def reader(self) -> str:
        """The role to read as: the writer only where the repository has no login for a reader."""
        config = self.config()
        return "reader" if config.embedded or "reader" in config.dsns else "writer"

    @contextmanager
    def reading(self, collections: Sequence[str] = ()) -> Iterator[Butler]:
        """Open the repository to read; Ctrl-C ends a long query."""
        from butler.butler import Butler
        from butler.cli.interruption import interruptible

        with (
            interruptible(),
            Butler(self.repo, collections=collections, role=self.reader, registry=self.layer) as butler,
        ):
            yield butler

    def writing(self, *, run: str | None = None, role: str = "writer") -> Butler:
        """Open the repository to write."""
        from butler.butler import Butler

        return Butler(self.repo, run=run, role=role, registry=self.layer)

    def owning(self, dsn: str | None = None) -> AbstractContextManager[Connection]:
        """Connect as the owner of the schema, for one transaction.

        Parameters
        ----------
        dsn : `str`, optional
            Of a login that may become the owner, instead of the repository's own.
        """
        from butler.repository import schema_connection

        return schema_connection(dsn or self.config().dsn("owner"))

    def administrator(self) -> str:
        """Give the DSN of whoever may make extensions and roles."""
        config = self.config()
        if not config.embedded:
            return config.dsn("owner")
        from butler.config import set_roles_anew
        from butler.embedded import EmbeddedServer

        server = EmbeddedServer(config.repo)
        if server.ensure_running():
            set_roles_anew(server)
        return server.dsn("superuser", "butler")

    def inspector(self) -> str:
        """Give the DSN of whoever sees most of the database: its owner, or its own server's superuser."""
        config = self.config()
        if config.embedded:
            from butler.embedded import EmbeddedServer

            if EmbeddedServer(config.repo).administered:
                return self.administrator()
        return config.dsn("owner")

    def log_to(self, file: Path | None) -> None:
        """Write messages to the terminal as asked, and to a file."""
        for handler in list(_logger.handlers):
            _logger.removeHandler(handler)
            handler.close()
        _logger.addHandler(logging.NullHandler())
        _logger.setLevel(logging.DEBUG if self.verbosity > 1 else logging.INFO)
        if self.verbosity:
            terminal = logging.StreamHandler()
            # Errors are told in any case, as lines of their own.
            terminal.addFilter(lambda record: record.levelno < logging.ERROR)
            _add_handler(terminal, "%(name)s: %(message)s")
        if file is not None:
            _add_handler(
                logging.FileHandler(file, encoding="utf-8"),
                "%(asctime)sZ %(levelname)s %(process)d %(name)s: %(message)s",
            )
        if self.verbosity > 1:
            statements = logging.getLogger("sqlalchemy.engine")
            statements.setLevel(logging.INFO)
            statements.handlers = _logger.handlers
        _logger.info("butler %s", " ".join(map(hidden, sys.argv[1:])))


def schema_range() -> dict[str, str]:
    """Give the revisions of the schema that this version of Butler works with."""
    from butler.version import OLDEST_SCHEMA, SCHEMA_VERSION

    return {"made_for_schema": SCHEMA_VERSION, "works_from_schema": OLDEST_SCHEMA}


def installed_version() -> str:
    """Give the version of Butler."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("butler")
    except PackageNotFoundError:
        return "run from its source"


def session_of(ctx: typer.Context) -> Session:
    """Give the session that the options before the command began."""
    found: Any = ctx.find_root().obj
    return found if isinstance(found, Session) else Session()


class _Discreet(logging.Formatter):
    """Lays lines out, whoever said them, without passwords."""

    def format(self, record: logging.LogRecord) -> str:
        return hidden(super().format(record))


def _add_handler(handler: logging.Handler, layout: str) -> None:
    formatter = _Discreet(layout, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    _logger.addHandler(handler)
