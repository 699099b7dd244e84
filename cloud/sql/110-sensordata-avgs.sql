-- One row per reading: the average over the minute that ends with it, in its highest revision.
-- A revision of a row that is compacted counts from the next compaction on.

CREATE OR REPLACE VIEW sensordata_avgs AS
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, epoch, seq, revision
FROM sensordata_avgs_final
UNION ALL
SELECT deliveries.deviceid, deliveries.weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, deliveries.epoch, seq, revision
FROM (
  SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
         datetime, epoch, seq, revision,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
           ORDER BY revision DESC, msg_count DESC
         ) AS delivery
  FROM sensordata_avgs_landing
) AS deliveries
LEFT JOIN average_ranges_final AS compacted
  ON compacted.deviceid = deliveries.deviceid AND compacted.epoch = deliveries.epoch
 AND compacted.fromseq <= deliveries.seq AND compacted.toseq >= deliveries.seq
WHERE delivery = 1 AND compacted.deviceid IS NULL;

CREATE OR REPLACE VIEW station_names AS
SELECT deviceid, MAX(weatherstationname) AS weatherstationname
FROM (
  SELECT deviceid, weatherstationname FROM average_ranges_final
  UNION ALL
  SELECT deviceid, weatherstationname FROM sensordata_avgs_landing
) AS names
GROUP BY deviceid;
