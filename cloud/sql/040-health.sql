-- How the stations say they are, every quarter of an hour. receivedms: when the rule saw the message.
-- instruments, faults, doubted, refused: names and texts. What a machine does not tell is NULL.

CREATE TABLE health_landing (
  deviceid VARCHAR(128) NOT NULL,
  datetime TIMESTAMP NOT NULL,
  timequality VARCHAR(16),
  epoch VARCHAR(64),
  version VARCHAR(64),
  uptime BIGINT,
  waiting BIGINT,
  unstored BIGINT,
  instruments SUPER,
  failing INTEGER,
  faults SUPER,
  doubted SUPER,
  lostpulses BIGINT,
  store VARCHAR(2048),
  uncleanshutdowns BIGINT,
  boots BIGINT,
  clocksteps BIGINT,
  certificatedays BIGINT,
  writtenbytes BIGINT,
  reconnects BIGINT,
  problem VARCHAR(2048),
  refused SUPER,
  freedisk BIGINT,
  freememory BIGINT,
  load DOUBLE PRECISION,
  cputemperature DOUBLE PRECISION,
  undervoltage BOOLEAN,
  undervoltages BIGINT,
  lastundervoltage TIMESTAMP,
  throttled BOOLEAN,
  wifisignal DOUBLE PRECISION,
  receivedms BIGINT NOT NULL,
  loaded TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid, receivedms);

-- Redshift replaces a view only by one with the same columns, and station_health gets more. Without CASCADE, so that a
-- view of yours which reads it stops the deploy and is named, instead of being dropped.
DROP VIEW IF EXISTS station_health;
