-- The common optional quantities as columns of the landing table too: COPY reads them as numbers, so that the view
-- sensordata casts nothing. extra keeps all that it had; the compaction takes them from there, so that a row that was
-- loaded without the columns, while a deploy was under way, has them from the next compaction on.

ALTER TABLE sensordata_landing ADD COLUMN soiltemperature DOUBLE PRECISION;
ALTER TABLE sensordata_landing ADD COLUMN secondtemperature DOUBLE PRECISION;
ALTER TABLE sensordata_landing ADD COLUMN supplyvoltage DOUBLE PRECISION;
ALTER TABLE sensordata_landing ADD COLUMN supplycurrent DOUBLE PRECISION;
ALTER TABLE sensordata_landing ADD COLUMN illuminance DOUBLE PRECISION;

UPDATE sensordata_landing
SET soiltemperature = named.soiltemperature, secondtemperature = named.secondtemperature,
    supplyvoltage = named.supplyvoltage, supplycurrent = named.supplycurrent, illuminance = named.illuminance
FROM (
  SELECT deviceid, datetime, COALESCE(epoch, '') AS epoch, COALESCE(seq, -1) AS seq,
         MAX(CAST(readings.extra.soiltemperature AS DOUBLE PRECISION)) AS soiltemperature,
         MAX(CAST(readings.extra.secondtemperature AS DOUBLE PRECISION)) AS secondtemperature,
         MAX(CAST(readings.extra.supplyvoltage AS DOUBLE PRECISION)) AS supplyvoltage,
         MAX(CAST(readings.extra.supplycurrent AS DOUBLE PRECISION)) AS supplycurrent,
         MAX(CAST(readings.extra.illuminance AS DOUBLE PRECISION)) AS illuminance
  FROM sensordata_landing AS readings
  WHERE extra IS NOT NULL
  GROUP BY deviceid, datetime, COALESCE(epoch, ''), COALESCE(seq, -1)
) AS named
WHERE sensordata_landing.deviceid = named.deviceid AND sensordata_landing.datetime = named.datetime
  AND COALESCE(sensordata_landing.epoch, '') = named.epoch AND COALESCE(sensordata_landing.seq, -1) = named.seq
  AND sensordata_landing.extra IS NOT NULL;
