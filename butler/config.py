"""The configuration of a repository: ``butler.yaml`` in its folder."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from butler.errors import ConfigError

__all__ = ["FILE_NAME", "RepositoryConfig"]

FILE_NAME = "butler.yaml"

_ROLES = ("owner", "writer", "reader")
_KEYS = {"database", "datastore", "registry"}
_LARGEST = 1 << 20


@dataclass(frozen=True)
class RepositoryConfig:
    """Where a repository's database and files are.

    Parameters
    ----------
    repo : `pathlib.Path`
        Its folder.
    dsns : `~collections.abc.Mapping`
        Role (``owner``, ``writer``, ``reader``) to DSN; empty where the
        repository has its own server.
    registry : `str`
        Name of the registry, that is of its public schema.
    datastore : `~collections.abc.Mapping`
        What `butler.datastore.open_datastore` takes.
    replica : `str`, optional
        DSN of a copy of the database in which datasets are looked up.
    """

    repo: Path
    dsns: Mapping[str, str] = field(default_factory=dict)
    registry: str = "butler"
    datastore: Mapping[str, Any] = field(default_factory=dict)
    replica: str | None = None

    @property
    def embedded(self) -> bool:
        """Whether the repository has its own database server."""
        return not self.dsns

    def dsn(self, role: str) -> str:
        """Give the DSN for a role; a server of the repository's own is started if need be.

        Raises
        ------
        ConfigError
            If the configuration has none for that role.
        DatabaseUnavailableError
            If the server can't be started.
        """
        if self.embedded:
            from butler.embedded import EmbeddedServer

            server = EmbeddedServer(self.repo)
            server.ensure_running()
            return server.dsn(role)
        if role not in self.dsns:
            raise ConfigError(
                f"{self.repo / FILE_NAME}: database.dsn has none for the {role}",
                hint=f"Add it: 'database: {{dsn: {{{role}: postgresql://…}}}}'.",
                details={"role": role},
            )
        return self.dsns[role]

    @classmethod
    def read(cls, repo: Path | str) -> RepositoryConfig:
        """Read a repository's configuration.

        Raises
        ------
        ConfigError
            If the folder isn't a repository, or the file isn't as it should
            be; the message names file and key.
        """
        folder = Path(repo).expanduser().absolute()
        path = folder / FILE_NAME
        try:
            with path.open("rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError as error:
            raise ConfigError(
                f"{folder} is not a repository: {path.name} can't be read ({error.strerror})",
                hint=f"Make one: 'butler create {repo}'; or name another by --repo or BUTLER_REPO.",
                details={"repo": str(folder)},
            ) from error
        return cls.from_plain(_load(content, path), folder)

    @classmethod
    def from_plain(cls, value: Any, repo: Path) -> RepositoryConfig:
        """Check what was read from YAML.

        Raises
        ------
        ConfigError
            Naming the key.
        """
        path = repo / FILE_NAME
        config = _mapping(value, "the file", path)
        _refuse_unknown(config, _KEYS, "", path)
        database = _mapping(config.get("database", {}), "database", path)
        _refuse_unknown(database, {"dsn", "replica"}, "database.", path)
        dsn = database.get("dsn", {})
        dsns = {"writer": dsn} if isinstance(dsn, str) else dict(_mapping(dsn, "database.dsn", path))
        _refuse_unknown(dsns, set(_ROLES), "database.dsn.", path)
        registry = config.get("registry", "butler")
        replica = database.get("replica")
        texts = [("registry", registry)] + ([] if replica is None else [("database.replica", replica)])
        for key, text in [*texts, *((f"database.dsn.{k}", v) for k, v in dsns.items())]:
            if not isinstance(text, str) or not text:
                raise ConfigError(f"{path}: {key} is not a text", hint="Quote it.", details={"key": key})
        return cls(repo, dsns, registry, _mapping(config.get("datastore", {}), "datastore", path), replica)

    def to_plain(self) -> dict[str, Any]:
        """Give what `from_plain` reads."""
        plain: dict[str, Any] = {}
        if self.dsns:
            plain["database"] = {"dsn": dict(self.dsns)}
        if self.replica:
            plain.setdefault("database", {})["replica"] = self.replica
        if self.registry != "butler":
            plain["registry"] = self.registry
        plain["datastore"] = dict(self.datastore)
        return plain

    def write(self) -> None:
        """Write the file, whole or not at all."""
        import os

        import yaml

        path = self.repo / FILE_NAME
        partial = path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as file:
            file.write("# A Butler repository; see 'butler config --help'.\n")
            yaml.safe_dump(self.to_plain(), file, sort_keys=False, allow_unicode=True)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)


def _load(content: bytes, path: Path) -> Any:
    import yaml

    if len(content) > _LARGEST:
        raise ConfigError(f"{path} is larger than a megabyte", hint="It is no configuration of ours.")
    try:
        return yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or {}
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not YAML: {error}", hint="Mend it, or restore it.") from error


def _mapping(value: Any, key: str, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{path}: {key} is not a table of keys and values", details={"key": key})
    return value


def _refuse_unknown(value: Mapping[str, Any], known: set[str], prefix: str, path: Path) -> None:
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            raise ConfigError(
                f"{path}: there is no key {prefix}{key}",
                hint=f"Did you mean {prefix}{near[0]}?"
                if near
                else f"There are {', '.join(sorted(prefix + k for k in known))}.",
                details={"key": f"{prefix}{key}"},
            )
