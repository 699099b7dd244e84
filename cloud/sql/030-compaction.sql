-- Where compaction (compact.sql) puts what has been loaded: each reading once, so that a query costs what it asks for
-- and not all that was ever delivered. Sorted by time, because people ask by time.

CREATE TABLE sensordata_final (
  deviceid VARCHAR(128) NOT NULL,
  datetime TIMESTAMP NOT NULL,
  temperature DOUBLE PRECISION,
  humidity DOUBLE PRECISION,
  winddirection DOUBLE PRECISION,
  windintensity DOUBLE PRECISION,
  rainheight DOUBLE PRECISION,
  epoch VARCHAR(64) NOT NULL,
  seq BIGINT NOT NULL,
  windgust DOUBLE PRECISION,
  pressure DOUBLE PRECISION,
  timequality VARCHAR(16),
  quality SUPER
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (datetime);

CREATE TABLE sensordata_avgs_final (
  deviceid VARCHAR(128) NOT NULL,
  weatherstationname VARCHAR(512),
  min_datetime TIMESTAMP NOT NULL,
  avg_temperature DECIMAL(4,1),
  avg_humidity DECIMAL(4,1),
  msg_count INTEGER NOT NULL,
  datetime TIMESTAMP NOT NULL,
  epoch VARCHAR(64) NOT NULL,
  seq BIGINT NOT NULL,
  revision INTEGER NOT NULL
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (datetime);

-- Which readings of sensordata_final there are: one row for each run of numbers without a hole.
-- first_datetime, last_datetime: of times that are not estimated and not in the future.
CREATE TABLE reading_ranges_final (
  deviceid VARCHAR(128) NOT NULL,
  epoch VARCHAR(64) NOT NULL,
  fromseq BIGINT NOT NULL,
  toseq BIGINT NOT NULL,
  from_datetime TIMESTAMP,
  to_datetime TIMESTAMP,
  first_datetime TIMESTAMP,
  last_datetime TIMESTAMP,
  known_since TIMESTAMP,
  last_reading TIMESTAMP,
  last_arrival TIMESTAMP,
  previousepoch VARCHAR(64),
  previousseq BIGINT
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, epoch, fromseq);

CREATE TABLE average_ranges_final (
  deviceid VARCHAR(128) NOT NULL,
  epoch VARCHAR(64) NOT NULL,
  fromseq BIGINT NOT NULL,
  toseq BIGINT NOT NULL,
  weatherstationname VARCHAR(512)
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, epoch, fromseq);
