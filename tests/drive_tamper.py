#!/usr/bin/env python3
"""Tampering shows. In a database that has a bit of everything, one value at a time is altered in the file itself, and
`billow verify` must find it. Tables and columns are read from the schema, so that none can be forgotten; what cannot be
told from anything else stands in BESIDE, with the reason, and must go on being untellable."""

import base64
import json
import os
import random
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story.server import Failed, Story  # noqa: E402
from story.tally import Tally  # noqa: E402

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII="
)
BOOK = """currency: USD
sellers: [{name: Example Cloud, logo: logo.png}]
products: [{name: Things}]
skus:
  - {sku: box, product: Things, prices: [{from: 2020-01-01T00:00:00Z, amount: "%s", per_hours: 672, cap_hours: 672}]}
  - {sku: mad, product: Things, prices: [{from: 2020-01-01T00:00:00Z, amount: "999999999", per_hours: 1}]}
meters:
  - {meter: hits, product: Things, aggregate: sum, prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.01"}]}
taxes: [{from: 2020-01-01T00:00:00Z, country: US, name: TAX, percent: "10"}]
"""
ROWS = 3  # of a table that are tried; of what is listed below, all

# What stands nowhere else, so that nothing can tell an altered one: (table, column): why.
BESIDE = {
    ("account", "parked"): "what a close said of it; the next close says it anew",
    ("closed", "closed_us"): "of a period without an invoice: no entry tells when it was",
    ("idempotency", "at_us"): "when a repeated posting was answered; the first one's is checked",
    ("idempotency", "key"): "a word of the client's",
    ("idempotency", "request"): "a digest of what the client sent, which is not kept",
    ("late", "period"): "of a mark that a price book made: the book before it is not noted there",
    ("manual", "note"): "until it stands on an invoice",
    ("meta", "clock_us"): "the highest now that was ever seen",
    ("reject", "at_us"): "what was refused left no other trace",
    ("reject", "body"): "what was refused left no other trace",
    ("reject", "event_id"): "what was refused left no other trace",
    ("reject", "idx"): "what was refused left no other trace",
    ("reject", "n"): "what was refused left no other trace",
    ("reject", "reason"): "what was refused left no other trace",
    ("token", "created_us"): "nothing but the token says it",
    ("token", "dialect"): "of a customer's token: do or civo",
    ("token", "digest"): "of a secret that is nowhere",
    ("token", "expires_us"): "nothing but the token says it",
    ("token", "grant_id"): "nothing but the token says it",
    ("token", "name"): "nothing but the token says it",
    ("token", "revoked_us"): "nothing but the token says it",
    ("token", "scopes"): "nothing but the token says it",
    ("token", "token_id"): "nothing but the token says it",
    ("usage_run", "part"): "tells rows of one sealing apart, and nothing else",
    ("worn", "first_us"): "when a fact came is noted nowhere else",
}
# Tables of which no bill, balance or chain says anything.
ALONE = {
    "action": "what a volume's driver was asked; what is billed stands in the facts",
    "app": "what was deployed where; what is billed stands in the facts",
    "app_spec": "specs of those, as texts",
    "app_work": "deployments that have not finished",
    "deployment": "how those went",
    "holder": "which process has a role",
    "oauth_client": "who may ask customers for tokens",
    "oauth_grant": "what customers let applications do",
    "operation": "what a volume's driver was asked; what is billed stands in the facts",
    "operation_number": "numbers of those",
    "own": "which resources the API made; what is billed stands in the facts",
    "snapshot": "what the facts of a snapshot do not say",
    "volume": "what the facts of a volume do not say",
}

tally = Tally()


def urn(n):
    return "do:team:00000000-0000-4000-8000-%012d" % n


class World(Story):
    """Facts early and late, retractions, credits, adjustments, corrections, a parked account, refused events, tokens."""

    def build(self):
        self.n, self.op = 0, self.operator_token()
        with open(os.path.join(self.folder, "logo.png"), "wb") as f:
            f.write(PNG)
        self.load("5.00")
        org = self.cli("org", "add", "--name", "Group").out.strip()
        us = ["--address", "country=US", "--email", "a@example.com"]
        self.cli("account", "add", "--urn", urn(1), "--name", "One", "--org", org, "--opening-balance", "12.50", *us)
        self.cli("account", "add", "--urn", urn(2), "--name", "Two", "--billing-from", "2026-01-05T00:00:00Z", *us)
        self.cli("account", "add", "--urn", urn(3), "--name", "Three", "--number", "C-3", *us)
        self.cli("account", "add", "--urn", urn(4), "--name", "Four", *us)  # nothing ever happens to it
        for n in (1, 2):
            self.token(urn(n), dialect="do" if n == 1 else "civo")
        self.cli("token", "add", "--org", org, "--name", "of the group")
        spare = self.cli("token", "add", "--operator", "--scope", "operator:read", "--name", "spare", "--expires", "2027-01-01T00:00:00Z")
        self.cli("token", "revoke", spare.out.split()[0])
        self.january()
        self.february()
        self.march()

    def january(self):
        self.to("2026-01-20")
        self.send(self.life(1, 1, "2026-01-03"), self.life(2, 2, "2026-01-04"), self.life(3, 3, "2026-01-02"))
        wrong = [self.usage(1, "2026-01-06", 900), self.usage(2, "2026-01-07", 800)]
        self.send(*wrong, self.usage(1, "2026-01-08", 70), self.usage(2, "2026-01-09", 60))
        self.send(self.back(1, wrong[0]), self.back(2, {"source": "/t", "id": "later"}), self.back(3, {"source": "/t", "id": "never"}))
        self.send(self.usage(2, "2026-01-10", 50, id="later"))
        first = self.back(3, {"source": "/t", "id": "nowhere"}, id="b")
        self.send(first, self.back(3, first))
        self.cli("credit", "--account", urn(1), "--amount", "3.00", "--expires", "2026-02-10T00:00:00Z", "--ref", "g1")
        self.cli("credit", "--account", urn(2), "--amount", "500.00", "--expires", "2026-02-20T00:00:00Z")
        self.cli("credit", "--account", urn(2), "--amount", "1.00", "--expires", "2027-01-01T00:00:00Z", "--note", "held")
        self.cli("credit", "--account", urn(1), "--amount", "2.00", "--note", "goodwill")
        self.cli("adjust", "--account", urn(1), "--amount", "-1.00", "--ref", "m1", "--note", "sorry")
        self.cli("pay", "--account", urn(1), "--amount", "4.00", "--ref", "p1", "--note", "bank")
        self.wrong = wrong

    def february(self):
        self.to("2026-02-02")
        # so many bytes of facts are sealed; those that come later are not
        many = [("%04d" % i) * 60 for i in range(5000)]
        self.send(*[self.usage(1 + i % 2, "2026-02-01T%02d:%02d:00Z" % (i % 24, i % 60), 1, id=id) for i, id in enumerate(many)])
        self.cli("account", "set", urn(2), "--name", "Two and a half")
        self.cli("close", "2026-01")
        self.send(self.usage(1, "2026-01-11", 30), self.life(2, 4, "2026-01-12"), self.back(2, self.wrong[1]))
        self.to("2026-03-02")
        self.send(self.life(3, 5, "2026-02-03", sku="mad", quantity="1000000000", id="mad"))
        self.cli("close", "2026-02")
        self.load("6.00", adjust=True)

    def march(self):
        self.to("2026-04-02")
        self.cli("close", "2026-03")
        self.post_key(1, "payments", "k1", amount="1.00", ref="p2")
        self.post_key(2, "adjustments", "k2", amount="2.00", note="waits")
        self.post_key(2, "payments", "k3", amount="1.00", ref="p3")
        self.post_key(2, "payments", "k4", amount="1.00", ref="p3")
        self.load("7.00", adjust=True)
        self.send(self.life(1, 6, "2026-02-07"), self.usage(2, "2026-04-01", 5), self.back(1, self.late))
        self.cli("account", "set", urn(1), "--name", "One more", "--from", "2026-03-05T00:00:00Z")
        self.send(self.usage(9, "2026-04-01", 5), want=422)
        self.send({"specversion": "1.0", "type": "usage"}, want=422)

    # ---- short words

    def load(self, price, adjust=False):
        path = os.path.join(self.folder, "prices.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(BOOK % price)
        if not adjust:
            self.cli("prices", "load", path)
            return
        report = self.cli("prices", "load", path, code=1).out.split("\n")
        self.cli("prices", "load", path, "--adjust", [x for x in report if len(x) == 64][0])

    def to(self, now):
        self.now = now + "T00:00:00Z"
        self.cli("account", "list", now=self.now)

    def event(self, account, kind, time, id=None, **data):
        self.n += 1
        time = time if "T" in time else time + "T00:00:00Z"
        head = {"specversion": "1.0", "id": id or "e%d" % self.n, "source": "/t", "type": kind}
        return {**head, "subject": urn(account), "time": time, "data": data}

    def life(self, account, n, time, sku="box", **more):
        resource = "00000000-0000-4000-9000-%012d" % n
        return self.event(account, "resource.create", time, resource=resource, sku=sku, name="box %d" % n, tags=["a"], **more)

    def usage(self, account, time, quantity, id=None):
        self.late = self.event(account, "usage", time, id=id, meter="hits", quantity=str(quantity))
        return self.late

    def back(self, account, what, id=None):
        return self.event(account, "fact.retract", "2026-01-01", id=id, source=what["source"], id_=what["id"])

    def send(self, *events, want=200):
        for e in events:
            if "id_" in e.get("data", {}):
                e["data"]["id"] = e["data"].pop("id_")
        body = "\n".join(json.dumps(e) for e in events)
        return self.post("/operator/v1/events", self.op, body, headers={"Content-Type": "application/x-ndjson"}, want=want).json

    def post_key(self, account, kind, key, **body):
        path = "/operator/v1/accounts/%s/%s" % (urn(account), kind)
        self.post(path, self.op, json.dumps(body), headers={"Idempotency-Key": key})


# ---- altering


def tables(db):
    for (name,) in db.execute("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name").fetchall():
        columns = db.execute("select name, type, pk from pragma_table_info(?) order by cid", (name,)).fetchall()
        yield name, columns


def sample(rows):
    if len(rows) <= ROWS:
        return rows
    return [rows[i * (len(rows) - 1) // (ROWS - 1)] for i in range(ROWS)]


def others(value, kind, chance):
    """Values that it might have been instead."""
    if kind == "INTEGER":
        v = 0 if value is None else value
        return [x for x in (v + 1, v + 1000003, v - 1) if -(2**63) <= x < 2**63]
    if kind == "TEXT":
        v = value or ""
        swapped = v[:-1] + ("x" if v[-1:] != "x" else "y") if v else "x"
        return [swapped, v + "x"]
    v = bytearray(value or b"")
    if not v:
        return [b"\x01" * 16]
    v[chance.randrange(len(v))] ^= 1 << chance.randrange(8)
    return [bytes(v)]


class Tamper:
    def __init__(self, world):
        self.world, self.db = world, sqlite3.connect(world.db, isolation_level=None)
        self.db.execute("pragma synchronous = off")
        self.chance = random.Random(int(os.environ.get("SEED", "7")))

    def verify(self):
        r = self.world.cli("verify", code=None)
        return r

    def put(self, table, key, where, column, value):
        text = "update %s set %s = ? where %s" % (table, column, where)
        assert self.db.execute(text, (value, *key)).rowcount == 1
        self.db.execute("pragma wal_checkpoint(truncate)")

    def one(self, table, columns, column, kind, row, backwards):
        keys = [c[0] for c in columns if c[2]]
        names = [c[0] for c in columns]
        key = [row[names.index(k)] for k in keys]
        where = " and ".join("%s = ?" % k for k in keys)
        was = row[names.index(column)]
        values = others(was, kind, self.chance)
        for value in reversed(values) if backwards else values:
            try:
                self.put(table, key, where, column, value)
            except sqlite3.IntegrityError:
                continue
            now = [value if k == column else v for k, v in zip(keys, key)]
            try:
                r = self.verify()
            finally:
                self.put(table, now, where, column, was)
            return value, r
        return None, None

    def column(self, table, columns, column, kind, rows):
        unnoticed = 0
        tries = [(row, way) for row in rows for way in ((False, True) if (table, column) in BESIDE else (False,))]
        for row, backwards in tries:
            value, r = self.one(table, columns, column, kind, row, backwards)
            if r is None:
                tally.check("%s.%s can have no other value" % (table, column), True)
                continue
            told = r.code == 1 and len(r.err.strip().split("\n")) == 1 and r.err.strip().endswith(".")
            if os.environ.get("TAMPER_SHOW"):
                print("%-30s %s" % (table + "." + column, r.err.strip() if r.code else "-----"), flush=True)
            if (table, column) in BESIDE and r.code == 0:
                unnoticed += 1
                break
            else:
                was = dict(zip([c[0] for c in columns], row))
                tally.check("%s.%s altered: it is found" % (table, column), told, "%s -> %s\n%s" % (was, value, r.out + r.err))
        if (table, column) in BESIDE:
            tally.check("%s.%s is nowhere else" % (table, column), unnoticed > 0, "verify finds it by now: take it from the list")


def main():
    with World(now="2026-01-01T00:00:00Z", serve=["--quiet"], start=False) as s:
        s.start()
        s.build()
        s.stop()
        tamper = Tamper(s)
        tally.check("it verifies", tamper.verify().code == 0, tamper.verify().err)
        listed = set()
        for table, columns in list(tables(tamper.db)):
            keys = ", ".join(c[0] for c in columns if c[2])
            rows = tamper.db.execute("select %s from %s order by %s" % (", ".join(c[0] for c in columns), table, keys)).fetchall()
            if table in ALONE:
                continue
            tally.check("%s has rows" % table, len(rows) > 0)
            for column, kind, _ in columns:
                listed.add((table, column))
                if len(sys.argv) < 2 or table in sys.argv[1:]:
                    tamper.column(table, columns, column, kind, rows if (table, column) in BESIDE else sample(rows))
        named = set(BESIDE) | {(x, None) for x in ALONE}
        listed |= {(x, None) for x, _ in tables(tamper.db)}
        tally.check("the lists name what is there", named <= listed, named - listed)
        tally.check("as it was", tamper.verify().code == 0, tamper.verify().err)


main()
tally.end()
