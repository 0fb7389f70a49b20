#!/usr/bin/env python3
"""kill -9 at random moments of serving, importing and closing: what was acknowledged is there once, what was sent again
is there once, and an interrupted close ends with the digest of an undisturbed one. $KILLS sets how many (200)."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story.server import Failed, Story  # noqa: E402
from story.tally import Tally  # noqa: E402

BOOK = """currency: USD
sellers: [{name: Example Cloud}]
products: [{name: Things}]
skus:
  - sku: box
    product: Things
    prices: [{from: 2020-01-01T00:00:00Z, amount: "6.72", per_hours: 672, cap_hours: 672}]
meters:
  - {meter: hits, product: Things, unit: hits, aggregate: sum, prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.01"}]}
"""
NOW = "2026-03-20T12:00:00Z"
AFTER = "2026-04-03T00:00:00Z"


def urn(n):
    return "do:team:00000000-0000-4000-8000-%012d" % n


def event(account, i, kind="usage"):
    data = {"meter": "hits", "quantity": 1}
    if kind != "usage":
        data = {"resource": "00000000-0000-4000-9000-%012d" % i, "sku": "box", "name": "box %d" % i}
    return {
        "specversion": "1.0",
        "id": "%s-%d" % (kind, i),
        "source": "kill",
        "type": kind,
        "subject": urn(account),
        "time": "2026-03-%02dT%02d:00:00Z" % (1 + i % 19, i % 24),
        "data": data,
    }


def prepare(s, accounts):
    path = os.path.join(s.folder, "prices.yaml")
    with open(path, "w", encoding="utf-8") as f:
        f.write(BOOK)
    s.cli("prices", "load", path)
    for a in range(1, accounts + 1):
        s.cli("account", "add", "--urn", urn(a), "--name", "A%d" % a, "--email", "a@example.com", "--billing-from", "2026-03-01T00:00:00Z")


class Load(threading.Thread):
    """Posts batches until the server is gone; notes which were answered with 200."""

    def __init__(self, s, batches, token):
        super().__init__()
        self.s, self.batches, self.token, self.acked, self.bad = s, batches, token, [], None

    def run(self):
        for k, body in self.batches:
            try:
                r = self.s.ask("POST", "/operator/v1/events", token=self.token, body=body, operator=True,
                               headers={"Content-Type": "application/x-ndjson"})
            except Exception:
                return
            if r.status != 200 or r.json["rejected"]:
                self.bad = (r.status, r.text[:300])
                return
            self.acked.append(k)


def serving(tally, rng, kills):
    batch, width = 40, 4
    with Story(now=NOW, start=False) as s:
        prepare(s, 3)
        token = s.cli("token", "add", "--operator").out.strip()
        bodies, acked, nxt, redone = {}, set(), 0, 0
        for _ in range(kills):
            s.start()
            todo = [k for k in bodies if k not in acked] + rng.sample(sorted(acked), min(2, len(acked)))
            while len(todo) < 60:
                bodies[nxt] = "\n".join(json.dumps(event(1 + i % 3, i)) for i in range(nxt * batch, (nxt + 1) * batch))
                todo.append(nxt)
                nxt += 1
            load = Load(s, [(k, bodies[k]) for k in todo], token)
            load.start()
            time.sleep(rng.uniform(0.0, 0.25))
            s.stop(signal.SIGKILL)
            load.join()
            redone += sum(k in acked for k in load.acked)
            acked.update(load.acked)
            if load.bad:
                tally.check("a batch is answered with 200", False, load.bad)
                return
        s.start()
        rest = Load(s, [(k, bodies[k]) for k in bodies if k not in acked], token)
        rest.run()
        tally.check("after the kills every batch is taken", len(rest.acked) + len(acked) == len(bodies), rest.bad)
        again = s.ask("POST", "/operator/v1/events", token=token, body=bodies[min(acked)], operator=True,
                      headers={"Content-Type": "application/x-ndjson"}).json
        tally.same("what was acknowledged is a duplicate", again["duplicate"], batch)
        want = nxt * batch
        got = 0
        for a in (1, 2, 3):
            t = s.cli("token", "add", "--account", urn(a)).out.strip()
            got += round(float(s.ask("GET", "/v2/customers/my/balance", token=t).json["month_to_date_usage"]) * 100)
        tally.same("each event counts once (%d kills)" % kills, got, want)
        facts = s.cli("verify", "--json").json
        tally.check("verify holds", facts["sum"] == "0" and facts["facts"] >= want, facts)


def importing(tally, rng, kills):
    with Story(now=NOW, start=False) as s:
        prepare(s, 3)
        path = os.path.join(s.folder, "events.ndjson")
        n = 30000
        with open(path, "w", encoding="utf-8") as f:
            for i in range(n):
                f.write(json.dumps(event(1 + i % 3, i)) + "\n")
        for _ in range(kills):
            p = subprocess.Popen([s.program, "import", "--db", s.db, "--now", NOW, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.02, 1.0))
            p.kill()
            p.wait()
        last = s.cli("import", path).out
        numbers = dict(zip(last.split()[::2], map(int, last.split()[1::2])))
        tally.check("the last import ends it", numbers["accepted"] + numbers["duplicate"] == n, last)
        again = s.cli("import", path).out
        tally.check("nothing is taken twice (%d kills)" % kills, "duplicate %d" % n in again, again)
        s.start()
        got = 0
        for a in (1, 2, 3):
            t = s.cli("token", "add", "--account", urn(a)).out.strip()
            got += round(float(s.ask("GET", "/v2/customers/my/balance", token=t).json["month_to_date_usage"]) * 100)
        tally.same("each line counts once", got, n)


def closing(tally, rng, kills):
    with Story(now=NOW, start=False) as s:
        s.start()
        prepare(s, 120)
        events = [event(a, a * 100 + i, "resource.create") for a in range(1, 121) for i in range(6)]
        events += [event(a, a * 100 + i) for a in range(1, 121) for i in range(10)]
        s.cli("import", "-", stdin="\n".join(map(json.dumps, events)))
        s.stop()
        other = s.copy("undisturbed", now=AFTER)
        want = other.cli("close", "2026-03", "--json").json
        died = 0
        for i in range(kills):
            p = subprocess.Popen([s.program, "close", "2026-03", "--db", s.db, "--now", AFTER], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(rng.uniform(0.0, 0.4 if i else 0.04))  # the first soon: once it is closed there is no work left
            died += p.poll() is None
            p.kill()
            p.wait()
        s.now = AFTER
        got = s.cli("close", "2026-03", "--json").json
        tally.same("a close killed %d times ends as an undisturbed one" % died, got, want)
        tally.check("it was killed at work", died > 0)
        s.cli("verify", "--digest", want["digest"])
        other.drop()


def main():
    kills = int(os.environ.get("KILLS", "200"))
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
    print("seed %d" % seed)
    rng, tally = random.Random(seed), Tally()
    tally.run("serving", serving, tally, rng, kills // 2)
    tally.run("importing", importing, tally, rng, kills // 4)
    tally.run("closing", closing, tally, rng, kills - kills // 2 - kills // 4)
    tally.end()


if __name__ == "__main__":
    main()
