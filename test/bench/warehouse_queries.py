"""How long the queries of docs/cloud.md take when the tables hold so many readings of a thousand stations.

    python test/bench/warehouse_queries.py 5 20 60        (million readings; DuckDB and sqlglot of test/cloud-tools)

The SQL is that of cloud/sql, read as Redshift's by sqlglot and run in DuckDB on two threads. All but the last hour is in
the final tables, as the hourly compaction leaves it; --open-minutes=10 leaves less in the landing table, --uncompacted
leaves all there.
"""
import pathlib
import re
import sys
import tempfile
import time

import duckdb
import sqlglot

SQL = pathlib.Path(__file__).resolve().parents[2] / "cloud" / "sql"
STATIONS = 1000
SECONDS = 12
QUERIES = {
    "the first query": "SELECT * FROM sensordata ORDER BY datetime DESC LIMIT 10",
    "one station, one day": "SELECT COUNT(*) FROM sensordata WHERE deviceid = '17' AND datetime > DATEADD('hour', -24, GETDATE())",
    "sensordata_gaps": "SELECT COUNT(*) FROM sensordata_gaps",
    "concurrent_epochs": "SELECT COUNT(*) FROM concurrent_epochs",
    "station_health": "SELECT COUNT(*) FROM station_health",
}


def statements(path):
    text = "\n".join(line for line in path.read_text().split("\n") if not line.startswith("--"))
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", text) if part.strip()]


def translate(sql):
    sql = re.sub(r"\)\s*DISTSTYLE [\s\S]*$", ")", sql).replace("SYSDATE", "GETDATE()")
    (statement,) = sqlglot.transpile(sql, read="redshift", write="duckdb")
    return statement.replace(" SUPER", " JSON")


def fill(database, table, columns, first, last, arrival):
    """Readings number first to last of every station, the newest of which is now."""
    database.execute(f"""
        INSERT INTO {table} ({columns})
        SELECT CAST(station AS VARCHAR), CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP) - to_seconds({SECONDS} * ({last} - seq)),
               20.1, 80.2, 304, 12.3, 0, 'E' || station, seq, 15.1, 1006.5, 'synced', '{{}}' {arrival}
        FROM range({first}, {last} + 1) AS numbers(seq), range({STATIONS}) AS stations(station)
        ORDER BY seq""")


def prepare(database, readings, is_compacted, open_minutes):
    for path in sorted(SQL.glob("[0-9][0-9][0-9]-*.sql")):
        for statement in statements(path):
            if not statement.startswith(("GRANT", "DROP")):
                database.execute(translate(statement))
    last = readings // STATIONS
    open_from = last - open_minutes * 60 // SECONDS if is_compacted else 1
    columns = "deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight, epoch, seq, windgust, pressure, timequality, quality"
    if is_compacted:
        fill(database, "sensordata_final", columns, 1, open_from - 1, "")
        database.execute("""
            INSERT INTO reading_ranges_final
            SELECT deviceid, epoch, MIN(seq), MAX(seq), MIN(datetime), MAX(datetime), MIN(datetime), MAX(datetime),
                   MIN(datetime), MAX(datetime), MAX(datetime), NULL, NULL
            FROM sensordata_final GROUP BY deviceid, epoch""")
    fill(database, "sensordata_landing", f"{columns}, loaded", open_from, last, ", now() AT TIME ZONE 'UTC'")


def seconds_of(work):
    """As the clock on the wall says, and of CPU on all threads, which other work on the machine hardly changes."""
    start, start_cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - start_cpu


def main():
    arguments = sys.argv[1:]
    is_compacted = "--uncompacted" not in arguments
    open_minutes = int(next((one.split("=")[1] for one in arguments if one.startswith("--open-minutes=")), 60))
    for millions in [int(one) for one in arguments if not one.startswith("-")]:
        with tempfile.TemporaryDirectory() as folder:
            database = duckdb.connect(f"{folder}/warehouse.duckdb", config={"threads": 2})
            prepare(database, millions * 1_000_000, is_compacted, open_minutes)
            database.execute("CHECKPOINT")
            for name, sql in QUERIES.items():
                times = sorted(seconds_of(lambda: database.execute(translate(sql)).fetchall()) for _ in range(3))
                cpu = sorted(each[1] for each in times)[1]
                print(f"{millions} million, {name}: {times[1][0]:.3f} s, {cpu:.3f} s of CPU", flush=True)
            if is_compacted:
                work = [translate(one.replace("'minute', -10", "'minute', 10")) for one in statements(SQL / "compact.sql")]
                wall, cpu = seconds_of(lambda: [database.execute(one) for one in work])
                print(f"{millions} million, the compaction of an hour: {wall:.1f} s, {cpu:.1f} s of CPU", flush=True)
            database.close()


main()
