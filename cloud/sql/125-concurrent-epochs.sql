-- Two epochs of one station that were alive at once. A station begins an epoch with each start, one after the other:
-- readings of two that interleave come from two machines with one id, as when a card was copied. is_fork: both name
-- the same epoch as the one before them. Times that were only estimated, or that are in the future, prove nothing.
-- Only epochs that overlap an earlier or a later one are compared: a station that starts again and again has thousands
-- that do not.

CREATE OR REPLACE VIEW concurrent_epochs AS
WITH overlapping AS (
  SELECT deviceid, epoch, first_reading, last_reading, previousepoch
  FROM (
    SELECT deviceid, epoch, first_reading, last_reading, previousepoch,
           MAX(last_reading) OVER (
             PARTITION BY deviceid ORDER BY first_reading, epoch ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
           ) AS reached,
           LEAD(first_reading) OVER (PARTITION BY deviceid ORDER BY first_reading, epoch) AS next_reading
    FROM (
      SELECT deviceid, epoch, MIN(first_datetime) AS first_reading, MAX(last_datetime) AS last_reading,
             MAX(previousepoch) AS previousepoch
      FROM reading_ranges WHERE epoch IS NOT NULL AND first_datetime IS NOT NULL
      GROUP BY deviceid, epoch
    ) AS epochs
  ) AS neighbours
  WHERE first_reading < DATEADD('minute', -2, reached) OR next_reading < DATEADD('minute', -2, last_reading)
)
SELECT one.deviceid, one.epoch, other.epoch AS other_epoch,
       GREATEST(one.first_reading, other.first_reading) AS from_datetime,
       LEAST(one.last_reading, other.last_reading) AS to_datetime,
       CASE WHEN one.previousepoch = other.previousepoch THEN 1 ELSE 0 END AS is_fork
FROM overlapping AS one
JOIN overlapping AS other ON other.deviceid = one.deviceid AND other.epoch > one.epoch
-- A clock that is set back by less between two starts is no second machine.
WHERE other.first_reading < DATEADD('minute', -2, one.last_reading)
  AND one.first_reading < DATEADD('minute', -2, other.last_reading);
