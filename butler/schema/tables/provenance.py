"""Quanta and what they read."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import (
    JSONB,
    UUID,
)

from butler.schema.tables.conventions import across, metadata, named, within

quantum = Table(
    "quantum",
    metadata,
    Column("quantum_id", BigInteger, comment="Its execution."),
    Column("run_id", Integer, nullable=False),
    Column("task", Text, nullable=False, comment="Name of the task."),
    Column(
        "data_id",
        JSONB,
        nullable=False,
        server_default=text("'{}'::jsonb"),
        comment="The data ID that it worked on.",
    ),
    Column("status", Text, nullable=False, server_default="running", comment="running, done or failed."),
    Column("attempt", Integer, nullable=False, server_default=text("1"), comment="Which try it is, from 1."),
    Column("message", Text, comment="What went wrong, if it failed."),
    PrimaryKeyConstraint("quantum_id", name="pk_quantum"),
    within("fk_quantum_execution", ["quantum_id"], "execution", ["execution_id"]),
    within("fk_quantum_run", ["run_id"], "run"),
    named("task", "quantum"),
    CheckConstraint("status IN ('running', 'done', 'failed')", name="ck_quantum_status"),
    CheckConstraint("attempt > 0", name="ck_quantum_attempt"),
    Index("ix_quantum_run", "run_id"),
    comment="Discrete units of work: one task on one data ID.",
)

dataset_consumer = Table(
    "dataset_consumer",
    metadata,
    Column("quantum_id", BigInteger),
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
    comment="Inputs of quanta: predicted, and whether they were read.",
)
