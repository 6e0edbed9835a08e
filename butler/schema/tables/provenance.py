"""Quanta and what they read; who did what."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    INET,
    JSONB,
    UUID,
)

from butler.schema.tables.conventions import GROWING, across, metadata, named, next_id, within

quantum = Table(
    "quantum",
    metadata,
    Column("quantum_id", UUID, comment="Made where it runs, of version 7."),
    Column("execution_id", BigInteger, nullable=False),
    Column("run_id", Integer, nullable=False),
    Column("task", Text, nullable=False, comment="Name of the task."),
    Column(
        "data_id",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="The data ID that it worked on.",
    ),
    Column(
        "status", Text, nullable=False, server_default="running", comment="running, done, failed or died."
    ),
    Column("attempt", Integer, nullable=False, server_default=text("1"), comment="Which try it is, from 1."),
    Column("message", Text, comment="What went wrong, if it failed or died."),
    Column("begun_by", Text, nullable=False, comment="The database role that began it."),
    PrimaryKeyConstraint("quantum_id", name="pk_quantum"),
    UniqueConstraint("execution_id", name="uq_quantum_execution_id"),
    within("fk_quantum_execution", ["execution_id"], "execution"),
    within("fk_quantum_run", ["run_id"], "run"),
    named("task", "quantum"),
    CheckConstraint("status IN ('running', 'done', 'failed', 'died')", name="ck_quantum_status"),
    CheckConstraint("attempt > 0", name="ck_quantum_attempt"),
    # The last attempt is found in it, and not counted.
    Index(
        "uq_quantum_attempt",
        "run_id",
        "task",
        text("md5(data_id::text)"),
        "attempt",
        unique=True,
    ),
    Index("ix_quantum_running", "quantum_id", postgresql_where=text("status = 'running'")),
    postgresql_with=GROWING,
    comment="Discrete units of work: one task on one data ID.",
)

dataset_consumer = Table(
    "dataset_consumer",
    metadata,
    Column("quantum_id", UUID),
    Column("dataset_id", UUID),
    Column(
        "actual",
        Boolean,
        nullable=False,
        server_default=text("false"),
        comment="Whether it was really read; every row was predicted.",
    ),
    PrimaryKeyConstraint("quantum_id", "dataset_id", name="pk_dataset_consumer"),
    within("fk_dataset_consumer_quantum", ["quantum_id"], "quantum"),
    across("fk_dataset_consumer_dataset", ["dataset_id"], "dataset"),
    Index("ix_dataset_consumer_dataset", "dataset_id"),
    postgresql_with=GROWING,
    comment="Inputs of quanta: predicted, and whether they were read.",
)

activity = Table(
    "activity",
    metadata,
    Column("activity_id", BigInteger, server_default=next_id("activity_id"), comment="Of the row alone."),
    Column("at", DateTime(timezone=True), nullable=False, comment="When, by the server's clock, UTC."),
    Column("actor", Text, nullable=False, comment="The database role that did it."),
    Column(
        "login",
        Text,
        nullable=False,
        comment="The role that logged in: another than the actor where a session has set its role.",
    ),
    Column(
        "client_address",
        INET,
        comment="Where the connection came from, as the server saw it: perhaps a pooler; null for its own socket.",
    ),
    Column("told_application", Text, comment="The program, as it told; nobody has checked."),
    Column("told_host", Text, comment="The computer that the program told it runs on; nobody has checked."),
    Column("operation", Text, nullable=False, comment="The function that was called."),
    Column(
        "collections",
        ARRAY(Text),
        nullable=False,
        comment="The collections concerned, or the runs of the datasets; at most a hundred.",
    ),
    Column(
        "subject",
        JSONB,
        nullable=False,
        comment="What else it concerned: a dataset type, a datastore, a unit with some data IDs ….",
    ),
    Column(
        "affected",
        BigInteger,
        nullable=False,
        comment="How many datasets, members, units or files it concerned; 1 for a thing itself.",
    ),
    Column("reason", Text, comment="Why, as the caller gave it, its first thousand characters."),
    PrimaryKeyConstraint("activity_id", name="pk_activity"),
    CheckConstraint("affected > 0", name="ck_activity_affected"),
    CheckConstraint("cardinality(collections) <= 100", name="ck_activity_collections"),
    CheckConstraint("reason !~ '[[:cntrl:]]' AND length(reason) <= 1000", name="ck_activity_reason"),
    Index("ix_activity_at", "at"),
    Index("ix_activity_actor", "actor", "at"),
    Index("ix_activity_collections", "collections", postgresql_using="gin"),
    postgresql_with=GROWING,
    comment="Who did what, by which function, when and from where.",
)
