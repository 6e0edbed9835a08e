"""One class a view. They refer to each other both ways, which is why they are one module."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from geoalchemy2 import Geography
from sqlalchemy import DateTime, Double, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY, INT8RANGE, TSRANGE, TSTZRANGE
from sqlalchemy.dialects.postgresql.ranges import Range
from sqlalchemy.orm import Mapped, mapped_column, relationship

from butler.registry.models.base import Base
from butler.registry.models.joins import sensor_patch_join, visit_patch_join, visit_tract_join

__all__ = [
    "AbstractFilter",
    "Artifact",
    "Calibration",
    "Camera",
    "Collection",
    "CollectionChain",
    "Dataset",
    "DatasetCollection",
    "DatasetConsumer",
    "DatasetCount",
    "DatasetType",
    "DatasetWide",
    "Label",
    "LostArtifact",
    "ObservedSensor",
    "Patch",
    "PhysicalFilter",
    "PhysicalSensor",
    "Quantum",
    "Run",
    "SkyMap",
    "SkyPixel",
    "Snap",
    "StorageUse",
    "Tract",
    "Visit",
    "VisitRange",
]

Utc = DateTime(timezone=True)
Tai = DateTime(timezone=False)
Region = Geography("POLYGON", srid=104047, spatial_index=False)


def _related(target: str, condition: str, **options: Any) -> Any:
    """Relate two views, neither of which has a foreign key to tell SQLAlchemy how."""
    return relationship(target, primaryjoin=condition, viewonly=True, lazy="raise", **options)


class AbstractFilter(Base):
    """A pass band in general."""

    __tablename__ = "abstract_filter"

    abstract_filter: Mapped[str] = mapped_column(primary_key=True)
    doc: Mapped[str]

    physical_filters: Mapped[list[PhysicalFilter]] = _related(
        "PhysicalFilter", "AbstractFilter.abstract_filter == foreign(PhysicalFilter.abstract_filter)"
    )


class Camera(Base):
    """A camera, with the map of its headers as plain data."""

    __tablename__ = "camera"

    camera: Mapped[str] = mapped_column(primary_key=True)
    doc: Mapped[str]
    night_offset: Mapped[float]
    definition: Mapped[dict[str, Any]]

    sensors: Mapped[list[PhysicalSensor]] = _related(
        "PhysicalSensor", "Camera.camera == foreign(PhysicalSensor.camera)"
    )
    filters: Mapped[list[PhysicalFilter]] = _related(
        "PhysicalFilter", "Camera.camera == foreign(PhysicalFilter.camera)"
    )
    visits: Mapped[list[Visit]] = _related("Visit", "Camera.camera == foreign(Visit.camera)")


class PhysicalFilter(Base):
    """A filter that a camera has."""

    __tablename__ = "physical_filter"

    camera: Mapped[str] = mapped_column(primary_key=True)
    physical_filter: Mapped[str] = mapped_column(primary_key=True)
    abstract_filter: Mapped[str | None]
    wavelength_min: Mapped[float | None]
    wavelength_max: Mapped[float | None]


class PhysicalSensor(Base):
    """A sensor of a camera."""

    __tablename__ = "physical_sensor"

    camera: Mapped[str] = mapped_column(primary_key=True)
    sensor: Mapped[int] = mapped_column(Integer, primary_key=True)
    sensor_name: Mapped[str]
    sensor_group: Mapped[str | None]
    purpose: Mapped[str | None]
    nx: Mapped[int | None] = mapped_column(Integer)
    ny: Mapped[int | None] = mapped_column(Integer)
    corners: Mapped[list[list[float]] | None] = mapped_column(ARRAY(Double, dimensions=2))


class Visit(Base):
    """One pointing and one opening of the shutter."""

    __tablename__ = "visit"

    camera: Mapped[str] = mapped_column(primary_key=True)
    visit: Mapped[int] = mapped_column(primary_key=True)
    visit_name: Mapped[str]
    physical_filter: Mapped[str | None]
    abstract_filter: Mapped[str | None]
    night: Mapped[date | None]
    seq_num: Mapped[int | None] = mapped_column(Integer)
    obs_begin_tai: Mapped[datetime | None] = mapped_column(Tai)
    obs_end_tai: Mapped[datetime | None] = mapped_column(Tai)
    obs_begin_utc: Mapped[datetime | None] = mapped_column(Utc)
    obs_end_utc: Mapped[datetime | None] = mapped_column(Utc)
    obs_begin_mjd_tai: Mapped[float | None]
    exposure_time: Mapped[float | None]
    dark_time: Mapped[float | None]
    observation_type: Mapped[str | None]
    observation_reason: Mapped[str | None]
    target_name: Mapped[str | None]
    science_program: Mapped[str | None]
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    tracking_ra: Mapped[float | None]
    tracking_dec: Mapped[float | None]
    sky_angle: Mapped[float | None]
    azimuth: Mapped[float | None]
    zenith_angle: Mapped[float | None]
    airmass: Mapped[float | None]
    seeing: Mapped[float | None]
    can_see_sky: Mapped[bool | None]
    has_simulated: Mapped[bool | None]
    public_after: Mapped[datetime | None] = mapped_column(Utc)
    region: Mapped[Any] = mapped_column(Region)
    s_region: Mapped[str | None]
    extra: Mapped[dict[str, Any]]
    instrument: Mapped[str]
    band: Mapped[str | None]
    exposure: Mapped[int | None]

    sensors: Mapped[list[ObservedSensor]] = _related(
        "ObservedSensor",
        "and_(Visit.camera == foreign(ObservedSensor.camera), Visit.visit == foreign(ObservedSensor.visit))",
    )
    snaps: Mapped[list[Snap]] = _related(
        "Snap", "and_(Visit.camera == foreign(Snap.camera), Visit.visit == foreign(Snap.visit))"
    )
    datasets: Mapped[list[Dataset]] = _related(
        "Dataset", "and_(Visit.camera == foreign(Dataset.camera), Visit.visit == foreign(Dataset.visit))"
    )
    patches: Mapped[list[Patch]] = _related(
        "Patch",
        "and_(Visit.camera == foreign(visit_patch_join.c.camera),"
        " Visit.visit == foreign(visit_patch_join.c.visit))",
        secondary=visit_patch_join,
        secondaryjoin="and_(Patch.skymap == foreign(visit_patch_join.c.skymap),"
        " Patch.tract == foreign(visit_patch_join.c.tract),"
        " Patch.patch == foreign(visit_patch_join.c.patch))",
    )
    tracts: Mapped[list[Tract]] = _related(
        "Tract",
        "and_(Visit.camera == foreign(visit_tract_join.c.camera),"
        " Visit.visit == foreign(visit_tract_join.c.visit))",
        secondary=visit_tract_join,
        secondaryjoin="and_(Tract.skymap == foreign(visit_tract_join.c.skymap),"
        " Tract.tract == foreign(visit_tract_join.c.tract))",
    )


class ObservedSensor(Base):
    """A sensor that was read in a visit."""

    __tablename__ = "observed_sensor"

    camera: Mapped[str] = mapped_column(primary_key=True)
    visit: Mapped[int] = mapped_column(primary_key=True)
    sensor: Mapped[int] = mapped_column(Integer, primary_key=True)
    sensor_name: Mapped[str | None]
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    region: Mapped[Any] = mapped_column(Region)
    s_region: Mapped[str | None]

    patches: Mapped[list[Patch]] = _related(
        "Patch",
        "and_(ObservedSensor.camera == foreign(sensor_patch_join.c.camera),"
        " ObservedSensor.visit == foreign(sensor_patch_join.c.visit),"
        " ObservedSensor.sensor == foreign(sensor_patch_join.c.sensor))",
        secondary=sensor_patch_join,
        secondaryjoin="and_(Patch.skymap == foreign(sensor_patch_join.c.skymap),"
        " Patch.tract == foreign(sensor_patch_join.c.tract),"
        " Patch.patch == foreign(sensor_patch_join.c.patch))",
    )


class Snap(Base):
    """One exposure of a visit that has several."""

    __tablename__ = "snap"

    camera: Mapped[str] = mapped_column(primary_key=True)
    visit: Mapped[int] = mapped_column(primary_key=True)
    snap: Mapped[int] = mapped_column(Integer, primary_key=True)
    obs_begin_tai: Mapped[datetime | None] = mapped_column(Tai)
    obs_end_tai: Mapped[datetime | None] = mapped_column(Tai)
    exposure_time: Mapped[float | None]
    dark_time: Mapped[float | None]


class VisitRange(Base):
    """A run of visits by number."""

    __tablename__ = "visit_range"

    camera: Mapped[str] = mapped_column(primary_key=True)
    visit_range: Mapped[Range[int]] = mapped_column(INT8RANGE, primary_key=True)
    visit_begin: Mapped[int]
    visit_end: Mapped[int | None]


class SkyMap(Base):
    """A way to divide the sky."""

    __tablename__ = "skymap"

    skymap: Mapped[str] = mapped_column(primary_key=True)
    doc: Mapped[str]
    definition: Mapped[dict[str, Any]]
    definition_hash: Mapped[UUID]

    tracts: Mapped[list[Tract]] = _related("Tract", "SkyMap.skymap == foreign(Tract.skymap)")


class Tract(Base):
    """A large tile of a sky map."""

    __tablename__ = "tract"

    skymap: Mapped[str] = mapped_column(primary_key=True)
    tract: Mapped[int] = mapped_column(Integer, primary_key=True)
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    region: Mapped[Any] = mapped_column(Region)
    s_region: Mapped[str | None]

    patches: Mapped[list[Patch]] = _related(
        "Patch", "and_(Tract.skymap == foreign(Patch.skymap), Tract.tract == foreign(Patch.tract))"
    )


class Patch(Base):
    """A part of a tract."""

    __tablename__ = "patch"

    skymap: Mapped[str] = mapped_column(primary_key=True)
    tract: Mapped[int] = mapped_column(Integer, primary_key=True)
    patch: Mapped[int] = mapped_column(Integer, primary_key=True)
    cell_x: Mapped[int | None] = mapped_column(Integer)
    cell_y: Mapped[int | None] = mapped_column(Integer)
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    region: Mapped[Any] = mapped_column(Region)
    s_region: Mapped[str | None]

    visits: Mapped[list[Visit]] = _related(
        "Visit",
        "and_(Patch.skymap == foreign(visit_patch_join.c.skymap),"
        " Patch.tract == foreign(visit_patch_join.c.tract),"
        " Patch.patch == foreign(visit_patch_join.c.patch))",
        secondary=visit_patch_join,
        secondaryjoin="and_(Visit.camera == foreign(visit_patch_join.c.camera),"
        " Visit.visit == foreign(visit_patch_join.c.visit))",
    )


class SkyPixel(Base):
    """A HEALPix pixel used as a label."""

    __tablename__ = "sky_pixel"

    sky_pixel: Mapped[int] = mapped_column(primary_key=True)
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    region: Mapped[Any] = mapped_column(Region)
    s_region: Mapped[str | None]


class Label(Base):
    """A free word as a label."""

    __tablename__ = "label"

    label: Mapped[str] = mapped_column(primary_key=True)
    doc: Mapped[str]


class DatasetType(Base):
    """A dataset type."""

    __tablename__ = "dataset_type"

    dataset_type: Mapped[str] = mapped_column(primary_key=True)
    storage_class: Mapped[str]
    doc: Mapped[str]
    units: Mapped[list[str]]


class Dataset(Base):
    """A dataset with its data ID."""

    __tablename__ = "dataset"

    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_type: Mapped[str]
    run: Mapped[str]
    camera: Mapped[str | None]
    abstract_filter: Mapped[str | None]
    physical_filter: Mapped[str | None]
    sensor: Mapped[int | None] = mapped_column(Integer)
    visit: Mapped[int | None]
    snap: Mapped[int | None] = mapped_column(Integer)
    visit_range: Mapped[Range[int] | None] = mapped_column(INT8RANGE)
    skymap: Mapped[str | None]
    tract: Mapped[int | None] = mapped_column(Integer)
    patch: Mapped[int | None] = mapped_column(Integer)
    sky_pixel: Mapped[int | None]
    label: Mapped[str | None]
    storage_class: Mapped[str]
    state: Mapped[str]
    created: Mapped[datetime] = mapped_column(Utc)
    quantum_id: Mapped[UUID | None]
    digest: Mapped[UUID]
    instrument: Mapped[str | None]
    detector: Mapped[int | None] = mapped_column(Integer)
    band: Mapped[str | None]

    artifacts: Mapped[list[Artifact]] = _related(
        "Artifact", "Dataset.dataset_id == foreign(Artifact.dataset_id)"
    )
    observation: Mapped[Visit | None] = _related(
        "Visit",
        "and_(foreign(Dataset.camera) == Visit.camera, foreign(Dataset.visit) == Visit.visit)",
        uselist=False,
    )
    quantum: Mapped[Quantum | None] = _related(
        "Quantum", "foreign(Dataset.quantum_id) == Quantum.quantum_id", uselist=False
    )
    collections: Mapped[list[DatasetCollection]] = _related(
        "DatasetCollection", "Dataset.dataset_id == foreign(DatasetCollection.dataset_id)"
    )


class DatasetWide(Base):
    """An artifact of a dataset, with what is known of the dataset's visit."""

    __tablename__ = "dataset_wide"

    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_type: Mapped[str]
    run: Mapped[str]
    instrument: Mapped[str | None]
    camera: Mapped[str | None]
    visit: Mapped[int | None]
    snap: Mapped[int | None] = mapped_column(Integer)
    detector: Mapped[int | None] = mapped_column(Integer)
    sensor: Mapped[int | None] = mapped_column(Integer)
    physical_filter: Mapped[str | None]
    abstract_filter: Mapped[str | None]
    band: Mapped[str | None]
    visit_range: Mapped[Range[int] | None] = mapped_column(INT8RANGE)
    skymap: Mapped[str | None]
    tract: Mapped[int | None] = mapped_column(Integer)
    patch: Mapped[int | None] = mapped_column(Integer)
    sky_pixel: Mapped[int | None]
    label: Mapped[str | None]
    visit_name: Mapped[str | None]
    night: Mapped[date | None]
    obs_begin_tai: Mapped[datetime | None] = mapped_column(Tai)
    obs_begin_utc: Mapped[datetime | None] = mapped_column(Utc)
    exposure_time: Mapped[float | None]
    observation_type: Mapped[str | None]
    target_name: Mapped[str | None]
    ra: Mapped[float | None]
    dec: Mapped[float | None]
    storage_class: Mapped[str]
    state: Mapped[str]
    created: Mapped[datetime] = mapped_column(Utc)
    datastore: Mapped[str | None] = mapped_column(primary_key=True)
    component: Mapped[str | None] = mapped_column(primary_key=True)
    uri: Mapped[str | None]
    part: Mapped[str | None]
    size: Mapped[int | None]
    artifact_state: Mapped[str | None]


class Artifact(Base):
    """A stored piece of a dataset."""

    __tablename__ = "artifact"

    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    datastore: Mapped[str] = mapped_column(primary_key=True)
    component: Mapped[str] = mapped_column(primary_key=True)
    uri: Mapped[str]
    path: Mapped[str]
    part: Mapped[str | None]
    formatter: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    state: Mapped[str]


class StorageUse(Base):
    """How much a run holds of a dataset type in a datastore."""

    __tablename__ = "storage_use"

    run: Mapped[str] = mapped_column(primary_key=True)
    dataset_type: Mapped[str] = mapped_column(primary_key=True)
    datastore: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    in_place: Mapped[bool] = mapped_column(primary_key=True)
    datasets: Mapped[int]
    artifacts: Mapped[int]
    bytes: Mapped[Decimal]


class DatasetCount(Base):
    """How many datasets a run has of a dataset type."""

    __tablename__ = "dataset_count"

    run: Mapped[str] = mapped_column(primary_key=True)
    dataset_type: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(primary_key=True)
    datasets: Mapped[int]
    stored: Mapped[int]
    last_created: Mapped[datetime | None]


class LostArtifact(Base):
    """A stored piece of a dataset that was found to be gone or altered."""

    __tablename__ = "lost_artifact"

    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    datastore: Mapped[str] = mapped_column(primary_key=True)
    component: Mapped[str] = mapped_column(primary_key=True)
    uri: Mapped[str]
    part: Mapped[str | None]
    fault: Mapped[str]
    found: Mapped[datetime]
    found_by: Mapped[str]


class Collection(Base):
    """A named group of datasets."""

    __tablename__ = "collection"

    collection: Mapped[str] = mapped_column(primary_key=True)
    collection_type: Mapped[str]
    owner: Mapped[str]
    doc: Mapped[str]
    frozen: Mapped[bool]
    created: Mapped[datetime] = mapped_column(Utc)
    changed: Mapped[datetime] = mapped_column(Utc)

    members: Mapped[list[CollectionChain]] = _related(
        "CollectionChain",
        "Collection.collection == foreign(CollectionChain.collection)",
        order_by="CollectionChain.position",
    )


class CollectionChain(Base):
    """A member of a chain."""

    __tablename__ = "collection_chain"

    collection: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True)
    member: Mapped[str]


class DatasetCollection(Base):
    """A dataset in a collection."""

    __tablename__ = "dataset_collection"

    collection: Mapped[str] = mapped_column(primary_key=True)
    collection_type: Mapped[str]
    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_type: Mapped[str]


class Run(Base):
    """An action that made datasets."""

    __tablename__ = "run"

    run: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[int]
    host: Mapped[str | None]
    started: Mapped[datetime | None] = mapped_column(Utc)
    ended: Mapped[datetime | None] = mapped_column(Utc)
    environment: Mapped[UUID | None]
    pipeline: Mapped[UUID | None]
    execution_id: Mapped[int]


class Quantum(Base):
    """A discrete unit of work."""

    __tablename__ = "quantum"

    quantum_id: Mapped[UUID] = mapped_column(primary_key=True)
    run: Mapped[str]
    task: Mapped[str]
    data_id: Mapped[dict[str, Any]]
    status: Mapped[str]
    attempt: Mapped[int] = mapped_column(SmallInteger)
    message: Mapped[str | None]
    begun_by: Mapped[str]
    host: Mapped[str | None]
    pid: Mapped[int | None]
    started: Mapped[datetime | None] = mapped_column(Utc)
    ended: Mapped[datetime | None] = mapped_column(Utc)

    inputs: Mapped[list[DatasetConsumer]] = _related(
        "DatasetConsumer", "Quantum.quantum_id == foreign(DatasetConsumer.quantum_id)"
    )
    outputs: Mapped[list[Dataset]] = _related("Dataset", "Quantum.quantum_id == foreign(Dataset.quantum_id)")


class DatasetConsumer(Base):
    """An input of a quantum."""

    __tablename__ = "dataset_consumer"

    quantum_id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(primary_key=True)
    actual: Mapped[bool]

    dataset: Mapped[Dataset | None] = _related(
        "Dataset", "foreign(DatasetConsumer.dataset_id) == Dataset.dataset_id", uselist=False
    )


class Calibration(Base):
    """Which calibration is valid when, and when that was believed."""

    __tablename__ = "calibration"

    calibration_id: Mapped[int] = mapped_column(primary_key=True)
    collection: Mapped[str]
    dataset_type: Mapped[str]
    camera: Mapped[str | None]
    abstract_filter: Mapped[str | None]
    physical_filter: Mapped[str | None]
    sensor: Mapped[int | None] = mapped_column(Integer)
    skymap: Mapped[str | None]
    tract: Mapped[int | None] = mapped_column(Integer)
    patch: Mapped[int | None] = mapped_column(Integer)
    sky_pixel: Mapped[int | None]
    label: Mapped[str | None]
    dataset_id: Mapped[UUID | None]
    valid: Mapped[Range[datetime]] = mapped_column(TSRANGE)
    valid_begin_tai: Mapped[datetime | None] = mapped_column(Tai)
    valid_end_tai: Mapped[datetime | None] = mapped_column(Tai)
    known: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    known_begin: Mapped[datetime] = mapped_column(Utc)
    known_end: Mapped[datetime | None] = mapped_column(Utc)
    actor: Mapped[str]
    reason: Mapped[str]
