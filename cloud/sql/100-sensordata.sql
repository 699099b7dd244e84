-- Each reading once, however often and in whatever order it was delivered. The post's columns first.
-- A reading without epoch and seq (the post's own) is named by its device and time.
-- A reading that was sent, not acknowledged and stamped again keeps the better time.

-- What was delivered since the last compaction. A repetition of what is compacted counts from the next one on.
CREATE OR REPLACE VIEW open_readings AS
SELECT deliveries.deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       deliveries.epoch, seq, windgust, pressure, timequality, quality, extra,
       deliveries.previousepoch, deliveries.previousseq, deliveries.first_arrival, deliveries.arrival
FROM (
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         epoch, seq, windgust, pressure, timequality, quality, extra, previousepoch, previousseq,
         MIN(loaded) OVER (PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END) AS first_arrival,
         MAX(loaded) OVER (PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END) AS arrival,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
           ORDER BY CASE timequality WHEN 'synced' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, datetime DESC
         ) AS delivery
  FROM sensordata_landing
) AS deliveries
LEFT JOIN reading_ranges_final AS compacted
  ON compacted.deviceid = deliveries.deviceid AND compacted.epoch = deliveries.epoch
 AND compacted.fromseq <= deliveries.seq AND compacted.toseq >= deliveries.seq
WHERE delivery = 1 AND compacted.deviceid IS NULL;

-- extra holds what has no column of its own; the row check lets only numbers under these names.
CREATE OR REPLACE VIEW sensordata AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       epoch, seq, windgust, pressure, timequality, quality,
       CAST(readings.extra.soiltemperature AS DOUBLE PRECISION) AS soiltemperature,
       CAST(readings.extra.secondtemperature AS DOUBLE PRECISION) AS secondtemperature,
       CAST(readings.extra.supplyvoltage AS DOUBLE PRECISION) AS supplyvoltage,
       CAST(readings.extra.supplycurrent AS DOUBLE PRECISION) AS supplycurrent,
       CAST(readings.extra.illuminance AS DOUBLE PRECISION) AS illuminance,
       extra
FROM (
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         epoch, seq, windgust, pressure, timequality, quality, extra
  FROM sensordata_final
  UNION ALL
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         epoch, seq, windgust, pressure, timequality, quality, extra
  FROM open_readings
) AS readings;

-- Which readings there are, compacted ones as runs of numbers. What asks for numbers reads this and no readings.
CREATE OR REPLACE VIEW reading_ranges AS
SELECT deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime, last_datetime,
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
FROM open_readings;
