-- Each reading once, however often and in whatever order it was delivered. The post's columns first.
-- A reading without epoch and seq (the post's own) is named by its device and time.
-- A reading that was sent, not acknowledged and stamped again keeps the better time.

CREATE OR REPLACE VIEW sensordata AS
SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
       epoch, seq, windgust, pressure, timequality, quality
FROM (
  SELECT deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight,
         epoch, seq, windgust, pressure, timequality, quality,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq, CASE WHEN seq IS NULL THEN datetime END
           ORDER BY CASE timequality WHEN 'synced' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, datetime DESC
         ) AS delivery
  FROM sensordata_landing
) AS deliveries
WHERE delivery = 1;
