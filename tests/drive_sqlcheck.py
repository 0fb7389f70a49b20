#!/usr/bin/python3
"""tools/sqlcheck.py finds what it is there for: each case is a small sql/ with one thing wrong, and a word of the breach
that has to be named."""

import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from story import Tally  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
STEP = """-- bucketed
create table line (
    bucket integer not null,
    account blob not null,
    n integer not null,
    amount integer not null,
    note text not null,
    primary key (bucket, account, n)
) strict, without rowid;
-- reference
create table book (
    book_id blob not null primary key,
    note text not null unique
) strict;
"""
LIST = "select n from line where bucket = $1 and account = $2 order by n;"
IN, ONE, MANY = "-- in: bucket int, account blob\n", "-- out: n int\n-- gives: one\n", "-- out: n int\n-- gives: many\n"
NONE = "-- gives: none\n"
# name, step, block without its name, a word of the breach (None: there is none)
CASES = [
    ("well", STEP, IN + MANY + LIST, None),
    ("count", STEP, IN + ONE + "select count(*) from line where bucket = $1 and account = $2;", None),
    ("across is said", STEP, "-- across: reads all\n" + MANY + "select n from line order by bucket, account, n;", None),
    ("another key", STEP, "-- in: note text\n" + ONE + "select book_id from book where note = $1;", None),
    ("bytes", STEP, "-- in: note text\n" + NONE + "insert into book (book_id, note) values (x'00ff', $1);", None),
    ("a large number", STEP, IN + NONE + "update line set n = 9223372036854775807 where bucket = $1 and account = $2;", None),
    ("no PostgreSQL", STEP, NONE + "insert or ignore into book (book_id, note) values (x'', '');", "cannot read"),
    ("two statements", STEP, NONE + "begin immediate;", "cannot read"),
    ("transactions are the engine's", STEP, NONE + "begin;", "TransactionStmt"),
    ("no kind", STEP.replace("-- bucketed", "-- rows"), IN + MANY + LIST, "begins with one of"),
    ("no key", STEP + "-- local\ncreate table t (a integer not null) strict;\n", IN + MANY + LIST, "no primary key"),
    ("key", STEP.replace("(bucket, account, n)", "(account, bucket, n)"), IN + MANY + LIST, "begins with bucket"),
    ("key without account", STEP.replace("(bucket, account, n)", "(bucket, n, account)"), IN + MANY + LIST, "begins with bucket"),
    ("index", STEP + "create index i on line (account, bucket);\n", IN + MANY + LIST, "begins with bucket"),
    ("float", STEP.replace("amount integer", "amount real"), IN + MANY + LIST, "not float4"),
    ("trigger", STEP + "create trigger t before insert on line execute function f();\n", IN + MANY + LIST, "CreateTrigStmt"),
    ("no bucket", STEP, "-- in: account blob\n" + MANY + "select n from line where account = $1 order by n;", "no `bucket ="),
    ("bucket among others", STEP, IN + NONE + "delete from line where bucket = $1 or account = $2;", "no `bucket ="),
    ("writing across", STEP, "-- across: all\n" + NONE + "delete from line;", "stays in one bucket"),
    ("across in vain", STEP, "-- across: all\n" + IN + MANY + LIST, "is wrong"),
    ("moved", STEP, IN + NONE + "update line set account = $2 where bucket = $1;", "does not change"),
    ("no order", STEP, IN + MANY + "select n from line where bucket = $1 and account = $2;", "more than one order"),
    ("half an order", STEP, "-- in: bucket int\n" + MANY + "select n from line where bucket = $1 order by n;", "more than one order"),
    ("one of several", STEP, IN + ONE + "select n from line where bucket = $1 and account = $2 limit 1;", "more than one order"),
    ("sum", STEP, IN + ONE + "select sum(amount) from line where bucket = $1 and account = $2;", "sum: only"),
    ("scalar max", STEP, IN + NONE + "update line set n = max(n, 3) where bucket = $1 and account = $2;", "case when"),
    ("function", STEP, NONE + "insert into book (book_id, note) values (zeroblob(3), '');", "zeroblob: only"),
    ("clock", STEP, NONE + "insert into book (book_id, note) values (x'', current_timestamp);", "a value of the server"),
    ("point", STEP, IN + NONE + "update line set n = 1.5 where bucket = $1 and account = $2;", "no whole number"),
    ("star", STEP, IN + MANY + "select * from line where bucket = $1 and account = $2 order by n;", "names its columns"),
    ("unnamed columns", STEP, NONE + "insert into book values (x'', '');", "names its columns"),
    ("stranger", STEP, MANY + "select n from lines order by n;", "no table lines"),
    ("lock", STEP, IN + MANY + LIST.replace(";", " for update;"), "row lock"),
]


def breach(step, block):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("schema/0001_start.sql", step), ("query/line.sql", "-- name: tried\n" + block)):
            path = pathlib.Path(folder, name)
            path.parent.mkdir()
            path.write_text(text + "\n")
        run = subprocess.run([sys.executable, HERE.parent / "tools" / "sqlcheck.py", folder], capture_output=True, text=True)
        return run.returncode, run.stderr


t = Tally()
for case, step, block, word in CASES:
    status, said = breach(step, block)
    held = status == 0 if word is None else status == 1 and word in said and "Traceback" not in said
    t.check(case, held, f"wanted {word!r}, got {status}: {said}")
t.end()
