#!/usr/bin/python3
"""Apps against a model: customers, operators and agents do things by chance, and after each of them everything that
can be seen must be what the model says. Then many do so at once, and what must always hold is looked at."""

import json
import os
import random
import signal
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

NOW = "2026-03-05T00:00:00Z"
WAY = ["PENDING_BUILD", "BUILDING", "PENDING_DEPLOY", "DEPLOYING", "ACTIVE"]
OPEN = set(WAY[:4])
t = Tally()


class Model:
    """One app, as the rules have it."""

    def __init__(self, tier, spec):
        self.tier, self.spec, self.pin, self.before = tier, spec, None, None
        self.all = []  # {phase, ran, spec, from}; oldest first
        self.add(spec)

    def add(self, spec, origin=None):
        for d in self.all:
            if d["phase"] in OPEN:
                d["phase"] = "SUPERSEDED"
        self.all.append({"phase": "PENDING_BUILD", "ran": False, "spec": spec, "from": origin})
        self.spec = spec

    def active(self):
        return next((i for i, d in enumerate(self.all) if d["phase"] == "ACTIVE"), None)

    def open(self):
        return next((i for i, d in enumerate(self.all) if d["phase"] in OPEN), None)

    def report(self, i, phase):
        """The answer: None when it is refused."""
        d = self.all[i]
        if d["phase"] in ("CANCELED", "SUPERSEDED"):
            return True
        if d["phase"] == phase:
            return False
        if d["phase"] not in OPEN or (phase in WAY and WAY.index(phase) < WAY.index(d["phase"])):
            return None
        if phase == "ACTIVE":
            if self.active() is not None:
                self.all[self.active()]["phase"] = "SUPERSEDED"
            d["ran"] = True
        d["phase"] = phase
        return False

    def condition(self, i):
        d = self.all[i]
        back = sum(x["ran"] for x in self.all[i + 1 :])
        now = self.all[self.active()]["spec"] if self.active() is not None else {}
        for code, holds in [
            ("app_pinned", self.pin is not None),
            ("incompatible_phase", d["phase"] in OPEN or d["phase"] == "ACTIVE"),
            ("incompatible_result", not d["ran"]),
            ("exceeded_revision_limit", back > (0 if self.tier == "starter" else 10)),
            ("region_conflict", d["spec"].get("region") != now.get("region")),
            ("database_config_conflict", d["spec"].get("databases") != now.get("databases")),
        ]:
            if holds:
                return code
        return None


class World:
    """others: further servers of the same database; each request goes to one of them by chance."""

    def __init__(self, s, rng, others=()):
        self.s, self.rng, self.servers = s, rng, [s, *others]
        self.urn = s.cli("account", "add", "--name", "Ada", "--email", "a@example.com").out.strip()
        self.do, self.op = s.token(self.urn), s.operator_token()

    def ask(self, method, path, body=None):
        token = self.op if path.startswith("/operator") else self.do
        return self.rng.choice(self.servers).request(method, path, token, None if body is None else json.dumps(body))

    def make(self):
        tier, spec = self.rng.choice(["basic", "basic", "starter"]), self.some_spec()
        body = self.ask("POST", "/operator/v1/apps", {"account": self.urn, "name": "shop", "tier_slug": tier, "spec": spec}).json["app"]
        return body["id"], Model(tier, spec)

    def some_spec(self):
        spec = {"name": "shop", "v": self.rng.randrange(3)}
        if self.rng.random() < 0.1:
            spec["region"] = "ams"
        if self.rng.random() < 0.1:
            spec["databases"] = [{"name": "db"}]
        return spec


def look(w, app, m, ids):
    """Everything of an app that can be seen."""
    a = w.ask("GET", "/operator/v1/apps/" + app).json["app"]
    running = m.active()
    want = (m.spec, m.pin is not None, None if running is None else ids[running])
    if (a["spec"], a["pinned"], a["active_deployment_id"]) != want:
        return t.same("the app", (a["spec"], a["pinned"], a["active_deployment_id"]), want)
    rows = w.rng.choice(w.servers).pages("/v2/apps/%s/deployments" % app, w.do, "deployments", 7)
    got = [(d["id"], d["phase"], d["spec"], d.get("cloned_from")) for d in reversed(rows)]
    want = [(i, d["phase"], d["spec"], d["from"]) for i, d in zip(ids, m.all)]
    return got == want or t.same("its deployments", got, want)


def step(w, app, m, ids, leases):
    """One thing by chance; the answer must be the model's."""
    rng, path = w.rng, "/v2/apps/" + app
    i = rng.randrange(max(0, len(ids) - 14), len(ids))
    act = rng.choice(["deploy", "push", "cancel", "rollback", "rollback", "free", "validate", "commit", "revert", "take", "take", *["report"] * 8])
    made = None
    if act in ("deploy", "push"):
        spec = w.some_spec() if act == "push" else m.spec
        where = path if act == "deploy" else "/operator/v1/apps/" + app
        a = w.ask("POST", where + "/deployments", {"spec": spec} if act == "push" else {})
        want = 409 if m.pin is not None else 201 if act == "push" else 200
        if want != 409:
            made = (spec, None)
    elif act == "cancel":
        a = w.ask("POST", "%s/deployments/%s/cancel" % (path, ids[i]))
        want = 200 if m.all[i]["phase"] in OPEN else 409
        if want == 200:
            m.all[i]["phase"] = "CANCELED"
    elif act == "validate":
        a = w.ask("POST", path + "/rollback/validate", {"deployment_id": ids[i]})
        want, code = 200, m.condition(i)
        if a.status == 200 and (a.json["valid"], a.json.get("error", {}).get("code")) != (code is None, code):
            return t.same("a verdict", a.json, code)
    elif act in ("rollback", "free"):
        code = m.condition(i)
        a = w.ask("POST", path + "/rollback", {"deployment_id": ids[i], "skip_pin": act == "free"})
        want = 200 if code is None else 409 if code == "app_pinned" else 422
        if code and a.status == want and not a.json["message"].startswith(code + ": "):
            return t.same("why not", a.json["message"], code)
        if want == 200:
            before, made = m.spec, (m.all[i]["spec"], ids[i])
            if act == "rollback":
                m.pin, m.before = len(ids), before
    elif act == "commit":
        a = w.ask("POST", path + "/rollback/commit")
        want = 200 if m.pin is not None and m.pin == m.active() else 409
        if want == 200:
            m.pin = None
    elif act == "revert":
        a = w.ask("POST", path + "/rollback/revert")
        want = 200 if m.pin is not None else 409
        if want == 200:
            m.pin, made = None, (m.before, None)
    elif act == "take":
        a = w.ask("POST", "/operator/v1/work", {})
        want, work = 200, a.json["work"]
        waits = m.open() is not None and m.open() not in leases
        if [x["deployment_id"] for x in work] != ([ids[m.open()]] if waits else []):
            return t.same("what waits", work, waits)
        if waits:
            leases[m.open()] = work[0]["lease"]
    elif not leases:
        return True
    else:
        i = rng.choice(sorted(leases)[-3:])
        phase = rng.choice([*WAY, "ACTIVE", "ERROR"])
        a = w.ask("POST", "/operator/v1/work/" + leases[i], {"phase": phase})
        cancel = m.report(i, phase)
        want = 409 if cancel is None else 200
        if want == a.status == 200 and a.json["cancel"] is not cancel:
            return t.same("whether to stop", a.json, cancel)
    if a.status != want:
        return t.same("%s (%s)" % (act, a.body[:200]), a.status, want)
    if made:
        m.add(*made)
        ids.append(a.json["deployment"]["id"])
    return True


def by_chance(seed):
    with Story(now=NOW, serve=["--quiet", "--apps", "agent"]) as s:
        run(s, seed)


def by_two(seed):
    """Two servers of one database are as one; an agent may ask one and report to the other."""
    with Story(now=NOW, serve=["--quiet", "--apps", "agent"]) as s, Story(now=NOW, serve=s.extra, start=False) as other:
        other.db = s.db
        other.start()
        run(s, seed, [other])


def run(s, seed, others=()):
    rng = random.Random(seed)
    w = World(s, rng, others)
    app, m = w.make()
    ids, leases = [w.ask("GET", "/v2/apps/%s/deployments" % app).json["deployments"][0]["id"]], {}
    for n in range(400):
        good = step(w, app, m, ids, leases)
        if good and (n % 5 == 0 or n > 390):
            good = look(w, app, m, ids)
        if not t.check("SEED=%s, step %d" % (seed, n), good):
            return
        if n % 150 == 149:  # leases outlive the process
            s.stop()
            s.start()
    s.cli("verify")


def at_once():
    """Many at once: one of an app at most has not finished, one at most runs, and none is handed out twice."""
    with Story(now=NOW, serve=["--quiet", "--apps", "agent"]) as s:
        w = World(s, random.Random(1))
        apps = [w.make()[0] for _ in range(4)]
        seen, odd, lock, over = {}, [], threading.Lock(), threading.Event()
        left = {n: [False] + [True] * 60 for n in (0, 2, 4)}

        def work_at(n):
            rng = random.Random(n)
            mine = Story.__new__(Story)
            mine.port, mine.operator_port, mine.links, mine.process = s.port, s.operator_port, {}, None

            def ask(method, path, body=None):
                token = w.op if path.startswith("/operator") else w.do
                return mine.ask(method, path, token, None if body is None else json.dumps(body), operator=token == w.op)

            while not over.is_set() if n % 2 else left[n].pop():
                path = "/v2/apps/" + rng.choice(apps)
                if n % 2:
                    for work in ask("POST", "/operator/v1/work", {"wait": 1, "max": 2}).json["work"]:
                        with lock:
                            if seen.setdefault(work["deployment_id"], n) != n:
                                odd.append("handed out twice: " + work["deployment_id"])
                        for phase in ("BUILDING", "ACTIVE"):
                            a = ask("POST", "/operator/v1/work/" + work["lease"], {"phase": phase})
                            if a.status != 200:
                                odd.append(a.text)
                else:
                    rows = ask("GET", path + "/deployments?per_page=200").json["deployments"]
                    if sum(d["phase"] in OPEN for d in rows) > 1 or sum(d["phase"] == "ACTIVE" for d in rows) > 1:
                        odd.append([d["phase"] for d in rows])
                    d = rng.choice(rows)["id"]
                    what = rng.choice([*["/deployments"] * 4, "/deployments/%s/cancel" % d, "/rollback", "/rollback/commit", "/rollback/revert"])
                    a = ask("POST", path + what, {"deployment_id": d})
                    if a.status not in (200, 409, 422):
                        odd.append((what, a.status, a.text))
            for link in mine.links.values():
                link.close()

        threads = [threading.Thread(target=work_at, args=(n,)) for n in range(6)]
        for x in threads:
            x.start()
        for x in threads[::2]:
            x.join()
        over.set()
        for x in threads:
            x.join()
        t.same("nothing odd", odd[:3], [])
        t.check("there was work to do", len(seen) > 4, len(seen))
        s.cli("verify")


BOOK = """\
currency: USD
products: [{name: Apps, category: paas}]
skus: [{sku: app, product: Apps, provides: app, prices: [{from: 2020-01-01T00:00:00Z, amount: "1", per_hours: 672}]}]
"""


def killed(rounds=4):
    """A server may be killed at any moment: what was answered is there, and what is there is billed."""
    with Story(now=NOW, serve=["--quiet", "--apps", "record"]) as s:
        s.put("/operator/v1/prices", s.operator_token(), BOOK, want=200)
        w = World(s, random.Random(2))
        made, gone, unsure = set(), set(), set()
        for n in range(rounds):
            stop, lock = threading.Event(), threading.Lock()

            def run(k):
                rng = random.Random(1000 * n + k)
                mine = Story.__new__(Story)
                mine.port, mine.operator_port, mine.links, mine.process = s.port, s.operator_port, {}, None
                ask = lambda method, path, body: mine.ask(method, path, w.op, json.dumps(body), operator=True)  # noqa: E731
                own = []
                try:
                    while not stop.is_set():
                        if own and rng.random() < 0.3:
                            app = own.pop()
                            with lock:
                                unsure.add(app)
                            if ask("DELETE", "/operator/v1/apps/" + app, {}).status == 204:
                                with lock:
                                    gone.add(app)
                        elif own and rng.random() < 0.5:
                            ask("POST", "/operator/v1/apps/%s/deployments" % rng.choice(own), {})
                        else:
                            a = ask("POST", "/operator/v1/apps", {"account": w.urn, "name": "shop"})
                            own.append(a.json["app"]["id"])
                            with lock:
                                made.add(own[-1])
                except Exception:  # the kill came first
                    pass
                for link in mine.links.values():
                    link.close()

            threads = [threading.Thread(target=run, args=(k,)) for k in range(3)]
            for x in threads:
                x.start()
            stop.wait(0.5 + 0.2 * n)
            s.stop(signal.SIGKILL)
            stop.set()
            for x in threads:
                x.join()
            s.start()
            there = {a["id"] for a in s.pages("/operator/v1/apps", w.op, "apps")}
            t.same("what was made and not deleted is there", made - unsure - there, set())
            t.same("what was deleted is not", gone & there, set())
            s.now = "2026-03-05T%02d:00:00Z" % (n + 1)
            s.cli("account", "list", now=s.now)
            items = s.pages("/v2/customers/my/invoices/preview", w.do, "invoice_items")
            running = {i["resource_uuid"] for i in items if i["end_time"] > s.now[:14]}
            t.check("what is there is billed", there <= {i["resource_uuid"] for i in items}, (len(there), len(items)))
            t.same("and what is not, is so no more", running - there, set())
            for app in list(there)[:5]:
                rows = s.get("/v2/apps/%s/deployments" % app, w.do, want=200).json["deployments"]
                t.same("one runs", [d["phase"] for d in rows].count("ACTIVE"), 1)
        t.check("there was something to kill", len(made) > rounds, len(made))
        s.cli("verify")


def main():
    seed = os.environ.get("SEED")
    for n in [seed] if seed else [random.SystemRandom().randrange(10**9) for _ in range(3)]:
        by_chance(int(n))
    if os.environ.get("BILLOW_TEST_DB"):  # a file has one server
        by_two(int(seed or random.SystemRandom().randrange(10**9)))
    at_once()
    killed()
    t.end()


main()
