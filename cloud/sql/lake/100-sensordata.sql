-- The files of the lake: each reading once, however often and in whatever order it was delivered.
-- Same columns and same choice as in Redshift (../100-sensordata.sql); nothing is compacted beforehand.

CREATE OR REPLACE VIEW open_readings AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       epoch, seq, windgust, pressure, timequality, quality, extra, previousepoch, previousseq, first_arrival, arrival
FROM (
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         epoch, seq, windgust, pressure, timequality, quality, extra, previousepoch, previousseq,
         MIN(loaded) OVER (PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END) AS first_arrival,
         MAX(loaded) OVER (PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END) AS arrival,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
           ORDER BY CASE timequality WHEN 'synced' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, datetime DESC,
                    CASE timequality WHEN 'estimated' THEN 1 ELSE 0 END,
                    temperature, humidity, winddirection, windintensity, rainheight, windgust, pressure, timequality
         ) AS delivery
  FROM (
    SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
           CASE WHEN seq IS NOT NULL THEN NULLIF(epoch, '') END AS epoch,
           CASE WHEN epoch <> '' THEN seq END AS seq,
           windgust, pressure, timequality, quality, extra,
           CASE WHEN epoch <> '' AND seq IS NOT NULL THEN previousepoch END AS previousepoch,
           CASE WHEN epoch <> '' AND seq IS NOT NULL THEN previousseq END AS previousseq, loaded
    FROM sensordata_landing
  ) AS named
) AS deliveries
WHERE delivery = 1;

CREATE OR REPLACE VIEW sensordata AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       epoch, seq, windgust, pressure, timequality, quality,
       TRY_CAST(ELEMENT_AT(extra, 'soiltemperature') AS DOUBLE) AS soiltemperature,
       TRY_CAST(ELEMENT_AT(extra, 'secondtemperature') AS DOUBLE) AS secondtemperature,
       TRY_CAST(ELEMENT_AT(extra, 'supplyvoltage') AS DOUBLE) AS supplyvoltage,
       TRY_CAST(ELEMENT_AT(extra, 'supplycurrent') AS DOUBLE) AS supplycurrent,
       TRY_CAST(ELEMENT_AT(extra, 'illuminance') AS DOUBLE) AS illuminance,
       extra
FROM open_readings;

CREATE OR REPLACE VIEW reading_ranges AS
SELECT deviceid, epoch, seq AS fromseq, seq AS toseq, datetime AS from_datetime, datetime AS to_datetime,
       CASE WHEN timequality <> 'estimated' AND datetime <= DATEADD('minute', 5, first_arrival) THEN datetime END
         AS first_datetime,
       CASE WHEN timequality <> 'estimated' AND datetime <= DATEADD('minute', 5, first_arrival) THEN datetime END
         AS last_datetime,
       first_arrival AS known_since,
       CASE WHEN datetime <= DATEADD('minute', 5, arrival) THEN datetime END AS last_reading,
       arrival AS last_arrival, previousepoch, previousseq
FROM open_readings;
