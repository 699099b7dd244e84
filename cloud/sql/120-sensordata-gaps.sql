-- Every hole in a station's numbering that no gap record of the station explains: readings that were lost on the way.
-- A hole is only known once a later reading of the same epoch has arrived.

DROP VIEW IF EXISTS sensordata_gaps CASCADE;

CREATE VIEW sensordata_gaps AS
SELECT deviceid, epoch, covered + 1 AS fromseq, fromseq - 1 AS toseq, fromseq - covered - 1 AS missing,
       previous_datetime AS after_datetime, datetime AS before_datetime
FROM (
  SELECT deviceid, epoch, fromseq, datetime,
         LAG(datetime) OVER (PARTITION BY deviceid, epoch ORDER BY fromseq, toseq) AS previous_datetime,
         COALESCE(
           MAX(toseq) OVER (
             PARTITION BY deviceid, epoch ORDER BY fromseq, toseq
             ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ), 0
         ) AS covered
  FROM (
    SELECT deviceid, epoch, seq AS fromseq, seq AS toseq, datetime FROM sensordata WHERE seq IS NOT NULL
    UNION ALL
    SELECT deviceid, epoch, fromseq, toseq, "to" AS datetime FROM gaps_landing
  ) AS accounted
) AS sequence
WHERE fromseq > covered + 1;
