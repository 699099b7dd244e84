"""Reads every *.sql of a folder with two parsers of Redshift's SQL, sqlfluff and sqlglot. Fails with what one cannot read."""
import logging
import pathlib
import re
import sys

import sqlglot
from sqlfluff.core import Linter

# A column of the post, which Redshift takes as a name and sqlfluff takes for a type.
NAME_OF_SQLFLUFF = (r"\bdatetime\b", "measured")
# sqlglot keeps these as text.
UNREAD = "GRANT"


def problems_in(linter, text):
    for violation in linter.parse_string(re.sub(*NAME_OF_SQLFLUFF, text)).violations:
        yield f"sqlfluff: {violation}"
    try:
        for statement in sqlglot.parse(text, read="redshift", error_level=sqlglot.ErrorLevel.RAISE):
            if isinstance(statement, sqlglot.exp.Command) and statement.name != UNREAD:
                yield f"sqlglot: unknown statement {statement.sql()[:80]}"
    except sqlglot.errors.ParseError as error:
        yield f"sqlglot: {error}"


def main():
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    linter = Linter(dialect="redshift")
    files = sorted(pathlib.Path(sys.argv[1]).glob("*.sql"))
    problems = [f"{path.name}: {problem}" for path in files for problem in problems_in(linter, path.read_text())]
    print("\n".join([*problems, f"{len(files)} files read"]))
    sys.exit(1 if problems else 0)


main()
