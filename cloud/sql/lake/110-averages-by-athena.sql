-- One row per reading: the average over the minute that ends with it, computed when somebody asks. Both ends count,
-- as in the post's RANGE INTERVAL '1' MINUTE PRECEDING. Whole thousandths, so that a tie is a tie when it is rounded.
-- A reading beyond ±999 counts nowhere, as in the Flink job: what no DECIMAL(4,1) holds would stop the query for all.

CREATE OR REPLACE VIEW station_names AS
SELECT TRIM(deviceid) AS deviceid, MAX(NULLIF(TRIM(weatherstationname), '')) AS weatherstationname
FROM stations
GROUP BY TRIM(deviceid);

CREATE OR REPLACE VIEW sensordata_avgs AS
SELECT averages.deviceid, names.weatherstationname, min_datetime,
       CAST(FLOOR(CAST(temperature_sum AS DOUBLE) / temperature_count / 100 + 0.5) / 10 AS DECIMAL(4,1))
         AS avg_temperature,
       CAST(FLOOR(CAST(humidity_sum AS DOUBLE) / humidity_count / 100 + 0.5) / 10 AS DECIMAL(4,1)) AS avg_humidity,
       msg_count, datetime, epoch, seq, 0 AS revision
FROM (
  SELECT deviceid, datetime, epoch, seq,
         MIN(datetime) OVER lastminute AS min_datetime,
         SUM(CAST(ROUND(temperature * 1000) AS BIGINT)) OVER lastminute AS temperature_sum,
         COUNT(temperature) OVER lastminute AS temperature_count,
         SUM(CAST(ROUND(humidity * 1000) AS BIGINT)) OVER lastminute AS humidity_sum,
         COUNT(humidity) OVER lastminute AS humidity_count,
         COUNT(*) OVER lastminute AS msg_count
  FROM sensordata
  WHERE COALESCE(ABS(temperature), 0) <= 999 AND COALESCE(ABS(humidity), 0) <= 999
  WINDOW lastminute AS (
    PARTITION BY deviceid ORDER BY datetime RANGE BETWEEN INTERVAL '60' SECOND PRECEDING AND CURRENT ROW
  )
) AS averages
LEFT JOIN station_names AS names ON names.deviceid = averages.deviceid;
