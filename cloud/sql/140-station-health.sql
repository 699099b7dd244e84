-- One row per station that ever reported. A station begins an epoch with each start. last_reading leaves out readings
-- dated after they arrived (a clock that was wrong); minutes_since_reading is never negative. silent: it has said
-- nothing for ten times its own usual pause, or an hour where that is longer. What stands behind silent is what the
-- station said of itself last, at health_datetime. undervoltage: its supply was too low within the last day.

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
       COALESCE(lately.readings_24h, 0) AS readings_24h,
       readings.epochs,
       COALESCE(holes.missing, 0) AS missing,
       COALESCE(givenup.readings, 0) AS given_up,
       readings.last_arrival,
       CASE
         WHEN DATEDIFF('minute', readings.last_arrival, GETDATE()) * 60 > GREATEST(3600, 10 * COALESCE(rhythm.seconds, 0))
         THEN 1 ELSE 0
       END AS silent,
       health.datetime AS health_datetime,
       health.failing,
       health.faults,
       health.doubted,
       CASE WHEN health.lastundervoltage > DATEADD('hour', -24, GETDATE()) THEN 1 ELSE 0 END AS undervoltage,
       health.throttled,
       health.certificatedays,
       health.lostpulses,
       health.uncleanshutdowns,
       health.boots,
       health.store,
       health.problem,
       health.refused,
       health.freedisk,
       health.cputemperature,
       health.wifisignal
FROM (
  SELECT deviceid, MAX(last_arrival) AS last_arrival, MAX(last_reading) AS last_reading,
         SUM(COALESCE(toseq - fromseq, 0) + 1) AS readings, COUNT(DISTINCT epoch) AS epochs
  FROM reading_ranges
  GROUP BY deviceid
) AS readings
LEFT JOIN (
  SELECT deviceid, COUNT(*) AS readings_24h FROM sensordata
  WHERE datetime > DATEADD('hour', -24, GETDATE()) AND datetime <= DATEADD('minute', 5, GETDATE())
  GROUP BY deviceid
) AS lately ON lately.deviceid = readings.deviceid
LEFT JOIN (
  SELECT deviceid, SUM(seconds) / SUM(pauses) AS seconds
  FROM (
    SELECT deviceid, DATEDIFF('second', from_datetime, to_datetime) AS seconds, toseq - fromseq AS pauses
    FROM reading_ranges
    UNION ALL
    SELECT deviceid, DATEDIFF('second', previous_datetime, from_datetime) AS seconds, 1 AS pauses
    FROM (
      SELECT deviceid, fromseq, from_datetime,
             LAG(toseq) OVER (PARTITION BY deviceid, epoch ORDER BY fromseq) AS previous_toseq,
             LAG(to_datetime) OVER (PARTITION BY deviceid, epoch ORDER BY fromseq) AS previous_datetime
      FROM reading_ranges
    ) AS neighbours
    WHERE fromseq = previous_toseq + 1
  ) AS spans
  WHERE seconds > 0 AND pauses > 0 AND seconds <= 3600 * pauses
  GROUP BY deviceid
) AS rhythm ON rhythm.deviceid = readings.deviceid
LEFT JOIN station_names AS names ON names.deviceid = readings.deviceid
LEFT JOIN (
  SELECT deviceid, state, version, waiting,
         ROW_NUMBER() OVER (PARTITION BY deviceid ORDER BY receivedms DESC, state) AS age
  FROM status_landing
) AS status ON status.deviceid = readings.deviceid AND status.age = 1
LEFT JOIN (
  SELECT deviceid, datetime, failing, faults, doubted, lastundervoltage, throttled, certificatedays, lostpulses,
         uncleanshutdowns, boots, store, problem, refused, freedisk, cputemperature, wifisignal,
         ROW_NUMBER() OVER (PARTITION BY deviceid ORDER BY receivedms DESC, datetime DESC) AS age
  FROM health_landing
) AS health ON health.deviceid = readings.deviceid AND health.age = 1
LEFT JOIN (
  -- Athena's sum of BIGINT ends in an error beyond 64 bits, for every station.
  SELECT deviceid, SUM(CAST(missing AS DECIMAL(38, 0))) AS missing FROM sensordata_gaps GROUP BY deviceid
) AS holes ON holes.deviceid = readings.deviceid
LEFT JOIN (
  SELECT deviceid, SUM(CAST("count" AS DECIMAL(38, 0))) AS readings
  FROM (
    SELECT DISTINCT deviceid, epoch, fromseq, toseq, "count" FROM gaps_landing WHERE reason <> 'damaged'
  ) AS distinctgaps
  GROUP BY deviceid
) AS givenup ON givenup.deviceid = readings.deviceid;
