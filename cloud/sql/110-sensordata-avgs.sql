-- One row per reading: the average over the minute that ends with it, in its highest revision.

CREATE OR REPLACE VIEW sensordata_avgs AS
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, epoch, seq, revision
FROM (
  SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
         datetime, epoch, seq, revision,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
           ORDER BY revision DESC, msg_count DESC
         ) AS delivery
  FROM sensordata_avgs_landing
) AS deliveries
WHERE delivery = 1;
