#!/usr/bin/env python3
"""A price book that moves closed months, loaded while facts come, while a month is closed, and while the server is killed:
it holds for all accounts or for none, the writer goes on taking facts in, and what is billed in the end for each account and
month is what it would have been with nothing in between."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story.server import Failed, Story  # noqa: E402
from story.tally import Tally  # noqa: E402

BOOK = """currency: USD
products: [{name: Things}]
skus:
  - {sku: box, product: Things, prices: [{from: 2020-01-01T00:00:00Z, amount: "%s", per_hours: 672, cap_hours: 672}]}
meters:
  - {meter: hits, product: Things, aggregate: sum, prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.01"}]}
"""
ACCOUNTS = 200
NOW, LATER = "2026-04-20T00:00:00Z", "2026-06-02T00:00:00Z"
KILLS = int(os.environ.get("PRICE_KILLS", "4"))
t = Tally()


def event(urn, kind, id, time, **data):
    return {"specversion": "1.0", "id": id, "source": "/t", "type": kind, "subject": urn, "time": time, "data": data}


def book(s, price):
    path = os.path.join(s.folder, "prices-%s.yaml" % price)
    with open(path, "w", encoding="utf-8") as f:
        f.write(BOOK % price)
    return path


class Base:
    """A database with six closed months, made once; every story begins with a copy."""

    def __init__(self, rng):
        self.folder = tempfile.mkdtemp(prefix="billow-prices-")
        with Story(now=NOW, serve=["--quiet"], folder=self.folder) as s:
            s.cli("prices", "load", book(s, "5.00"))
            self.op = s.operator_token()
            self.urns, facts = [], []
            for i in range(ACCOUNTS):
                urn = "do:team:" + str(uuid.UUID(int=rng.getrandbits(128), version=4))
                body = {"name": "A%d" % i, "email": "a@example.com", "urn": urn}
                s.post("/operator/v1/accounts", self.op, json.dumps(body), want=201)
                self.urns.append(urn)
                for k in range(600 if i == 0 else 3):
                    at = "2025-%02d-%02dT00:00:00Z" % (rng.randint(10, 12), rng.randint(1, 28))
                    resource = str(uuid.UUID(int=rng.getrandbits(128), version=4))
                    facts.append(event(urn, "resource.create", "e%d.%d" % (i, k), at, resource=resource, sku="box"))
            send(s, self.op, facts)
            s.cli("close", "2026-03")
            s.stop()
            shutil.copy(s.db, os.path.join(self.folder, "first.db"))
        self.n = 0

    def copy(self):
        self.n += 1
        folder = os.path.join(self.folder, str(self.n))
        os.mkdir(folder)
        shutil.copy(os.path.join(self.folder, "first.db"), os.path.join(folder, "billow.db"))
        return folder

    def story(self, **more):
        return Story(now=NOW, serve=["--quiet"], folder=self.copy(), **more)


def send(s, op, facts, want=200):
    body = "\n".join(json.dumps(e) for e in facts)
    return s.post("/operator/v1/events", op, body, headers={"Content-Type": "application/x-ndjson"}, want=want)


def report(s, price, *args):
    """(account, month, amount)*, digest; the book is not loaded."""
    lines = s.cli("prices", "load", book(s, price), *args, code=1).out.split("\n")
    return [tuple(x.split()) for x in lines if x.startswith("do:team:")], [x for x in lines if len(x) == 64][0]


def loading(s, digest):
    argv = [s.program, "prices", "load", book(s, "6.00"), "--adjust", digest, "--db", s.db]
    return subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def billed(s):
    """What is billed for each account and month; the server is stopped."""
    s.cli("verify")
    s.stop()
    db = sqlite3.connect(s.db)
    try:
        return {(a, p): n for a, p, n in db.execute("select account, period, sum(amount) from billed group by account, period")}
    finally:
        db.close()


def settle(s):
    """Closes what has been open."""
    s.cli("close", "2026-05", now=LATER)
    s.now = LATER
    return billed(s)


def same_bills(what, got, want):
    wrong = {k: (got.get(k), want.get(k)) for k in set(got) | set(want) if got.get(k) != want.get(k)}
    t.check(what, not wrong, list(wrong.items())[:3])


def undisturbed(base):
    with base.story(start=False) as s:
        moved, digest = report(s, "6.00")
        t.check("all accounts are moved", len({m[0] for m in moved}) == ACCOUNTS, len(moved))
        t.same("the same report again", report(s, "6.00"), (moved, digest))
        t.same("of another book another", report(s, "6.01")[1] != digest, True)
        s.cli("prices", "load", book(s, "6.01"), "--adjust", digest, code=1)
        s.cli("prices", "load", book(s, "6.00"), "--adjust", digest)
        s.cli("verify")
        return moved, digest, settle(s)


class Stream(threading.Thread):
    """Facts of the open month, of no weight, one at a time, for as long as it runs."""

    def __init__(self, base, s, rng):
        super().__init__()
        self.base, self.rng, self.ends, self.took = base, rng, threading.Event(), []
        self.other = Story(now=NOW, start=False, folder=s.folder)
        self.other.port, self.other.operator_port = s.port, s.operator_port

    def run(self):
        while not self.ends.is_set():
            urn = self.rng.choice(self.base.urns)
            e = event(urn, "usage", "s%d" % len(self.took), "2026-04-10T00:00:00Z", meter="hits", quantity=0)
            begin = time.monotonic()
            try:
                send(self.other, self.base.op, [e])
            except (OSError, Failed):
                if self.ends.is_set():
                    return
                raise
            self.took.append(time.monotonic() - begin)

    def stop(self):
        self.ends.set()
        self.join()
        for link in list(self.other.links.values()):
            link.close()


def while_facts_come(base, rng, digest, want):
    with base.story() as s:
        stream = Stream(base, s, rng)
        stream.start()
        begin = time.monotonic()
        try:
            s.cli("prices", "load", book(s, "6.00"), "--adjust", digest)
            took, n = time.monotonic() - begin, len(stream.took)
        finally:
            stream.stop()
        print("%d facts in %.2f s, the slowest %.3f s" % (n, took, max(stream.took)))
        t.check("facts were taken in meanwhile", n > 1, n)
        t.check("none of them waited for all of it", max(stream.took) < max(took / 2, 2), (max(stream.took), took))
        s.cli("verify")
        same_bills("facts of the open month change nothing", settle(s), want)


def late_fact_between(base, digest):
    with base.story() as s:
        late = event(base.urns[7], "resource.create", "late", "2026-01-05T00:00:00Z", resource=str(uuid.uuid4()), sku="box")
        send(s, base.op, [late])
        moved, other = report(s, "6.00", "--adjust", digest)
        t.check("a late fact makes another report", other != digest and any(m[:2] == (base.urns[7], "2026-01") for m in moved), other)
        t.check("nothing is loaded", '"5.00"' in s.cli("prices", "show").out)
        s.cli("prices", "load", book(s, "6.00"), "--adjust", other)
        s.cli("verify")


def while_a_month_is_closed(base, digest, want):
    with base.story() as s:
        s.cli("account", "list", now=LATER)
        load = loading(s, digest)
        done = False
        while not done:
            done = s.post("/operator/v1/periods/2026-04/close", base.op, "{}", want=200).json["done"]
        if load.wait(120) != 0:  # an account was closed further before all was drawn: there is more to move by now
            s.cli("prices", "load", book(s, "6.00"), "--adjust", report(s, "6.00")[1])
        s.cli("verify")
        s.cli("close", "2026-05")  # April's corrections, where it was billed under the old book
        s.cli("account", "list", now="2026-07-02T00:00:00Z")
        s.cli("close", "2026-06")
        got = billed(s)
        same_bills("a close in between changes nothing", {k: v for k, v in got.items() if k[1] < 677}, want)


def killed(base, rng, digest, want, seconds):
    for i in range(KILLS):
        with base.story() as s:
            load = loading(s, digest)
            time.sleep(seconds * (i + rng.random()) / KILLS)
            s.stop(signal.SIGKILL)
            load.wait(60)
            s.start()
            s.cli("verify")
            if '"5.00"' in s.cli("prices", "show").out:
                t.same("killed: still the same report", report(s, "6.00")[1], digest)
                s.cli("prices", "load", book(s, "6.00"), "--adjust", digest)
            same_bills("killed: all of it or nothing", settle(s), want)


def stopped(base, digest):
    with base.story() as s:
        load = loading(s, digest)
        time.sleep(0.2)
        begin = time.monotonic()
        s.stop()
        t.check("a server that is stopped waits for no book", time.monotonic() - begin < 10)
        load.wait(60)
        s.start()
        s.cli("verify")


def main():
    seed = int(os.environ.get("SEED", random.randrange(2**32)))
    print("SEED=%d" % seed)
    rng = random.Random(seed)
    base = Base(rng)
    try:
        begin = time.monotonic()
        moved, digest, want = undisturbed(base)
        seconds = (time.monotonic() - begin) / 8
        t.run("while facts come", while_facts_come, base, rng, digest, want)
        t.run("a late fact between", late_fact_between, base, digest)
        t.run("while a month is closed", while_a_month_is_closed, base, digest, want)
        t.run("killed", killed, base, rng, digest, want, seconds)
        t.run("stopped", stopped, base, digest)
    finally:
        shutil.rmtree(base.folder, ignore_errors=True)
    t.end()


main()
