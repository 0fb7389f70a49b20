#!/usr/bin/python3
"""Several processes on one PostgreSQL database, and a database that goes away and comes back: what one process was told
every other knows at the next read, nothing is counted twice, nothing that was acknowledged is lost."""

import json
import os
import random
import re
import signal
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402
from story.postgres import Postgres, psql  # noqa: E402

NOW, AFTER = "2026-03-15T12:00:00Z", "2026-04-02T00:00:00Z"
NDJSON = {"Content-Type": "application/x-ndjson"}
BOOK = """currency: USD
grace: 24h
products: [{name: API, category: paas}]
skus: []
meters:
  - {meter: calls, product: API, unit: calls, aggregate: sum, prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "%s"}]}
taxes: []
"""
URN = "do:team:00000000-0000-4000-8000-%012x"
t = Tally()


def event(account, n, quantity=1, kind="usage", **data):
    return {"specversion": "1.0", "id": "e%d" % n, "source": "/p", "subject": URN % account, "type": kind,
            "time": "2026-03-10T00:00:%02dZ" % (n % 60), "data": data or {"meter": "calls", "quantity": str(quantity)}}


class Two:
    """Two servers over one database, and a third of commands."""

    def __init__(self, url, now=NOW):
        os.environ.pop("BILLOW_TEST_DB", None)
        self.stories = []
        for _ in range(2):
            s = Story(now=now, serve=["--quiet"], start=False)
            s.db = url
            self.stories.append(s)
        self.a, self.b = self.stories
        self.url = url

    def __enter__(self):
        with open(os.path.join(self.a.folder, "prices.yaml"), "w") as f:
            f.write(BOOK % "0.01")
        self.a.cli("prices", "load", f.name)
        for s in self.stories:
            s.start()
        self.op = self.a.operator_token()
        return self

    def __exit__(self, kind, value, trace):
        for s in self.stories:
            s.__exit__(kind, value, trace)

    def link(self, s):
        """Another client of the same server, for a thread of its own."""
        other = Story(now=s.now, start=False, folder=s.folder)
        other.port, other.operator_port = s.port, s.operator_port
        return other

    def account(self, n):
        self.a.cli("account", "add", "--name", "A%d" % n, "--email", "a@b.example", "--urn", URN % n, "--billing-from", "2026-01-01T00:00:00Z")
        return self.a.token(URN % n)

    def send(self, s, *events, want=200):
        body = "\n".join(map(json.dumps, events))
        return s.post("/operator/v1/events", self.op, body, headers=NDJSON, want=want).json


def usage(s, token):
    return s.get("/v2/customers/my/balance", token, want=200).json["month_to_date_usage"]


def known_everywhere(pg):
    with Two(pg.database()) as w:
        a, b = w.a, w.b
        token = w.account(1)
        t.same("a token of a command is known to both", (usage(a, token), usage(b, token)), ("0.00", "0.00"))
        for n in range(20):
            here, there = (a, b) if n % 2 else (b, a)
            w.send(here, event(1, n))
            t.same("the other one reads fact %d" % n, usage(there, token), "0.%02d" % (n + 1))
        got = w.send(b, *[event(1, n) for n in range(20)])
        t.same("duplicates of both", (got["accepted"], got["duplicate"]), (0, 20))
        got = w.send(a, event(1, 3, 7), event(1, 4), want=200)
        t.same("a conflict", ([r["reason"][:8] for r in got["rejected"]], got["duplicate"]), (["conflict"], 1))
        w.send(a, event(1, 99, kind="fact.retract", source="/p", id="e200"))
        w.send(b, event(1, 200, 100))
        t.same("a retraction that waited in the other process", (usage(a, token), usage(b, token)), ("0.20", "0.20"))
        w.send(a, event(1, 98, kind="fact.retract", source="/p", id="e0"))
        t.same("a retraction", (usage(b, token), usage(a, token)), ("0.19", "0.19"))
        a.cli("pay", "--account", URN % 1, "--amount", "5.00", "--ref", "r1")
        again = b.post("/operator/v1/accounts/%s/payments" % (URN % 1), w.op, json.dumps({"amount": "5.00", "ref": "r1"}), want=None)
        t.check("a payment twice is one", again.status in (200, 201), again.body)
        t.same("and both know", [s.get("/v2/customers/my/balance", token, want=200).json["account_balance"] for s in (a, b)], ["-5.00"] * 2)
        with open(os.path.join(a.folder, "prices.yaml"), "w") as f:
            f.write(BOOK % "0.02")
        a.cli("prices", "load", f.name)
        t.same("a price book", (usage(a, token), usage(b, token)), ("0.38", "0.38"))
        rows = a.cli("token", "list", "--json").json
        mine = [r for r in rows["tokens"] if r.get("account") == URN % 1 or r.get("urn") == URN % 1]
        a.cli("token", "revoke", mine[0]["id"])
        t.same("a token that was revoked", [s.ask("GET", "/v2/customers/my/balance", token=token).status for s in (a, b)], [401, 401])
        token = a.token(URN % 1)
        a.cli("account", "list", now="2026-03-20T00:00:00Z")
        t.same("the clock", b.get("/operator/v1/clock", w.op, want=200).json["now"][:10], "2026-03-20")
        a.cli("verify")


def far_behind(pg):
    """One that slept through more than is kept for it reads everything again."""
    with Two(pg.database()) as w:
        token = w.account(1)
        t.same("both know", (usage(w.a, token), usage(w.b, token)), ("0.00", "0.00"))
        os.kill(w.b.process.pid, signal.SIGSTOP)
        for n in range(1200):
            w.send(w.a, event(1, n))
        other = w.account(2)
        w.send(w.a, event(2, 5000, 7))
        rows = int(psql(w.url, "select count(*) from billow.wrote"))
        os.kill(w.b.process.pid, signal.SIGCONT)
        t.check("more than it follows one by one", rows > 1100, rows)
        t.same("it knows again", (usage(w.b, token), usage(w.b, other)), ("12.00", "0.07"))
        got = w.send(w.b, *[event(1, n) for n in range(1201)])
        t.same("each of them", (got["accepted"], got["duplicate"]), (1, 1200))
        t.same("and is known in turn", usage(w.a, token), "12.01")
        psql(w.url, "update billow.wrote set at = at - interval '1 hour'; update billow.schema set writes = writes + 4096; "
             "update billow.wrote set writes = writes + 2000")
        w.a.cli("db", "init")
        t.check("old rows go", int(psql(w.url, "select count(*) from billow.wrote")) < rows)
        t.same("and nobody misses them", (usage(w.a, token), usage(w.b, token)), ("12.01", "12.01"))
        w.send(w.b, event(1, 6000))
        t.same("it goes on", usage(w.a, token), "12.02")
        w.a.cli("verify")


def at_once(pg):
    """Facts, payments and a close come to both at once, while a third process imports."""
    rng = random.Random(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32))))
    with Two(pg.database()) as w:
        tokens = {n: w.account(n) for n in range(1, 9)}
        sums, wrong = {n: 0 for n in tokens}, []
        batches = []
        for i in range(60):
            n = 1 + i % 8
            batches.append([event(n, i * 50 + k) for k in range(50)])
            sums[n] += 50
        shared = batches[:]  # both send all of it, in an order of their own

        def sends(s, order):
            for at in order:
                got = s.ask("POST", "/operator/v1/events", token=w.op, operator=True, body="\n".join(map(json.dumps, shared[at])), headers=NDJSON)
                if got.status != 200 or got.json["rejected"]:
                    wrong.append((got.status, got.body))
                else:
                    taken.append(got.json["accepted"])

        taken = []
        threads = []
        for s in w.stories:
            order = list(range(len(shared)))
            rng.shuffle(order)
            threads.append(threading.Thread(target=sends, args=(w.link(s), order)))
        for x in threads:
            x.start()
        lines = "\n".join(json.dumps(e) for b in batches for e in b)
        said = w.a.cli("import", "-", stdin=lines).out
        for x in threads:
            x.join()
        t.same("nothing went wrong", wrong[:2], [])
        by_command = int(re.search(r"accepted\s+(\d+)", said)[1])
        t.same("each fact was taken once", sum(taken) + by_command, 3000)
        for n, token in tokens.items():
            want = "%d.%02d" % divmod(sums[n], 100)
            t.same("account %d" % n, (usage(w.a, token), usage(w.b, token)), (want, want))
        w.a.cli("verify")
        w.a.cli("account", "list", now=AFTER)
        totals, done = [], []

        def closes(s):
            got = {"done": False}
            while not got["done"]:
                got = s.post("/operator/v1/periods/2026-03/close", w.op, json.dumps({"jobs": 2}), want=200).json
            done.append(got)

        threads = [threading.Thread(target=closes, args=(w.link(s),)) for s in w.stories]
        for x in threads:
            x.start()
        totals.append(w.a.cli("close", "2026-03", "--json").json)
        for x in threads:
            x.join()
        figures = [(g["accounts"], g["invoices"], g["total"], g["digest"]) for g in done + totals]
        t.same("three closers come to the same", len(figures) == 3 and len(set(figures)), 1)
        t.same("each account once", figures[0][:3], (8, 8, "30.00"))
        w.a.cli("verify", "--digest", figures[0][3])
        for n, token in tokens.items():
            lists = [s.get("/v2/customers/my/invoices", token, want=200).json["invoices"] for s in w.stories]
            t.same("account %d has one invoice" % n, ([len(x) for x in lists], lists[0] == lists[1]), ([1, 1], True))


def away_and_back():
    with Postgres("fsync=on") as pg, Two(pg.database()) as w:
        token = w.account(1)
        w.send(w.a, event(1, 0))
        acked, stop, seen, slow = [0], threading.Event(), set(), []

        def sends(s, first):
            n = first
            while not stop.is_set():
                began = time.monotonic()
                got = s.ask("POST", "/operator/v1/events", token=w.op, operator=True, body=json.dumps(event(1, n)), headers=NDJSON)
                slow.append(time.monotonic() - began)
                seen.add(got.status if got.status in (200, 503) else (got.status, got.body))
                if got.status == 200:
                    acked.append(n)
                    n += 2
                else:
                    time.sleep(0.02)  # the same again

        threads = [threading.Thread(target=sends, args=(w.link(s), 1 + i)) for i, s in enumerate(w.stories)]
        for x in threads:
            x.start()
        for how in ("immediate", "fast", "immediate", "immediate"):
            time.sleep(0.7)
            before = len(acked)
            t.check("it went on before %s" % how, before > 3, before)
            pg.stop(how)
            time.sleep(0.3)
            for s in w.stories:
                began = time.monotonic()
                got = s.get("/v2/customers/my/balance", token, want=None)
                t.check("away: 503 soon", got.status == 503 and time.monotonic() - began < 6, (got.status, got.body))
                t.check("with Retry-After", "retry-after" in {k.lower() for k in got.headers}, got.headers)
                t.same("it lives, and is not ready", (s.ask("GET", "/healthz").status, s.ask("GET", "/readyz").status), (200, 503))
            pg.start()
            back = time.monotonic()
            for s in w.stories:
                while s.ask("GET", "/readyz").status != 200 and time.monotonic() - back < 10:
                    time.sleep(0.05)
                t.check("back soon", time.monotonic() - back < 5, time.monotonic() - back)
        time.sleep(0.5)
        stop.set()
        for x in threads:
            x.join()
        t.check("only 200 and 503 were told", seen <= {200, 503}, seen)
        t.check("never long", max(slow) < 12, max(slow))
        got = w.send(w.b, *[event(1, n) for n in acked])
        t.same("what was acknowledged is there (%d)" % len(acked), (got["accepted"], got["duplicate"]), (0, len(acked)))
        facts = w.a.cli("verify", "--json").json["facts"]
        cents = [round(float(usage(s, token)) * 100) for s in w.stories]
        t.same("and nothing twice", cents[0], cents[1])
        t.check("at most what was under way beside it", len(acked) <= cents[0] <= len(acked) + 2, (cents, len(acked), facts))


with Postgres() as pg:
    t.run("known everywhere", known_everywhere, pg)
    t.run("far behind", far_behind, pg)
    t.run("at once", at_once, pg)
t.run("away and back", away_and_back)
t.end()
