-- Not part of a deploy: the hourly compaction, one transaction. It takes what was loaded more than ten minutes ago, so
-- that no COPY is still under way, and puts each reading and each average once into the final tables. What has no name
-- of its own (the post's own messages: no epoch, no seq) gets the epoch '' and its second as number.

CREATE TEMP TABLE slice AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       CASE WHEN epoch <> '' AND seq IS NOT NULL THEN epoch ELSE '' END AS epoch,
       CASE WHEN epoch <> '' AND seq IS NOT NULL THEN seq
            ELSE DATEDIFF('second', CAST('1970-01-01 00:00:00' AS TIMESTAMP), datetime) END AS seq,
       windgust, pressure, timequality, quality, extra, previousepoch, previousseq, loaded
FROM sensordata_landing
WHERE loaded < DATEADD('minute', -10, SYSDATE);

-- What the final table has already. Usually nothing: then nothing is looked for in it, and nothing deleted from it.
-- Numbers that are marked as deleted may be there: what was deleted went by time.
CREATE TEMP TABLE again AS
SELECT DISTINCT slice.deviceid, slice.epoch, slice.seq
FROM slice
JOIN (
  SELECT deviceid, epoch, fromseq, toseq FROM reading_ranges_final
  UNION ALL
  SELECT deviceid, epoch, 1 AS fromseq, throughseq AS toseq FROM retention_marks
) AS compacted
  ON compacted.deviceid = slice.deviceid AND compacted.epoch = slice.epoch
 AND compacted.fromseq <= slice.seq AND compacted.toseq >= slice.seq
WHERE slice.epoch <> ''
UNION ALL
SELECT DISTINCT slice.deviceid, slice.epoch, slice.seq
FROM slice
JOIN (
  SELECT deviceid, datetime FROM sensordata_final
  WHERE epoch = '' AND datetime >= (SELECT MIN(datetime) FROM slice WHERE epoch = '')
) AS known ON known.deviceid = slice.deviceid AND known.datetime = slice.datetime
WHERE slice.epoch = '';

CREATE TEMP TABLE merged AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight, epoch, seq, windgust,
       pressure, timequality, quality, extra
FROM (
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight, epoch, seq, windgust,
         pressure, timequality, quality, extra,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq
           ORDER BY CASE timequality WHEN 'synced' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, datetime DESC,
                    CASE timequality WHEN 'estimated' THEN 1 ELSE 0 END,
                    temperature, humidity, winddirection, windintensity, rainheight, windgust, pressure, timequality
         ) AS delivery
  FROM (
    SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight, epoch, seq, windgust,
           pressure, timequality, quality, extra
    FROM slice
    UNION ALL
    SELECT known.deviceid, known.datetime, temperature, humidity, winddirection, windintensity, rainheight,
           known.epoch, known.seq, windgust, pressure, timequality, quality, extra
    FROM sensordata_final AS known
    JOIN again ON again.deviceid = known.deviceid AND again.epoch = known.epoch AND again.seq = known.seq
  ) AS deliveries
) AS numbered
WHERE delivery = 1;

DELETE FROM sensordata_final USING again
WHERE sensordata_final.deviceid = again.deviceid AND sensordata_final.epoch = again.epoch
  AND sensordata_final.seq = again.seq;

-- The optional quantities that the view shows get their columns here, once.
INSERT INTO sensordata_final (deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
                              epoch, seq, windgust, pressure, timequality, quality, extra,
                              soiltemperature, secondtemperature, supplyvoltage, supplycurrent, illuminance)
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight, epoch, seq, windgust,
       pressure, timequality, quality, extra,
       CAST(readings.extra.soiltemperature AS DOUBLE PRECISION),
       CAST(readings.extra.secondtemperature AS DOUBLE PRECISION),
       CAST(readings.extra.supplyvoltage AS DOUBLE PRECISION),
       CAST(readings.extra.supplycurrent AS DOUBLE PRECISION),
       CAST(readings.extra.illuminance AS DOUBLE PRECISION)
FROM merged AS readings ORDER BY datetime;

-- Runs of numbers: those of the epochs concerned and the new ones, joined where they touch. Of two with the same end the new
-- one has the better time.
CREATE TEMP TABLE runs AS
SELECT deviceid, epoch, MIN(fromseq) AS fromseq, MAX(toseq) AS toseq,
       MIN(CASE WHEN fromstart = 1 THEN from_datetime END) AS from_datetime,
       MIN(CASE WHEN fromend = 1 THEN to_datetime END) AS to_datetime, MIN(first_datetime) AS first_datetime, MAX(last_datetime) AS last_datetime,
       MIN(known_since) AS known_since, MAX(last_reading) AS last_reading, MAX(last_arrival) AS last_arrival,
       MAX(previousepoch) AS previousepoch, MAX(previousseq) AS previousseq
FROM (
  SELECT deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime, last_datetime, known_since,
         last_reading, last_arrival, previousepoch, previousseq, isnew, run,
         ROW_NUMBER() OVER (PARTITION BY deviceid, epoch, run ORDER BY fromseq, toseq, isnew DESC) AS fromstart,
         ROW_NUMBER() OVER (PARTITION BY deviceid, epoch, run ORDER BY toseq DESC, fromseq DESC, isnew DESC) AS fromend
  FROM (
    SELECT deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime, last_datetime, known_since,
           last_reading, last_arrival, previousepoch, previousseq, isnew,
           SUM(CASE WHEN fromseq > covered + 1 THEN 1 ELSE 0 END) OVER (
             PARTITION BY deviceid, epoch ORDER BY fromseq, toseq ROWS UNBOUNDED PRECEDING
           ) AS run
    FROM (
      SELECT deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime, last_datetime, known_since,
             last_reading, last_arrival, previousepoch, previousseq, isnew,
             MAX(toseq) OVER (
               PARTITION BY deviceid, epoch ORDER BY fromseq, toseq
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
             ) AS covered
      FROM (
        SELECT known.deviceid, known.epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime, last_datetime,
               known_since, last_reading, last_arrival, previousepoch, previousseq, 0 AS isnew
        FROM reading_ranges_final AS known
        JOIN (SELECT DISTINCT deviceid, epoch FROM slice WHERE epoch <> '') AS concerned
          ON concerned.deviceid = known.deviceid AND concerned.epoch = known.epoch
        UNION ALL
        SELECT slice.deviceid, slice.epoch, slice.seq AS fromseq, slice.seq AS toseq,
               MIN(merged.datetime) AS from_datetime, MIN(merged.datetime) AS to_datetime,
               MIN(CASE WHEN merged.timequality <> 'estimated' AND merged.datetime <= DATEADD('minute', 5, loaded)
                   THEN merged.datetime END) AS first_datetime,
               MIN(CASE WHEN merged.timequality <> 'estimated' AND merged.datetime <= DATEADD('minute', 5, loaded)
                   THEN merged.datetime END) AS last_datetime,
               MIN(loaded) AS known_since,
               MAX(CASE WHEN merged.datetime <= DATEADD('minute', 5, loaded) THEN merged.datetime END) AS last_reading,
               MAX(loaded) AS last_arrival, MAX(previousepoch) AS previousepoch, MAX(previousseq) AS previousseq,
               1 AS isnew
        FROM slice
        JOIN merged
          ON merged.deviceid = slice.deviceid AND merged.epoch = slice.epoch AND merged.seq = slice.seq
        WHERE slice.epoch <> ''
        GROUP BY slice.deviceid, slice.epoch, slice.seq
      ) AS pieces
    ) AS ordered
  ) AS grouped
) AS ends
GROUP BY deviceid, epoch, run;

DELETE FROM reading_ranges_final USING runs
WHERE reading_ranges_final.deviceid = runs.deviceid AND reading_ranges_final.epoch = runs.epoch;

INSERT INTO reading_ranges_final (deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime,
                                  last_datetime, known_since, last_reading, last_arrival, previousepoch, previousseq)
SELECT deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime, last_datetime, known_since,
       last_reading, last_arrival, previousepoch, previousseq
FROM runs;

-- Of readings without a number: how many there are of each station, those that are new added to those that were known.
CREATE TEMP TABLE unnumbered AS
SELECT deviceid, SUM(readings) AS readings, MIN(from_datetime) AS from_datetime, MAX(to_datetime) AS to_datetime,
       MIN(first_datetime) AS first_datetime, MAX(last_datetime) AS last_datetime,
       MIN(known_since) AS known_since, MAX(last_reading) AS last_reading, MAX(last_arrival) AS last_arrival
FROM (
  SELECT known.deviceid, toseq AS readings, from_datetime, to_datetime, first_datetime, last_datetime, known_since,
         last_reading, last_arrival
  FROM reading_ranges_final AS known
  JOIN (SELECT DISTINCT deviceid FROM slice WHERE epoch = '') AS concerned ON concerned.deviceid = known.deviceid
  WHERE known.epoch = ''
  UNION ALL
  SELECT merged.deviceid, CASE WHEN again.deviceid IS NULL THEN 1 ELSE 0 END AS readings,
         merged.datetime AS from_datetime, merged.datetime AS to_datetime,
         CASE WHEN COALESCE(timequality, '') <> 'estimated' AND merged.datetime <= DATEADD('minute', 5, first_arrival)
              THEN merged.datetime END AS first_datetime,
         CASE WHEN COALESCE(timequality, '') <> 'estimated' AND merged.datetime <= DATEADD('minute', 5, first_arrival)
              THEN merged.datetime END AS last_datetime,
         first_arrival AS known_since,
         CASE WHEN merged.datetime <= DATEADD('minute', 5, arrival) THEN merged.datetime END AS last_reading,
         arrival AS last_arrival
  FROM merged
  JOIN (
    SELECT deviceid, seq, MIN(loaded) AS first_arrival, MAX(loaded) AS arrival
    FROM slice WHERE epoch = '' GROUP BY deviceid, seq
  ) AS arrivals ON arrivals.deviceid = merged.deviceid AND arrivals.seq = merged.seq
  LEFT JOIN again ON again.deviceid = merged.deviceid AND again.epoch = merged.epoch AND again.seq = merged.seq
  WHERE merged.epoch = ''
) AS counted
GROUP BY deviceid;

DELETE FROM reading_ranges_final USING unnumbered
WHERE reading_ranges_final.deviceid = unnumbered.deviceid AND reading_ranges_final.epoch = '';

INSERT INTO reading_ranges_final (deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, first_datetime,
                                  last_datetime, known_since, last_reading, last_arrival)
SELECT deviceid, '', 1, readings, from_datetime, to_datetime, first_datetime, last_datetime, known_since,
       last_reading, last_arrival
FROM unnumbered;

DELETE FROM sensordata_landing WHERE loaded < DATEADD('minute', -10, SYSDATE);

DROP TABLE unnumbered;

DROP TABLE runs;

DROP TABLE merged;

DROP TABLE again;

DROP TABLE slice;

CREATE TEMP TABLE slice AS
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime,
       CASE WHEN epoch <> '' AND seq IS NOT NULL THEN epoch ELSE '' END AS epoch,
       CASE WHEN epoch <> '' AND seq IS NOT NULL THEN seq
            ELSE DATEDIFF('second', CAST('1970-01-01 00:00:00' AS TIMESTAMP), datetime) END AS seq,
       revision
FROM sensordata_avgs_landing
WHERE loaded < DATEADD('minute', -10, SYSDATE);

CREATE TEMP TABLE again AS
SELECT DISTINCT slice.deviceid, slice.epoch, slice.seq
FROM slice
JOIN average_ranges_final AS compacted
  ON compacted.deviceid = slice.deviceid AND compacted.epoch = slice.epoch
 AND compacted.fromseq <= slice.seq AND compacted.toseq >= slice.seq
WHERE slice.epoch <> ''
UNION ALL
SELECT DISTINCT slice.deviceid, slice.epoch, slice.seq
FROM slice
JOIN (
  SELECT deviceid, datetime FROM sensordata_avgs_final
  WHERE epoch = '' AND datetime >= (SELECT MIN(datetime) FROM slice WHERE epoch = '')
) AS known ON known.deviceid = slice.deviceid AND known.datetime = slice.datetime
WHERE slice.epoch = '';

CREATE TEMP TABLE averages AS
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq,
       revision
FROM (
  SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq,
         revision,
         ROW_NUMBER() OVER (PARTITION BY deviceid, epoch, seq ORDER BY revision DESC, msg_count DESC) AS delivery
  FROM (
    SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq,
           revision
    FROM slice
    UNION ALL
    SELECT known.deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime,
           known.epoch, known.seq, revision
    FROM sensordata_avgs_final AS known
    JOIN again ON again.deviceid = known.deviceid AND again.epoch = known.epoch AND again.seq = known.seq
  ) AS deliveries
) AS numbered
WHERE delivery = 1;

DELETE FROM sensordata_avgs_final USING again
WHERE sensordata_avgs_final.deviceid = again.deviceid AND sensordata_avgs_final.epoch = again.epoch
  AND sensordata_avgs_final.seq = again.seq;

INSERT INTO sensordata_avgs_final (deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count,
                                   datetime, epoch, seq, revision)
SELECT deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq,
       revision
FROM averages ORDER BY datetime;

-- Without numbers, one row keeps the station's name.
CREATE TEMP TABLE runs AS
SELECT deviceid, epoch, MIN(fromseq) AS fromseq, MAX(toseq) AS toseq, MAX(weatherstationname) AS weatherstationname
FROM (
  SELECT deviceid, epoch, fromseq, toseq, weatherstationname,
         SUM(CASE WHEN fromseq > covered + 1 THEN 1 ELSE 0 END) OVER (
           PARTITION BY deviceid, epoch ORDER BY fromseq, toseq ROWS UNBOUNDED PRECEDING
         ) AS run
  FROM (
    SELECT deviceid, epoch, fromseq, toseq, weatherstationname,
           MAX(toseq) OVER (
             PARTITION BY deviceid, epoch ORDER BY fromseq, toseq
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS covered
    FROM (
      SELECT known.deviceid, known.epoch, fromseq, toseq, weatherstationname
      FROM average_ranges_final AS known
      JOIN (SELECT DISTINCT deviceid, epoch FROM averages) AS concerned
        ON concerned.deviceid = known.deviceid AND concerned.epoch = known.epoch
      UNION ALL
      SELECT deviceid, epoch, seq AS fromseq, seq AS toseq, weatherstationname FROM averages WHERE epoch <> ''
      UNION ALL
      SELECT DISTINCT deviceid, epoch, 1 AS fromseq, 1 AS toseq, weatherstationname FROM averages WHERE epoch = ''
    ) AS pieces
  ) AS ordered
) AS grouped
GROUP BY deviceid, epoch, run;

DELETE FROM average_ranges_final USING runs
WHERE average_ranges_final.deviceid = runs.deviceid AND average_ranges_final.epoch = runs.epoch;

INSERT INTO average_ranges_final (deviceid, epoch, fromseq, toseq, weatherstationname)
SELECT deviceid, epoch, fromseq, toseq, weatherstationname FROM runs;

DELETE FROM sensordata_avgs_landing WHERE loaded < DATEADD('minute', -10, SYSDATE);

DROP TABLE runs;

DROP TABLE averages;

DROP TABLE again;

DROP TABLE slice;
