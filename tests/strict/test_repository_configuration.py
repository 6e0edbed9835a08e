"""``butler.yaml``: what it may say, what is refused, and what a rewrite leaves alone."""

from __future__ import annotations

import gc
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from butler.config import FILE_NAME, RepositoryConfig
from butler.datastore.config import DatastoreConfig, open_datastore
from butler.errors import ConfigError
from butler.strict import Document

SEVERAL = """\
# The survey's repository
database: {dsn: {owner: postgresql://o@db/s, writer: postgresql://w@db/s}, replica: postgresql://r@db2/s}
registry: survey

datastores:
  main:  # on the fast disk
    root: 'data'
    templates: {raw: "{night}/{visit}"}
  archive:
    type: posix
    root: /archive   # tapes behind it
    disassemble: [Exposure]
    formatters:
      note: yaml
default: main
"""


def written(folder: Path, text: str) -> Path:
    path = folder / FILE_NAME
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_is_read(tmp_path: Path) -> None:
    written(tmp_path, SEVERAL)
    config = RepositoryConfig.read(tmp_path)
    assert config.dsns == {"owner": "postgresql://o@db/s", "writer": "postgresql://w@db/s"}
    assert (config.registry, config.default, config.replica) == ("survey", "main", "postgresql://r@db2/s")
    assert list(config.datastores) == ["main", "archive"]
    assert config.to_plain() == yaml.safe_load(SEVERAL)
    assert RepositoryConfig.from_plain(config.to_plain(), tmp_path) == config


def test_nothing_of_what_was_read_is_kept_but_the_configuration(tmp_path: Path) -> None:
    def documents() -> int:
        gc.collect()
        return sum(isinstance(each, Document) for each in gc.get_objects())

    written(tmp_path, SEVERAL)
    before = documents()
    for _ in range(3):
        RepositoryConfig.read(tmp_path)
    assert documents() == before


def test_each_datastore_keeps_its_own_configuration(tmp_path: Path) -> None:
    written(tmp_path, SEVERAL)
    config = RepositoryConfig.read(tmp_path)
    main, archive = (open_datastore(config.datastores[name], tmp_path, name) for name in ("main", "archive"))
    assert (main.name, main.root) == ("main", (tmp_path / "data").as_uri() + "/")
    assert (archive.name, archive.root) == ("archive", "file:///archive/")
    assert main.template("raw", "Image") == "{night}/{visit}"
    assert archive.template("raw", "Image") != main.template("raw", "Image")
    settings = config.datastores["archive"].settings
    assert (settings.disassemble, settings.formatters) == (("Exposure",), {"note": "yaml"})
    assert config.datastores["main"].settings.disassemble == ()


@pytest.mark.parametrize("text", ["", "# nothing is set\n", "registry: butler\n"])
def test_what_is_not_said_holds_by_default(tmp_path: Path, text: str) -> None:
    written(tmp_path, text)
    config = RepositoryConfig.read(tmp_path)
    assert config.embedded
    assert (config.registry, config.default, list(config.datastores)) == ("butler", "main", ["main"])
    assert open_datastore(config.datastores["main"], tmp_path).root == (tmp_path / "data").as_uri() + "/"


def test_the_only_datastore_is_the_default_whatever_its_name(tmp_path: Path) -> None:
    written(tmp_path, "datastores: {files: {root: x}}")
    assert RepositoryConfig.read(tmp_path).default == "files"


@pytest.mark.parametrize(
    ("text", "line", "reason", "remedy"),
    [
        ("registry: butler\ndatabse: {}", 2, "databse: isn't a key known here", "'database'"),
        ("database:\n  dns: x", 2, r"database\.dns: isn't a key known here", "'dsn'"),
        ("database:\n  dsn:\n    writter: x", 3, r"database\.dsn\.writter: isn't a key", "'writer'"),
        ("database:\n  dsn: 3", 2, r"database\.dsn: is 3: expected", ""),
        ("database:\n  dsn: []", 2, r"database\.dsn: is a list: expected", ""),
        ("database: []", 1, "database: is a list, not a table", "key: value"),
        ("database:", 1, "database: is empty, not a table", ""),
        ("registry: ''", 1, "registry: is ''", ""),
        ("registry: 5", 1, "registry: is 5: expected `str`", ""),
        ("datastores:", 1, "datastores: is empty, not a table", ""),
        ("datastores: {}", 1, "datastores: is empty", "at least one"),
        ("datastores: [main]", 1, "datastores: is a list, not a table", ""),
        ("datastores:\n  main: data", 2, r"datastores\.main: is 'data', not a table", ""),
        ("datastores:\n  '': {}", 2, r"datastores\.: is ''", ""),
        ("datastores:\n  main:\n    rot: x", 3, r"datastores\.main\.rot: isn't a key", "'root'"),
        (
            "datastores:\n  main:\n    type: swiff",
            3,
            r"main\.type: there is no storage type 'swiff'",
            "posix",
        ),
        ("datastores:\n  main:\n    type: [posix]", 3, r"main\.type: is a list, not a storage type", ""),
        ("datastores:\n  main:\n    root: [data]", 3, r"main\.root: is a list: expected `str`", ""),
        ("datastores:\n  main:\n    mode: 0640", 3, r"main\.mode: 416 is not a mode", "octal digits"),
        ("datastores:\n  main:\n    mode: .nan", 3, r"main\.mode: nan is not a mode", "octal digits"),
        ("datastores:\n  main:\n    group: .nan", 3, r"main\.group: is nan", ""),
        ("datastores:\n  main:\n    disassemble: {a: 1}", 3, "is a table, not a list", "- "),
        (
            "datastores:\n  main:\n    compression:\n      Exposure: tile",
            4,
            r"main\.compression\.Exposure: the formatter 'fits-exposure' doesn't compress by 'tile'",
            "'tiles'",
        ),
        (
            "datastores:\n  a: {}\n  b: {root: b}",
            1,
            "default: isn't given, and there are 'a' and 'b'",
            "default: a",
        ),
        ("datastores: {main: {}}\ndefault: man", 2, "default: there is no datastore 'man'", "'main'"),
        ("datastores: {main: {}}\ndefault: [main]", 2, "default: is a list", ""),
        ("datastores: {}\ndatastores: {}", 2, "'datastores' is given twice", ""),
        ("datastores: &d {}", 1, "anchors and aliases are not read", ""),
        ("datastores:\n  main: {<<: {root: x}}", 2, "merge keys are not read", ""),
        ("datastores: !!map {}", 1, "tags are not read", ""),
        ("- datastores", 1, "is a list, not a table", ""),
    ],
)
def test_a_wrong_file_is_refused_by_line_and_key_with_the_remedy(
    tmp_path: Path, text: str, line: int, reason: str, remedy: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=rf"^{path}:{line}: .*{reason}") as refusal:
        RepositoryConfig.read(tmp_path)
    assert remedy in str(refusal.value)


def test_all_that_is_wrong_in_a_file_is_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "registri: x\ndatastores:\n  a: {rot: x}\n  b: {type: swiff}\n")
    with pytest.raises(ConfigError) as refusal:
        RepositoryConfig.read(tmp_path)
    assert str(refusal.value).splitlines() == [
        f"{path}:1: registri: isn't a key known here. Did you mean 'registry'?",
        f"{path}:3: datastores.a.rot: isn't a key known here. Did you mean 'root'?",
        f"{path}:4: datastores.b.type: there is no storage type 'swiff'. Known are memory, posix.",
    ]


def test_the_form_of_before_is_refused_with_the_lines_to_write(tmp_path: Path) -> None:
    path = written(
        tmp_path, "datastore:\n  name: files\n  type: posix\n  root: /data\n  disassemble: [raw]\n"
    )
    with pytest.raises(ConfigError, match=rf"^{path}:1: datastore: .*table 'datastores'") as refusal:
        RepositoryConfig.read(tmp_path)
    assert refusal.value.hint is not None
    (said, *lines) = refusal.value.hint.splitlines()
    assert said == "Write instead:"
    written(tmp_path, "\n".join(lines))
    config = RepositoryConfig.read(tmp_path)
    assert config.default == "files"
    assert config.datastores["files"].given == {"type": "posix", "root": "/data", "disassemble": ["raw"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data", "data"),
        ("data", "./data/"),
        ("data", "x/../data"),
        ("data", "{here}/data"),
        ("data", "link"),
        ("link", "link/."),
        ("data", "data/inner"),
        ("data/inner", "data"),
    ],
)
def test_two_datastores_in_one_folder_are_refused_however_it_is_spelled(
    tmp_path: Path, one: str, other: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    table = {"a": {"root": one}, "b": {"root": other.format(here=tmp_path)}}
    path = written(tmp_path, yaml.safe_dump({"datastores": table, "default": "a"}))
    with pytest.raises(ConfigError, match=rf"^{path}:\d: datastores\.[ab]\.root: .* of datastore '[ab]' too"):
        RepositoryConfig.read(tmp_path)
    both = {name: DatastoreConfig.from_plain(each) for name, each in table.items()}
    with pytest.raises(ConfigError, match="too"):
        RepositoryConfig(tmp_path, datastores=both, default="a")


def test_neighbours_with_one_beginning_are_two_folders(tmp_path: Path) -> None:
    written(tmp_path, "datastores: {a: {root: data}, b: {root: data2}, c: {type: memory}}\ndefault: a")
    assert len(RepositoryConfig.read(tmp_path).datastores) == 3


@pytest.mark.parametrize(
    "text",
    [
        "database: postgresql://u:hunter2@h/d",
        "database: {dsn: [postgresql://u:hunter2@h/d]}",
        "database: {dsn: {postgresql://u:hunter2@h/d}}",
        "database: {dsn: {wrter: postgresql://u:hunter2@h/d}}",
        "database: {dsn: {writer: {password: hunter2}}}",
        "database: postgresql://h/d?password=hunter2",
        "database: host=h password='hunter2'",
        "database: {dsn: postgresql://u:hunter2@h/d, dsn: postgresql://u:hunter2@h/d}",
        "database: {dsn: postgresql://u:hunter2@h/d\nregistry: [",
        "datastores: {main: {type: 'postgresql://u:hunter2@h/d'}}",
        "datastores: {main: {}}\ndefault: postgresql://u:hunter2@h/d",
        "datastores: {main: {templates: {raw: 'postgresql://u:hunter2@h/d'}}}",
        "datastores: {main: {formatters: {raw: 'postgresql://u:hunter2@h/d'}}}",
    ],
)
def test_no_error_shows_a_password(tmp_path: Path, text: str) -> None:
    written(tmp_path, text)
    with pytest.raises(ConfigError) as refusal:
        RepositoryConfig.read(tmp_path)
    assert "hunter2" not in f"{refusal.value} {refusal.value.details}"


# Writing -------------------------------------------------------------------


def test_a_rewrite_changes_the_lines_that_change_and_no_others(tmp_path: Path) -> None:
    path = written(tmp_path, SEVERAL)
    config = RepositoryConfig.read(tmp_path)
    config.write()
    assert path.read_text() == SEVERAL
    moved = config.datastores["archive"].at("/new place", "archive")
    replace(config, datastores={**config.datastores, "archive": moved}).write()
    assert path.read_text() == SEVERAL.replace("/archive   # tapes", "/new place   # tapes")
    assert RepositoryConfig.read(tmp_path).datastores["archive"] == moved


def test_a_rewrite_keeps_mode_and_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = written(tmp_path / "elsewhere", "registry: survey\n")
    real.chmod(0o640)
    (tmp_path / FILE_NAME).symlink_to(real)
    replace(RepositoryConfig.read(tmp_path), registry="other").write()
    assert (tmp_path / FILE_NAME).is_symlink()
    assert real.read_text() == "registry: other\n"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [each.name for each in real.parent.iterdir()] == [FILE_NAME]


def test_a_rewrite_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, SEVERAL)
    config = replace(RepositoryConfig.read(tmp_path), registry="other")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        config.write()
    assert path.read_text() == SEVERAL


def test_a_file_that_has_become_wrong_is_not_written_over(tmp_path: Path) -> None:
    written(tmp_path, SEVERAL)
    config = replace(RepositoryConfig.read(tmp_path), registry="other")
    path = written(tmp_path, "registri: x\n")
    with pytest.raises(ConfigError, match="registri"):
        config.write()
    assert path.read_text() == "registri: x\n"


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"dsns": {"writer": "postgresql://w@h/db", "reader": "postgresql://r@h/db"}},
        {"replica": "postgresql://r@h/db", "registry": "layer"},
        {
            "datastores": {
                "a": DatastoreConfig.from_plain({"root": "a: é"}, "a"),
                "b": DatastoreConfig.from_plain({"type": "memory"}, "b"),
            },
            "default": "b",
        },
    ],
)
def test_what_is_written_reads_the_same(tmp_path: Path, more: dict[str, Any]) -> None:
    config = RepositoryConfig(tmp_path, **more)
    config.write()
    assert RepositoryConfig.read(tmp_path) == config
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8").startswith("# A Butler repository")
    others: list[dict[str, Any]] = [{}, {"registry": "other"}, {"replica": "postgresql://h"}]
    for other in others:
        changed = RepositoryConfig(tmp_path, **other)
        changed.write()
        assert RepositoryConfig.read(tmp_path) == changed


@pytest.mark.parametrize("root", [".", "..", "/", "data/..", "link", "embedded", "embedded/data"])
def test_a_root_that_has_the_repository_in_it_is_refused(tmp_path: Path, root: str) -> None:
    """A repair that deletes orphans would delete the database."""
    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "link").symlink_to(".")
    written(repo, f"datastores: {{main: {{root: {root}}}}}")
    with pytest.raises(ConfigError, match=r"datastores\.main\.root: '.*' has the repository itself in it"):
        RepositoryConfig.read(repo)


@pytest.mark.parametrize("name", ["a\0b", "half\ud800"])
def test_a_name_that_no_folder_can_have_is_no_repository(name: str) -> None:
    with pytest.raises(ConfigError, match="is not a repository"):
        RepositoryConfig.read(name)


@pytest.mark.parametrize("text", ["root:\tdata", "~", "# no line end"])
def test_what_can_not_be_changed_by_a_program_is_said_and_stays(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, f"datastores: {{main: {{{text}}}}}" if "root" in text else text)
    before = path.read_bytes()
    config = RepositoryConfig.read(tmp_path)
    moved = {"main": DatastoreConfig.from_plain({"root": "data2"})}
    with pytest.raises(ConfigError, match="can't be changed by a program"):
        replace(config, datastores=moved).write()
    assert path.read_bytes() == before


def test_a_rewrite_keeps_the_group_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, SEVERAL)
    groups = [gid for gid in os.getgroups() if gid != path.stat().st_gid]
    if os.geteuid() == 0:
        groups.append(54321)
    if not groups:
        pytest.skip("this user is in one group only")
    os.chown(path, -1, groups[0])
    path.chmod(0o640)
    replace(RepositoryConfig.read(tmp_path), replica=None).write()
    assert (path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (groups[0], 0o640)
