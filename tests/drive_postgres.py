#!/usr/bin/python3
"""The same stories over PostgreSQL, in a server that is made for the purpose; and that both engines keep the same tables
and draw the same bytes."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from story import Story, Tally  # noqa: E402
from story.postgres import Postgres, psql, same_stories  # noqa: E402

# drivers whose stories hold on either engine, and what they are given; drive_postgres_api.py has the others
DRIVERS = [
    ("drive_books.py", {}),
    ("drive_auth.py", {}),
    ("drive_close.py", {}),
    ("drive_kill.py", {"KILLS": "16"}),
]
URN = "do:team:00000000-0000-4000-8000-0000000000%02x"
BOOK = os.path.join(os.path.dirname(HERE), "examples", "prices.yaml")
t = Tally()


# ---- the same tables


def tables_of_sqlite(path):
    db = sqlite3.connect(path)
    kind = {"INTEGER": "bigint", "TEXT": "text", "BLOB": "bytea"}
    found = {}
    for (name,) in db.execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'"):
        rows = db.execute("select name, type, \"notnull\" or pk > 0, pk from pragma_table_info(?) order by cid", (name,))
        found[name] = [(n, kind[k.upper()], bool(filled), pk) for n, k, filled, pk in rows]
    db.close()
    return found


def tables_of_postgres(url):
    text = psql(url, """
        select c.table_name, c.column_name, c.data_type, c.is_nullable = 'NO', coalesce(c.collation_name, '')
          from information_schema.columns c
         where c.table_schema = 'billow' order by c.table_name, c.ordinal_position""")
    found = {}
    for line in text.splitlines():
        name, column, kind, filled, collation = line.split("|")
        if kind == "text":
            t.same("%s.%s compares bytes" % (name, column), collation, "C")
        found.setdefault(name, []).append((column, kind, filled == "t"))
    return found


def keys_of_postgres(url):
    text = psql(url, """
        select c.relname, a.attname from pg_index i join pg_class c on c.oid = i.indrelid
          cross join lateral unnest(i.indkey::int2[]) with ordinality k(n, at)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.n
         where i.indisprimary and c.relnamespace = 'billow'::regnamespace order by c.relname, k.at""")
    keys = {}
    for line in text.splitlines():
        name, column = line.split("|")
        keys.setdefault(name, []).append(column)
    return keys


def same_tables(pg):
    with Story(now="2026-01-01T00:00:00Z") as lite:
        lite.cli("account", "add", "--name", "A", "--email", "a@b.example")
        lite.stop()
        ours = tables_of_sqlite(lite.db)
        url = lite.db = pg.database()
        lite.cli("account", "add", "--name", "A", "--email", "a@b.example")
    theirs, keys = tables_of_postgres(url), keys_of_postgres(url)
    for own in ("schema", "wrote"):
        theirs.pop(own)
    t.same("the same tables", sorted(ours), sorted(theirs))
    for name, columns in ours.items():
        t.same("%s: columns" % name, [c[:3] for c in columns], theirs.get(name))
        key = [c[0] for c in sorted(columns, key=lambda c: c[3]) if c[3]]
        t.same("%s: key" % name, key, keys.get(name))


# ---- its making


def making(pg):
    with Story(start=False, now="2026-01-01T00:00:00Z") as s:
        cli = s.cli
        add = ("account", "add", "--name", "A", "--email", "a@b.example")

        s.db = pg.database()
        t.check("reading does not make it", "empty" in cli("account", "list", code=1).err)
        at_once = [subprocess.Popen([s.program, "db", "init", "--db", s.db, "--buckets", "64"], stdout=subprocess.PIPE) for _ in range(8)]
        t.same("eight make it at once", [p.wait(60) for p in at_once], [0] * 8)
        t.same("and say so", {p.communicate()[0].split()[-1] for p in at_once}, {b"64"})
        t.same("again", cli("db", "init", "--json").json["buckets"], 64)
        t.check("other buckets", "64 buckets" in cli("db", "init", "--buckets", "32", code=1).err)
        cli(*add)

        psql(pg.url(), "create role app login")
        grant = "grant usage on schema billow to app; grant select, insert, update, delete on all tables in schema billow to app"
        own, s.db = s.db, re.sub("//billow@", "//app@", s.db)
        t.check("a user without rights", "may not" in cli(*add, code=1).err)
        psql(own, grant)
        cli(*add)
        cli("verify")
        t.same("a user who makes no tables adds rows", cli("verify", "--json").json["accounts"], 2)
        s.db = re.sub("//billow@", "//app@", pg.database())
        t.check("and is told who may make them", "billow db init" in cli(*add, code=1).err)

        s.db = own
        psql(own, "update billow.schema set version = 999")
        for line in (add, ("account", "list"), ("db", "init"), ("serve", "--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0")):
            t.check("a newer schema: %s" % line[0], "newer Billow" in cli(*line, code=1).err)

        s.db = pg.database()
        psql(s.db, "create schema billow; create table billow.meta (a int)")
        t.check("a stranger's schema", "not Billow's" in cli(*add, code=1).err)
        psql(pg.url(), "create database ascii encoding 'SQL_ASCII' template template0")
        s.db = pg.url("ascii")
        t.check("not in UTF-8", "UTF-8" in cli(*add, code=1).err)
        for url in ("postgresql://u:secret@127.0.0.1:1/x", "postgresql://u:se%zzcret@127.0.0.1:1/x", pg.url("none"),
                    "postgresql://127.0.0.1:1/x?password=secret"):
            s.db, began = url, time.monotonic()
            said = cli(*add, code=1).err
            t.check("unreachable: %s" % url, said.count("\n") == 1 and "secret" not in said and time.monotonic() - began < 10, said)
        s.db = own


# ---- who may do what


def grants(pg):
    with Story(start=False, now="2026-04-02T00:00:00Z") as s:
        t.check("a file has none", "no roles" in s.cli("db", "roles", code=1).err)
        lite = told(s)
        own = s.db = pg.database()
        s.cli("db", "init")
        for _ in range(2):
            t.same("they are made, again and again", s.cli("db", "roles", "--prefix", "t1").out.split(), ["t1_owner", "t1_app", "t1_report"])
        s.cli("db", "roles", "--prefix", "T1", code=2)
        psql(own, "create role serves login in role t1_app; create role reads login in role t1_report; create role owns login in role t1_owner")
        s.db = own.replace("//billow@", "//serves@")
        theirs = told(s)
        t.same("all that is done can be done with them", theirs, lite)
        for table in ("batch", "life", "entry", "invoice", "book", "audit", "closed", "billed", "close_digest"):
            for deed in ("delete from billow.%s", "update billow.%s set " + psql(own, "select column_name || ' = ' || column_name from "
                         "information_schema.columns where table_schema = 'billow' and table_name = '%s' limit 1" % table).strip(), "truncate billow.%s"):
                try:
                    psql(s.db, deed % table if "%s" in deed else deed)
                    t.check("%s was possible on %s" % (deed, table), False)
                except RuntimeError as e:
                    t.check("no more than adding: %s" % table, "permission denied" in str(e), e)
        s.db = own.replace("//billow@", "//reads@")
        s.cli("verify", now=None)
        t.check("who reads cannot write", "may not" in s.cli("account", "add", "--name", "A", "--email", "a@b.example", code=1).err)
        s.db = own.replace("//billow@", "//owns@")
        s.cli("db", "init")
        s.db = own


# ---- the same statements


def same_statements(pg):
    test = os.path.join(os.environ.get("BILLOW_BUILD", ""), "tests", "unit", "test_sqlgen")
    if not os.access(test, os.X_OK):
        return  # the program alone was built
    p = subprocess.run([test], env={**os.environ, "BILLOW_TEST_EMPTY": pg.database()}, capture_output=True, text=True)
    t.check("every statement", p.returncode == 0, p.stdout + p.stderr)


# ---- the same bytes


def events():
    n = 0
    for a in range(4):
        for i in range(5):
            n += 1
            yield {"specversion": "1.0", "id": "e%d" % n, "source": "/test", "subject": URN % a, "type": "resource.create",
                   "time": "2026-03-%02dT0%d:10:00Z" % (1 + i * 5, i),
                   "data": {"resource": "00000000-0000-4000-9000-%012x" % n, "kind": "droplet", "sku": "s-1vcpu-1gb",
                            "region": "nyc3", "name": "web-%d" % i}}
        for i in range(40):
            n += 1
            yield {"specversion": "1.0", "id": "e%d" % n, "source": "/test", "subject": URN % a, "type": "usage",
                   "time": "2026-03-%02dT12:00:00Z" % (1 + i % 30),
                   "data": {"meter": "bandwidth_out", "quantity": str(100 * (i + a))}}


MAY = "2026-05-02T00:00:00Z"


def told(s):
    """What a month comes to, as bytes."""
    cli, out = s.cli, {}
    cli("prices", "load", BOOK)
    for a in range(4):
        cli("account", "add", "--name", "Ann %d" % a, "--email", "ann@a.example", "--urn", URN % a, "--billing-from", "2026-03-01T00:00:00Z")
    lines = [json.dumps(e) for e in events()]
    out["import"] = cli("import", "-", stdin="\n".join(lines)).out
    out["again"] = cli("import", "-", stdin="\n".join(lines)).out
    cli("pay", "--account", URN % 1, "--amount", "5.00", "--ref", "p1")
    cli("credit", "--account", URN % 2, "--amount", "2.00", "--expires", "2027-01-01T00:00:00Z")
    out["close"] = cli("close", "2026-03", "--json").json
    late = next(events())
    late.update(id="late", time="2026-03-30T00:00:00Z", type="resource.delete", data={"resource": late["data"]["resource"]})
    out["late"] = cli("import", "-", stdin=json.dumps(late)).out
    out["next"] = cli("close", "2026-04", "--json", now=MAY).json
    for a in range(4):
        for row in cli("invoice", "list", "--account", URN % a, "--json", now=MAY).json["invoices"]:
            uuid = row["invoice_uuid"]
            out[uuid] = row
            out[uuid + ".csv"] = cli("invoice", "csv", uuid, "-", "--account", URN % a, now=MAY).out
            out[uuid + ".json"] = cli("invoice", "show", uuid, "--account", URN % a, "--json", now=MAY).out
    out["verify"] = cli("verify", "--json", now=MAY).json
    return out


def same_bytes(pg):
    with Story(start=False, now="2026-04-02T00:00:00Z") as s:
        lite = told(s)
        s.db = pg.database()
        theirs = told(s)
    t.same("the same is told", sorted(lite), sorted(theirs))
    for what in lite:
        t.same(what, theirs.get(what), lite[what])


# ---- roles that one process has


def roles(pg):
    """The driver of volumes is one server's; another gets it when that one is gone, however it went."""
    with Story(start=False, now="2026-04-02T00:00:00Z") as one, Story(start=False, now="2026-04-02T00:00:00Z") as two:
        one.db = two.db = pg.database()
        one.extra = two.extra = ["--quiet", "--volumes", "record"]
        one.start()
        got = two.cli("serve", "--volumes", "record", code=1)
        t.check("a second one is refused", "one at a time" in got.err, got.err)
        two.extra = ["--quiet", "--apps", "agent"]  # which several may have
        two.start()
        two.stop()
        two.extra = one.extra
        one.stop()
        two.start()  # at once, for the first gave it back
        two.stop(signal.SIGKILL)
        one.start()  # when it has been silent for long enough
        one.stop()


with Postgres() as pg:
    t.run("roles", roles, pg)
    t.run("tables", same_tables, pg)
    t.run("statements", same_statements, pg)
    t.run("making", making, pg)
    t.run("grants", grants, pg)
    t.run("bytes", same_bytes, pg)
    same_stories(t, pg, DRIVERS)
t.end()
