-- What Firehose copies into: append only, one row per delivery, so a reading that was delivered twice stands twice.
-- Nobody reads these tables but the views of 1xx, which show each reading once.

CREATE TABLE sensordata_landing (
  deviceid VARCHAR(128) NOT NULL,
  datetime TIMESTAMP NOT NULL,
  temperature DOUBLE PRECISION,
  humidity DOUBLE PRECISION,
  winddirection DOUBLE PRECISION,
  windintensity DOUBLE PRECISION,
  rainheight DOUBLE PRECISION,
  epoch VARCHAR(64),
  seq BIGINT,
  windgust DOUBLE PRECISION,
  pressure DOUBLE PRECISION,
  timequality VARCHAR(16),
  quality SUPER,
  loaded TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, datetime);

CREATE TABLE sensordata_avgs_landing (
  deviceid VARCHAR(128) NOT NULL,
  weatherstationname VARCHAR(512),
  min_datetime TIMESTAMP NOT NULL,
  avg_temperature DECIMAL(4,1),
  avg_humidity DECIMAL(4,1),
  msg_count INTEGER NOT NULL,
  datetime TIMESTAMP NOT NULL,
  epoch VARCHAR(64),
  seq BIGINT,
  revision INTEGER NOT NULL,
  loaded TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, datetime);

-- from and to are reserved words; the stations' messages keep their names, so COPY needs these two as they are.
CREATE TABLE gaps_landing (
  deviceid VARCHAR(128) NOT NULL,
  epoch VARCHAR(64) NOT NULL,
  fromseq BIGINT NOT NULL,
  toseq BIGINT NOT NULL,
  "count" BIGINT NOT NULL,
  "from" TIMESTAMP,
  "to" TIMESTAMP,
  reason VARCHAR(16),
  loaded TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, fromseq);

CREATE TABLE prealerts_landing (
  deviceid VARCHAR(128) NOT NULL,
  epoch VARCHAR(64) NOT NULL,
  seq BIGINT NOT NULL,
  datetime TIMESTAMP NOT NULL,
  timequality VARCHAR(16),
  rule VARCHAR(256),
  kind VARCHAR(16),
  quantity VARCHAR(32),
  severity VARCHAR(16),
  transition VARCHAR(16),
  value DOUBLE PRECISION,
  "limit" DOUBLE PRECISION,
  unit VARCHAR(16),
  minutestolimit DOUBLE PRECISION,
  "text" VARCHAR(4096),
  loaded TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, datetime);

-- receivedms: when the rule saw the message; the broker sends the "offline" one itself, which has no datetime.
CREATE TABLE status_landing (
  deviceid VARCHAR(128) NOT NULL,
  state VARCHAR(16) NOT NULL,
  datetime TIMESTAMP,
  epoch VARCHAR(64),
  version VARCHAR(64),
  waiting BIGINT,
  receivedms BIGINT NOT NULL,
  loaded TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, receivedms);
