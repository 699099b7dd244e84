-- Not part of a deploy: what an operator runs to delete readings before a day, as one transaction, with the day twice.
-- The marks keep sensordata_gaps from taking them for a loss.

INSERT INTO retention_marks (deviceid, epoch, throughseq)
SELECT deviceid, epoch, MAX(seq) FROM sensordata_landing
WHERE seq IS NOT NULL AND datetime < '2020-01-01' GROUP BY deviceid, epoch;

DELETE FROM sensordata_landing WHERE datetime < '2020-01-01';
