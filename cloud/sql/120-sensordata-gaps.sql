-- Every hole in a station's numbering that no gap record of the station explains: readings that were lost on the way.
-- A hole shows when something behind it has arrived: a later reading of the epoch, or the first message of the next
-- epoch, which says how far this one got. known_since is when that was, whatever the readings' own times are.
-- A record of reason 'damaged' explains nothing: the station found its store damaged and says what is lost. Those
-- holes are here too, with that reason, and nothing of them that did arrive.
-- Marks (rows of no length) at both ends of what was damaged, and at the end of an epoch, cut the holes there.
-- What was deleted because it was old (retention_marks) counts as there.

CREATE OR REPLACE VIEW sensordata_gaps AS
SELECT deviceid, epoch, covered + 1 AS fromseq, fromseq - 1 AS toseq, fromseq - covered - 1 AS missing,
       previous_datetime AS after_datetime, datetime AS before_datetime,
       CASE WHEN damaged >= fromseq - 1 THEN 'damaged' END AS reason, known_since
FROM (
  SELECT deviceid, epoch, fromseq, datetime, known_since,
         LAG(datetime) OVER (PARTITION BY deviceid, epoch ORDER BY fromseq, toseq) AS previous_datetime,
         COALESCE(
           MAX(toseq) OVER (
             PARTITION BY deviceid, epoch ORDER BY fromseq, toseq
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0
         ) AS covered,
         MAX(damagedto) OVER (
           PARTITION BY deviceid, epoch ORDER BY fromseq, toseq
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
         ) AS damaged
  FROM (
    SELECT readings.deviceid, readings.epoch, readings.seq AS fromseq, readings.seq AS toseq, readings.datetime,
           arrivals.known_since, 0 AS damagedto
    FROM sensordata AS readings
    JOIN (
      SELECT deviceid, epoch, seq, MIN(loaded) AS known_since FROM sensordata_landing GROUP BY deviceid, epoch, seq
    ) AS arrivals
      ON arrivals.deviceid = readings.deviceid AND arrivals.epoch = readings.epoch AND arrivals.seq = readings.seq
    UNION ALL
    SELECT deviceid, epoch, fromseq, toseq, "to" AS datetime, loaded AS known_since, 0 AS damagedto
    FROM gaps_landing WHERE reason <> 'damaged'
    UNION ALL
    SELECT deviceid, epoch, fromseq, fromseq - 1 AS toseq, COALESCE("from", loaded) AS datetime,
           loaded AS known_since, toseq AS damagedto
    FROM gaps_landing WHERE reason = 'damaged'
    UNION ALL
    SELECT deviceid, epoch, toseq + 1 AS fromseq, toseq, COALESCE("to", loaded) AS datetime,
           loaded AS known_since, 0 AS damagedto
    FROM gaps_landing WHERE reason = 'damaged'
    UNION ALL
    SELECT deviceid, previousepoch AS epoch, MAX(previousseq) + 1 AS fromseq, MAX(previousseq) AS toseq,
           MIN(datetime) AS datetime, MIN(loaded) AS known_since, 0 AS damagedto
    FROM (
      SELECT deviceid, previousepoch, previousseq, datetime, loaded FROM sensordata_landing
      WHERE previousepoch IS NOT NULL
      UNION ALL
      SELECT deviceid, previousepoch, previousseq, "from" AS datetime, loaded FROM gaps_landing
      WHERE previousepoch IS NOT NULL
    ) AS firstmessages
    GROUP BY deviceid, previousepoch
    UNION ALL
    SELECT deviceid, epoch, 1 AS fromseq, MAX(throughseq) AS toseq, CAST(NULL AS TIMESTAMP) AS datetime,
           MIN(marked) AS known_since, 0 AS damagedto
    FROM retention_marks GROUP BY deviceid, epoch
  ) AS accounted
) AS sequence
WHERE fromseq > covered + 1;
