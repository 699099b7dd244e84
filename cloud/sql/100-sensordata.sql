-- Each reading once, however often and in whatever order it was delivered. The post's columns first.
-- epoch and seq name a reading. Without them, or with one of them alone (the post's own message), its device and its time
-- name it: the same second is the same reading, as in the Flink job. In the final tables such a one has the epoch ''.
-- A reading that was sent, not acknowledged and stamped again keeps the better time. Where that does not decide, an
-- estimated time comes last, and then the values decide, so that no order of arrival changes a table.

-- What was delivered since the last compaction. A repetition of what is compacted counts from the next one on.
-- Almost every reading comes once. So the numbers are counted first, and only what came again is ranked: an order or a
-- filter by time then reaches the deliveries themselves.
CREATE OR REPLACE VIEW uncompacted_readings AS
WITH repeated AS (
  SELECT deviceid, epoch, seq FROM sensordata_landing
  WHERE epoch <> '' AND seq IS NOT NULL
  GROUP BY deviceid, epoch, seq HAVING COUNT(*) > 1
)
SELECT deliveries.deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       deliveries.epoch, seq, windgust, pressure, timequality, quality, extra,
       soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance,
       deliveries.previousepoch, deliveries.previousseq, deliveries.first_arrival, deliveries.arrival
FROM (
  SELECT landed.deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         landed.epoch, landed.seq, windgust, pressure, timequality, quality, extra,
         soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, previousepoch, previousseq,
         loaded AS first_arrival, loaded AS arrival
  FROM sensordata_landing AS landed
  LEFT JOIN repeated
    ON repeated.deviceid = landed.deviceid AND repeated.epoch = landed.epoch AND repeated.seq = landed.seq
  WHERE landed.epoch <> '' AND landed.seq IS NOT NULL AND repeated.deviceid IS NULL
  UNION ALL
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         epoch, seq, windgust, pressure, timequality, quality, extra,
         soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, previousepoch, previousseq,
         first_arrival, arrival
  FROM (
    SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
           epoch, seq, windgust, pressure, timequality, quality, extra,
           soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, previousepoch, previousseq,
           MIN(loaded) OVER (PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END) AS first_arrival,
           MAX(loaded) OVER (PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END) AS arrival,
           ROW_NUMBER() OVER (
             PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
             ORDER BY CASE timequality WHEN 'synced' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, datetime DESC,
                      CASE timequality WHEN 'estimated' THEN 1 ELSE 0 END,
                      temperature, humidity, winddirection, windintensity, rainheight, windgust, pressure, timequality
           ) AS delivery
    FROM (
      SELECT landed.deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
             landed.epoch, landed.seq, windgust, pressure, timequality, quality, extra,
             soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, previousepoch, previousseq,
             loaded
      FROM sensordata_landing AS landed
      JOIN repeated
        ON repeated.deviceid = landed.deviceid AND repeated.epoch = landed.epoch AND repeated.seq = landed.seq
      UNION ALL
      SELECT landed.deviceid, landed.datetime, temperature, humidity, winddirection, windintensity, rainheight,
             CAST(NULL AS VARCHAR(64)) AS epoch, CAST(NULL AS BIGINT) AS seq, windgust, pressure, timequality, quality,
             extra, soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance,
             CAST(NULL AS VARCHAR(64)) AS previousepoch, CAST(NULL AS BIGINT) AS previousseq, loaded
      FROM sensordata_landing AS landed
      LEFT JOIN (
        SELECT deviceid, datetime FROM sensordata_final
        WHERE epoch = '' AND datetime >= (
          SELECT MIN(datetime) FROM sensordata_landing WHERE epoch IS NULL OR epoch = '' OR seq IS NULL
        )
      ) AS known ON known.deviceid = landed.deviceid AND known.datetime = landed.datetime
      WHERE (landed.epoch IS NULL OR landed.epoch = '' OR landed.seq IS NULL) AND known.deviceid IS NULL
    ) AS again
  ) AS ranked
  WHERE delivery = 1
) AS deliveries
LEFT JOIN reading_ranges_final AS compacted
  ON compacted.deviceid = deliveries.deviceid AND compacted.epoch = deliveries.epoch
 AND compacted.fromseq <= deliveries.seq AND compacted.toseq >= deliveries.seq
WHERE compacted.deviceid IS NULL;

-- The common optional quantities are columns of both tables, so that nothing is cast; extra holds them too.
-- The newest come first, those that are open and the last hour of the final table: a question for the newest readings
-- has them before it comes to the rest, and passes over its blocks by their times.
CREATE OR REPLACE VIEW sensordata AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       epoch, seq, windgust, pressure, timequality, quality,
       soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, extra
FROM uncompacted_readings
UNION ALL
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       CAST(NULLIF(epoch, '') AS VARCHAR(64)) AS epoch, CASE WHEN epoch <> '' THEN seq END AS seq,
       windgust, pressure, timequality, quality,
       soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, extra
FROM sensordata_final
WHERE datetime >= (
  SELECT DATEADD('hour', -1, COALESCE(MAX(last_datetime), CAST('1970-01-01 00:00:00' AS TIMESTAMP)))
  FROM reading_ranges_final
)
UNION ALL
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       CAST(NULLIF(epoch, '') AS VARCHAR(64)) AS epoch, CASE WHEN epoch <> '' THEN seq END AS seq,
       windgust, pressure, timequality, quality,
       soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance, extra
FROM sensordata_final
WHERE datetime < (
  SELECT DATEADD('hour', -1, COALESCE(MAX(last_datetime), CAST('1970-01-01 00:00:00' AS TIMESTAMP)))
  FROM reading_ranges_final
);

-- Which readings there are, compacted ones as runs of numbers. What asks for numbers reads this and no readings.
-- Of compacted readings without a number there is one row for each station, from 1 to how many they are.
CREATE OR REPLACE VIEW reading_ranges AS
SELECT deviceid, CAST(NULLIF(epoch, '') AS VARCHAR(64)) AS epoch, fromseq, toseq,
       from_datetime, to_datetime, first_datetime, last_datetime,
       known_since, last_reading, last_arrival, previousepoch, previousseq
FROM reading_ranges_final
UNION ALL
SELECT deviceid, epoch, seq AS fromseq, seq AS toseq, datetime AS from_datetime, datetime AS to_datetime,
       CASE WHEN timequality <> 'estimated' AND datetime <= DATEADD('minute', 5, first_arrival) THEN datetime END
         AS first_datetime,
       CASE WHEN timequality <> 'estimated' AND datetime <= DATEADD('minute', 5, first_arrival) THEN datetime END
         AS last_datetime,
       first_arrival AS known_since,
       CASE WHEN datetime <= DATEADD('minute', 5, arrival) THEN datetime END AS last_reading,
       arrival AS last_arrival, previousepoch, previousseq
FROM uncompacted_readings;

-- The former name; the new one has more columns.
DROP VIEW IF EXISTS open_readings;
