CREATE SEQUENCE butler_common.activity_id AS BIGINT;

CREATE SEQUENCE butler_common.artifact_store_id AS BIGINT;

CREATE SEQUENCE butler_common.calibration_id AS BIGINT;

CREATE SEQUENCE butler_common.calibration_key_id AS BIGINT;

CREATE SEQUENCE butler_common.collection_id AS BIGINT;

CREATE SEQUENCE butler_common.dataset_type_id AS BIGINT;

CREATE SEQUENCE butler_common.execution_id AS BIGINT;

CREATE SEQUENCE butler_common.observed_sensor_id AS BIGINT;

CREATE SEQUENCE butler_common.patch_id AS BIGINT;

CREATE SEQUENCE butler_common.run_id AS BIGINT;

CREATE TABLE butler_common.installation (
	one_row BOOLEAN DEFAULT true NOT NULL,
	role_prefix TEXT NOT NULL,
	created TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	trash_delay INTERVAL DEFAULT '7 days' NOT NULL,
	grace_period INTERVAL DEFAULT '7 days' NOT NULL,
	oldest_client TEXT NOT NULL,
	CONSTRAINT pk_installation PRIMARY KEY (one_row),
	CONSTRAINT ck_installation_one_row CHECK (one_row),
	CONSTRAINT ck_installation_oldest_client CHECK (oldest_client ~ '^[0-9]{4}$'),
	CONSTRAINT ck_installation_trash_delay CHECK (trash_delay >= interval '0'),
	CONSTRAINT ck_installation_grace_period CHECK (grace_period >= interval '1 hour')
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_common.installation IS 'What was decided when this database was initialised.';

COMMENT ON COLUMN butler_common.installation.one_row IS 'There is one row.';

COMMENT ON COLUMN butler_common.installation.role_prefix IS 'Roles are named <prefix>_owner, _writer, _reader.';

COMMENT ON COLUMN butler_common.installation.created IS 'When the database was initialised, UTC.';

COMMENT ON COLUMN butler_common.installation.trash_delay IS 'For how long what was unstored or removed can be restored.';

COMMENT ON COLUMN butler_common.installation.grace_period IS 'For how long files that no dataset has yet may belong to a put in flight.';

COMMENT ON COLUMN butler_common.installation.oldest_client IS 'Clients made for this revision of the schema, or a later one, are served.';

CREATE TABLE butler_common.leap_second (
	since_utc TIMESTAMP WITHOUT TIME ZONE NOT NULL,
	tai_minus_utc INTEGER NOT NULL,
	since_tai TIMESTAMP WITHOUT TIME ZONE GENERATED ALWAYS AS (since_utc + make_interval(secs => tai_minus_utc)) STORED,
	CONSTRAINT pk_leap_second PRIMARY KEY (since_utc),
	CONSTRAINT ck_leap_second_positive CHECK (tai_minus_utc > 0)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_common.leap_second IS 'Leap seconds, as published by the IERS in Bulletin C; before 1972 the first value is used.';

COMMENT ON COLUMN butler_common.leap_second.since_utc IS 'From when on the difference holds, UTC.';

COMMENT ON COLUMN butler_common.leap_second.tai_minus_utc IS 'Seconds by which TAI is ahead of UTC.';

COMMENT ON COLUMN butler_common.leap_second.since_tai IS 'The same moment, TAI.';

CREATE INDEX ix_leap_second_since_tai ON butler_common.leap_second (since_tai);

CREATE TABLE butler_common.registry (
	registry TEXT NOT NULL,
	base TEXT,
	depth SMALLINT NOT NULL,
	owner TEXT NOT NULL,
	created TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT pk_registry PRIMARY KEY (registry),
	CONSTRAINT fk_registry_base FOREIGN KEY(base) REFERENCES butler_common.registry (registry),
	CONSTRAINT ck_registry_name CHECK (registry ~ '^[a-z][a-z0-9_]{0,53}$'),
	CONSTRAINT ck_registry_depth CHECK ((base IS NULL) = (depth = 0))
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_common.registry IS 'The registries of this database: the base, and the layers over it.';

COMMENT ON COLUMN butler_common.registry.registry IS 'Name of the registry''s public schema.';

COMMENT ON COLUMN butler_common.registry.base IS 'The registry that it is a layer over; null for the base.';

COMMENT ON COLUMN butler_common.registry.depth IS '0 for the base, 1 for a layer over it, and so on.';

COMMENT ON COLUMN butler_common.registry.owner IS 'The database role that it was made for.';

COMMENT ON COLUMN butler_common.registry.created IS 'When it was made, UTC.';

CREATE TABLE butler_common.unit (
	unit TEXT NOT NULL,
	position SMALLINT NOT NULL,
	value_type TEXT NOT NULL,
	view TEXT NOT NULL,
	requires TEXT[] NOT NULL,
	doc TEXT NOT NULL,
	CONSTRAINT pk_unit PRIMARY KEY (unit),
	CONSTRAINT uq_unit_position UNIQUE (position),
	CONSTRAINT ck_unit_value_type CHECK (value_type IN ('text', 'integer', 'range')),
	CONSTRAINT ck_unit_position CHECK (position BETWEEN 0 AND 30)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_common.unit IS 'The units that data IDs are made of.';

COMMENT ON COLUMN butler_common.unit.unit IS 'Short name, the same in data IDs, SQL and the command line.';

COMMENT ON COLUMN butler_common.unit.position IS 'Order in which units are written; also its mask bit.';

COMMENT ON COLUMN butler_common.unit.value_type IS 'What its values are: text, integer or range.';

COMMENT ON COLUMN butler_common.unit.view IS 'The view that lists its values.';

COMMENT ON COLUMN butler_common.unit.requires IS 'Units without which its values mean nothing.';

COMMENT ON COLUMN butler_common.unit.doc IS 'What it is.';

CREATE TABLE butler_common.unit_word (
	word TEXT NOT NULL,
	unit TEXT NOT NULL,
	CONSTRAINT pk_unit_word PRIMARY KEY (word),
	CONSTRAINT fk_unit_word_unit FOREIGN KEY(unit) REFERENCES butler_common.unit (unit)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_common.unit_word IS 'Every word accepted for a unit: its short name and today''s other words for it.';

COMMENT ON COLUMN butler_common.unit_word.word IS 'What a user may type.';

COMMENT ON COLUMN butler_common.unit_word.unit IS 'The unit that it means.';

CREATE INDEX ix_unit_word_unit ON butler_common.unit_word (unit);
