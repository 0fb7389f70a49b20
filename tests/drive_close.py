#!/usr/bin/python3
"""A month closed by many threads is the month closed by one: the same figures, the same digest, whatever comes in meanwhile.
`verify` draws every invoice again from its own arguments, so a bill that was drawn too early would show."""

import json
import os
import random
import sys
import threading
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

BOOK = """\
currency: USD
products: [{name: Droplets, category: iaas}, {name: Bandwidth, category: iaas}]
skus:
  - {sku: s-1, product: Droplets, prices: [{from: 2020-01-01T00:00:00Z, amount: "%s", per_hours: 672, cap_hours: 672}]}
  - {sku: mad, product: Droplets, prices: [{from: 2020-01-01T00:00:00Z, amount: "999999999", per_hours: 1}]}
meters:
  - {meter: bw, product: Bandwidth, section: overages, prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.01"}]}
"""
AFTER = "2026-04-02T00:00:00Z"
ACCOUNTS = 300
t = Tally()


def event(urn, kind, n, time, **data):
    return {"specversion": "1.0", "id": "e%d" % n, "source": "/t", "type": kind, "subject": urn, "time": time, "data": data}


class World:
    """Accounts with a life and some usage each; the first is large, the last cannot be billed."""

    def __init__(self, s, rng):
        self.s, self.rng, self.n = s, rng, 0
        s.cli("prices", "load", write(s, BOOK % "5.00"))
        self.op = s.operator_token()
        self.urns = []
        for i in range(ACCOUNTS):
            body = {"name": "A%d" % i, "email": "a@example.com", "urn": "do:team:" + str(uuid.UUID(int=rng.getrandbits(128), version=4))}
            self.urns.append(s.post("/operator/v1/accounts", self.op, json.dumps(body), want=201).json["urn"])
        facts = [self.life(u, "s-1") for u in self.urns for _ in range(3)] + [self.life(self.urns[0], "s-1") for _ in range(3000)]
        facts += [self.usage(u) for u in self.urns for _ in range(3)] + [self.life(self.urns[-1], "mad", quantity="1000000000")]
        self.send(facts)

    def life(self, urn, sku, **more):
        self.n += 1
        at = "2026-03-%02dT%02d:00:00Z" % (self.rng.randint(1, 31), self.rng.randint(0, 23))
        return event(urn, "resource.create", self.n, at, resource=str(uuid.UUID(int=self.rng.getrandbits(128), version=4)), sku=sku, **more)

    def usage(self, urn):
        self.n += 1
        return event(urn, "usage", self.n, "2026-03-%02dT01:02:03Z" % self.rng.randint(1, 31), meter="bw", quantity=str(self.rng.randint(1, 900)))

    def send(self, facts):
        for i in range(0, len(facts), 2000):
            body = "\n".join(map(json.dumps, facts[i : i + 2000]))
            self.s.post("/operator/v1/events", self.op, body, headers={"Content-Type": "application/x-ndjson"}, want=200)


def same_by_any_number(rng):
    """One thread, two, eight, 64 or as many as it likes: nothing tells them apart."""
    with Story(now="2026-03-31T23:00:00Z", serve=["--quiet"]) as s:
        w = World(s, rng)
        s.stop()
        said = {}
        for jobs in ("1", "2", "8", "64", None):
            other = s.copy("jobs", now=AFTER)
            said[jobs] = other.cli("close", "2026-03", "--json", *(["--jobs", jobs] if jobs else [])).json
            urn = w.urns[0]
            rows = other.cli("invoice", "list", "--account", urn, "--json").json
            csv = other.cli("invoice", "csv", rows["invoices"][0]["invoice_uuid"], "-", "--account", urn).out
            said[jobs]["csv"] = csv
            t.same("%s: closed again" % jobs, other.cli("close", "2026-03", "--json").json["digest"], said[jobs]["digest"])
            other.cli("verify", "--digest", said[jobs]["digest"])
            other.drop()
        t.same("the one that is parked", said["1"]["parked"], [w.urns[-1]])
        t.same("the others", (said["1"]["accounts"], said["1"]["invoices"]), (ACCOUNTS - 1, ACCOUNTS - 1))
        for jobs, got in said.items():
            t.same("by %s threads" % jobs, got, said["1"])


def while_facts_come(rng):
    """Facts and payments come while the month is closed: each bill holds all that came before its turn, and says so."""
    with Story(now=AFTER, serve=["--quiet"]) as s:
        w = World(s, rng)
        done, sent, turns = threading.Event(), [], [rng.choice(w.urns[:40] + w.urns[-40:]) for _ in range(100000)]
        other = Story(now=AFTER, start=False, folder=s.folder)
        other.port, other.operator_port = s.port, s.operator_port

        def comes():
            while not done.is_set():
                i = len(sent)
                urn = w.urns[0] if i % 2 else turns[i]
                other.post("/operator/v1/events", w.op, json.dumps(w.usage(urn)), headers={"Content-Type": "application/cloudevents+json"}, want=200)
                if i % 7 == 0:
                    body = json.dumps({"amount": "1.00", "ref": "r%d" % i})
                    other.post("/operator/v1/accounts/%s/payments" % turns[i], w.op, body, want=201)
                sent.append(urn)

        thread = threading.Thread(target=comes)
        thread.start()
        try:
            got = {"done": False}
            while not got["done"]:
                got = s.post("/operator/v1/periods/2026-03/close", w.op, json.dumps({"jobs": 4}), want=200).json
        finally:
            done.set()
            thread.join()
        for link in list(other.links.values()):
            link.close()
        t.check("facts came meanwhile", len(sent) > 5, len(sent))
        t.same("all were closed", (got["accounts"], got["parked"]), (ACCOUNTS - 1, [w.urns[-1]]))
        s.cli("verify")
        s.cli("close", "2026-04", "--now", "2026-05-02T00:00:00Z")
        s.cli("verify")


def new_prices_in_the_middle(rng):
    """A book loaded between two chunks holds for the accounts whose turn comes after it; each invoice names its own."""
    with Story(now="2026-03-31T23:00:00Z", serve=["--quiet"]) as s:
        w = World(s, rng)
        s.cli("account", "list", now=AFTER)
        close = lambda: s.post("/operator/v1/periods/2026-03/close", w.op, json.dumps({"jobs": 2}), want=200).json  # noqa: E731
        first = close()
        while not first["accounts"]:
            first = close()
        t.check("one chunk is not all of it", not first["done"], first)
        report = s.cli("prices", "load", write(s, BOOK % "6.00"), code=1).out.split("\n")
        t.same("it moves those that were closed", sum(x.startswith("do:team:") for x in report), first["accounts"])
        s.cli("prices", "load", write(s, BOOK % "6.00"), "--adjust", [x for x in report if len(x) == 64][0])
        last = first
        while not last["done"]:
            last = close()
        t.same("all were closed", (last["accounts"], last["parked"]), (ACCOUNTS - 1, [w.urns[-1]]))
        s.cli("verify")


def verified_meanwhile(rng):
    """verify beside a server that takes facts, accounts, payments and adjustments in, closes a month and loads a book: it sees
    each thing at one instant or another, and never a difference."""
    with Story(now=AFTER, serve=["--quiet"]) as s:
        w, done, said = World(s, rng), threading.Event(), []

        def beside():
            other = Story(now=AFTER, start=False, folder=s.folder)
            other.port, other.operator_port = s.port, s.operator_port
            return other

        def verifies():
            other = beside()
            while not done.is_set():
                said.append(other.post("/operator/v1/verify", w.op, "{}"))

        def comes():
            other, n = beside(), 0
            while not done.is_set():
                n += 1
                urn = rng.choice(w.urns[:200])
                other.post("/operator/v1/events", w.op, json.dumps(w.usage(urn)), headers={"Content-Type": "application/cloudevents+json"})
                other.post("/operator/v1/accounts", w.op, json.dumps({"name": "N", "email": "n@example.com"}))
                pay, key = json.dumps({"amount": "1.00", "ref": "v%d" % n}), {"Idempotency-Key": "k%d" % n}
                other.post("/operator/v1/accounts/%s/payments" % urn, w.op, pay, headers=key)
                other.post("/operator/v1/accounts/%s/adjustments" % urn, w.op, json.dumps({"amount": "1.00"}))

        threads = [threading.Thread(target=f) for f in (verifies, comes)]
        for thread in threads:
            thread.start()
        try:
            while not s.post("/operator/v1/periods/2026-03/close", w.op, json.dumps({"jobs": 2}), want=200).json["done"]:
                pass
            for _ in range(3):  # a late fact may make another report of it
                report = s.cli("prices", "load", write(s, BOOK % "6.00"), code=1).out.split("\n")
                if s.cli("prices", "load", write(s, BOOK % "6.00"), "--adjust", [x for x in report if len(x) == 64][0], code=None).code == 0:
                    break
        finally:
            done.set()
            for thread in threads:
                thread.join()
        t.check("verify saw no difference", said and all(a.status == 200 for a in said), [a.body for a in said if a.status != 200][:2])
        s.cli("verify")


def write(s, text):
    path = os.path.join(s.folder, "prices.yaml")
    with open(path, "w") as f:
        f.write(text)
    return path


def wrong_numbers():
    with Story(now=AFTER, serve=["--quiet"]) as s:
        op = s.operator_token()
        s.cli("prices", "load", write(s, BOOK % "5.00"))
        for jobs in (0, -1, 65, 1.5, "2", True, None, [], 1e1, 100000000000000000000):
            a = s.post("/operator/v1/periods/2026-03/close", op, json.dumps({"jobs": jobs}), want=422)
            t.check("jobs %r" % (jobs,), "from 1 to 64" in a.text, a.text)
        for jobs in ("0", "65", "many", "-1", "1.5"):
            s.cli("close", "2026-03", "--jobs", jobs, code=2)
        t.same("nobody to bill", s.cli("close", "2026-03", "--jobs", "64", "--json").json["accounts"], 0)


def main():
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    print("SEED=%d" % seed)
    for story in (same_by_any_number, while_facts_come, new_prices_in_the_middle, verified_meanwhile):
        story(random.Random(seed))
    wrong_numbers()
    return t.end()


sys.exit(main())
