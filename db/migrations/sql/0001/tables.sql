CREATE TABLE butler_internal.abstract_filter (
	abstract_filter TEXT NOT NULL,
	doc TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_abstract_filter PRIMARY KEY (abstract_filter),
	CONSTRAINT ck_abstract_filter_name CHECK (abstract_filter <> '' AND octet_length(abstract_filter) <= 255 AND abstract_filter !~ '[[:cntrl:]]' AND abstract_filter !~ '^[[:space:]]' AND abstract_filter !~ '[[:space:]]$')
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.abstract_filter IS 'Pass bands in general; also called bands.';

COMMENT ON COLUMN butler_internal.abstract_filter.abstract_filter IS 'Name of a pass band without a camera, such as r.';

COMMENT ON COLUMN butler_internal.abstract_filter.doc IS 'What it is, in a sentence.';

CREATE TABLE butler_internal.activity (
	activity_id BIGINT DEFAULT nextval('butler_common.activity_id') NOT NULL,
	at TIMESTAMP WITH TIME ZONE NOT NULL,
	actor TEXT NOT NULL,
	login TEXT NOT NULL,
	client_address INET,
	told_application TEXT,
	told_host TEXT,
	operation TEXT NOT NULL,
	collections TEXT[] NOT NULL,
	subject JSONB NOT NULL,
	affected BIGINT NOT NULL,
	reason TEXT,
	CONSTRAINT pk_activity PRIMARY KEY (activity_id),
	CONSTRAINT ck_activity_affected CHECK (affected > 0),
	CONSTRAINT ck_activity_collections CHECK (cardinality(collections) <= 100),
	CONSTRAINT ck_activity_reason CHECK (reason !~ '[[:cntrl:]]' AND length(reason) <= 1000)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.activity IS 'Who did what, by which function, when and from where.';

COMMENT ON COLUMN butler_internal.activity.activity_id IS 'Of the row alone.';

COMMENT ON COLUMN butler_internal.activity.at IS 'When, by the server''s clock, UTC.';

COMMENT ON COLUMN butler_internal.activity.actor IS 'The database role that did it.';

COMMENT ON COLUMN butler_internal.activity.login IS 'The role that logged in: another than the actor where a session has set its role.';

COMMENT ON COLUMN butler_internal.activity.client_address IS 'Where the connection came from, as the server saw it: perhaps a pooler; null for its own socket.';

COMMENT ON COLUMN butler_internal.activity.told_application IS 'The program, as it told; nobody has checked.';

COMMENT ON COLUMN butler_internal.activity.told_host IS 'The computer that the program told it runs on; nobody has checked.';

COMMENT ON COLUMN butler_internal.activity.operation IS 'The function that was called.';

COMMENT ON COLUMN butler_internal.activity.collections IS 'The collections concerned, or the runs of the datasets; at most a hundred.';

COMMENT ON COLUMN butler_internal.activity.subject IS 'What else it concerned: a dataset type, a datastore, a unit with some data IDs ….';

COMMENT ON COLUMN butler_internal.activity.affected IS 'How many datasets, members, units or files it concerned; 1 for a thing itself.';

COMMENT ON COLUMN butler_internal.activity.reason IS 'Why, as the caller gave it, its first thousand characters.';

CREATE INDEX ix_activity_actor ON butler_internal.activity (actor, at);

CREATE INDEX ix_activity_at ON butler_internal.activity (at);

CREATE INDEX ix_activity_collections ON butler_internal.activity USING gin (collections);

CREATE TABLE butler_internal.camera (
	camera TEXT NOT NULL,
	doc TEXT DEFAULT '' NOT NULL,
	night_offset DOUBLE PRECISION DEFAULT -12 NOT NULL,
	definition JSONB DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT pk_camera PRIMARY KEY (camera),
	CONSTRAINT ck_camera_name CHECK (camera <> '' AND octet_length(camera) <= 255 AND camera !~ '[[:cntrl:]]' AND camera !~ '^[[:space:]]' AND camera !~ '[[:space:]]$'),
	CONSTRAINT ck_camera_night_offset CHECK (night_offset BETWEEN -24 AND 24)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.camera IS 'Cameras; also called instruments.';

COMMENT ON COLUMN butler_internal.camera.camera IS 'Name of the camera.';

COMMENT ON COLUMN butler_internal.camera.doc IS 'What it is, in a sentence.';

COMMENT ON COLUMN butler_internal.camera.night_offset IS 'Added to UTC before the date is taken, to name the night. Unit: h.';

COMMENT ON COLUMN butler_internal.camera.definition IS 'The camera file as it was read, with the map of its headers.';

CREATE TABLE butler_internal.collection (
	collection_id BIGINT DEFAULT nextval('butler_common.collection_id') NOT NULL,
	collection TEXT NOT NULL,
	collection_type TEXT NOT NULL,
	owner TEXT NOT NULL,
	doc TEXT DEFAULT '' NOT NULL,
	frozen BOOLEAN DEFAULT false NOT NULL,
	created TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	changed TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	put_until TIMESTAMP WITH TIME ZONE,
	removed TIMESTAMP WITH TIME ZONE,
	removed_by TEXT,
	removal_reason TEXT,
	CONSTRAINT pk_collection PRIMARY KEY (collection_id),
	CONSTRAINT uq_collection_collection UNIQUE (collection),
	CONSTRAINT ck_collection_name CHECK (collection <> '' AND octet_length(collection) <= 255 AND collection !~ '[[:cntrl:]]' AND collection !~ '^[[:space:]]' AND collection !~ '[[:space:]]$'),
	CONSTRAINT ck_collection_parts CHECK (collection !~ '(^/|/$|//|(^|/)[.]{1,2}(/|$))'),
	CONSTRAINT ck_collection_type CHECK (collection_type IN ('run', 'tagged', 'chained', 'calibration')),
	CONSTRAINT ck_collection_removed CHECK ((removed IS NULL) = (removed_by IS NULL))
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.collection IS 'Named groups of datasets.';

COMMENT ON COLUMN butler_internal.collection.collection_id IS 'Short for the name.';

COMMENT ON COLUMN butler_internal.collection.collection IS 'Name, with parts separated by slashes.';

COMMENT ON COLUMN butler_internal.collection.collection_type IS 'run, tagged, chained or calibration.';

COMMENT ON COLUMN butler_internal.collection.owner IS 'The database role that made it.';

COMMENT ON COLUMN butler_internal.collection.doc IS 'What it is for.';

COMMENT ON COLUMN butler_internal.collection.frozen IS 'Whether it may no longer change.';

COMMENT ON COLUMN butler_internal.collection.created IS 'When it was registered, UTC.';

COMMENT ON COLUMN butler_internal.collection.changed IS 'Transaction time of the last change to its members but a put, UTC; never goes back.';

COMMENT ON COLUMN butler_internal.collection.put_until IS 'Ten seconds after one of its puts, UTC: none was later. Null before the first.';

COMMENT ON COLUMN butler_internal.collection.removed IS 'When it was removed, UTC; null while it is there.';

COMMENT ON COLUMN butler_internal.collection.removed_by IS 'The database role that removed it.';

COMMENT ON COLUMN butler_internal.collection.removal_reason IS 'Why it was removed.';

CREATE TABLE butler_internal.dataset_type (
	dataset_type_id INTEGER DEFAULT nextval('butler_common.dataset_type_id') NOT NULL,
	dataset_type TEXT NOT NULL,
	storage_class TEXT NOT NULL,
	unit_mask SMALLINT NOT NULL,
	doc TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_dataset_type PRIMARY KEY (dataset_type_id),
	CONSTRAINT uq_dataset_type_dataset_type UNIQUE (dataset_type),
	CONSTRAINT uq_dataset_type_unit_mask UNIQUE (dataset_type_id, unit_mask),
	CONSTRAINT ck_dataset_type_name CHECK (dataset_type ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$'),
	CONSTRAINT ck_dataset_type_storage_class CHECK (storage_class ~ '^[A-Za-z_][A-Za-z0-9_]{0,127}$')
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.dataset_type IS 'Types of datasets: the units of their data IDs, and what Python object they are.';

COMMENT ON COLUMN butler_internal.dataset_type.dataset_type_id IS 'Short for the name.';

COMMENT ON COLUMN butler_internal.dataset_type.dataset_type IS 'Name of the dataset type.';

COMMENT ON COLUMN butler_internal.dataset_type.storage_class IS 'What Python object it is; a name known to the datastores.';

COMMENT ON COLUMN butler_internal.dataset_type.unit_mask IS 'The units of its data IDs, one bit each.';

COMMENT ON COLUMN butler_internal.dataset_type.doc IS 'What it is, in a sentence.';

CREATE TABLE butler_internal.datastore (
	datastore_id INTEGER DEFAULT nextval('butler_common.artifact_store_id') NOT NULL,
	datastore TEXT NOT NULL,
	root TEXT NOT NULL,
	mark UUID DEFAULT gen_random_uuid() NOT NULL,
	marked TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT pk_datastore PRIMARY KEY (datastore_id),
	CONSTRAINT uq_datastore_datastore UNIQUE (datastore),
	CONSTRAINT ck_datastore_name CHECK (datastore <> '' AND octet_length(datastore) <= 255 AND datastore !~ '[[:cntrl:]]' AND datastore !~ '^[[:space:]]' AND datastore !~ '[[:space:]]$'),
	CONSTRAINT ck_datastore_root CHECK (root ~ '^[a-z][a-z0-9+.-]*:.*/$' AND root !~ '[[:cntrl:]]' AND root !~ '/[.]{1,2}/' AND root !~ ':///*[^/]*/.*//' AND root !~ '^file:////' AND octet_length(root) <= 2048)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.datastore IS 'Places that hold artifacts.';

COMMENT ON COLUMN butler_internal.datastore.datastore_id IS 'Short for the name.';

COMMENT ON COLUMN butler_internal.datastore.datastore IS 'Name of the datastore.';

COMMENT ON COLUMN butler_internal.datastore.root IS 'URI that the paths in it are relative to; ends with a slash.';

COMMENT ON COLUMN butler_internal.datastore.mark IS 'What the mark in the root must say; another one each time that it is set.';

COMMENT ON COLUMN butler_internal.datastore.marked IS 'When the mark was last set, UTC: what lies in the root from before may be of another time of the registry.';

CREATE TABLE butler_internal.execution (
	execution_id BIGINT DEFAULT nextval('butler_common.execution_id') NOT NULL,
	host TEXT,
	pid INTEGER,
	process_started TIMESTAMP WITH TIME ZONE,
	process_mark TEXT,
	started TIMESTAMP WITH TIME ZONE,
	ended TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_execution PRIMARY KEY (execution_id),
	CONSTRAINT ck_execution_times CHECK (ended >= started),
	CONSTRAINT ck_execution_host CHECK (host !~ '[[:cntrl:]]' AND octet_length(host) <= 255)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.execution IS 'What runs and quanta have in common: where and when.';

COMMENT ON COLUMN butler_internal.execution.execution_id IS 'Of a run or a quantum.';

COMMENT ON COLUMN butler_internal.execution.host IS 'The computer that it ran on.';

COMMENT ON COLUMN butler_internal.execution.pid IS 'Of the process, on that computer.';

COMMENT ON COLUMN butler_internal.execution.process_started IS 'When the process was started, UTC.';

COMMENT ON COLUMN butler_internal.execution.process_mark IS 'What tells the process from all others: machine, boot, pid namespace, pid and start; null if its computer doesn''t say.';

COMMENT ON COLUMN butler_internal.execution.started IS 'When it began, UTC.';

COMMENT ON COLUMN butler_internal.execution.ended IS 'When it ended, UTC.';

CREATE TABLE butler_internal.label (
	label TEXT NOT NULL,
	doc TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_label PRIMARY KEY (label),
	CONSTRAINT ck_label_name CHECK (label <> '' AND octet_length(label) <= 255 AND label !~ '[[:cntrl:]]' AND label !~ '^[[:space:]]' AND label !~ '[[:space:]]$')
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.label IS 'Free words, as a unit.';

COMMENT ON COLUMN butler_internal.label.label IS 'A free word.';

COMMENT ON COLUMN butler_internal.label.doc IS 'What it is, in a sentence.';

CREATE TABLE butler_internal.sensor_patch_overlap (
	observed_sensor_id BIGINT NOT NULL,
	patch_id BIGINT NOT NULL,
	CONSTRAINT pk_sensor_patch_overlap PRIMARY KEY (observed_sensor_id, patch_id)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.sensor_patch_overlap IS 'Which observed sensors overlap which patches; kept by triggers on both.';

CREATE INDEX ix_sensor_patch_overlap_patch ON butler_internal.sensor_patch_overlap (patch_id, observed_sensor_id);

CREATE TABLE butler_internal.sky_pixel (
	sky_pixel BIGSERIAL NOT NULL,
	ra DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_ra(region)) STORED,
	dec DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_dec(region)) STORED,
	region geography(POLYGON,104047),
	CONSTRAINT pk_sky_pixel PRIMARY KEY (sky_pixel),
	CONSTRAINT ck_sky_pixel_nuniq CHECK (sky_pixel >= 4)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.sky_pixel IS 'HEALPix pixels, as a unit.';

COMMENT ON COLUMN butler_internal.sky_pixel.sky_pixel IS 'HEALPix pixel in the NUNIQ numbering of IVOA''s MOC: 4 * 4^order + nested number.';

COMMENT ON COLUMN butler_internal.sky_pixel.ra IS 'Right ascension of the centre of the region, ICRS, from 0 to below 360. Unit: deg. UCD: pos.eq.ra';

COMMENT ON COLUMN butler_internal.sky_pixel.dec IS 'Declination of the centre of the region, ICRS. Unit: deg. UCD: pos.eq.dec';

COMMENT ON COLUMN butler_internal.sky_pixel.region IS 'Outline of the pixel with great circles for edges, ICRS. UCD: pos.outline;obs.field';

CREATE INDEX ix_sky_pixel_region ON butler_internal.sky_pixel USING gist (region);

CREATE TABLE butler_internal.skymap (
	skymap TEXT NOT NULL,
	doc TEXT DEFAULT '' NOT NULL,
	definition JSONB DEFAULT '{}'::jsonb NOT NULL,
	definition_hash UUID GENERATED ALWAYS AS (md5(definition::text)::uuid) STORED,
	CONSTRAINT pk_skymap PRIMARY KEY (skymap),
	CONSTRAINT ck_skymap_name CHECK (skymap <> '' AND octet_length(skymap) <= 255 AND skymap !~ '[[:cntrl:]]' AND skymap !~ '^[[:space:]]' AND skymap !~ '[[:space:]]$')
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.skymap IS 'Ways to divide the sky into tracts and patches.';

COMMENT ON COLUMN butler_internal.skymap.skymap IS 'Name of the sky map.';

COMMENT ON COLUMN butler_internal.skymap.doc IS 'What it is, in a sentence.';

COMMENT ON COLUMN butler_internal.skymap.definition IS 'How its tracts and patches were laid out.';

COMMENT ON COLUMN butler_internal.skymap.definition_hash IS 'Equal for the same layout under two names.';

CREATE TABLE butler_internal.storage_change (
	datasets BIGINT NOT NULL,
	artifacts BIGINT NOT NULL,
	created TIMESTAMP WITH TIME ZONE,
	run_id INTEGER NOT NULL,
	dataset_type_id INTEGER NOT NULL,
	datastore_id INTEGER NOT NULL,
	state "char" NOT NULL,
	in_place BOOLEAN NOT NULL,
	bytes NUMERIC NOT NULL
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.storage_change IS 'What is more or, if negative, less of each kind by each change: the counts are storage_total and these.';

COMMENT ON COLUMN butler_internal.storage_change.datasets IS 'How many datasets.';

COMMENT ON COLUMN butler_internal.storage_change.artifacts IS 'How many stored pieces; of datasets themselves, how many have one that isn''t being deleted.';

COMMENT ON COLUMN butler_internal.storage_change.created IS 'When the last of the datasets came, UTC.';

COMMENT ON COLUMN butler_internal.storage_change.datastore_id IS 'Where the pieces are; 0 for the datasets themselves.';

COMMENT ON COLUMN butler_internal.storage_change.state IS 'present, lost or trashed, not what is claimed to be deleted; of datasets themselves present, unstored or removed.';

COMMENT ON COLUMN butler_internal.storage_change.in_place IS 'Whether they are files that lie elsewhere.';

COMMENT ON COLUMN butler_internal.storage_change.bytes IS 'Length of files that aren''t in parts. Unit: byte.';

CREATE TABLE butler_internal.storage_total (
	datasets BIGINT NOT NULL,
	artifacts BIGINT NOT NULL,
	created TIMESTAMP WITH TIME ZONE,
	run_id INTEGER NOT NULL,
	dataset_type_id INTEGER NOT NULL,
	datastore_id INTEGER NOT NULL,
	state "char" NOT NULL,
	in_place BOOLEAN NOT NULL,
	bytes NUMERIC NOT NULL,
	CONSTRAINT pk_storage_total PRIMARY KEY (run_id, dataset_type_id, datastore_id, state, in_place)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.storage_total IS 'The changes of storage that fold_storage_use has added up.';

COMMENT ON COLUMN butler_internal.storage_total.datasets IS 'How many datasets.';

COMMENT ON COLUMN butler_internal.storage_total.artifacts IS 'How many stored pieces; of datasets themselves, how many have one that isn''t being deleted.';

COMMENT ON COLUMN butler_internal.storage_total.created IS 'When the last of the datasets came, UTC.';

COMMENT ON COLUMN butler_internal.storage_total.datastore_id IS 'Where the pieces are; 0 for the datasets themselves.';

COMMENT ON COLUMN butler_internal.storage_total.state IS 'present, lost or trashed, not what is claimed to be deleted; of datasets themselves present, unstored or removed.';

COMMENT ON COLUMN butler_internal.storage_total.in_place IS 'Whether they are files that lie elsewhere.';

COMMENT ON COLUMN butler_internal.storage_total.bytes IS 'Length of files that aren''t in parts. Unit: byte.';

CREATE TABLE butler_internal.visit_patch_overlap (
	camera TEXT NOT NULL,
	visit BIGINT NOT NULL,
	skymap TEXT NOT NULL,
	tract INTEGER NOT NULL,
	patch INTEGER NOT NULL,
	CONSTRAINT pk_visit_patch_overlap PRIMARY KEY (camera, visit, skymap, tract, patch)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.visit_patch_overlap IS 'Which visits overlap which patches; kept by the triggers that keep sensor_patch_overlap.';

CREATE INDEX ix_visit_patch_overlap_patch ON butler_internal.visit_patch_overlap (skymap, tract, patch, camera, visit);

CREATE TABLE butler_internal.collection_member (
	collection_id BIGINT,
	position INTEGER,
	member_id BIGINT NOT NULL,
	known TSTZRANGE NOT NULL,
	CONSTRAINT ex_collection_member_position EXCLUDE USING gist (collection_id WITH =, position WITH =, known WITH &&),
	CONSTRAINT fk_collection_member_collection FOREIGN KEY(collection_id) REFERENCES butler_internal.collection (collection_id),
	CONSTRAINT fk_collection_member_member FOREIGN KEY(member_id) REFERENCES butler_internal.collection (collection_id),
	CONSTRAINT ck_collection_member_position CHECK (position > 0),
	CONSTRAINT ck_collection_member_known CHECK (NOT isempty(known) AND NOT lower_inf(known)),
	CONSTRAINT ck_collection_member_itself CHECK (collection_id <> member_id)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.collection_member IS 'Members of chains, now and before.';

COMMENT ON COLUMN butler_internal.collection_member.collection_id IS 'The chain.';

COMMENT ON COLUMN butler_internal.collection_member.position IS 'Place in the search order, from 1.';

COMMENT ON COLUMN butler_internal.collection_member.member_id IS 'The collection searched at that place.';

COMMENT ON COLUMN butler_internal.collection_member.known IS 'From when to when it was in the chain, UTC.';

CREATE INDEX ix_collection_member_member ON butler_internal.collection_member (member_id);

CREATE INDEX ix_collection_member_now ON butler_internal.collection_member (collection_id, position) WHERE upper_inf(known);

CREATE TABLE butler_internal.physical_filter (
	camera TEXT NOT NULL,
	physical_filter TEXT NOT NULL,
	abstract_filter TEXT,
	wavelength_min DOUBLE PRECISION,
	wavelength_max DOUBLE PRECISION,
	CONSTRAINT pk_physical_filter PRIMARY KEY (camera, physical_filter),
	CONSTRAINT fk_physical_filter_camera FOREIGN KEY(camera) REFERENCES butler_internal.camera (camera),
	CONSTRAINT fk_physical_filter_abstract_filter FOREIGN KEY(abstract_filter) REFERENCES butler_internal.abstract_filter (abstract_filter),
	CONSTRAINT ck_physical_filter_name CHECK (physical_filter <> '' AND octet_length(physical_filter) <= 255 AND physical_filter !~ '[[:cntrl:]]' AND physical_filter !~ '^[[:space:]]' AND physical_filter !~ '[[:space:]]$'),
	CONSTRAINT ck_physical_filter_wavelength CHECK (wavelength_min > 0 AND wavelength_min < 1e9 AND wavelength_max > 0 AND wavelength_max < 1e9 AND wavelength_max > wavelength_min)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.physical_filter IS 'Filters that one camera has.';

COMMENT ON COLUMN butler_internal.physical_filter.physical_filter IS 'Name of a filter that the camera has.';

COMMENT ON COLUMN butler_internal.physical_filter.abstract_filter IS 'The pass band that it is near to, if any.';

COMMENT ON COLUMN butler_internal.physical_filter.wavelength_min IS 'Short end of the pass band. Unit: nm. UCD: em.wl;stat.min';

COMMENT ON COLUMN butler_internal.physical_filter.wavelength_max IS 'Long end of the pass band. Unit: nm. UCD: em.wl;stat.max';

CREATE INDEX ix_physical_filter_abstract_filter ON butler_internal.physical_filter (abstract_filter);

CREATE TABLE butler_internal.physical_sensor (
	camera TEXT NOT NULL,
	sensor INTEGER NOT NULL,
	sensor_name TEXT NOT NULL,
	sensor_group TEXT,
	purpose TEXT,
	nx INTEGER,
	ny INTEGER,
	corners DOUBLE PRECISION[][],
	CONSTRAINT pk_physical_sensor PRIMARY KEY (camera, sensor),
	CONSTRAINT uq_physical_sensor_sensor_name UNIQUE (camera, sensor_name),
	CONSTRAINT fk_physical_sensor_camera FOREIGN KEY(camera) REFERENCES butler_internal.camera (camera),
	CONSTRAINT ck_physical_sensor_name CHECK (sensor_name <> '' AND octet_length(sensor_name) <= 255 AND sensor_name !~ '[[:cntrl:]]' AND sensor_name !~ '^[[:space:]]' AND sensor_name !~ '[[:space:]]$'),
	CONSTRAINT ck_physical_sensor_number CHECK (sensor >= 0),
	CONSTRAINT ck_physical_sensor_size CHECK (nx > 0 AND ny > 0),
	CONSTRAINT ck_physical_sensor_corners CHECK (-1e9 < ALL (corners) AND 1e9 > ALL (corners))
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.physical_sensor IS 'Sensors of a camera; also called detectors.';

COMMENT ON COLUMN butler_internal.physical_sensor.sensor IS 'Number of the sensor in its camera. UCD: meta.id;instr.det';

COMMENT ON COLUMN butler_internal.physical_sensor.sensor_name IS 'Name of the sensor in its camera.';

COMMENT ON COLUMN butler_internal.physical_sensor.sensor_group IS 'Raft or other group that it belongs to.';

COMMENT ON COLUMN butler_internal.physical_sensor.purpose IS 'Such as SCIENCE, GUIDER or WAVEFRONT.';

COMMENT ON COLUMN butler_internal.physical_sensor.nx IS 'Pixels along a row.';

COMMENT ON COLUMN butler_internal.physical_sensor.ny IS 'Pixels along a column.';

COMMENT ON COLUMN butler_internal.physical_sensor.corners IS 'Corners in the focal plane, x and y. Unit: mm.';

CREATE TABLE butler_internal.run (
	run_id INTEGER DEFAULT nextval('butler_common.run_id') NOT NULL,
	execution_id BIGINT NOT NULL,
	collection_id BIGINT NOT NULL,
	run TEXT NOT NULL,
	environment UUID,
	pipeline UUID,
	has_inputs BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT pk_run PRIMARY KEY (run_id),
	CONSTRAINT uq_run_collection_id UNIQUE (collection_id),
	CONSTRAINT uq_run_execution_id UNIQUE (execution_id),
	CONSTRAINT uq_run_run UNIQUE (run),
	CONSTRAINT fk_run_execution FOREIGN KEY(execution_id) REFERENCES butler_internal.execution (execution_id),
	CONSTRAINT fk_run_collection FOREIGN KEY(collection_id) REFERENCES butler_internal.collection (collection_id)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.run IS 'Actions that made datasets; every dataset has one.';

COMMENT ON COLUMN butler_internal.run.run_id IS 'Short for the name.';

COMMENT ON COLUMN butler_internal.run.run IS 'Name of the run''s collection.';

COMMENT ON COLUMN butler_internal.run.environment IS 'The dataset that describes host, Python and packages at its first use.';

COMMENT ON COLUMN butler_internal.run.pipeline IS 'The dataset that holds the pipeline''s configuration.';

COMMENT ON COLUMN butler_internal.run.has_inputs IS 'Whether datasets of other runs were ever associated with it, as its inputs.';

CREATE TABLE butler_internal.tract (
	skymap TEXT NOT NULL,
	tract INTEGER NOT NULL,
	ra DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_ra(region)) STORED,
	dec DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_dec(region)) STORED,
	region geography(POLYGON,104047),
	CONSTRAINT pk_tract PRIMARY KEY (skymap, tract),
	CONSTRAINT fk_tract_skymap FOREIGN KEY(skymap) REFERENCES butler_internal.skymap (skymap),
	CONSTRAINT ck_tract_number CHECK (tract >= 0)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.tract IS 'Large tiles of a sky map, each with its own projection.';

COMMENT ON COLUMN butler_internal.tract.tract IS 'Number of the tract in its sky map.';

COMMENT ON COLUMN butler_internal.tract.ra IS 'Right ascension of the centre of the region, ICRS, from 0 to below 360. Unit: deg. UCD: pos.eq.ra';

COMMENT ON COLUMN butler_internal.tract.dec IS 'Declination of the centre of the region, ICRS. Unit: deg. UCD: pos.eq.dec';

COMMENT ON COLUMN butler_internal.tract.region IS 'Outline of the tract, ICRS. UCD: pos.outline;obs.field';

CREATE INDEX ix_tract_region ON butler_internal.tract USING gist (region);

CREATE TABLE butler_internal.verify_position (
	datastore_id INTEGER NOT NULL,
	dataset_id UUID,
	component TEXT NOT NULL,
	moved TIMESTAMP WITH TIME ZONE NOT NULL,
	moved_by TEXT NOT NULL,
	completed TIMESTAMP WITH TIME ZONE,
	CONSTRAINT pk_verify_position PRIMARY KEY (datastore_id),
	CONSTRAINT fk_verify_position_datastore FOREIGN KEY(datastore_id) REFERENCES butler_internal.datastore (datastore_id)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.verify_position IS 'How far an incremental verify has come in each datastore.';

COMMENT ON COLUMN butler_internal.verify_position.dataset_id IS 'The last one compared; null after the end.';

COMMENT ON COLUMN butler_internal.verify_position.component IS 'Of its artifacts, the last one compared.';

COMMENT ON COLUMN butler_internal.verify_position.moved IS 'When it was compared, UTC.';

COMMENT ON COLUMN butler_internal.verify_position.moved_by IS 'The database role that compared it.';

COMMENT ON COLUMN butler_internal.verify_position.completed IS 'When the end was last reached, UTC.';

CREATE TABLE butler_internal.visit_range (
	camera TEXT NOT NULL,
	visit_range INT8RANGE NOT NULL,
	CONSTRAINT pk_visit_range PRIMARY KEY (camera, visit_range),
	CONSTRAINT fk_visit_range_camera FOREIGN KEY(camera) REFERENCES butler_internal.camera (camera),
	CONSTRAINT ck_visit_range_begin CHECK (NOT isempty(visit_range) AND NOT lower_inf(visit_range))
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.visit_range IS 'Runs of visits by number, as calibrations before times were used.';

COMMENT ON COLUMN butler_internal.visit_range.visit_range IS 'Visits from the first up to, not with, the last; open where it has no end.';

CREATE TABLE butler_internal.patch (
	skymap TEXT NOT NULL,
	tract INTEGER NOT NULL,
	patch INTEGER NOT NULL,
	patch_id BIGINT DEFAULT nextval('butler_common.patch_id') NOT NULL,
	cell_x INTEGER,
	cell_y INTEGER,
	ra DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_ra(region)) STORED,
	dec DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_dec(region)) STORED,
	region geography(POLYGON,104047),
	CONSTRAINT pk_patch PRIMARY KEY (skymap, tract, patch),
	CONSTRAINT uq_patch_id UNIQUE (patch_id),
	CONSTRAINT fk_patch_tract FOREIGN KEY(skymap, tract) REFERENCES butler_internal.tract (skymap, tract),
	CONSTRAINT ck_patch_number CHECK (patch >= 0)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.patch IS 'Parts of a tract, the size of one image.';

COMMENT ON COLUMN butler_internal.patch.patch IS 'Number of the patch in its tract.';

COMMENT ON COLUMN butler_internal.patch.patch_id IS 'Short for skymap, tract and patch.';

COMMENT ON COLUMN butler_internal.patch.cell_x IS 'Column of the patch in its tract.';

COMMENT ON COLUMN butler_internal.patch.cell_y IS 'Row of the patch in its tract.';

COMMENT ON COLUMN butler_internal.patch.ra IS 'Right ascension of the centre of the region, ICRS, from 0 to below 360. Unit: deg. UCD: pos.eq.ra';

COMMENT ON COLUMN butler_internal.patch.dec IS 'Declination of the centre of the region, ICRS. Unit: deg. UCD: pos.eq.dec';

COMMENT ON COLUMN butler_internal.patch.region IS 'Outline of the patch, ICRS. UCD: pos.outline;obs.field';

CREATE INDEX ix_patch_region ON butler_internal.patch USING gist (region);

CREATE TABLE butler_internal.quantum (
	quantum_id UUID NOT NULL,
	execution_id BIGINT NOT NULL,
	run_id INTEGER NOT NULL,
	task TEXT NOT NULL,
	data_id JSONB DEFAULT '{}'::jsonb NOT NULL,
	status TEXT DEFAULT 'running' NOT NULL,
	attempt INTEGER DEFAULT 1 NOT NULL,
	message TEXT,
	begun_by TEXT NOT NULL,
	CONSTRAINT pk_quantum PRIMARY KEY (quantum_id),
	CONSTRAINT uq_quantum_execution_id UNIQUE (execution_id),
	CONSTRAINT fk_quantum_execution FOREIGN KEY(execution_id) REFERENCES butler_internal.execution (execution_id),
	CONSTRAINT fk_quantum_run FOREIGN KEY(run_id) REFERENCES butler_internal.run (run_id),
	CONSTRAINT ck_quantum_name CHECK (task <> '' AND octet_length(task) <= 255 AND task !~ '[[:cntrl:]]' AND task !~ '^[[:space:]]' AND task !~ '[[:space:]]$'),
	CONSTRAINT ck_quantum_status CHECK (status IN ('running', 'done', 'failed', 'died')),
	CONSTRAINT ck_quantum_attempt CHECK (attempt > 0)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.quantum IS 'Discrete units of work: one task on one data ID.';

COMMENT ON COLUMN butler_internal.quantum.quantum_id IS 'Made where it runs, of version 7.';

COMMENT ON COLUMN butler_internal.quantum.task IS 'Name of the task.';

COMMENT ON COLUMN butler_internal.quantum.data_id IS 'The data ID that it worked on.';

COMMENT ON COLUMN butler_internal.quantum.status IS 'running, done, failed or died.';

COMMENT ON COLUMN butler_internal.quantum.attempt IS 'Which try it is, from 1.';

COMMENT ON COLUMN butler_internal.quantum.message IS 'What went wrong, if it failed or died.';

COMMENT ON COLUMN butler_internal.quantum.begun_by IS 'The database role that began it.';

CREATE INDEX ix_quantum_running ON butler_internal.quantum (quantum_id) WHERE status = 'running';

CREATE UNIQUE INDEX uq_quantum_attempt ON butler_internal.quantum (run_id, task, md5(data_id::text), attempt);

CREATE TABLE butler_internal.run_hold (
	run_id INTEGER NOT NULL,
	held_by TEXT NOT NULL,
	since TIMESTAMP WITH TIME ZONE NOT NULL,
	until TIMESTAMP WITH TIME ZONE NOT NULL,
	reason TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_run_hold PRIMARY KEY (run_id, held_by),
	CONSTRAINT fk_run_hold_run FOREIGN KEY(run_id) REFERENCES butler_internal.run (run_id),
	CONSTRAINT ck_run_hold_until CHECK (until > since),
	CONSTRAINT ck_run_hold_reason CHECK (reason !~ '[[:cntrl:]]' AND length(reason) <= 1000)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.run_hold IS 'Who brings datasets with old ids, or of other versions than 7, into a run, and until when.';

COMMENT ON COLUMN butler_internal.run_hold.held_by IS 'The database role that holds it.';

COMMENT ON COLUMN butler_internal.run_hold.since IS 'Since when, UTC.';

COMMENT ON COLUMN butler_internal.run_hold.until IS 'When the hold ends by itself, UTC.';

COMMENT ON COLUMN butler_internal.run_hold.reason IS 'What for.';

CREATE TABLE butler_internal.visit (
	camera TEXT NOT NULL,
	visit BIGINT NOT NULL,
	visit_name TEXT NOT NULL,
	physical_filter TEXT,
	obs_begin_tai TIMESTAMP WITHOUT TIME ZONE,
	obs_end_tai TIMESTAMP WITHOUT TIME ZONE,
	exposure_time DOUBLE PRECISION,
	dark_time DOUBLE PRECISION,
	night DATE,
	seq_num INTEGER,
	observation_type TEXT,
	observation_reason TEXT,
	target_name TEXT,
	science_program TEXT,
	tracking_ra DOUBLE PRECISION,
	tracking_dec DOUBLE PRECISION,
	sky_angle DOUBLE PRECISION,
	azimuth DOUBLE PRECISION,
	zenith_angle DOUBLE PRECISION,
	airmass DOUBLE PRECISION,
	seeing DOUBLE PRECISION,
	can_see_sky BOOLEAN,
	has_simulated BOOLEAN,
	public_after TIMESTAMP WITH TIME ZONE,
	ra DOUBLE PRECISION GENERATED ALWAYS AS (coalesce(tracking_ra, butler_common.center_ra(region))) STORED,
	dec DOUBLE PRECISION GENERATED ALWAYS AS (coalesce(tracking_dec, butler_common.center_dec(region))) STORED,
	region geography(POLYGON,104047),
	region_derived BOOLEAN DEFAULT false NOT NULL,
	extra JSONB DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT pk_visit PRIMARY KEY (camera, visit),
	CONSTRAINT uq_visit_visit_name UNIQUE (camera, visit_name),
	CONSTRAINT fk_visit_camera FOREIGN KEY(camera) REFERENCES butler_internal.camera (camera),
	CONSTRAINT fk_visit_physical_filter FOREIGN KEY(camera, physical_filter) REFERENCES butler_internal.physical_filter (camera, physical_filter),
	CONSTRAINT ck_visit_name CHECK (visit_name <> '' AND octet_length(visit_name) <= 255 AND visit_name !~ '[[:cntrl:]]' AND visit_name !~ '^[[:space:]]' AND visit_name !~ '[[:space:]]$'),
	CONSTRAINT ck_visit_number CHECK (visit >= 0),
	CONSTRAINT ck_visit_times CHECK (obs_end_tai >= obs_begin_tai),
	CONSTRAINT ck_visit_times_finite CHECK (isfinite(obs_begin_tai) AND isfinite(obs_end_tai)),
	CONSTRAINT ck_visit_night CHECK (night BETWEEN '0001-01-01' AND '9999-12-31'),
	CONSTRAINT ck_visit_public_after CHECK (public_after >= '0001-01-02 00:00+00' AND public_after < '9999-12-31 00:00+00'),
	CONSTRAINT ck_visit_exposure_time CHECK (exposure_time >= 0 AND exposure_time < 1e9),
	CONSTRAINT ck_visit_dark_time CHECK (dark_time >= 0 AND dark_time < 1e9),
	CONSTRAINT ck_visit_tracking_ra CHECK (tracking_ra >= 0 AND tracking_ra < 360),
	CONSTRAINT ck_visit_tracking_dec CHECK (tracking_dec BETWEEN -90 AND 90),
	CONSTRAINT ck_visit_sky_angle CHECK (sky_angle BETWEEN -360 AND 360),
	CONSTRAINT ck_visit_azimuth CHECK (azimuth BETWEEN -360 AND 360),
	CONSTRAINT ck_visit_zenith_angle CHECK (zenith_angle BETWEEN 0 AND 180),
	CONSTRAINT ck_visit_airmass CHECK (airmass >= 0.99 AND airmass < 100),
	CONSTRAINT ck_visit_seeing CHECK (seeing >= 0 AND seeing < 3600),
	CONSTRAINT ck_visit_extra CHECK (jsonb_typeof(extra) = 'object')
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.visit IS 'Visits: one pointing and one opening of the shutter, biases and darks too.';

COMMENT ON COLUMN butler_internal.visit.visit IS 'Number of the visit, unique in its camera. UCD: meta.id;obs';

COMMENT ON COLUMN butler_internal.visit.visit_name IS 'The observatory''s own name for it.';

COMMENT ON COLUMN butler_internal.visit.physical_filter IS 'The filter in the beam, if any.';

COMMENT ON COLUMN butler_internal.visit.obs_begin_tai IS 'Begin of the exposure. Time scale: TAI. UCD: time.start;obs';

COMMENT ON COLUMN butler_internal.visit.obs_end_tai IS 'End of the exposure. Time scale: TAI. UCD: time.end;obs';

COMMENT ON COLUMN butler_internal.visit.exposure_time IS 'Time that the shutter was open. Unit: s. UCD: time.duration;obs.exposure';

COMMENT ON COLUMN butler_internal.visit.dark_time IS 'Time between the clears and the read-out. Unit: s. UCD: time.duration';

COMMENT ON COLUMN butler_internal.visit.night IS 'The night that it belongs to, by the date of its evening. UCD: time.epoch;obs';

COMMENT ON COLUMN butler_internal.visit.seq_num IS 'Number of the exposure in its night or sequence.';

COMMENT ON COLUMN butler_internal.visit.observation_type IS 'Such as science, bias, dark, flat. UCD: meta.code.class;obs';

COMMENT ON COLUMN butler_internal.visit.observation_reason IS 'Why it was taken.';

COMMENT ON COLUMN butler_internal.visit.target_name IS 'What was pointed at. UCD: meta.id;src';

COMMENT ON COLUMN butler_internal.visit.science_program IS 'The proposal or programme. UCD: meta.id;obs.proposal';

COMMENT ON COLUMN butler_internal.visit.tracking_ra IS 'Right ascension of the boresight, ICRS. Unit: deg. UCD: pos.eq.ra';

COMMENT ON COLUMN butler_internal.visit.tracking_dec IS 'Declination of the boresight, ICRS. Unit: deg. UCD: pos.eq.dec';

COMMENT ON COLUMN butler_internal.visit.sky_angle IS 'Angle of the camera on the sky, north through east. Unit: deg. UCD: pos.posAng';

COMMENT ON COLUMN butler_internal.visit.azimuth IS 'Azimuth of the telescope, north through east. Unit: deg. UCD: pos.az.azi';

COMMENT ON COLUMN butler_internal.visit.zenith_angle IS 'Distance from the zenith. Unit: deg. UCD: pos.az.zd';

COMMENT ON COLUMN butler_internal.visit.airmass IS 'Air mass. UCD: obs.airMass';

COMMENT ON COLUMN butler_internal.visit.seeing IS 'Width of a star, full at half maximum. Unit: arcsec. UCD: instr.obsty.seeing';

COMMENT ON COLUMN butler_internal.visit.can_see_sky IS 'Whether light from the sky could reach the sensors.';

COMMENT ON COLUMN butler_internal.visit.has_simulated IS 'Whether any of it is simulated.';

COMMENT ON COLUMN butler_internal.visit.public_after IS 'When it becomes public, UTC.';

COMMENT ON COLUMN butler_internal.visit.ra IS 'Right ascension of the boresight, else of the centre of the region, ICRS, from 0 to below 360. Unit: deg. UCD: pos.eq.ra';

COMMENT ON COLUMN butler_internal.visit.dec IS 'Declination of the boresight, else of the centre of the region, ICRS. Unit: deg. UCD: pos.eq.dec';

COMMENT ON COLUMN butler_internal.visit.region IS 'Outline on the sky, ICRS; null where it didn''t look at the sky. UCD: pos.outline;obs.field';

COMMENT ON COLUMN butler_internal.visit.region_derived IS 'Whether the region is the hull of what its sensors saw, and follows them.';

COMMENT ON COLUMN butler_internal.visit.extra IS 'What only this camera records; view visit_<camera> shows it as columns.';

CREATE INDEX ix_visit_night ON butler_internal.visit (camera, night);

CREATE INDEX ix_visit_obs_begin_tai ON butler_internal.visit (obs_begin_tai);

CREATE INDEX ix_visit_physical_filter ON butler_internal.visit (camera, physical_filter);

CREATE INDEX ix_visit_region ON butler_internal.visit USING gist (region);

CREATE TABLE butler_internal.calibration_key (
	calibration_key_id BIGINT DEFAULT nextval('butler_common.calibration_key_id') NOT NULL,
	collection_id BIGINT NOT NULL,
	sky_pixel BIGINT,
	dataset_type_id INTEGER NOT NULL,
	sensor INTEGER,
	tract INTEGER,
	patch INTEGER,
	unit_mask SMALLINT GENERATED ALWAYS AS (butler_common.unit_mask(camera, abstract_filter, physical_filter, sensor, NULL::bigint, NULL::integer, NULL::int8range, skymap, tract, patch, sky_pixel, label)) STORED NOT NULL,
	digest UUID GENERATED ALWAYS AS (butler_common.data_id_digest(camera, abstract_filter, physical_filter, sensor, NULL::bigint, NULL::integer, NULL::int8range, skymap, tract, patch, sky_pixel, label)) STORED NOT NULL,
	camera TEXT,
	abstract_filter TEXT,
	physical_filter TEXT,
	skymap TEXT,
	label TEXT,
	CONSTRAINT pk_calibration_key PRIMARY KEY (calibration_key_id),
	CONSTRAINT uq_calibration_key UNIQUE (collection_id, dataset_type_id, digest),
	CONSTRAINT fk_calibration_key_collection FOREIGN KEY(collection_id) REFERENCES butler_internal.collection (collection_id),
	CONSTRAINT fk_calibration_key_dataset_type FOREIGN KEY(dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask),
	CONSTRAINT fk_calibration_key_camera FOREIGN KEY(camera) REFERENCES butler_internal.camera (camera),
	CONSTRAINT fk_calibration_key_abstract_filter FOREIGN KEY(abstract_filter) REFERENCES butler_internal.abstract_filter (abstract_filter),
	CONSTRAINT fk_calibration_key_physical_filter FOREIGN KEY(camera, physical_filter) REFERENCES butler_internal.physical_filter (camera, physical_filter),
	CONSTRAINT fk_calibration_key_physical_sensor FOREIGN KEY(camera, sensor) REFERENCES butler_internal.physical_sensor (camera, sensor),
	CONSTRAINT fk_calibration_key_skymap FOREIGN KEY(skymap) REFERENCES butler_internal.skymap (skymap),
	CONSTRAINT fk_calibration_key_tract FOREIGN KEY(skymap, tract) REFERENCES butler_internal.tract (skymap, tract),
	CONSTRAINT fk_calibration_key_patch FOREIGN KEY(skymap, tract, patch) REFERENCES butler_internal.patch (skymap, tract, patch),
	CONSTRAINT fk_calibration_key_sky_pixel FOREIGN KEY(sky_pixel) REFERENCES butler_internal.sky_pixel (sky_pixel),
	CONSTRAINT fk_calibration_key_label FOREIGN KEY(label) REFERENCES butler_internal.label (label)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.calibration_key IS 'What a calibration look-up asks for, but for the time.';

COMMENT ON COLUMN butler_internal.calibration_key.calibration_key_id IS 'Short for collection, type and data ID.';

COMMENT ON COLUMN butler_internal.calibration_key.unit_mask IS 'The units present, one bit each: those of the dataset type.';

COMMENT ON COLUMN butler_internal.calibration_key.digest IS 'That of the datasets with this data ID.';

CREATE INDEX ix_calibration_key_camera ON butler_internal.calibration_key (camera, sensor, physical_filter);

CREATE INDEX ix_calibration_key_dataset_type ON butler_internal.calibration_key (dataset_type_id, unit_mask);

CREATE TABLE butler_internal.observed_sensor (
	camera TEXT NOT NULL,
	visit BIGINT NOT NULL,
	sensor INTEGER NOT NULL,
	observed_sensor_id BIGINT DEFAULT nextval('butler_common.observed_sensor_id') NOT NULL,
	ra DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_ra(region)) STORED,
	dec DOUBLE PRECISION GENERATED ALWAYS AS (butler_common.center_dec(region)) STORED,
	region geography(POLYGON,104047),
	CONSTRAINT pk_observed_sensor PRIMARY KEY (camera, visit, sensor),
	CONSTRAINT uq_observed_sensor_id UNIQUE (observed_sensor_id),
	CONSTRAINT fk_observed_sensor_visit FOREIGN KEY(camera, visit) REFERENCES butler_internal.visit (camera, visit),
	CONSTRAINT fk_observed_sensor_physical_sensor FOREIGN KEY(camera, sensor) REFERENCES butler_internal.physical_sensor (camera, sensor)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.observed_sensor IS 'Sensors that were read in a visit.';

COMMENT ON COLUMN butler_internal.observed_sensor.observed_sensor_id IS 'Short for camera, visit and sensor.';

COMMENT ON COLUMN butler_internal.observed_sensor.ra IS 'Right ascension of the centre of the region, ICRS, from 0 to below 360. Unit: deg. UCD: pos.eq.ra';

COMMENT ON COLUMN butler_internal.observed_sensor.dec IS 'Declination of the centre of the region, ICRS. Unit: deg. UCD: pos.eq.dec';

COMMENT ON COLUMN butler_internal.observed_sensor.region IS 'Outline of the sensor on the sky, ICRS. UCD: pos.outline;obs.field';

CREATE INDEX ix_observed_sensor_region ON butler_internal.observed_sensor USING gist (region);

CREATE INDEX ix_observed_sensor_sensor ON butler_internal.observed_sensor (camera, sensor, visit);

CREATE TABLE butler_internal.snap (
	camera TEXT NOT NULL,
	visit BIGINT NOT NULL,
	snap INTEGER NOT NULL,
	obs_begin_tai TIMESTAMP WITHOUT TIME ZONE,
	obs_end_tai TIMESTAMP WITHOUT TIME ZONE,
	exposure_time DOUBLE PRECISION,
	dark_time DOUBLE PRECISION,
	CONSTRAINT pk_snap PRIMARY KEY (camera, visit, snap),
	CONSTRAINT fk_snap_visit FOREIGN KEY(camera, visit) REFERENCES butler_internal.visit (camera, visit),
	CONSTRAINT ck_snap_number CHECK (snap >= 0),
	CONSTRAINT ck_snap_times CHECK (obs_end_tai >= obs_begin_tai),
	CONSTRAINT ck_snap_exposure_time CHECK (exposure_time >= 0 AND exposure_time < 1e9),
	CONSTRAINT ck_snap_dark_time CHECK (dark_time >= 0 AND dark_time < 1e9)
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.snap IS 'Exposures of a visit that has several; also called exposures.';

COMMENT ON COLUMN butler_internal.snap.snap IS 'Number of the exposure in its visit.';

COMMENT ON COLUMN butler_internal.snap.obs_begin_tai IS 'Begin of the exposure. Time scale: TAI. UCD: time.start;obs';

COMMENT ON COLUMN butler_internal.snap.obs_end_tai IS 'End of the exposure. Time scale: TAI. UCD: time.end;obs';

COMMENT ON COLUMN butler_internal.snap.exposure_time IS 'Time that the shutter was open. Unit: s. UCD: time.duration;obs.exposure';

COMMENT ON COLUMN butler_internal.snap.dark_time IS 'Time between the clears and the read-out. Unit: s. UCD: time.duration';

CREATE TABLE butler_internal.visit_pair (
	camera_1 TEXT NOT NULL,
	visit_1 BIGINT NOT NULL,
	camera_2 TEXT NOT NULL,
	visit_2 BIGINT NOT NULL,
	CONSTRAINT pk_visit_pair PRIMARY KEY (camera_1, visit_1, camera_2, visit_2),
	CONSTRAINT fk_visit_pair_visit_1 FOREIGN KEY(camera_1, visit_1) REFERENCES butler_internal.visit (camera, visit),
	CONSTRAINT fk_visit_pair_visit_2 FOREIGN KEY(camera_2, visit_2) REFERENCES butler_internal.visit (camera, visit),
	CONSTRAINT ck_visit_pair_two CHECK ((camera_1, visit_1) <> (camera_2, visit_2))
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.visit_pair IS 'Visits that belong together, such as simultaneous ones of two cameras.';

COMMENT ON COLUMN butler_internal.visit_pair.camera_1 IS 'Camera of the one visit.';

COMMENT ON COLUMN butler_internal.visit_pair.visit_1 IS 'The one visit.';

COMMENT ON COLUMN butler_internal.visit_pair.camera_2 IS 'Camera of the other visit.';

COMMENT ON COLUMN butler_internal.visit_pair.visit_2 IS 'The other visit.';

CREATE INDEX ix_visit_pair_visit_2 ON butler_internal.visit_pair (camera_2, visit_2);

CREATE TABLE butler_internal.visit_tract_overlap (
	camera TEXT NOT NULL,
	visit BIGINT NOT NULL,
	skymap TEXT NOT NULL,
	tract INTEGER NOT NULL,
	CONSTRAINT pk_visit_tract_overlap PRIMARY KEY (camera, visit, skymap, tract),
	CONSTRAINT fk_visit_tract_overlap_visit FOREIGN KEY(camera, visit) REFERENCES butler_internal.visit (camera, visit),
	CONSTRAINT fk_visit_tract_overlap_tract FOREIGN KEY(skymap, tract) REFERENCES butler_internal.tract (skymap, tract)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.visit_tract_overlap IS 'Which visits overlap a patch of which tracts; kept by the triggers that keep sensor_patch_overlap.';

CREATE INDEX ix_visit_tract_overlap_tract ON butler_internal.visit_tract_overlap (skymap, tract, camera, visit);

CREATE TABLE butler_internal.dataset (
	dataset_id UUID NOT NULL,
	created TIMESTAMP WITH TIME ZONE NOT NULL,
	quantum_id UUID,
	visit BIGINT,
	sky_pixel BIGINT,
	run_id INTEGER NOT NULL,
	dataset_type_id INTEGER NOT NULL,
	sensor INTEGER,
	snap INTEGER,
	tract INTEGER,
	patch INTEGER,
	unit_mask SMALLINT GENERATED ALWAYS AS (butler_common.unit_mask(camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range, skymap, tract, patch, sky_pixel, label)) STORED NOT NULL,
	digest UUID GENERATED ALWAYS AS (butler_common.data_id_digest(camera, abstract_filter, physical_filter, sensor, visit, snap, visit_range, skymap, tract, patch, sky_pixel, label)) STORED NOT NULL,
	camera TEXT,
	abstract_filter TEXT,
	physical_filter TEXT,
	skymap TEXT,
	label TEXT,
	visit_range INT8RANGE,
	state "char" DEFAULT 'present' NOT NULL,
	changed TIMESTAMP WITH TIME ZONE,
	changed_by TEXT,
	trashed BOOLEAN,
	change_reason TEXT,
	camera_alone TEXT GENERATED ALWAYS AS (CASE WHEN visit IS NULL AND sensor IS NULL AND physical_filter IS NULL AND visit_range IS NULL THEN camera END) STORED,
	visit_alone BIGINT GENERATED ALWAYS AS (CASE WHEN sensor IS NULL AND snap IS NULL THEN visit END) STORED,
	sensor_alone INTEGER GENERATED ALWAYS AS (CASE WHEN visit IS NULL THEN sensor END) STORED,
	skymap_alone TEXT GENERATED ALWAYS AS (CASE WHEN tract IS NULL THEN skymap END) STORED,
	tract_alone INTEGER GENERATED ALWAYS AS (CASE WHEN patch IS NULL THEN tract END) STORED,
	CONSTRAINT pk_dataset PRIMARY KEY (dataset_id),
	CONSTRAINT fk_dataset_run FOREIGN KEY(run_id) REFERENCES butler_internal.run (run_id),
	CONSTRAINT fk_dataset_dataset_type FOREIGN KEY(dataset_type_id, unit_mask) REFERENCES butler_internal.dataset_type (dataset_type_id, unit_mask),
	CONSTRAINT fk_dataset_quantum FOREIGN KEY(quantum_id) REFERENCES butler_internal.quantum (quantum_id),
	CONSTRAINT fk_dataset_camera FOREIGN KEY(camera_alone) REFERENCES butler_internal.camera (camera),
	CONSTRAINT fk_dataset_abstract_filter FOREIGN KEY(abstract_filter) REFERENCES butler_internal.abstract_filter (abstract_filter),
	CONSTRAINT fk_dataset_physical_filter FOREIGN KEY(camera, physical_filter) REFERENCES butler_internal.physical_filter (camera, physical_filter),
	CONSTRAINT fk_dataset_physical_sensor FOREIGN KEY(camera, sensor_alone) REFERENCES butler_internal.physical_sensor (camera, sensor),
	CONSTRAINT fk_dataset_visit FOREIGN KEY(camera, visit_alone) REFERENCES butler_internal.visit (camera, visit),
	CONSTRAINT fk_dataset_observed_sensor FOREIGN KEY(camera, visit, sensor) REFERENCES butler_internal.observed_sensor (camera, visit, sensor),
	CONSTRAINT fk_dataset_snap FOREIGN KEY(camera, visit, snap) REFERENCES butler_internal.snap (camera, visit, snap),
	CONSTRAINT fk_dataset_visit_range FOREIGN KEY(camera, visit_range) REFERENCES butler_internal.visit_range (camera, visit_range),
	CONSTRAINT fk_dataset_skymap FOREIGN KEY(skymap_alone) REFERENCES butler_internal.skymap (skymap),
	CONSTRAINT fk_dataset_tract FOREIGN KEY(skymap, tract_alone) REFERENCES butler_internal.tract (skymap, tract),
	CONSTRAINT fk_dataset_patch FOREIGN KEY(skymap, tract, patch) REFERENCES butler_internal.patch (skymap, tract, patch),
	CONSTRAINT fk_dataset_sky_pixel FOREIGN KEY(sky_pixel) REFERENCES butler_internal.sky_pixel (sky_pixel),
	CONSTRAINT fk_dataset_label FOREIGN KEY(label) REFERENCES butler_internal.label (label),
	CONSTRAINT ck_dataset_state CHECK (state IN ('present', 'unstored', 'removed')),
	CONSTRAINT ck_dataset_changed CHECK ((state = 'present') OR changed IS NOT NULL),
	CONSTRAINT ck_dataset_trashed CHECK ((state <> 'present') OR trashed IS NOT TRUE)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.dataset IS 'Datasets: one discrete data structure that was stored, with its data ID.';

COMMENT ON COLUMN butler_internal.dataset.dataset_id IS 'Unique in every registry; its first bits are the time it was made.';

COMMENT ON COLUMN butler_internal.dataset.created IS 'Transaction time of its registration, UTC.';

COMMENT ON COLUMN butler_internal.dataset.quantum_id IS 'The quantum that made it, if any.';

COMMENT ON COLUMN butler_internal.dataset.unit_mask IS 'The units present, one bit each.';

COMMENT ON COLUMN butler_internal.dataset.digest IS 'Equal for the same data ID in any registry.';

COMMENT ON COLUMN butler_internal.dataset.state IS 'present, unstored (its bytes are gone on purpose) or removed (its name is free again).';

COMMENT ON COLUMN butler_internal.dataset.changed IS 'When its state last changed, UTC; null if never.';

COMMENT ON COLUMN butler_internal.dataset.changed_by IS 'The database role that changed its state.';

COMMENT ON COLUMN butler_internal.dataset.trashed IS 'Whether its files are in the trash since it was unstored or removed; null if they never were.';

COMMENT ON COLUMN butler_internal.dataset.change_reason IS 'Why its state was changed.';

COMMENT ON COLUMN butler_internal.dataset.camera_alone IS 'The camera where no finer unit is present; carries the foreign key.';

COMMENT ON COLUMN butler_internal.dataset.visit_alone IS 'The visit where no finer unit is present; carries the foreign key.';

COMMENT ON COLUMN butler_internal.dataset.sensor_alone IS 'The sensor where no finer unit is present; carries the foreign key.';

COMMENT ON COLUMN butler_internal.dataset.skymap_alone IS 'The skymap where no finer unit is present; carries the foreign key.';

COMMENT ON COLUMN butler_internal.dataset.tract_alone IS 'The tract where no finer unit is present; carries the foreign key.';

CREATE INDEX ix_dataset_camera ON butler_internal.dataset (dataset_type_id, camera, visit, run_id) WHERE camera IS NOT NULL AND state <> 'removed';

CREATE INDEX ix_dataset_camera_removal ON butler_internal.dataset (dataset_type_id, camera, visit, run_id) WHERE camera IS NOT NULL AND state <> 'present';

CREATE INDEX ix_dataset_created ON butler_internal.dataset USING brin (created) WITH (pages_per_range = 32, autosummarize = on);

CREATE INDEX ix_dataset_quantum ON butler_internal.dataset (quantum_id) WHERE quantum_id IS NOT NULL;

CREATE INDEX ix_dataset_removal ON butler_internal.dataset (trashed, changed) WHERE state <> 'present';

CREATE INDEX ix_dataset_removed ON butler_internal.dataset (run_id, dataset_type_id, digest) WHERE state = 'removed';

CREATE INDEX ix_dataset_skymap ON butler_internal.dataset (dataset_type_id, skymap, tract, patch) WHERE skymap IS NOT NULL AND state <> 'removed';

CREATE INDEX ix_dataset_skymap_removal ON butler_internal.dataset (dataset_type_id, skymap, tract, patch) WHERE skymap IS NOT NULL AND state <> 'present';

CREATE UNIQUE INDEX uq_dataset_run_type_digest ON butler_internal.dataset (run_id, dataset_type_id, digest) WHERE state <> 'removed';

CREATE TABLE butler_internal.artifact (
	dataset_id UUID NOT NULL,
	size BIGINT NOT NULL,
	datastore_id INTEGER NOT NULL,
	sha256 BYTEA NOT NULL,
	component TEXT DEFAULT '' NOT NULL,
	formatter TEXT NOT NULL,
	path TEXT NOT NULL,
	state "char" DEFAULT 'present' NOT NULL,
	CONSTRAINT pk_artifact PRIMARY KEY (dataset_id, datastore_id, component),
	CONSTRAINT fk_artifact_dataset FOREIGN KEY(dataset_id) REFERENCES butler_internal.dataset (dataset_id),
	CONSTRAINT fk_artifact_datastore FOREIGN KEY(datastore_id) REFERENCES butler_internal.datastore (datastore_id),
	CONSTRAINT ck_artifact_state CHECK (state IN ('present', 'lost', 'deleting')),
	CONSTRAINT ck_artifact_size CHECK (size >= 0),
	CONSTRAINT ck_artifact_sha256 CHECK (octet_length(sha256) = 32),
	CONSTRAINT ck_artifact_component CHECK (component !~ '[[:cntrl:]]' AND octet_length(component) <= 255),
	CONSTRAINT ck_artifact_formatter CHECK (formatter !~ '[[:cntrl:]]' AND octet_length(formatter) BETWEEN 1 AND 255),
	CONSTRAINT ck_artifact_path CHECK (path <> '' AND path !~ '[[:cntrl:]]' AND path !~ '(^|[/#])[.]{1,2}([/#]|$)' AND octet_length(replace(path, '{}', repeat('0', 32))) <= 4096 AND path !~ '/(#|$)' AND path !~ '^[.]butler-datastore[.]json(#|$)' AND path !~* '\x25(00|2e|2f)' AND (path ~ '^file:///[^/#]' OR path ~ '^[a-z][a-z0-9+.-]*://[^/@#]+/[^/#]' OR path !~ '(^/|//|:)')),
	CONSTRAINT ck_artifact_spelling CHECK (path ~ '^[a-z][a-z0-9+.-]*:[^{}]*$' OR (split_part(path, '#', 1) ~ '^([A-Za-z0-9_.~/+,=@-]|[{][}]|\x25[0-9A-F]{2})+$' AND path !~ '\x25(2[BCDF]|3[0-9D]|4[0-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])')),
	CONSTRAINT ck_artifact_part CHECK (strpos(path, '#') = 0 OR (path ~ '^[^#]+#([A-Za-z0-9_.~/+,=@-]|\x25[0-9A-F]{2})+$' AND split_part(path, '#', 2) !~ '\x25(2[BCDF]|3[0-9D]|4[0-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])' AND octet_length(split_part(path, '#', 2)) <= 255))
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.artifact IS 'Stored pieces of datasets: which file holds what.';

COMMENT ON COLUMN butler_internal.artifact.size IS 'Length. Unit: byte.';

COMMENT ON COLUMN butler_internal.artifact.sha256 IS 'SHA-256 of its bytes.';

COMMENT ON COLUMN butler_internal.artifact.component IS 'Which component it holds; empty for the whole dataset.';

COMMENT ON COLUMN butler_internal.artifact.formatter IS 'Name of the formatter that wrote it and reads it.';

COMMENT ON COLUMN butler_internal.artifact.path IS 'Percent-encoded, relative to the datastore''s root, {} for the dataset''s id; or a whole URI. What follows a # is the part of the file.';

COMMENT ON COLUMN butler_internal.artifact.state IS 'present; lost, as verify found; or deleting: its bytes are being deleted.';

CREATE INDEX ix_artifact_deleting ON butler_internal.artifact (dataset_id) WHERE state = 'deleting';

CREATE INDEX ix_artifact_part ON butler_internal.artifact (dataset_id) WHERE path ~ '#';

CREATE INDEX ix_artifact_path ON butler_internal.artifact (hashtextextended(split_part(path, '#', 1), 0), state) WHERE strpos(path, '{}') = 0;

CREATE TABLE butler_internal.artifact_loss (
	dataset_id UUID NOT NULL,
	datastore_id INTEGER NOT NULL,
	component TEXT NOT NULL,
	fault TEXT NOT NULL,
	found TIMESTAMP WITH TIME ZONE NOT NULL,
	found_by TEXT NOT NULL,
	CONSTRAINT pk_artifact_loss PRIMARY KEY (dataset_id, datastore_id, component),
	CONSTRAINT fk_artifact_loss_dataset FOREIGN KEY(dataset_id) REFERENCES butler_internal.dataset (dataset_id),
	CONSTRAINT ck_artifact_loss_fault CHECK (fault IN ('missing', 'size', 'sha256'))
)
 WITH (autovacuum_analyze_threshold = 0);

COMMENT ON TABLE butler_internal.artifact_loss IS 'Artifacts that were found not to be what was written: when, and by whom.';

COMMENT ON COLUMN butler_internal.artifact_loss.fault IS 'What was found: missing, size or sha256.';

COMMENT ON COLUMN butler_internal.artifact_loss.found IS 'When it was found, UTC.';

COMMENT ON COLUMN butler_internal.artifact_loss.found_by IS 'The database role that found it.';

CREATE TABLE butler_internal.calibration (
	calibration_id BIGINT DEFAULT nextval('butler_common.calibration_id') NOT NULL,
	calibration_key_id BIGINT NOT NULL,
	dataset_id UUID,
	valid TSRANGE NOT NULL,
	known TSTZRANGE NOT NULL,
	actor TEXT NOT NULL,
	reason TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_calibration PRIMARY KEY (calibration_id),
	CONSTRAINT fk_calibration_key FOREIGN KEY(calibration_key_id) REFERENCES butler_internal.calibration_key (calibration_key_id),
	CONSTRAINT fk_calibration_dataset FOREIGN KEY(dataset_id) REFERENCES butler_internal.dataset (dataset_id),
	CONSTRAINT ex_calibration_valid EXCLUDE USING gist (calibration_key_id WITH =, valid WITH &&) WHERE (upper_inf(known)),
	CONSTRAINT ck_calibration_valid CHECK (NOT isempty(valid) AND (lower_inf(valid) OR lower_inc(valid)) AND NOT upper_inc(valid) AND lower(valid) >= '0001-01-01' AND upper(valid) <= '9999-12-31'),
	CONSTRAINT ck_calibration_known CHECK (NOT isempty(known) AND lower_inc(known) AND NOT upper_inc(known) AND isfinite(lower(known)) AND isfinite(upper(known))),
	CONSTRAINT ck_calibration_reason CHECK (dataset_id IS NOT NULL OR reason <> '')
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.calibration IS 'Which calibration is valid when, and when that was believed; rows come, and none goes.';

COMMENT ON COLUMN butler_internal.calibration.calibration_id IS 'Of one assertion.';

COMMENT ON COLUMN butler_internal.calibration.dataset_id IS 'What is valid; null where it is known that there is nothing.';

COMMENT ON COLUMN butler_internal.calibration.valid IS 'Observation times that it applies to, half open; without a bound where it has no end. Time scale: TAI.';

COMMENT ON COLUMN butler_internal.calibration.known IS 'From when to when this was believed, UTC, half open; without an upper bound while it is.';

COMMENT ON COLUMN butler_internal.calibration.actor IS 'The database role that said so.';

COMMENT ON COLUMN butler_internal.calibration.reason IS 'Why.';

CREATE INDEX ix_calibration_dataset ON butler_internal.calibration (dataset_id);

CREATE INDEX ix_calibration_key_begin ON butler_internal.calibration (calibration_key_id, coalesce(lower(valid), '-infinity'::timestamp) DESC);

CREATE INDEX ix_calibration_valid_known ON butler_internal.calibration USING gist (valid, known);

CREATE TABLE butler_internal.dataset_consumer (
	quantum_id UUID NOT NULL,
	dataset_id UUID NOT NULL,
	actual BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT pk_dataset_consumer PRIMARY KEY (quantum_id, dataset_id),
	CONSTRAINT fk_dataset_consumer_quantum FOREIGN KEY(quantum_id) REFERENCES butler_internal.quantum (quantum_id),
	CONSTRAINT fk_dataset_consumer_dataset FOREIGN KEY(dataset_id) REFERENCES butler_internal.dataset (dataset_id)
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.dataset_consumer IS 'Inputs of quanta: predicted, and whether they were read.';

COMMENT ON COLUMN butler_internal.dataset_consumer.actual IS 'Whether it was really read; every row was predicted.';

CREATE INDEX ix_dataset_consumer_dataset ON butler_internal.dataset_consumer (dataset_id);

CREATE TABLE butler_internal.dataset_tag (
	collection_id BIGINT NOT NULL,
	dataset_id UUID NOT NULL,
	dataset_type_id INTEGER NOT NULL,
	digest UUID NOT NULL,
	known TSTZRANGE NOT NULL,
	CONSTRAINT fk_dataset_tag_collection FOREIGN KEY(collection_id) REFERENCES butler_internal.collection (collection_id),
	CONSTRAINT fk_dataset_tag_dataset FOREIGN KEY(dataset_id) REFERENCES butler_internal.dataset (dataset_id),
	CONSTRAINT ck_dataset_tag_known CHECK (NOT isempty(known) AND NOT lower_inf(known))
)
 WITH (autovacuum_analyze_threshold = 0, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON TABLE butler_internal.dataset_tag IS 'Members of tagged collections, now and before.';

COMMENT ON COLUMN butler_internal.dataset_tag.known IS 'From when to when it was in the collection, UTC.';

CREATE INDEX ix_dataset_tag_collection ON butler_internal.dataset_tag (collection_id, dataset_type_id, digest);

CREATE INDEX ix_dataset_tag_dataset ON butler_internal.dataset_tag (dataset_id);

CREATE UNIQUE INDEX uq_dataset_tag_now ON butler_internal.dataset_tag (collection_id, dataset_type_id, digest) WHERE upper_inf(known);

ALTER TABLE butler_internal.run ADD CONSTRAINT fk_run_environment FOREIGN KEY(environment) REFERENCES butler_internal.dataset (dataset_id);

ALTER TABLE butler_internal.run ADD CONSTRAINT fk_run_pipeline FOREIGN KEY(pipeline) REFERENCES butler_internal.dataset (dataset_id);
