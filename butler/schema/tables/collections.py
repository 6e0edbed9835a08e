"""Collections, and the runs that make datasets."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    TSTZRANGE,
    UUID,
    ExcludeConstraint,
)

from butler.schema.tables.conventions import BASE, SMALL, across, metadata, named, next_id, within

collection = Table(
    "collection",
    metadata,
    Column(
        "collection_id",
        BigInteger,
        server_default=next_id("collection_id"),
        comment="Short for the name.",
    ),
    Column("collection", Text, nullable=False, comment="Name, with parts separated by slashes."),
    Column("collection_type", Text, nullable=False, comment="run, tagged, chained or calibration."),
    Column("owner", Text, nullable=False, comment="The database role that made it."),
    Column("doc", Text, nullable=False, server_default="", comment="What it is for."),
    Column(
        "frozen",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it may no longer change.",
    ),
    Column(
        "created",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="When it was registered, UTC.",
    ),
    Column(
        "changed",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
        comment="Transaction time of the last change to its members but a put, UTC; never goes back.",
    ),
    Column(
        "put_until",
        DateTime(timezone=True),
        comment="Ten seconds after one of its puts, UTC: none was later. Null before the first.",
    ),
    Column("removed", DateTime(timezone=True), comment="When it was removed, UTC; null while it is there."),
    Column("removed_by", Text, comment="The database role that removed it."),
    Column("removal_reason", Text, comment="Why it was removed."),
    PrimaryKeyConstraint("collection_id", name="pk_collection"),
    UniqueConstraint("collection", name="uq_collection_collection"),
    named("collection", "collection"),
    CheckConstraint("collection !~ '(^/|/$|//|(^|/)[.]{1,2}(/|$))'", name="ck_collection_parts"),
    CheckConstraint(
        "collection_type IN ('run', 'tagged', 'chained', 'calibration')", name="ck_collection_type"
    ),
    CheckConstraint("(removed IS NULL) = (removed_by IS NULL)", name="ck_collection_removed"),
    postgresql_with=SMALL,
    comment="Named groups of datasets.",
)

execution = Table(
    "execution",
    metadata,
    Column(
        "execution_id", BigInteger, server_default=next_id("execution_id"), comment="Of a run or a quantum."
    ),
    Column("host", Text, comment="The computer that it ran on."),
    Column("pid", Integer, comment="Of the process, on that computer."),
    Column("process_started", DateTime(timezone=True), comment="When the process was started, UTC."),
    Column(
        "process_mark",
        Text,
        comment="What tells the process from all others: machine, boot, pid namespace, pid and start; null if"
        " its computer doesn't say.",
    ),
    Column("started", DateTime(timezone=True), comment="When it began, UTC."),
    Column("ended", DateTime(timezone=True), comment="When it ended, UTC."),
    PrimaryKeyConstraint("execution_id", name="pk_execution"),
    CheckConstraint("ended >= started", name="ck_execution_times"),
    CheckConstraint("host !~ '[[:cntrl:]]' AND octet_length(host) <= 255", name="ck_execution_host"),
    postgresql_with=SMALL,
    comment="What runs and quanta have in common: where and when.",
)

run = Table(
    "run",
    metadata,
    Column("run_id", Integer, server_default=next_id("run_id"), comment="Short for the name."),
    Column("execution_id", BigInteger, nullable=False),
    Column("collection_id", BigInteger, nullable=False),
    Column("run", Text, nullable=False, comment="Name of the run's collection."),
    Column(
        "environment", UUID, comment="The dataset that describes host, Python and packages at its first use."
    ),
    Column("pipeline", UUID, comment="The dataset that holds the pipeline's configuration."),
    Column(
        "has_inputs",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether datasets of other runs were ever associated with it, as its inputs.",
    ),
    PrimaryKeyConstraint("run_id", name="pk_run"),
    UniqueConstraint("collection_id", name="uq_run_collection_id"),
    UniqueConstraint("execution_id", name="uq_run_execution_id"),
    UniqueConstraint("run", name="uq_run_run"),
    within("fk_run_execution", ["execution_id"], "execution"),
    within("fk_run_collection", ["collection_id"], "collection"),
    ForeignKeyConstraint(
        ["environment"],
        [f"{BASE}.dataset.dataset_id"],
        name="fk_run_environment",
        use_alter=True,
        info={"across layers": True},
    ),
    ForeignKeyConstraint(
        ["pipeline"],
        [f"{BASE}.dataset.dataset_id"],
        name="fk_run_pipeline",
        use_alter=True,
        info={"across layers": True},
    ),
    postgresql_with=SMALL,
    comment="Actions that made datasets; every dataset has one.",
)

run_hold = Table(
    "run_hold",
    metadata,
    Column("run_id", Integer, nullable=False),
    Column("held_by", Text, nullable=False, comment="The database role that holds it."),
    Column("since", DateTime(timezone=True), nullable=False, comment="Since when, UTC."),
    Column("until", DateTime(timezone=True), nullable=False, comment="When the hold ends by itself, UTC."),
    Column("reason", Text, nullable=False, server_default="", comment="What for."),
    PrimaryKeyConstraint("run_id", "held_by", name="pk_run_hold"),
    within("fk_run_hold_run", ["run_id"], "run"),
    CheckConstraint("until > since", name="ck_run_hold_until"),
    CheckConstraint("reason !~ '[[:cntrl:]]' AND length(reason) <= 1000", name="ck_run_hold_reason"),
    postgresql_with=SMALL,
    comment="Who brings datasets with old ids, or of other versions than 7, into a run, and until when.",
)

collection_member = Table(
    "collection_member",
    metadata,
    Column("collection_id", BigInteger, comment="The chain."),
    Column("position", Integer, comment="Place in the search order, from 1."),
    Column("member_id", BigInteger, nullable=False, comment="The collection searched at that place."),
    Column("known", TSTZRANGE, nullable=False, comment="From when to when it was in the chain, UTC."),
    ExcludeConstraint(
        ("collection_id", "="),
        ("position", "="),
        ("known", "&&"),
        using="gist",
        name="ex_collection_member_position",
    ),
    within("fk_collection_member_collection", ["collection_id"], "collection"),
    across("fk_collection_member_member", ["member_id"], "collection", ["collection_id"]),
    CheckConstraint("position > 0", name="ck_collection_member_position"),
    CheckConstraint("NOT isempty(known) AND NOT lower_inf(known)", name="ck_collection_member_known"),
    CheckConstraint("collection_id <> member_id", name="ck_collection_member_itself"),
    Index("ix_collection_member_now", "collection_id", "position", postgresql_where=text("upper_inf(known)")),
    Index("ix_collection_member_member", "member_id"),
    postgresql_with=SMALL,
    comment="Members of chains, now and before.",
)
