-- One row per station that ever reported. A station begins an epoch with each start. last_reading leaves out readings
-- dated after they arrived (a clock that was wrong); minutes_since_reading is never negative. silent: it has said
-- nothing for ten times its own usual pause, or an hour where that is longer.

CREATE OR REPLACE VIEW station_health AS
SELECT readings.deviceid,
       names.weatherstationname,
       status.state,
       status.version,
       status.waiting,
       readings.last_reading,
       GREATEST(0, DATEDIFF('minute', COALESCE(readings.last_reading, readings.last_arrival), GETDATE()))
         AS minutes_since_reading,
       readings.readings,
       readings.readings_24h,
       readings.epochs,
       COALESCE(holes.missing, 0) AS missing,
       COALESCE(givenup.readings, 0) AS given_up,
       readings.last_arrival,
       CASE
         WHEN DATEDIFF('minute', readings.last_arrival, GETDATE()) * 60 > GREATEST(3600, 10 * COALESCE(rhythm.seconds, 0))
         THEN 1 ELSE 0
       END AS silent
FROM (
  SELECT shown.deviceid, arrived.last_reading, arrived.last_arrival, shown.readings, shown.epochs, shown.readings_24h
  FROM (
    SELECT deviceid, COUNT(*) AS readings, COUNT(DISTINCT epoch) AS epochs,
           SUM(
             CASE WHEN datetime > DATEADD('hour', -24, GETDATE()) AND datetime <= DATEADD('minute', 5, GETDATE())
             THEN 1 ELSE 0 END
           ) AS readings_24h
    FROM sensordata
    GROUP BY deviceid
  ) AS shown
  JOIN (
    SELECT deviceid, MAX(loaded) AS last_arrival,
           MAX(CASE WHEN datetime <= DATEADD('minute', 5, loaded) THEN datetime END) AS last_reading
    FROM sensordata_landing
    GROUP BY deviceid
  ) AS arrived ON arrived.deviceid = shown.deviceid
) AS readings
LEFT JOIN (
  SELECT deviceid, AVG(seconds) AS seconds
  FROM (
    SELECT deviceid,
           DATEDIFF('second', LAG(datetime) OVER (PARTITION BY deviceid, epoch ORDER BY seq), datetime) AS seconds
    FROM sensordata
    WHERE datetime > DATEADD('day', -8, GETDATE()) AND datetime <= DATEADD('minute', 5, GETDATE())
  ) AS pauses
  WHERE seconds > 0 AND seconds <= 3600
  GROUP BY deviceid
) AS rhythm ON rhythm.deviceid = readings.deviceid
LEFT JOIN (
  SELECT deviceid, MAX(weatherstationname) AS weatherstationname FROM sensordata_avgs GROUP BY deviceid
) AS names ON names.deviceid = readings.deviceid
LEFT JOIN (
  SELECT deviceid, state, version, waiting,
         ROW_NUMBER() OVER (PARTITION BY deviceid ORDER BY receivedms DESC, state) AS age
  FROM status_landing
) AS status ON status.deviceid = readings.deviceid AND status.age = 1
LEFT JOIN (
  SELECT deviceid, SUM(missing) AS missing FROM sensordata_gaps GROUP BY deviceid
) AS holes ON holes.deviceid = readings.deviceid
LEFT JOIN (
  SELECT deviceid, SUM("count") AS readings
  FROM (
    SELECT DISTINCT deviceid, epoch, fromseq, toseq, "count" FROM gaps_landing WHERE reason <> 'damaged'
  ) AS distinctgaps
  GROUP BY deviceid
) AS givenup ON givenup.deviceid = readings.deviceid;
