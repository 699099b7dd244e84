"""How long the queries of docs/cloud.md take when the tables hold so many readings of a thousand stations.

    python test/bench/warehouse_queries.py 5 20 60        (million readings; DuckDB and sqlglot of test/cloud-tools)

Every second reading has two optional quantities, one in a hundred of the open ones came twice, and there is an average for
each. Of the first two queries it also says how many blocks of the final table (of 122,880 rows) were read.

The SQL is that of cloud/sql, read as Redshift's by sqlglot and run in DuckDB on two threads. All but the last hour is in
the final tables, as the hourly compaction leaves it; --open-minutes=10 leaves less in the landing table, --uncompacted
leaves all there. --bare: without optional quantities, as of a station with the sensors of the post.
"""
import json
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
    "the second query": "SELECT * FROM sensordata_avgs ORDER BY datetime DESC LIMIT 10",
    "one station, one day": "SELECT COUNT(*) FROM sensordata WHERE deviceid = '17' AND datetime > DATEADD('hour', -24, GETDATE())",
    "sensordata_gaps": "SELECT COUNT(*) FROM sensordata_gaps",
    "concurrent_epochs": "SELECT COUNT(*) FROM concurrent_epochs",
    "station_health": "SELECT COUNT(*) FROM station_health",
}
FIRST_QUERIES = [("the first query", "sensordata_final"), ("the second query", "sensordata_avgs_final")]


def statements(path):
    text = "\n".join(line for line in path.read_text().split("\n") if not line.startswith("--"))
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", text) if part.strip()]


def translate(sql):
    sql = re.sub(r"\)\s*DISTSTYLE [\s\S]*$", ")", sql).replace("SYSDATE", "GETDATE()")
    (statement,) = sqlglot.transpile(sql, read="redshift", write="duckdb")
    return statement.replace(" SUPER", " JSON")


READING_COLUMNS = (
    "deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight, epoch, seq, windgust, pressure, timequality, quality, extra"
)
AVERAGE_COLUMNS = "deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq, revision"
# One reading in a hundred was delivered twice since the last compaction, and so was its average.
AGAIN = 100


def rows(first, last, newest, values):
    """Of readings number first to last of every station, the newest of which is now."""
    return f"""
        SELECT {values}
        FROM (
          SELECT CAST(station AS VARCHAR) AS deviceid, 'E' || station AS epoch, seq,
                 CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP) - to_seconds({SECONDS} * ({newest} - seq)) AS datetime
          FROM range({first}, {last} + 1) AS numbers(seq), range({STATIONS}) AS stations(station)
        ) AS readings
        ORDER BY seq"""


OPTIONAL = "NULL" if "--bare" in sys.argv else """CASE WHEN seq % 2 = 0 THEN '{"soiltemperature": 11.2, "illuminance": 3000}' END"""
READING = f"deviceid, datetime, 20.1, 80.2, 304, 12.3, 0, epoch, seq, 15.1, 1006.5, 'synced', '{{}}', {OPTIONAL}"
AVERAGE = "deviceid, 'Station ' || deviceid, datetime - to_seconds(60), 20.1, 80.2, 6, datetime, epoch, seq, 0"


def fill(database, first, last, newest, is_final):
    for table, columns, values in [("sensordata", READING_COLUMNS, READING), ("sensordata_avgs", AVERAGE_COLUMNS, AVERAGE)]:
        # The columns of optional quantities, beside extra.
        named = [] if table == "sensordata_avgs" or OPTIONAL == "NULL" else [("soiltemperature", 11.2), ("illuminance", 3000)]
        columns += "".join(f", {name}" for name, _ in named)
        values += "".join(f", CASE WHEN seq % 2 = 0 THEN {value} END" for _, value in named)
        if is_final:
            database.execute(f"INSERT INTO {table}_final ({columns})" + rows(first, last, newest, values))
        else:
            arrival = ", now() AT TIME ZONE 'UTC'"
            database.execute(f"INSERT INTO {table}_landing ({columns}, loaded)" + rows(first, last, newest, values + arrival))
            database.execute(f"INSERT INTO {table}_landing SELECT * FROM {table}_landing WHERE hash(deviceid, seq) % {AGAIN} = 0")


def prepare(database, readings, is_compacted, open_minutes):
    for path in sorted(SQL.glob("[0-9][0-9][0-9]-*.sql")):
        for statement in statements(path):
            if not statement.startswith(("GRANT", "DROP")):
                database.execute(translate(statement))
    last = readings // STATIONS
    open_from = last - open_minutes * 60 // SECONDS if is_compacted else 1
    if is_compacted:
        # By a million at a time, as compactions do, so that the order by time needs no more memory with more readings.
        for first in range(1, open_from, 1000):
            fill(database, first, min(first + 999, open_from - 1), last, True)
        database.execute("""
            INSERT INTO reading_ranges_final
            SELECT deviceid, epoch, MIN(seq), MAX(seq), MIN(datetime), MAX(datetime), MIN(datetime), MAX(datetime),
                   MIN(datetime), MAX(datetime), MAX(datetime), NULL, NULL
            FROM sensordata_final GROUP BY deviceid, epoch""")
        database.execute("""
            INSERT INTO average_ranges_final
            SELECT deviceid, epoch, MIN(seq), MAX(seq), MAX(weatherstationname)
            FROM sensordata_avgs_final GROUP BY deviceid, epoch""")
    fill(database, open_from, last, last, False)


def blocks_read(database, sql, table):
    """'READ / ALL' row groups of the table, as DuckDB reports after the query."""
    plan = json.loads(database.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + translate(sql)).fetchall()[0][1])

    def nodes(part):
        if isinstance(part, dict):
            yield part
        for child in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
            yield from nodes(child)

    scans = [node for node in nodes(plan) if node.get("type") == "TABLE_SCAN" and node["extra_info"].get("Table", "").endswith("." + table)]
    read = sum(scan["row_groups_scanned"] for scan in scans)
    return f"{read} / {max(scan['total_row_groups_to_scan'] for scan in scans)}"


def seconds_of(work):
    """As the clock on the wall says, and of CPU on all threads, which other work on the machine hardly changes."""
    start, start_cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - start_cpu


def main():
    arguments = sys.argv[1:]
    is_compacted = "--uncompacted" not in arguments
    open_minutes = int(next((one.split("=")[1] for one in arguments if one.startswith("--open-minutes=")), 60))
    for millions in [float(one) for one in arguments if not one.startswith("-")]:
        with tempfile.TemporaryDirectory() as folder:
            database = duckdb.connect(f"{folder}/warehouse.duckdb", config={"threads": 2})
            prepare(database, int(millions * 1_000_000), is_compacted, open_minutes)
            database.execute("CHECKPOINT")
            for name, sql in QUERIES.items():
                times = sorted(seconds_of(lambda: database.execute(translate(sql)).fetchall()) for _ in range(3))
                cpu = sorted(each[1] for each in times)[1]
                print(f"{millions:g} million, {name}: {times[1][0]:.3f} s, {cpu:.3f} s of CPU", flush=True)
            # As when all stations have been silent since the last compaction.
            database.execute("BEGIN")
            database.execute("DELETE FROM sensordata_landing")
            database.execute("DELETE FROM sensordata_avgs_landing")
            for name, table in FIRST_QUERIES:
                wall, cpu = sorted(seconds_of(lambda: database.execute(translate(QUERIES[name])).fetchall()) for _ in range(3))[1]
                blocks = blocks_read(database, QUERIES[name], table)
                print(f"{millions:g} million, {name} with nothing open: {wall:.3f} s, {cpu:.3f} s of CPU, {blocks} blocks", flush=True)
            database.execute("ROLLBACK")
            for name, table in FIRST_QUERIES:
                print(f"{millions:g} million, {name}: {blocks_read(database, QUERIES[name], table)} blocks of {table}", flush=True)
            if is_compacted:
                work = [translate(one.replace("'minute', -10", "'minute', 10")) for one in statements(SQL / "compact.sql")]
                wall, cpu = seconds_of(lambda: [database.execute(one) for one in work])
                print(f"{millions:g} million, the compaction of an hour: {wall:.1f} s, {cpu:.1f} s of CPU", flush=True)
            database.close()


main()
