"""The longer tour: ten visits of a mosaic camera, and the footprints of a whole survey."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from butler.demo import samples
from butler.demo.footprints import Plan
from butler.demo.presenter import Presenter

if TYPE_CHECKING:
    from butler.butler import Butler

__all__ = ["RUN", "take"]

RUN = "u/me/decam"


def take(show: Presenter, repo: Path, data: Path) -> None:
    """Go on in the repository of the short tour.

    Parameters
    ----------
    show : `Presenter`
        Prints and runs the steps.
    repo : `pathlib.Path`
        The repository.
    data : `pathlib.Path`
        The folder of real data.
    """
    from butler.butler import Butler

    with Butler(repo, run=RUN, collections=["DECam/raw"]) as butler:
        _ingest(show, butler, data / "decam-images-a")
        _divide_the_sky(show, butler, data / "decam-images-a")
        _process(show, butler)
        _register_plan(show, butler, Plan.read(data / "delve-fields-ccd-corners"))
        _search(show, butler)


def _ingest(show: Presenter, butler: Butler, folder: Path) -> None:
    show.heading(
        "Ten visits of DECam: image, data quality and weight",
        """Three files a visit that differ by their names only, and a sensor that only the extension's
        header names: the camera's YAML file says so, and thirty files go where they belong.""",
    )
    show.command("camera", "add", str(samples.camera_file("decam")))
    show.python(register_dataset_types, butler)
    show.python(ingest, butler, folder)
    show.sql(
        butler,
        """
        SELECT visit, visit_name, v.abstract_filter AS band, obs_begin_utc::text, exposure_time,
            string_agg(dataset_type, ' ' ORDER BY dataset_type) AS datasets
        FROM visit AS v JOIN dataset USING (camera, visit)
        WHERE camera = 'DECam'
        GROUP BY camera, visit, visit_name, v.abstract_filter, obs_begin_utc, exposure_time
        ORDER BY visit
        """,
    )


def register_dataset_types(butler: Butler) -> None:
    from butler import DatasetType

    units = ("camera", "visit", "sensor")
    for name, storage_class in {"image": "Exposure", "mask": "Image", "weight": "Image"}.items():
        butler.registry.definitions.register_dataset_type(DatasetType(name, storage_class, units))


def ingest(butler: Butler, folder: Path) -> None:

    files = sorted(folder.glob("*/images/**/c4d_*_oo[idw]_*.fits"))
    print(len(butler.raws.ingest(files, run="DECam/raw")), "files")


def _divide_the_sky(show: Presenter, butler: Butler, folder: Path) -> None:
    show.heading(
        "The survey's own sky map, and visits × patches",
        """Legacy Survey bricks become tracts, cut into patches of 22.5″. The join answers what a coadd needs
        to know: which images of which band lie under a patch.""",
    )
    show.python(register_skymap, butler, folder)
    show.sql(
        butler,
        """
        SELECT tract, patch, count(*) AS visits,
            string_agg(abstract_filter, '' ORDER BY abstract_filter) AS bands
        FROM visit_patch_join JOIN visit USING (camera, visit)
        WHERE camera = 'DECam' AND skymap = 'bricks'
        GROUP BY tract, patch ORDER BY visits DESC, tract, patch
        """,
        lines=8,
    )


def register_skymap(butler: Butler, folder: Path) -> None:
    from butler.demo.skymaps import skymap_of_bricks

    tables = sorted(folder.rglob("survey-bricks.fits.gz"))
    butler.registry.definitions.register_skymap(skymap_of_bricks("bricks", tables, patches=40))


def _process(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Process all ten, each a quantum",
        """Pixels from one file, flags from another, weights from a third become one calibrated exposure, and
        each knows its three inputs.""",
    )
    show.python(combine, butler)
    show.sql(
        butler,
        """
        SELECT q.task, q.status, count(DISTINCT q.quantum_id) AS quanta, count(*) AS inputs_read,
            round(extract(epoch FROM avg(q.ended - q.started))::numeric, 3) AS seconds_each
        FROM quantum AS q JOIN dataset_consumer AS c USING (quantum_id)
        WHERE c.actual AND q.task = 'combine' GROUP BY q.task, q.status
        """,
    )
    show.command("verify")


def combine(butler: Butler) -> None:
    import numpy as np
    from astropy.nddata import InverseVariance

    for ref in butler.query.datasets("image", collections="DECam/raw"):
        with butler.quantum("combine", ref.data_id) as quantum:
            image = quantum.get(ref)
            image.mask = quantum.get("mask", ref.data_id) != 0
            image.uncertainty = InverseVariance(quantum.get("weight", ref.data_id))
            image.data -= np.median(image.data[~image.mask])
            quantum.put(image, "calexp", ref.data_id)


def _register_plan(show: Presenter, butler: Butler, plan: Plan) -> None:
    show.heading(
        f"The footprints of a survey: {len(plan.pointings):,} pointings × {len(plan.corners)} sensors",
        """Every field of DELVE's first g-band pass, with the real corners of DECam's sensors, under a camera
        made up for the occasion. Outlines are checked on the way in: vertices on the sphere, no edge
        across another.""",
    )
    show.python(register_plan, butler, plan)


def register_plan(butler: Butler, plan: Plan) -> None:
    import time

    butler.registry.definitions.register_camera(plan.camera())
    butler.registry.definitions.register_units("visit", plan.visits())
    begun = time.monotonic()
    rows = sum(
        butler.registry.definitions.register_units("observed_sensor", batch)
        for batch in plan.observed_sensors()
    )
    seconds = time.monotonic() - begun
    print(f"{rows:,} footprints in {seconds:.1f} s: {rows / seconds:,.0f} a second")


def _search(show: Presenter, butler: Butler) -> None:
    show.heading(
        "Search them",
        """Cones and polygons are exact on the sphere and use the spatial index, also through the views that
        users see: EXPLAIN tells.""",
    )
    show.sql(
        butler,
        """
        EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)
        -- around 47 Tucanae
        SELECT visit, sensor FROM observed_sensor WHERE sky_within(region, 6.0236, -72.0813, 0.5)
        """,
    )
    show.sql(
        butler,
        """
        EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)
        -- between the Magellanic Clouds
        SELECT visit, sensor FROM observed_sensor
        WHERE st_intersects(region, sky_polygon('{20,-71, 70,-67, 75,-73, 20,-77}'))
        """,
    )
    show.say("And across cameras: which sensors of the plan will see what Hubble saw?")
    show.sql(
        butler,
        """
        SELECT v.visit_name, v.ra, v.dec, planned.sensor, v.exposure_time
        FROM observed_sensor AS hubble
        JOIN observed_sensor AS planned ON st_intersects(planned.region, hubble.region)
        JOIN visit AS v ON v.camera = planned.camera AND v.visit = planned.visit
        WHERE hubble.camera = 'ACS' AND planned.camera = 'DELVE' ORDER BY v.visit
        """,
    )
