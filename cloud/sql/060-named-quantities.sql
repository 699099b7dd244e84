-- The common optional quantities as columns of the final table, so that the view sensordata reads them instead of
-- casting extra for every row that was ever compacted. The compaction fills them; extra keeps all that it had.

ALTER TABLE sensordata_final ADD COLUMN soiltemperature DOUBLE PRECISION;
ALTER TABLE sensordata_final ADD COLUMN secondtemperature DOUBLE PRECISION;
ALTER TABLE sensordata_final ADD COLUMN supplyvoltage DOUBLE PRECISION;
ALTER TABLE sensordata_final ADD COLUMN supplycurrent DOUBLE PRECISION;
ALTER TABLE sensordata_final ADD COLUMN illuminance DOUBLE PRECISION;

UPDATE sensordata_final
SET soiltemperature = named.soiltemperature, secondtemperature = named.secondtemperature,
    supplyvoltage = named.supplyvoltage, supplycurrent = named.supplycurrent, illuminance = named.illuminance
FROM (
  SELECT deviceid, epoch, seq,
         CAST(readings.extra.soiltemperature AS DOUBLE PRECISION) AS soiltemperature,
         CAST(readings.extra.secondtemperature AS DOUBLE PRECISION) AS secondtemperature,
         CAST(readings.extra.supplyvoltage AS DOUBLE PRECISION) AS supplyvoltage,
         CAST(readings.extra.supplycurrent AS DOUBLE PRECISION) AS supplycurrent,
         CAST(readings.extra.illuminance AS DOUBLE PRECISION) AS illuminance
  FROM sensordata_final AS readings
  WHERE extra IS NOT NULL
) AS named
WHERE sensordata_final.deviceid = named.deviceid AND sensordata_final.epoch = named.epoch
  AND sensordata_final.seq = named.seq;
