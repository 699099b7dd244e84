-- One row per reading: the average over the minute that ends with it, in its highest revision.

-- What was delivered since the last compaction. A revision of a row that is compacted counts from the next one on. As
-- with the readings, numbers are counted first, and only what was revised or came again is ranked.
CREATE OR REPLACE VIEW open_averages AS
WITH repeated AS (
  SELECT deviceid, epoch, seq FROM sensordata_avgs_landing
  WHERE epoch <> '' AND seq IS NOT NULL
  GROUP BY deviceid, epoch, seq HAVING COUNT(*) > 1
)
SELECT deliveries.deviceid, deliveries.weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, deliveries.epoch, seq, revision
FROM (
  SELECT landed.deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
         datetime, landed.epoch, landed.seq, revision
  FROM sensordata_avgs_landing AS landed
  LEFT JOIN repeated
    ON repeated.deviceid = landed.deviceid AND repeated.epoch = landed.epoch AND repeated.seq = landed.seq
  WHERE landed.epoch <> '' AND landed.seq IS NOT NULL AND repeated.deviceid IS NULL
  UNION ALL
  SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
         datetime, epoch, seq, revision
  FROM (
    SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
           datetime, epoch, seq, revision,
           ROW_NUMBER() OVER (
             PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
             ORDER BY revision DESC, msg_count DESC
           ) AS delivery
    FROM (
      SELECT landed.deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
             datetime, landed.epoch, landed.seq, revision
      FROM sensordata_avgs_landing AS landed
      JOIN repeated
        ON repeated.deviceid = landed.deviceid AND repeated.epoch = landed.epoch AND repeated.seq = landed.seq
      UNION ALL
      SELECT landed.deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
             landed.datetime, CAST(NULL AS VARCHAR(64)) AS epoch, CAST(NULL AS BIGINT) AS seq, revision
      FROM sensordata_avgs_landing AS landed
      LEFT JOIN (
        SELECT deviceid, datetime FROM sensordata_avgs_final
        WHERE epoch = '' AND datetime >= (
          SELECT MIN(datetime) FROM sensordata_avgs_landing WHERE epoch IS NULL OR epoch = '' OR seq IS NULL
        )
      ) AS known ON known.deviceid = landed.deviceid AND known.datetime = landed.datetime
      WHERE (landed.epoch IS NULL OR landed.epoch = '' OR landed.seq IS NULL) AND known.deviceid IS NULL
    ) AS again
  ) AS ranked
  WHERE delivery = 1
) AS deliveries
LEFT JOIN average_ranges_final AS compacted
  ON compacted.deviceid = deliveries.deviceid AND compacted.epoch = deliveries.epoch
 AND compacted.fromseq <= deliveries.seq AND compacted.toseq >= deliveries.seq
WHERE compacted.deviceid IS NULL;

-- The newest come first, as in sensordata. An average has the time of its reading.
CREATE OR REPLACE VIEW sensordata_avgs AS
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, epoch, seq, revision
FROM open_averages
UNION ALL
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, CAST(NULLIF(epoch, '') AS VARCHAR(64)) AS epoch, CASE WHEN epoch <> '' THEN seq END AS seq, revision
FROM sensordata_avgs_final
WHERE datetime >= (
  SELECT DATEADD('hour', -1, COALESCE(MAX(last_datetime), CAST('1970-01-01 00:00:00' AS TIMESTAMP)))
  FROM reading_ranges_final
)
UNION ALL
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
       datetime, CAST(NULLIF(epoch, '') AS VARCHAR(64)) AS epoch, CASE WHEN epoch <> '' THEN seq END AS seq, revision
FROM sensordata_avgs_final
WHERE datetime < (
  SELECT DATEADD('hour', -1, COALESCE(MAX(last_datetime), CAST('1970-01-01 00:00:00' AS TIMESTAMP)))
  FROM reading_ranges_final
);

CREATE OR REPLACE VIEW station_names AS
SELECT deviceid, MAX(weatherstationname) AS weatherstationname
FROM (
  SELECT deviceid, weatherstationname FROM average_ranges_final
  UNION ALL
  SELECT deviceid, weatherstationname FROM sensordata_avgs_landing
) AS names
GROUP BY deviceid;
