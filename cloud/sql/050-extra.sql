-- Optional quantities, and whatever else a newer station sends: {"soiltemperature": 11.2}. The check of rows fills it with
-- the keys that have no column, so that a new quantity needs no migration; the view sensordata shows the common ones.

ALTER TABLE sensordata_landing ADD COLUMN extra SUPER;
ALTER TABLE sensordata_final ADD COLUMN extra SUPER;

-- They get a column, and Redshift replaces a view only by one with the same columns. Without CASCADE, as in 020.
DROP VIEW IF EXISTS station_health, concurrent_epochs, sensordata_gaps, sensordata, reading_ranges, open_readings;
