-- One row per station that ever reported. More than one epoch means that its store was damaged, lost or replaced: what
-- waited in it then is among the missing, as far as the station still knew of it.

CREATE OR REPLACE VIEW station_health AS
SELECT readings.deviceid,
       names.weatherstationname,
       status.state,
       status.version,
       status.waiting,
       readings.last_reading,
       DATEDIFF('minute', readings.last_reading, GETDATE()) AS minutes_since_reading,
       readings.readings,
       readings.readings_24h,
       readings.epochs,
       COALESCE(holes.missing, 0) AS missing,
       COALESCE(givenup.readings, 0) AS given_up
FROM (
  SELECT deviceid, MAX(datetime) AS last_reading, COUNT(*) AS readings, COUNT(DISTINCT epoch) AS epochs,
         SUM(CASE WHEN datetime > DATEADD('hour', -24, GETDATE()) THEN 1 ELSE 0 END) AS readings_24h
  FROM sensordata
  GROUP BY deviceid
) AS readings
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
