-- Firehose's own user may add rows and nothing else; every database user may read the views.

GRANT USAGE ON SCHEMA public TO firehose_loader;
GRANT INSERT ON sensordata_landing, sensordata_avgs_landing, gaps_landing, prealerts_landing, status_landing,
  health_landing TO firehose_loader;
GRANT SELECT ON sensordata, sensordata_avgs, sensordata_gaps, concurrent_epochs, prealerts, station_health TO PUBLIC;
