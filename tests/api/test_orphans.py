"""Of files that nobody has, only what was read whole and says nothing is ever deleted, and only if asked."""

from __future__ import annotations

import errno
import gzip
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from butler import Butler, DatasetType
from butler.datastore import open_datastore
from butler.datastore.paths import local_file
from butler.maintenance.repair import Repairer
from butler.testing.datastore import example_exposure
from butler.values import new_dataset_id

NOW = timedelta(0)
A_DAY = timedelta(days=1)


@pytest.fixture
def butler(butler: Butler) -> Butler:
    definitions = butler.registry.definitions
    definitions.register_dataset_type(DatasetType("stats", "Dict", ("label",)))
    definitions.register_dataset_type(DatasetType("calexp", "Exposure", ("label",)))
    definitions.register_units("label", [{"label": name} for name in "abc"])
    butler.put({"mean": 1}, "stats", label="a")
    return butler


@pytest.fixture
def root(butler: Butler) -> Path:
    return local_file(butler.datastore.root)


class Orphans:
    """Makes files that nobody has.

    Parameters
    ----------
    butler : `butler.Butler`
        Whose datastore they are in.
    repo : `pathlib.Path`
        Its folder.
    """

    def __init__(self, butler: Butler, repo: Path) -> None:
        self.root = local_file(butler.datastore.root)
        self._repo = repo

    def put(self, obj: Any, storage_class: str, formatter: str | None = None, **said: Any) -> Path:
        """Write what Butler writes, and lose its rows."""
        config: dict[str, Any] = {"root": "data"}
        if formatter:
            config["formatters"] = {storage_class: formatter}
        id = new_dataset_id()
        identity = {"id": str(id), "dataset_type": "stats", "run": "u/me/first", "data_id": {"label": "b"}}
        datastore = open_datastore(config, self._repo)
        (artifact,) = datastore.put(obj, id, "orphans/x", storage_class, "stats", identity | said)
        return self.root / artifact.path

    def write(self, name: str, content: bytes) -> Path:
        """Write what somebody else left there."""
        file = self.root / "others" / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(content)
        return file

    def link(self, name: str, target: Path) -> Path:
        file = self.root / name
        file.symlink_to(target)
        return file

    def cut(self, file: Path, size: int) -> Path:
        """Leave the beginning of a file alone, as a full disk does."""
        content = file.read_bytes()
        assert len(content) > size
        file.chmod(0o644)
        file.write_bytes(content[:size])
        return file

    def pipe(self, name: str) -> Path:
        os.mkfifo(self.root / name)
        return self.root / name


@pytest.fixture
def orphans(butler: Butler, repo: Path) -> Orphans:
    return Orphans(butler, repo)


def foreign_fits(folder: Path) -> bytes:
    file = folder / "foreign.fits"
    fits.PrimaryHDU(np.ones((200, 200), np.int16)).writeto(file)
    return file.read_bytes()


def refuse_to_open(monkeypatch: pytest.MonkeyPatch, refused: dict[Path, int]) -> None:
    """Have the system refuse some files by an error number, whoever runs this."""
    real = os.open

    def opened(path: Any, *arguments: Any, **options: Any) -> int:
        code = refused.get(Path(os.fsdecode(path))) if not isinstance(path, int) else None
        if code:
            raise OSError(code, os.strerror(code), os.fspath(path))
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", opened)


def test_what_was_read_whole_and_says_nothing_goes_after_its_delay_and_all_else_stays(
    butler: Butler, orphans: Orphans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = foreign_fits(tmp_path)
    target = tmp_path / "target.txt"
    target.write_text("not in the datastore")
    says_nothing = [
        orphans.write("notes.txt", b"whose is this?\n"),
        orphans.write("core", b"\x7fELF\2\1\1" + bytes(100_000)),
        orphans.write("pipeline.log", b"started\n" * 100_000),
        orphans.write("run.sh", b"#!/bin/sh\nexit 0\n"),
        orphans.write("empty.fits", b""),
        orphans.write("mine.json", b'{"mine": 1}'),
        orphans.write("foreign.fits", image),
        orphans.link("link.txt", target),
    ]
    taken = orphans.put({"mean": 2}, "Dict", data_id={"label": "a"})
    cut = orphans.cut(orphans.put(example_exposure(), "Exposure", dataset_type="calexp"), 12_000)
    kept = {
        orphans.put({}, "Dict", dataset_type="later"): "later",
        taken: "run u/me/first has its data ID",
        orphans.put("text", "Text", "hdf5"): "lacks a package",
        orphans.put("text", "Text"): "its name alone says that it is dataset",
        cut: "doesn't end",
        orphans.cut(orphans.put({"x": "y" * 100}, "Dict"), 200): "can't be read",
        orphans.write("half.fits", image[:5000]): "promise",
        orphans.write("header.fits", image[:1000]): "promise",
        orphans.write("odd.yaml", b"# butler: [1]\n[]\n"): "makes no sense",
        orphans.write("said.txt", b'{"dataset_type": "x"}'[1:]): "the words of an identity",
        orphans.write("tree.asdf", b"#ASDF 1.0.0\n"): "ASDF",
        orphans.write("pair.npz", b"PK\x03\x04"): "a ZIP archive",
        orphans.write("table.xyz", b"\x01\x02\x03\0\xff"): "of a format that nobody here can read",
        orphans.write("zeros.fits", bytes(2880)): "nothing but zeros",
        orphans.write("latin-1.txt", "Ångström".encode("latin-1")): "of a format that nobody here can read",
        orphans.write("old.log.gz", gzip.compress(b"started\n")): "can't be read as FITS",
        orphans.link("away.fits", tmp_path / "absent.fits"): "there is no file",
        orphans.link("unmounted.txt", tmp_path / "absent" / "x.txt"): "there is no file",
        orphans.pipe("pipe.txt"): "isn't a regular file",
    }
    failing, closed = orphans.write("failing.txt", b"a"), orphans.write("closed.txt", b"a")
    kept |= {failing: "Input/output error", closed: "Permission denied"}
    refuse_to_open(monkeypatch, {failing: errno.EIO, closed: errno.EACCES})
    monkeypatch.setitem(sys.modules, "h5py", None)

    findings = list(butler.verify(older_than=NOW))
    assert len(findings) == len(says_nothing) + len(kept)
    for options in ({"older_than": NOW}, {"delete_orphans": True, "older_than": A_DAY}):
        steps = list(butler.maintenance.repair(findings, **options))
        assert {step.action for step in steps} == {"leave"}, "not asked for, or too young"

    plan = list(butler.maintenance.repair(findings, delete_orphans=True, older_than=NOW, dry_run=True))
    steps = list(butler.maintenance.repair(findings, delete_orphans=True, older_than=NOW))
    assert [str(step) for step in plan] == [str(step).rpartition(": ")[0] for step in steps]
    by_file = {orphans.root / step.finding.path: step for step in steps}
    for file in says_nothing:
        assert (by_file[file].action, by_file[file].outcome) == ("delete", "done"), by_file[file]
        assert not os.path.lexists(file)
    for file, reason in kept.items():
        assert (by_file[file].action, by_file[file].outcome) == ("leave", "left"), by_file[file]
        assert reason in by_file[file].reason
        assert os.path.lexists(file)
    assert target.exists()


@pytest.fixture
def orphan(orphans: Orphans) -> Path:
    """A file that may go, as it is."""
    return orphans.write("notes.txt", b"whose is this?\n" * 10_000)


def planned(butler: Butler) -> tuple[Repairer, list[Any]]:
    repairer = Repairer(butler.maintenance._context, delete_orphans=True, older_than=NOW)
    plan = list(repairer.plan(list(butler.verify(older_than=NOW))))
    assert [step.action for step in plan] == ["delete"]
    return repairer, plan


def becomes_something(file: Path) -> None:
    file.write_bytes(b'{"_butler": {"id": "x"}}')


def becomes_other_text(file: Path) -> None:
    file.write_text("somebody writes on")


def is_replaced(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("another")
    other.replace(file)


def becomes_a_link_to_what_is_away(file: Path) -> None:
    file.unlink()
    file.symlink_to("absent")


@pytest.mark.parametrize(
    "change", [becomes_something, becomes_other_text, is_replaced, becomes_a_link_to_what_is_away]
)
def test_a_file_that_changed_since_the_plan_stays(
    butler: Butler, orphan: Path, change: Callable[[Path], None]
) -> None:
    repairer, plan = planned(butler)
    change(orphan)
    (step,) = repairer.carry_out(plan)
    assert step.outcome != "done"
    assert os.path.lexists(orphan)


@pytest.mark.parametrize("when", ["planned", "carried out"])
def test_a_file_of_which_the_disk_fails_one_read_stays(
    butler: Butler, orphans: Orphans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Long after its beginning was read."""
    file = orphans.write("foreign.fits", foreign_fits(tmp_path))
    repairer = Repairer(butler.maintenance._context, delete_orphans=True, older_than=NOW)
    plan = repairer.plan(list(butler.verify(older_than=NOW)))
    if when == "carried out":
        plan = iter(list(plan))

    def failing(descriptor: int, buffers: Any) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "readv", failing)
    (step,) = repairer.carry_out(plan)
    assert "Input/output error" in step.reason + step.outcome
    assert file.exists()


def test_a_file_stays_while_a_plug_in_can_t_be_loaded_that_could_have_written_it(
    butler: Butler, orphan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = EntryPoint("broken", "nowhere:Nothing", "butler.formatters")
    for module in ("nameless", "formatters"):
        monkeypatch.setattr(f"butler.datastore.{module}.plugins", lambda _group: {"broken": broken})
    (step,) = butler.maintenance.repair(
        list(butler.verify(older_than=NOW)), delete_orphans=True, older_than=NOW
    )
    assert (step.action, "plug-in 'broken'" in step.reason) == ("leave", True)


def test_a_file_stays_in_a_datastore_that_can_t_tell(
    butler: Butler, orphan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one of a third party does that was written before this was asked."""
    from butler.datastore.interfaces import Inventory

    monkeypatch.delattr(type(butler.datastore.inventory), "lacks_identity")
    assert type(butler.datastore.inventory).lacks_identity is Inventory.lacks_identity
    (step,) = butler.maintenance.repair(
        list(butler.verify(older_than=NOW)), delete_orphans=True, older_than=NOW
    )
    assert step.action == "leave"


def test_what_is_whole_becomes_a_dataset_again_whether_or_not_others_may_go(
    butler: Butler, orphans: Orphans
) -> None:
    orphans.put({"mean": 2}, "Dict")
    (step,) = butler.maintenance.repair(
        list(butler.verify(older_than=NOW)), delete_orphans=True, older_than=NOW
    )
    assert (step.action, step.outcome) == ("adopt", "done")
    assert butler.get("stats", label="b") == {"mean": 2}


def test_a_file_of_another_database_stays(butler: Butler, orphans: Orphans) -> None:
    """Its data ID is none here, which is found when it is to be registered."""
    file = orphans.put({}, "Dict", data_id={"label": "of another database"})
    (step,) = butler.maintenance.repair(
        list(butler.verify(older_than=NOW)), delete_orphans=True, older_than=NOW
    )
    assert (step.action, "of another database" in step.outcome) == ("adopt", True)
    assert file.exists()
