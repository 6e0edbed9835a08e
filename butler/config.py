"""The configuration of a repository: ``butler.yaml`` in its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct
from msgspec import field as struct_field
from msgspec.structs import asdict

from butler.datastore.config import DatastoreConfig, DatastoreTable, settings_type, storage_types
from butler.errors import ConfigError, nearest
from butler.strict import MAX_YAML_BYTES, Before, Document, parse_yaml, read

if TYPE_CHECKING:
    from butler.embedded import EmbeddedServer

__all__ = ["FILE_NAME", "RepositoryConfig", "config_schema", "set_roles_anew"]

FILE_NAME = "butler.yaml"

_REGISTRY = "butler"
_DEFAULT = "main"

Text = Annotated[str, Meta(min_length=1)]


class Dsns(Struct, frozen=True):
    """Where the database is, for each role.

    Parameters
    ----------
    owner : `str`, optional
        DSN of a login that may change the schema.
    writer : `str`, optional
        DSN of a login that may register datasets.
    reader : `str`, optional
        DSN of a login that may only read.
    """

    owner: Text | None = None
    writer: Text | None = None
    reader: Text | None = None

    def __repr__(self) -> str:
        """Show which there are, as they may hold passwords."""
        return f"Dsns({', '.join(role for role, dsn in asdict(self).items() if dsn)})"


class Database(Struct, frozen=True):
    """Where the database is; without a DSN, the repository has its own server.

    Parameters
    ----------
    dsn : `str` or `Dsns`, optional
        Where the database is: one text, for the writer; or one for each of ``owner``, ``writer``, ``reader``.
    replica : `str`, optional
        DSN of a replica that datasets are looked up on.
    """

    dsn: Text | Dsns | None = None
    replica: Text | None = None

    def __repr__(self) -> str:
        """Show which keys are set, as they may hold passwords."""
        return f"Database({', '.join(key for key, each in asdict(self).items() if each)})"


class ConfigFile(Struct, frozen=True):
    """What ``butler.yaml`` may say.

    Parameters
    ----------
    database : `Database`
        Where the database is; without, the repository has its own server.
    registry : `str`
        The registry in that database: the base, or a layer's name.
    datastores : `dict` [`str`, `~butler.datastore.config.DatastoreSettings`]
        Where the files are: one datastore or several, by what artifacts call them.
    default : `str`, optional
        The datastore that is written to; needed where there are several.
    """

    database: Database = Database()
    registry: Text = _REGISTRY
    datastores: Annotated[dict[Text, DatastoreTable], Meta(min_length=1)] = struct_field(
        default_factory=lambda: {_DEFAULT: settings_type("posix")()}
    )
    default: Text | None = None


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
    datastores : `~collections.abc.Mapping` [`str`, `~butler.datastore.config.DatastoreConfig`]
        Each by what artifacts call it.
    default : `str`
        The datastore that is written to.
    replica : `str`, optional
        DSN of a copy of the database in which datasets are looked up.

    Raises
    ------
    ConfigError
        If there is no default, or two datastores share files.
    """

    repo: Path
    dsns: Mapping[str, str] = field(default_factory=dict, repr=False)
    registry: str = _REGISTRY
    datastores: Mapping[str, DatastoreConfig] = field(
        default_factory=lambda: {_DEFAULT: DatastoreConfig.from_plain({"type": "posix", "root": "data"})}
    )
    default: str = _DEFAULT
    replica: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.default not in self.datastores:
            raise _refused(
                ("default",),
                f"there is no datastore {self.default!r}",
                nearest(self.default, self.datastores),
            )
        folders = list(_folders(self.datastores, self.repo))
        own = self.repo.resolve()
        for name, root in folders:
            if own.is_relative_to(root) or root.is_relative_to(own / "embedded"):
                raise _refused(
                    ("datastores", name, "root"),
                    f"{str(root)!r} has the repository itself in it",
                    "Give the datastore a folder of its own, such as 'data': a repair may delete"
                    " what lies in it and belongs to nothing.",
                )
        for (one, root), (other, inner) in combinations(sorted(folders, key=lambda each: each[1]), 2):
            if inner.is_relative_to(root):
                raise _refused(
                    ("datastores", other, "root"),
                    f"{str(inner)!r} is in the root of datastore {one!r} too",
                    "Give each datastore a folder of its own: who verifies one would find the other's files.",
                )

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
            if server.ensure_running():
                set_roles_anew(server)
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
            be; the message names file, line and key of all that is wrong.
        """
        folder = Path(repo).expanduser().absolute()
        path = folder / FILE_NAME
        try:
            with path.open("rb") as file:
                content = file.read(MAX_YAML_BYTES + 1)
        except (OSError, ValueError) as error:
            named, reason = (
                (folder, error.strerror) if isinstance(error, OSError) else (repr(str(folder)), error)
            )
            raise ConfigError(
                f"{named} is not a repository: {path.name} can't be read ({reason})",
                hint=f"Make one: 'butler create {repo}'; or name another by --repo or BUTLER_REPO.",
                details={"repo": str(folder)},
            ) from error
        return cls._checked(parse_yaml(content, str(path)), folder)

    @classmethod
    def from_plain(cls, value: Any, repo: Path) -> RepositoryConfig:
        """Check what was read from YAML.

        Raises
        ------
        ConfigError
            Naming the key.
        """
        return cls._checked(Document(value, str(repo / FILE_NAME)), repo)

    @classmethod
    def _checked(cls, document: Document, repo: Path) -> RepositoryConfig:
        def config(file: ConfigFile) -> RepositoryConfig:
            dsn = file.database.dsn
            roles = {"writer": dsn} if isinstance(dsn, str) else asdict(dsn or Dsns())
            given = (document.value or {}).get("datastores", {_DEFAULT: {}})
            return cls(
                repo,
                {role: text for role, text in roles.items() if text},
                file.registry,
                {name: DatastoreConfig(given[name], settings) for name, settings in file.datastores.items()},
                file.default or _only(file.datastores),
                file.database.replica,
            )

        checked: RepositoryConfig = read(document, _FILE, then=config)
        return checked

    def to_plain(self) -> dict[str, Any]:
        """Give what `from_plain` reads."""
        database = {"dsn": dict(self.dsns), "replica": self.replica}
        plain = {
            "database": {key: each for key, each in database.items() if each},
            "registry": None if self.registry == _REGISTRY else self.registry,
            "datastores": {name: dict(each.given) for name, each in self.datastores.items()},
            "default": None if list(self.datastores) == [self.default] else self.default,
        }
        return {key: each for key, each in plain.items() if each}

    def write(self) -> None:
        """Write the file, whole or not at all; what it says already stays as it is, comments too."""
        import yaml

        from butler.strict.rewriting import rewritten, write_whole

        path = self.repo / FILE_NAME
        if path.exists():
            text = path.read_bytes().decode()
            before = self.read(self.repo).to_plain()
            try:
                text = rewritten(text, before, self.to_plain())
                same = self._checked(parse_yaml(text.encode(), str(path)), self.repo) == self
            except (yaml.YAMLError, ConfigError):
                same = False
            if not same:
                raise ConfigError(
                    f"{path} is written in a way that can't be changed by a program",
                    hint="Change it by hand.",
                )
        else:
            text = "# A Butler repository; see 'butler config --help'.\n"
            text += yaml.safe_dump(self.to_plain(), sort_keys=False, allow_unicode=True)
        write_whole(path, text)


def set_roles_anew(server: EmbeddedServer) -> None:
    """Give the roles of a repository's own server the settings that are kept, as at each of its starts."""
    from butler.registry.postgres.engine import one_transaction
    from butler.registry.postgres.errors import translated
    from butler.schema.login_roles import set_anew

    with translated(), one_transaction(server.dsn("superuser", "butler")) as connection:
        set_anew(connection, server.logins)


def config_schema() -> dict[str, Any]:
    """Give the JSON Schema of ``butler.yaml``, with the storage types that are installed."""
    from butler.strict.schema import json_schema

    types = [settings_type(name) for name in storage_types()]
    schema = json_schema(FILE_NAME, ConfigFile, *types)
    refs = [{"$ref": f"#/$defs/{each.__name__}"} for each in types]
    schema["properties"]["datastores"] |= {"additionalProperties": {"anyOf": refs}}
    return schema


def _refuse_single(value: Any) -> Any:
    """Say how to write today what ``datastore:`` said before there could be several."""
    if not isinstance(value, Mapping):
        return {} if value is None else value
    if isinstance(single := value.get("datastore"), Mapping):
        import yaml

        table = {str(single.get("name", _DEFAULT)): {k: v for k, v in single.items() if k != "name"}}
        lines = yaml.safe_dump({"datastores": table}, sort_keys=False, allow_unicode=True).splitlines()
        hint = "\n  ".join(("Write instead:", *lines))
        raise _refused(("datastore",), "each datastore is in the table 'datastores' now, by its name", hint)
    return value


_FILE = Annotated[ConfigFile, Before(_refuse_single)]


def _only(datastores: Mapping[str, Any]) -> str:
    """The default where none is named.

    Raises
    ------
    ConfigError
        If there are several.
    """
    if len(datastores) > 1:
        names = " and ".join(map(repr, datastores))
        raise _refused(
            ("default",), f"isn't given, and there are {names}", f"Add 'default: {next(iter(datastores))}'."
        )
    return next(iter(datastores))


def _folders(datastores: Mapping[str, DatastoreConfig], repo: Path) -> Iterator[tuple[str, Path]]:
    """Where datastores of folders really are, however they are spelled."""
    for name, each in datastores.items():
        root = getattr(each.settings, "root", None)
        if isinstance(root, str) and "://" not in root:
            yield name, Path(os.path.realpath(repo / root))


def _refused(at: tuple[str, ...], reason: str, hint: str) -> ConfigError:
    return ConfigError(": ".join(filter(None, (".".join(at), reason))), hint=hint, details={"at": at})
