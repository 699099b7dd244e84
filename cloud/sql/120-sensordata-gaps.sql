-- Every hole in a station's numbering that no gap record of the station explains: readings that were lost on the way.
-- A hole shows when something behind it has arrived: a later reading of the epoch, or the first message of the next
-- epoch, which says how far this one got. known_since is when that was, whatever the readings' own times are.
-- A record of reason 'damaged' explains nothing: the station found its store damaged and says what is lost. Those
-- holes are here too, with that reason, and nothing of them that did arrive.
-- Marks (rows of no length) at both ends of what was damaged, and at the end of an epoch, cut the holes there.
-- What was deleted because it was old (retention_marks) counts as there.
-- Where a reading and a record tell of the same number, neither comes first: a hole is after the later and before the
-- earlier of their times (reached: the highest number so far, in 20 digits, with its time).

CREATE OR REPLACE VIEW sensordata_gaps AS
SELECT deviceid, epoch, covered + 1 AS fromseq, fromseq - 1 AS toseq, fromseq - covered - 1 AS missing,
       CAST(NULLIF(SUBSTRING(reached, 21, 40), '') AS TIMESTAMP) AS after_datetime, before_datetime,
       CASE WHEN damaged >= fromseq - 1 THEN 'damaged' END AS reason, known_since
FROM (
  SELECT deviceid, epoch, fromseq,
         MIN(from_datetime) OVER (PARTITION BY deviceid, epoch, fromseq) AS before_datetime,
         MIN(known_since) OVER (PARTITION BY deviceid, epoch, fromseq) AS known_since,
         MAX(LPAD(CAST(toseq AS VARCHAR), 20, '0') || COALESCE(CAST(to_datetime AS VARCHAR), '')) OVER (
           PARTITION BY deviceid, epoch ORDER BY fromseq, toseq
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
         ) AS reached,
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
    SELECT deviceid, epoch, fromseq, toseq, from_datetime, to_datetime, known_since, 0 AS damagedto
    FROM reading_ranges WHERE epoch IS NOT NULL AND fromseq IS NOT NULL
    UNION ALL
    SELECT deviceid, epoch, fromseq, toseq, "to" AS from_datetime, "to" AS to_datetime, loaded AS known_since,
           0 AS damagedto
    FROM gaps_landing WHERE reason <> 'damaged'
    UNION ALL
    SELECT deviceid, epoch, fromseq, fromseq - 1 AS toseq, COALESCE("from", loaded) AS from_datetime,
           COALESCE("from", loaded) AS to_datetime, loaded AS known_since, toseq AS damagedto
    FROM gaps_landing WHERE reason = 'damaged'
    UNION ALL
    SELECT deviceid, epoch, toseq + 1 AS fromseq, toseq, COALESCE("to", loaded) AS from_datetime,
           COALESCE("to", loaded) AS to_datetime, loaded AS known_since, 0 AS damagedto
    FROM gaps_landing WHERE reason = 'damaged'
    UNION ALL
    SELECT deviceid, previousepoch AS epoch, MAX(previousseq) + 1 AS fromseq, MAX(previousseq) AS toseq,
           MIN(datetime) AS from_datetime, MIN(datetime) AS to_datetime, MIN(known_since) AS known_since,
           0 AS damagedto
    FROM (
      SELECT deviceid, previousepoch, previousseq, from_datetime AS datetime, known_since FROM reading_ranges
      WHERE previousepoch IS NOT NULL
      UNION ALL
      SELECT deviceid, previousepoch, previousseq, "from" AS datetime, loaded AS known_since FROM gaps_landing
      WHERE previousepoch IS NOT NULL
    ) AS firstmessages
    GROUP BY deviceid, previousepoch
    UNION ALL
    SELECT deviceid, epoch, 1 AS fromseq, MAX(throughseq) AS toseq, CAST(NULL AS TIMESTAMP) AS from_datetime,
           CAST(NULL AS TIMESTAMP) AS to_datetime, MIN(marked) AS known_since, 0 AS damagedto
    FROM retention_marks GROUP BY deviceid, epoch
  ) AS accounted
) AS sequence
WHERE fromseq > covered + 1;
