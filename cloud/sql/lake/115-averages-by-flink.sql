-- One row per reading: the average over the minute that ends with it, in the highest revision that the job wrote.

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

CREATE OR REPLACE VIEW station_names AS
SELECT TRIM(deviceid) AS deviceid, MAX(NULLIF(TRIM(weatherstationname), '')) AS weatherstationname
FROM stations
GROUP BY TRIM(deviceid);
