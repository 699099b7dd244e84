-- Not part of a deploy: what an operator runs to delete readings before a day, as one transaction, with the day in
-- each place. The marks keep sensordata_gaps from taking them for a loss.

INSERT INTO retention_marks (deviceid, epoch, throughseq)
SELECT deviceid, epoch, MAX(seq) FROM sensordata
WHERE seq IS NOT NULL AND datetime < '2020-01-01' GROUP BY deviceid, epoch;

DELETE FROM sensordata_landing WHERE datetime < '2020-01-01';

DELETE FROM sensordata_final WHERE datetime < '2020-01-01';

DELETE FROM sensordata_avgs_landing WHERE datetime < '2020-01-01';

DELETE FROM sensordata_avgs_final WHERE datetime < '2020-01-01';

DELETE FROM health_landing WHERE datetime < '2020-01-01';

DELETE FROM reading_ranges_final USING retention_marks
WHERE reading_ranges_final.deviceid = retention_marks.deviceid AND reading_ranges_final.epoch = retention_marks.epoch
  AND reading_ranges_final.toseq <= retention_marks.throughseq;

UPDATE reading_ranges_final SET fromseq = marks.throughseq + 1
FROM (SELECT deviceid, epoch, MAX(throughseq) AS throughseq FROM retention_marks GROUP BY deviceid, epoch) AS marks
WHERE reading_ranges_final.deviceid = marks.deviceid AND reading_ranges_final.epoch = marks.epoch
  AND reading_ranges_final.fromseq <= marks.throughseq;

-- Readings without a number are counted, not numbered.
DELETE FROM reading_ranges_final WHERE epoch = '' AND to_datetime < '2020-01-01';

UPDATE reading_ranges_final SET toseq = kept.readings, from_datetime = kept.from_datetime
FROM (
  SELECT deviceid, COUNT(*) AS readings, MIN(datetime) AS from_datetime
  FROM sensordata_final WHERE epoch = '' GROUP BY deviceid
) AS kept
WHERE reading_ranges_final.deviceid = kept.deviceid AND reading_ranges_final.epoch = '';
