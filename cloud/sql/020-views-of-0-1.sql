-- Redshift replaces a view only by one with the same columns. Release 0.2 changes some: they are dropped once, and
-- without CASCADE, so that a view of yours which reads them stops the deploy and is named, instead of being dropped.

DROP VIEW IF EXISTS station_health;
DROP VIEW IF EXISTS prealerts;
DROP VIEW IF EXISTS sensordata_gaps;
DROP VIEW IF EXISTS sensordata_avgs;
DROP VIEW IF EXISTS sensordata;
