-- What release 0.2 adds to the landing tables. One column a statement: Redshift takes no more.
-- previousepoch, previousseq: on the first message of an epoch, which epoch came before it and how far that one got.

ALTER TABLE sensordata_landing ADD COLUMN previousepoch VARCHAR(64);
ALTER TABLE sensordata_landing ADD COLUMN previousseq BIGINT;
ALTER TABLE gaps_landing ADD COLUMN previousepoch VARCHAR(64);
ALTER TABLE gaps_landing ADD COLUMN previousseq BIGINT;

-- What an operator deleted because it was old: it is no loss. Written by delete-old-readings.sql.
CREATE TABLE retention_marks (
  deviceid VARCHAR(128) NOT NULL,
  epoch VARCHAR(64) NOT NULL,
  throughseq BIGINT NOT NULL,
  marked TIMESTAMP DEFAULT SYSDATE
) DISTSTYLE KEY DISTKEY (deviceid) COMPOUND SORTKEY (deviceid);
