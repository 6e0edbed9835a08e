"""The tour: what an astronomer does in a first hour, on two real images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from butler.demo import samples
from butler.demo.place import mark
from butler.demo.presenter import Presenter

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["LAYER", "RUN", "take"]

RUN = "u/me/first"
LAYER = "mydb_me"


def take(show: Presenter, repo: Path) -> None:
    """Go through all steps in a new repository.

    Parameters
    ----------
    show : `Presenter`
        Prints and runs the steps.
    repo : `pathlib.Path`
        A folder that is new or empty.
    """
    from butler.butler import Butler

    show.heading(
        "Create a repository",
        """A repository is a folder with a private PostgreSQL + PostGIS server and a datastore in it. There
        is nothing to set up, no administrator to ask, and the server starts by itself whenever it is
        needed.""",
    )
    show.create()
    mark(repo)
    with Butler(repo, collections=["ACS/raw", "STE3/raw"]) as butler:
        _add_cameras(show)
        _ingest(show, butler)
        _read(show, butler)
        _divide_the_sky(show, butler)
    with Butler(repo, run=RUN, collections=["ACS/raw"]) as butler:
        _process(show, butler)
        _trace(show, butler)
        _tag(show, butler)
        _ask(show, butler)
        _open_by_uri(show)
        _work_in_a_layer(show, repo)
        _verify(show, butler)


def _add_cameras(show: Presenter) -> None:
    show.heading(
        "Add two cameras",
        """A camera is one YAML file: its sensors, its filters, and which header keyword says what. Adding
        yours takes no programming; 'butler camera draft' writes the first version from a sample file.""",
    )
    for name in ("hst-acs", "saao-ste3"):
        show.command("camera", "add", str(samples.camera_file(name)))
    show.command("camera", "list")


def _ingest(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Ingest raw files by what their headers say",
        """An image from Hubble and one from Sutherland, South Africa: neither header has a visit number,
        and one has its time in two keywords. You type no data ID: camera, visit, filter, times (kept in
        TAI, to the microsecond) and the outline on the sky come from the headers, and the files stay as
        they are.""",
    )
    show.python(ingest, butler, [samples.hubble_image(), samples.saao_frame()])
    show.sql(
        butler,
        """
        SELECT camera, visit_name, target_name, physical_filter AS filter, obs_begin_utc::text, exposure_time
        FROM visit ORDER BY obs_begin_utc
        """,
    )


def ingest(butler: Butler, files: Sequence[Path]) -> None:

    for ref in butler.raws.ingest(files):
        print(ref)


def _read(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Read an image, a part of it, a corner of it",
        """You ask by a data ID that you know from the observing log and never see a path or a format. An
        exposure is pixels, uncertainties, mask, WCS and header together; asking for the WCS, or for fifty
        rows of pixels, reads only that, which matters when the file has a gigabyte.""",
    )
    show.python(read_whole, butler)
    show.python(read_component, butler)
    show.python(read_section, butler)


def read_whole(butler: Butler) -> None:
    image = butler.get("flt", camera="ACS", visit="j8bt06nyq", sensor="HRC")
    print(f"{type(image).__name__} of {image.shape} pixels in {image.unit}, {image.mask.mean():.1%} masked")


def read_component(butler: Butler) -> None:
    wcs = butler.get("flt.wcs", camera="ACS", visit="j8bt06nyq", sensor="HRC")
    print(wcs.pixel_to_world(511.5, 511.5).to_string("hmsdms", precision=2))


def read_section(butler: Butler) -> None:
    box = (640, 0, 384, 256)  # x, y, width, height
    corner = butler.get("flt", camera="ACS", visit="j8bt06nyq", sensor="HRC", parameters={"bbox": box})
    print(corner.shape, "begins at", corner.wcs.pixel_to_world(0, 0).to_string("hmsdms", precision=2))


def _divide_the_sky(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Lay a sky map over the field",
        """Surveys cut the sky into tracts and patches. Which sensor of which visit touches which patch is
        worked out once, exactly, on the sphere, when either side is registered; after that it is a join
        like any other, and nobody loops over footprints in Python.""",
    )
    show.python(register_skymap, butler)
    show.sql(
        butler,
        """
        SELECT camera, visit_name, tract, count(*) AS patches, array_agg(patch ORDER BY patch) AS which
        FROM visit_patch_join JOIN visit USING (camera, visit)
        GROUP BY camera, visit_name, tract
        """,
    )


def register_skymap(butler: Butler) -> None:
    from butler.demo.skymaps import skymap_around

    skymap = skymap_around("47tuc", ra=6.0271, dec=-72.0835, patches=6, patch_size=10 / 3600)
    butler.registry.definitions.register_skymap(skymap)


def _process(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Process an image, and have it recorded",
        """A quantum is one piece of work. What it reads and writes goes into the database as it happens,
        with task, host, times, and the versions of all packages, also when it fails. Nobody has to keep
        a log.""",
    )
    show.python(register_calexp, butler)
    show.python(subtract_background, butler)


def register_calexp(butler: Butler) -> None:
    from butler import DatasetType

    units = ("camera", "visit", "sensor")
    butler.registry.definitions.register_dataset_type(
        DatasetType("calexp", "Exposure", units, "Without background.")
    )


def subtract_background(butler: Butler) -> None:
    from astropy.stats import sigma_clipped_stats

    data_id = {"camera": "ACS", "visit": "j8bt06nyq", "sensor": "HRC"}
    with butler.quantum("subtract_background", data_id) as quantum:
        image = quantum.get("flt", data_id)
        _, background, _ = sigma_clipped_stats(image.data, image.mask, sigma=3)
        image.data -= background
        image.meta["SKYLEVEL"] = float(background)
        print(quantum.put(image, "calexp", data_id))


def _trace(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Ask where a result came from",
        """In five years a referee asks how this image was made. The database knows, and so does the file
        itself, should it be found on a disk without its database.""",
    )
    show.sql(
        butler,
        """
        SELECT made.dataset_type AS made, q.task, q.status, used.dataset_type AS used, used.run AS used_from,
            round(extract(epoch FROM q.ended - q.started)::numeric, 1) AS seconds, q.host
        FROM dataset AS made
        JOIN quantum AS q USING (quantum_id)
        JOIN dataset_consumer AS c USING (quantum_id)
        JOIN dataset AS used ON used.dataset_id = c.dataset_id
        WHERE made.dataset_type = 'calexp' AND c.actual
        """,
    )
    show.command("identify", str(_local_file(butler, "calexp")), "--format", "json", whole=True)


def _tag(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Tag what belongs together",
        """A tagged collection is your own selection out of any runs, such as the images of a paper. Nothing
        is copied, and an image may be in many.""",
    )
    show.python(tag, butler)
    show.sql(butler, "SELECT collection, collection_type, owner, doc FROM collection ORDER BY collection")


def tag(butler: Butler) -> None:
    butler.collections.register("paper/47tuc", "tagged", "Images of the paper")
    new = butler.associate("paper/47tuc", butler.query.datasets("calexp", camera="ACS"))
    print(new, "new in the collection")


def _ask(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Ask in Python, in a shell, in SQL",
        """Three ways to the same answer. Python gives tables of Astropy, pandas or Arrow; the command line
        serves scripts; and SQL asks what nobody foresaw, such as a cone search over every sensor of every
        camera, from psql, a notebook or TOPCAT.""",
    )
    show.python(ask, butler)
    show.command("query", "datasets", "calexp", "--collections", "paper/47tuc")
    show.sql(
        butler,
        """
        -- sensors within 10" of the centre of 47 Tucanae
        SELECT camera, visit_name, sensor_name, s.ra, s.dec,
            sky_separation(s.region, sky_point(6.0236, -72.0813)) * 3600 AS arcsec_off
        FROM observed_sensor AS s JOIN visit USING (camera, visit)
        WHERE sky_within(s.region, 6.0236, -72.0813, 10 / 3600.0)
        """,
    )


def ask(butler: Butler) -> None:
    butler.query.datasets("flt", camera="ACS").to_astropy().pprint(max_width=-1)


def _open_by_uri(show: Presenter) -> None:
    show.heading(
        "Open a file from SELECT uri, without Butler",
        """Whoever works with other software needs none of our Python: any client of PostgreSQL may ask, and
        one SELECT says where the bytes are.""",
    )
    dsn = show.command("db", "dsn", whole=True).strip()
    show.python(open_by_uri, dsn)


def open_by_uri(dsn: str) -> None:
    from contextlib import closing
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    import psycopg2
    from astropy.io import fits

    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT uri FROM butler.artifact WHERE uri LIKE '%/calexp/%'")
        ((uri,),) = cursor.fetchall()
    fits.info(url2pathname(urlsplit(uri).path))


def _work_in_a_layer(show: Presenter, repo: Path) -> None:
    from butler.butler import Butler

    show.heading(
        "Work in a layer of your own over the release",
        """A layer has the same tables as the release and shows the release through them, so the observatory
        can give everybody one: what you put there is joined with the release in one SELECT, and the
        release can't be harmed. Dropping it takes milliseconds.""",
    )
    show.command("layer", "create", LAYER)
    with Butler(repo, run="me/stars", collections=[RUN], registry=LAYER) as mine:
        show.python(put_in_layer, mine)
        show.sql(
            mine,
            """
            -- the dataset is mine, the visit the release's
            SELECT d.dataset_type, d.run, v.target_name, v.exposure_time
            FROM dataset AS d JOIN visit AS v USING (camera, visit)
            WHERE d.dataset_type = 'bright_stars'
            """,
        )
    show.command("layer", "drop", LAYER, "--yes")


def put_in_layer(mine: Butler) -> None:
    from butler import DatasetType
    from butler.demo.stars import brightest_stars

    data_id = {"camera": "ACS", "visit": "j8bt06nyq", "sensor": "HRC"}
    mine.registry.definitions.register_dataset_type(DatasetType("bright_stars", "Table", tuple(data_id)))
    image = mine.get("calexp", data_id, collections="u/me/first")  # the release's
    print(mine.put(brightest_stars(image), "bright_stars", data_id))


def _verify(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Verify that every byte is what it was",
        """Disks fail silently. Size and SHA-256 of each file are in the database, and one command compares:
        here a single bit is turned in the raw image, found, and turned back.""",
    )
    show.command("verify")
    raw = _local_file(butler, "flt")
    show.python(turn_a_bit, raw)
    show.command("verify", status=1, whole=True)
    show.python(turn_a_bit, raw)
    show.command("verify")


def turn_a_bit(raw: Path) -> None:
    content = bytearray(raw.read_bytes())
    content[5_000_000] ^= 1
    raw.chmod(0o644)  # what is stored is read-only
    raw.write_bytes(content)


def _local_file(butler: Butler, dataset_type: str) -> Path:
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    uri = butler.registry.query(
        "SELECT uri FROM artifact JOIN dataset USING (dataset_id) WHERE dataset_type = :name",
        {"name": dataset_type},
    ).scalar()
    return Path(url2pathname(urlsplit(uri).path))
