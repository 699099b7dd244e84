"""Runs SQL of one dialect in DuckDB, through sqlglot. Reads a job in JSON on standard input, writes the rows of each query.

A job: dialect, tables (name, columns with types of DuckDB, rows), statements, queries.
"""
import datetime
import decimal
import json
import sys

import duckdb
import sqlglot


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, decimal.Decimal):
        return float(value)
    return value


def main():
    job = json.load(sys.stdin)
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")

    def run(sql):
        # An error of sqlglot is one of the dialect's grammar.
        (statement,) = sqlglot.transpile(sql, read=job["dialect"], write="duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)
        return database.execute(statement)

    for table in job["tables"]:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table["columns"].items())
        database.execute(f'CREATE TABLE {table["name"]} ({columns})')
        places = ", ".join("?" for _ in table["columns"])
        for row in table["rows"]:
            database.execute(f'INSERT INTO {table["name"]} VALUES ({places})', [row.get(name) for name in table["columns"]])
    for statement in job["statements"]:
        run(statement)
    answers = []
    for query in job["queries"]:
        result = run(query)
        names = [column[0] for column in result.description]
        answers.append([dict(zip(names, map(plain, row))) for row in result.fetchall()])
    json.dump(answers, sys.stdout)


main()
