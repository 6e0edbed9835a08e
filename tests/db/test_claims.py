"""Whose a file is, by its path or its whole URI, however it is named and whatever registry has it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import NullPool, create_engine

from butler.schema.install import create_layer
from db.session import Json, Session, refused
from db.world import dataset, id_made

ROOT = "file:///data/"
ID, OTHER = id_made(), id_made()
PATHS = {
    "its dataset's id": f"r/raw_{ID.hex}.fits",
    "its dataset's id, twice, among more digits": f"r/{ID.hex}/a0{ID.hex}0f.fits",
    "another dataset's id": f"r/raw_{OTHER.hex}.fits",
    "no id": "r/2026/raw-1.fits",
    "a whole URI": "file:///archive/raw-1.fits",
    "a whole URI with its dataset's id": f"s3://archive/raw_{ID.hex}.fits",
    "a whole URI of a file inside the datastore": f"{ROOT}by/hand.fits",
}


@pytest.fixture(params=["butler", "mydb_alice"])
def holder(request: pytest.FixtureRequest, write: Session, own: Session) -> Session:
    """Who has the files: a writer of the base, or of a layer that the base doesn't know."""
    registry: str = request.param
    if registry != "butler":
        engine = create_engine("postgresql+psycopg2://", creator=lambda: own.connection, poolclass=NullPool)
        with engine.connect() as connection:
            create_layer(connection, registry, "butler")
    write.rows(f"SET search_path = {registry}, public")
    return write


def claims(session: Session, *names: str, datastore: str | None = "main") -> set[tuple[str, str]]:
    """Ask in the base, as verify and reap do: for names in a datastore, and for the same below its root."""
    found = session.rows(
        "SELECT path, uri FROM butler.claims_of_files(%s, %s, %s)",
        datastore,
        list(names),
        [ROOT + name for name in names],
    )
    assert len(found) == len(set(found))
    return set(found)


def put(holder: Session, path: str, dataset_id: UUID = ID) -> None:
    given = dataset("raw", {"camera": "Cam", "visit": 1, "sensor": 1}, dataset_id=dataset_id, path=path)
    holder.rows("SELECT open_run('r/its')")
    assert holder.scalar("SELECT put('r/its', %s)", Json([given])) == 1


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
def test_a_file_is_its_dataset_s_however_it_is_named(holder: Session, path: str) -> None:
    put(holder, path)
    uri = path if ":" in path else ROOT + path
    assert claims(holder, "r/nobodys.fits", path) == {(path, uri)}
    assert claims(holder, path, datastore=None) == {(path, uri)}


LONGEST_ROOT = "file:///" + "r" * (2048 - 9) + "/"
NAMES = {"id": f"{ID.hex}/", "no id": "a" * 32 + "/"}


def of_length(length: int, part: str) -> str:
    """Give a path of so many bytes, of parts and whatever is missing."""
    count = (length - 1) // len(part)
    return part * count + "a" * (length - count * len(part))


@pytest.mark.parametrize("part", NAMES.values(), ids=NAMES.keys())
def test_the_longest_path_under_the_longest_root_is_its_dataset_s(holder: Session, part: str) -> None:
    holder.rows("SELECT register_datastore('far', %s)", LONGEST_ROOT)
    path = of_length(4096, part)
    given = dataset("raw", {"camera": "Cam", "visit": 1, "sensor": 1}, dataset_id=ID, path=path)
    given["artifacts"][0]["datastore"] = "far"
    holder.rows("SELECT open_run('r/its')")
    holder.rows("SELECT put('r/its', %s)", Json([given]))
    uri = LONGEST_ROOT + path
    ask = "SELECT path, uri FROM butler.claims_of_files('far', %s::text[], %s::text[])"
    assert holder.rows(ask, [path], []) == holder.rows(ask, [], [uri]) == [(path, uri)]


@pytest.mark.parametrize("part", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("length", [4097, 8192])
def test_how_long_a_path_may_be_is_counted_as_it_is_written_out(
    holder: Session, part: str, length: int
) -> None:
    with refused("UB305", "is no path of an artifact", "at most 4096 bytes"):
        put(holder, of_length(length, part))


def test_a_root_is_no_longer_than_that(write: Session) -> None:
    with refused("UB305", "can't be the root"):
        write.call("register_datastore", "far", LONGEST_ROOT + "r/")


def test_a_whole_uri_is_found_by_the_path_below_the_root(holder: Session) -> None:
    put(holder, f"{ROOT}by/hand.fits")
    assert claims(holder, "by/hand.fits") == {(f"{ROOT}by/hand.fits",) * 2}


@pytest.mark.parametrize("path", [f"r/raw_{ID.hex}.fits", "r/raw-1.fits"], ids=["with an id", "without"])
def test_a_path_is_found_by_its_uri_alone_where_another_datastore_is_asked_for(
    holder: Session, path: str
) -> None:
    put(holder, path)
    assert claims(holder, path, datastore="another") == {(path, ROOT + path)}
    elsewhere = ["file:///another/" + path]
    assert holder.rows("SELECT path FROM butler.claims_of_files('another', %s, %s)", [path], elsewhere) == []


def test_a_dataset_s_id_in_the_name_of_another_s_file_claims_nothing(holder: Session) -> None:
    put(holder, f"r/raw_{ID.hex}.fits")
    assert claims(holder, f"r/raw_{OTHER.hex}.fits", f"r/other_{ID.hex}.fits", "r/raw_{}.fits") == set()
