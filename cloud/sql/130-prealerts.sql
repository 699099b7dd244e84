-- Each pre-alert of a station once.

CREATE OR REPLACE VIEW prealerts AS
SELECT deviceid, datetime, rule, kind, quantity, severity, transition, value, "limit", unit, minutestolimit, "text",
       epoch, seq, timequality
FROM (
  SELECT deviceid, datetime, rule, kind, quantity, severity, transition, value, "limit", unit, minutestolimit, "text",
         epoch, seq, timequality,
         ROW_NUMBER() OVER (
           PARTITION BY deviceid, epoch, seq
           ORDER BY CASE timequality WHEN 'synced' THEN 0 WHEN 'corrected' THEN 1 ELSE 2 END, datetime DESC
         ) AS delivery
  FROM prealerts_landing
) AS deliveries
WHERE delivery = 1;
