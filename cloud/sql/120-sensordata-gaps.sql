-- Every hole in a station's numbering that no gap record of the station explains: readings that were lost on the way.
-- A record of reason 'damaged' explains nothing: the station found its store damaged and tells what is lost. Those
-- holes are here too, with that reason, and nothing of them that did arrive. Without one of those, a hole is only
-- known once a later reading of the same epoch has arrived.
-- Marks (rows of no length) at both ends of what was damaged cut the holes there.

CREATE OR REPLACE VIEW sensordata_gaps AS
SELECT deviceid, epoch, covered + 1 AS fromseq, fromseq - 1 AS toseq, fromseq - covered - 1 AS missing,
       previous_datetime AS after_datetime, datetime AS before_datetime,
       CASE WHEN damaged >= fromseq - 1 THEN 'damaged' END AS reason
FROM (
  SELECT deviceid, epoch, fromseq, datetime,
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
    SELECT deviceid, epoch, seq AS fromseq, seq AS toseq, datetime, 0 AS damagedto
    FROM sensordata WHERE seq IS NOT NULL
    UNION ALL
    SELECT deviceid, epoch, fromseq, toseq, "to" AS datetime, 0 AS damagedto
    FROM gaps_landing WHERE reason <> 'damaged'
    UNION ALL
    SELECT deviceid, epoch, fromseq, fromseq - 1 AS toseq, COALESCE("from", loaded) AS datetime, toseq AS damagedto
    FROM gaps_landing WHERE reason = 'damaged'
    UNION ALL
    SELECT deviceid, epoch, toseq + 1 AS fromseq, toseq, COALESCE("to", loaded) AS datetime, 0 AS damagedto
    FROM gaps_landing WHERE reason = 'damaged'
  ) AS accounted
) AS sequence
WHERE fromseq > covered + 1;
