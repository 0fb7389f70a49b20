#!/usr/bin/python3
"""Apps: made by an operator, deployed, rolled back, billed; recorded, or worked at by an agent."""

import decimal
import http.client
import json
import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

NOW = "2026-03-05T00:00:00Z"
NOBODY = "00000000-0000-4000-8000-000000000000"
ZERO = "0001-01-01T00:00:00Z"
BOOK = """\
currency: USD
products: [{name: Apps, category: paas}, {name: Bandwidth, category: iaas}]
skus:
  - sku: app-basic
    product: Apps
    provides: app
    prices: [{from: 2026-01-01T00:00:00Z, amount: "6.72", per_hours: 672, cap_hours: 672}]
"""
t = Tally()


class Shop:
    """A server, two customers, an operator."""

    def __init__(self, s, book=BOOK):
        self.s = s
        if book:
            self.load(book)
        add = ["account", "add", "--email", "a@example.com", "--name"]
        self.mine = s.cli(*add, "Ada").out.strip()
        self.other = s.cli(*add, "Bob").out.strip()
        self.token, self.other_token = s.token(self.mine), s.token(self.other)
        self.operator = s.operator_token()

    def load(self, book):
        path = os.path.join(self.s.folder, "prices.yaml")
        with open(path, "w") as f:
            f.write(book)
        self.s.cli("prices", "load", path)

    def ask(self, method, path, body=None, want=200, token=None):
        token = token or (self.operator if path.startswith("/operator/") else self.token)
        a = self.s.request(method, path, token, body if body is None or isinstance(body, str) else json.dumps(body), want=want)
        return a.json if a.body and want < 300 else a

    def make(self, want=201, **body):
        a = self.ask("POST", "/operator/v1/apps", {"account": self.mine, **body}, want)
        return App(self, a["app"]) if want == 201 else a

    def later(self, when):
        self.s.cli("account", "list", now=when)


class App:
    def __init__(self, shop, body):
        self.shop, self.body, self.id = shop, body, body["id"]
        self.path = "/v2/apps/" + self.id

    def now(self):
        return self.shop.ask("GET", "/operator/v1/apps/" + self.id)["app"]

    def list(self, query=""):
        return self.shop.ask("GET", self.path + "/deployments" + query)

    def get(self, deployment):
        return self.shop.ask("GET", "%s/deployments/%s" % (self.path, deployment))["deployment"]

    def deploy(self, body=None, want=200):
        a = self.shop.ask("POST", self.path + "/deployments", body or {}, want)
        return a["deployment"] if want == 200 else a

    def push(self, want=201, **body):
        a = self.shop.ask("POST", "/operator/v1/apps/%s/deployments" % self.id, body, want)
        return a["deployment"] if want == 201 else a

    def cancel(self, deployment, want=200):
        a = self.shop.ask("POST", "%s/deployments/%s/cancel" % (self.path, deployment), None, want)
        return a["deployment"] if want == 200 else a

    def rollback(self, deployment, want=200, **more):
        a = self.shop.ask("POST", self.path + "/rollback", {"deployment_id": deployment, **more}, want)
        return a["deployment"] if want == 200 else a

    def validate(self, deployment):
        return self.shop.ask("POST", self.path + "/rollback/validate", {"deployment_id": deployment})

    def commit(self, want=200):
        return self.shop.ask("POST", self.path + "/rollback/commit", None, want)

    def revert(self, want=200):
        a = self.shop.ask("POST", self.path + "/rollback/revert", None, want)
        return a["deployment"] if want == 200 else a

    def phases(self):
        return [d["phase"] for d in self.list("?per_page=200")["deployments"]]


V3 = {"name": "v3", "region": "nyc"}
SPEC = {"name": "web", "region": "nyc", "services": [{"name": "api", "instance_count": 2}], "static_sites": [{"name": "www"}]}


def recorded():
    """Deployments are answered in PENDING_BUILD and run at the next look."""
    with Story(now=NOW, serve=["--apps", "record"]) as s:
        shop = Shop(s)
        app = shop.make(name="web", region="nyc", tier_slug="professional", spec=SPEC)
        made = {k: app.body[k] for k in ("account", "name", "region", "tier_slug", "spec", "pinned", "active_deployment_id", "created_at")}
        want = {"account": shop.mine, "name": "web", "region": "nyc", "tier_slug": "professional", "spec": SPEC, "pinned": False}
        t.same("an app as it is made", made, {**want, "active_deployment_id": None, "created_at": NOW})
        first = app.list()["deployments"][0]
        t.same("one deployment", app.list()["meta"]["total"], 1)
        t.same("it runs", (first["phase"], app.now()["active_deployment_id"]), ("ACTIVE", first["id"]))
        t.same("what it is of", (first["spec"], first["tier_slug"], "cloned_from" in first), (SPEC, "professional", False))
        t.same("its parts", (first["services"], first["static_sites"], first["workers"]), ([{"name": "api"}], [{"name": "www"}], []))
        t.same("its progress", (first["progress"]["success_steps"], first["progress"]["total_steps"]), (2, 2))
        shop.later("2026-03-06T00:00:00Z")
        second = app.deploy({"force_build": True})
        t.same("as it is answered", (second["phase"], second["phase_last_updated_at"], second["progress"]["pending_steps"]), ("PENDING_BUILD", ZERO, 2))
        t.same("as it is made", (second["created_at"], second["updated_at"]), ("2026-03-06T00:00:00Z",) * 2)
        seen = app.get(second["id"])
        t.same("at the next look", (seen["phase"], seen["phase_last_updated_at"]), ("ACTIVE", "2026-03-06T00:00:00Z"))
        t.same("what ran before", app.get(first["id"])["phase"], "SUPERSEDED")
        t.same("it did run", app.get(first["id"])["progress"]["success_steps"], 2)
        app.cancel(second["id"], 409)
        for body in ("[]", "x", '{"force_build":1}', '{"force_build":"true"}'):
            app.shop.ask("POST", app.path + "/deployments", body, 422 if body[0] == "{" else 400)
        t.same("nothing came of it", app.phases(), ["ACTIVE", "SUPERSEDED"])
        ids = [app.deploy()["id"] for _ in range(5)]
        listed = [d["id"] for d in app.list()["deployments"]]
        t.same("newest first", listed, [*reversed(ids), second["id"], first["id"]])
        t.same("ids descend with them", listed, sorted(listed, reverse=True))
        t.same("page by page", [d["id"] for d in s.pages(app.path + "/deployments", shop.token, "deployments", 2)], listed)
        t.same("a page beyond", app.list("?page=9")["deployments"], [])
        app.shop.ask("GET", app.path + "/deployments?page=0", None, 422)


def types(shop):
    app = shop.make(name="types")
    t.same("a spec of a name", app.body["spec"], {"name": "types"})
    pushed = app.push(cause="commit 1", spec={"services": []})
    t.same("a push", (pushed["cause"], pushed["spec"]), ("commit 1", {"name": "types", "services": []}))
    t.same("the app has its spec", app.now()["spec"], {"name": "types", "services": []})
    app.push(deployment_type="MAINTENANCE")
    app.deploy()
    of = lambda q: [d["cause"] for d in app.list(q)["deployments"]]  # noqa: E731
    by_hand, first, kept = "asked for by hand", "the app was made", "maintenance"
    for query, want in [
        ("", [by_hand, kept, "commit 1", first]),
        ("?deployment_types=", [by_hand, kept, "commit 1", first]),
        ("?deployment_types=MANUAL", [by_hand, first]),
        ("?deployment_types=MANUAL&deployment_types=MAINTENANCE", [by_hand, kept, first]),
        ("?deployment_types[]=MANUAL&deployment_types%5B%5D=MAINTENANCE", [by_hand, kept, first]),
        ("?deployment_types=MANUAL,DEPLOY_ON_PUSH", [by_hand, "commit 1", first]),
        ("?deployment_types=AUTOSCALED", []),
        ("?deployment_types=MANUAL&per_page=1", [by_hand]),
        ("?deployment_types=MANUAL&per_page=1&page=2", [first]),
    ]:
        t.same("types " + query, of(query), want)
    t.same("how many of a type", app.list("?deployment_types=MANUAL&per_page=1")["meta"]["total"], 2)
    links = app.list("?deployment_types[]=MANUAL&per_page=1")["links"]["pages"]
    t.check("links keep the types", "deployment_types%5B%5D=MANUAL" in links["next"], links)
    for wrong in ("MANUEL", "manual", "MANUAL,x"):
        shop.ask("GET", app.path + "/deployments?deployment_types=" + wrong, None, 422)
    app.push(deployment_type="AGAIN", want=422)
    app.push(cause="x" * 256, want=422)
    app.push(cause=1, want=422)
    app.push(spec=[], want=422)


def wrong_apps(shop):
    """Everything that a new app may have wrong, and the defaults."""
    deep = {"name": "x", "envs": ["y" * 70000]}
    for what, body, want in [
        ("no name", {}, 422),
        ("an empty name", {"name": ""}, 422),
        ("a number", {"name": 1}, 422),
        ("too long", {"name": "x" * 256}, 422),
        ("a region of signs", {"name": "x", "region": "New York"}, 422),
        ("a tier of signs", {"name": "x", "tier_slug": "BASIC!"}, 422),
        ("a spec that is none", {"name": "x", "spec": []}, 422),
        ("a spec of wrong services", {"name": "x", "spec": {"services": [1]}}, 422),
        ("a spec too large", {"name": "x", "spec": deep}, 422),
        ("no account", {"name": "x", "account": None}, 422),
        ("no URN", {"name": "x", "account": "x"}, 422),
        ("an account of nobody", {"name": "x", "account": "do:team:" + NOBODY}, 404),
    ]:
        a = shop.make(want, **body)
        t.check("an app with " + what, len(a.json["detail"]) > 10, a.body)
    shop.ask("POST", "/operator/v1/apps", "[]", 400)
    for name, want in (("My Shop (2)", "my-shop-2"), ("x", "app"), ("42nd Street", "nd-street"), ("Ünïts", "n-ts"), ("x" * 40, "x" * 32), ("a" * 31 + " b", "a" * 31), ("--", "app")):
        t.same("a spec's name after %r" % name, shop.make(name=name).body["spec"], {"name": want})
    whole = shop.make(spec={"name": "from-spec", "region": "ams"})
    t.same("what a spec tells", (whole.body["name"], whole.body["region"], whole.body["tier_slug"]), ("from-spec", "ams", "basic"))
    for path in ("/operator/v1/apps/" + NOBODY, "/operator/v1/apps/x"):
        shop.ask("GET", path, None, 404)
        shop.ask("DELETE", path, None, 404)
        shop.ask("POST", path + "/deployments", {}, 404)


def strangers(shop):
    """Unknown, another's, gone and ill-formed answer alike."""
    app, gone = shop.make(name="mine"), shop.make(name="gone")
    d = app.list()["deployments"][0]["id"]
    theirs = App(shop, shop.ask("POST", "/operator/v1/apps", {"account": shop.other, "name": "theirs"}, 201)["app"])
    their_d = shop.ask("GET", theirs.path + "/deployments", token=shop.other_token)["deployments"][0]["id"]
    gone_d = gone.list()["deployments"][0]["id"]
    shop.ask("DELETE", "/operator/v1/apps/" + gone.id, None, 204)
    shop.ask("DELETE", "/operator/v1/apps/" + gone.id, None, 404)
    for a in (theirs.id, gone.id, NOBODY, "x", "%00", app.id[:-1]):
        for method, tail, body in [
            ("GET", "/deployments", None),
            ("POST", "/deployments", "{}"),
            ("GET", "/deployments/" + their_d, None),
            ("GET", "/deployments/" + gone_d, None),
            ("POST", "/deployments/%s/cancel" % their_d, None),
            ("POST", "/rollback", json.dumps({"deployment_id": their_d})),
            ("POST", "/rollback/validate", json.dumps({"deployment_id": their_d})),
            ("POST", "/rollback/commit", None),
            ("POST", "/rollback/revert", None),
        ]:
            got = shop.ask(method, "/v2/apps/%s%s" % (a, tail), body, 404).json
            t.same("%s %s of %s" % (method, tail[:12], a), (got["id"], got["message"]), ("not_found", "The resource you were accessing could not be found."))
    for x in (their_d, gone_d, NOBODY, "x"):
        shop.ask("GET", "%s/deployments/%s" % (app.path, x), None, 404)
        app.cancel(x, 404)
        app.rollback(x, 404)
        shop.ask("POST", app.path + "/rollback/validate", {"deployment_id": x}, 404)
    app.get(d)
    listed = lambda q: [a["name"] for a in s_pages(shop, "/operator/v1/apps" + q)]  # noqa: E731
    t.same("of another", listed("?account=" + shop.other), ["theirs"])
    t.check("of all", {"mine", "theirs"} <= set(listed("")) and "gone" not in listed(""), listed(""))
    shop.ask("GET", "/operator/v1/apps?account=x", None, 422)
    shop.ask("GET", "/operator/v1/apps?account=do:team:" + NOBODY, None, 404)


def s_pages(shop, path):
    rows, page = [], 1
    while True:
        a = shop.ask("GET", "%s%sper_page=2&page=%d" % (path, "&" if "?" in path else "?", page))
        rows += a["apps"]
        page += 1
        if "next" not in a["links"].get("pages", {}):
            t.same("as many as said", len(rows), a["meta"]["total"])
            return rows


def rollbacks(shop):
    """Pinned by a rollback, freed by commit or revert; every condition that can stand in the way."""
    sites = {"name": "r", "static_sites": [{"name": "www"}], "workers": [{"name": "w", "image": {"tag": "1"}}]}
    app = shop.make(name="r", spec=sites)
    one = app.list()["deployments"][0]["id"]
    two = app.push(spec={"name": "r", "v": 2})["id"]
    t.same("what runs", app.validate(two)["error"]["code"], "incompatible_phase")
    verdict = app.validate(one)
    t.same("what ran", (verdict["valid"], "error" in verdict), (True, False))
    warnings = [(w["code"], w["components"]) for w in verdict["warnings"]]
    t.same("with warnings", warnings, [("static_site_requires_rebuild", ["www"]), ("image_source_missing_digest", ["w"])])
    a = app.rollback(two, 422)
    t.check("told with its code", a.json["id"] == "unprocessable_entity" and a.json["message"].startswith("incompatible_phase: "), a.body)
    for body, want in (({}, 422), ({"deployment_id": ""}, 422), ({"deployment_id": 1}, 422), ({"deployment_id": one, "skip_pin": "no"}, 422), ("[]", 400)):
        shop.ask("POST", app.path + "/rollback", body, want)
        shop.ask("POST", app.path + "/rollback/validate", body, want)
    app.commit(409)
    app.revert(409)
    back = app.rollback(one)
    t.same("a rollback", (back["phase"], back["cloned_from"], back["spec"]), ("PENDING_BUILD", one, sites))
    t.same("its type", [d["id"] for d in app.list("?deployment_types=MANUAL_ROLLBACK")["deployments"]], [back["id"]])
    t.same("the app", (app.now()["pinned"], app.now()["spec"], app.now()["active_deployment_id"]), (True, sites, back["id"]))
    app.deploy(want=409)
    t.same("a push as well", app.push(want=409).json["code"], "conflict")
    t.same("pinned", app.validate(two)["error"]["code"], "app_pinned")
    t.check("pinned comes first", app.rollback(back["id"], 409).json["message"].startswith("app_pinned: "))
    got = shop.ask("POST", app.path + "/rollback/commit", None)
    t.same("a commit has no body", (got.status, got.body), (200, b""))
    t.same("free again", (app.now()["pinned"], app.now()["spec"]), (False, sites))
    app.commit(409)
    app.deploy()
    app.rollback(two)
    undone = app.revert()
    t.same("reverted", (undone["phase"], undone["spec"], "cloned_from" in undone), ("PENDING_BUILD", sites, False))
    t.same("by hand", [d["id"] for d in app.list("?deployment_types=MANUAL")["deployments"]][0], undone["id"])
    t.same("the app then", (app.now()["pinned"], app.now()["spec"], app.now()["active_deployment_id"]), (False, sites, undone["id"]))
    app.revert(409)
    free = app.rollback(two, skip_pin=True)
    t.same("not pinned", (app.now()["pinned"], app.now()["spec"]), (False, {"name": "r", "v": 2}))
    app.commit(409)
    app.deploy()
    t.same("may be gone back to as well", app.validate(free["id"])["valid"], True)
    # ten that have run are kept
    app = shop.make(name="many")
    first = app.list()["deployments"][0]["id"]
    for _ in range(10):
        app.deploy()
    t.same("ten back", app.validate(first)["valid"], True)
    app.deploy()
    got = app.validate(first)
    t.same("eleven back", (got["valid"], got["error"]["code"]), (False, "exceeded_revision_limit"))
    app.rollback(first, 422)
    starter = shop.make(name="starter", tier_slug="starter")
    first = starter.list()["deployments"][0]["id"]
    starter.deploy()
    t.same("a starter", starter.validate(first)["error"]["code"], "exceeded_revision_limit")
    # specs that have moved on
    for member, was, now, code in [
        ("region", "nyc", "ams", "region_conflict"),
        ("databases", [{"name": "db", "size": 1}], [{"name": "db", "size": 2}], "database_config_conflict"),
    ]:
        app = shop.make(name="m", spec={"name": "m", member: was})
        first = app.list()["deployments"][0]["id"]
        app.push(spec={"name": "m", member: now})
        t.same("another " + member, app.validate(first)["error"]["code"], code)
        t.check("and no rollback", app.rollback(first, 422).json["message"].startswith(code + ": "))
        app.push(spec={member: was, "name": "m"})
        t.same("the same " + member, app.validate(first)["valid"], True)


def billed():
    """An app costs from its birth to its end, and what is billed is the API's alone."""
    with Story(now="2025-12-31T23:00:00Z", serve=["--apps", "record"]) as s:
        shop = Shop(s)
        a = shop.make(422, name="early")
        t.check("no price yet", "has no price" in a.json["detail"], a.body)
        shop.later(NOW)
        app = shop.make(name="shop", region="nyc")
        short = shop.make(name="short")
        shop.later("2026-03-05T10:00:00Z")
        shop.ask("DELETE", "/operator/v1/apps/" + short.id, None, 204)
        shop.later("2026-03-05T23:59:59Z")
        rows = shop.ask("GET", "/v2/customers/my/invoices/preview")["invoice_items"]
        got = [(r["product"], r["description"], r["resource_uuid"], r["duration"], r["amount"]) for r in rows]
        want = [("Apps", "shop (app-basic)", app.id, "24", "0.24"), ("Apps", "short (app-basic)", short.id, "10", "0.10")]
        t.same("what is billed", sorted(got), sorted(want))
        rows = [{"specversion": "1.0", "id": str(n), "source": "/a", "type": kind, "subject": shop.mine, "time": NOW, "data": data} for n, (kind, data) in enumerate((
            ("resource.delete", {"resource": app.id}),
            ("resource.change", {"resource": short.id, "name": "x"}),
            ("fact.retract", {"source": "billow:api", "id": "00000000000000000002"}),
        ))]  # fmt: skip
        got = shop.ask("POST", "/operator/v1/events", "\n".join(map(json.dumps, rows)), 422).json["rejected"]
        t.same("facts of others", [r["reason"].split(":")[0] for r in got], ["managed"] * 3)
        t.check("everything holds", "facts" in s.cli("verify", "--json").json)
        audit = [r["action"] for r in shop.ask("GET", "/operator/v1/audit?per_page=200")["audit"]]
        t.check("what was done is told", {"app.add", "app.delete"} <= set(audit), audit)
    with Story(now=NOW, serve=["--apps", "record"]) as s:
        shop = Shop(s, book=None)
        app = shop.make(name="free")
        t.same("without a price book it is made", app.phases(), ["ACTIVE"])
        t.same("and costs nothing", shop.ask("GET", "/v2/customers/my/balance")["month_to_date_usage"], "0.00")


METERS = """\
meters:
  - {meter: app_out, product: Bandwidth, unit: %s, aggregate: max, provides: app_bandwidth, prices: [{from: 2026-01-01T00:00:00Z, model: unit, amount: "0.01"}]}
  - {meter: other, product: Bandwidth, unit: GiB, aggregate: sum, prices: [{from: 2026-01-01T00:00:00Z, model: unit, amount: "0.01"}]}
"""


def traffic(unit, bytes_of):
    """A day's facts of the meter that provides it, summed."""
    with Story(now="2026-03-01T00:00:00Z", serve=["--apps", "record"]) as s:
        shop = Shop(s, BOOK + METERS % unit)
        one, two = shop.make(name="one"), shop.make(name="two")
        theirs = App(shop, shop.ask("POST", "/operator/v1/apps", {"account": shop.other, "name": "theirs"}, 201)["app"])
        shop.later("2026-03-05T12:00:00Z")
        n = 0

        def use(app, time, quantity, meter="app_out", account=None):
            nonlocal n
            n += 1
            data = {"meter": meter, "quantity": quantity, **({"resource": app.id} if app else {})}
            return json.dumps({"specversion": "1.0", "id": str(n), "source": "/m", "type": "usage", "subject": account or shop.mine, "time": time, "data": data})

        facts = [
            use(one, "2026-03-03T23:59:59.999999Z", "1"),
            use(one, "2026-03-04T00:00:00Z", "1.5"),
            use(one, "2026-03-04T10:00:00Z", "0.000000000931"),
            use(one, "2026-03-04T23:59:59.999999Z", "2"),
            use(one, "2026-03-05T00:00:00Z", "7"),
            use(one, "2026-03-05T12:00:01Z", "9"),
            use(two, "2026-03-04T00:00:00Z", "3"),
            use(None, "2026-03-04T00:00:00Z", "100"),
            use(one, "2026-03-04T00:00:00Z", "1000", "other"),
            use(theirs, "2026-03-04T00:00:00Z", "5", account=shop.other),
            use(theirs, "2026-03-04T00:00:00Z", "50"),
        ]
        shop.ask("POST", "/operator/v1/events", "\n".join(facts))
        path = one.path + "/metrics/bandwidth_daily"
        day = "2026-03-04T00:00:00Z"
        for query, date, quantity in [
            ("", day, "3.500000000931"),
            ("?date=", day, "3.500000000931"),
            ("?date=2026-03-04", day, "3.500000000931"),
            ("?date=2026-03-04T23:59:59Z", day, "3.500000000931"),
            ("?date=2026-03-05T01:00:00%2B02:00", day, "3.500000000931"),
            ("?date=2026-03-03", "2026-03-03T00:00:00Z", "1"),
            ("?date=2026-03-05", "2026-03-05T00:00:00Z", "7"),
            ("?date=2026-03-06", "2026-03-06T00:00:00Z", "0"),
            ("?date=1970-01-01", "1970-01-01T00:00:00Z", "0"),
            ("?date=9999-12-31", "9999-12-31T00:00:00Z", "0"),
        ]:
            got = shop.ask("GET", path + query)
            t.same("traffic in %s %s" % (unit, query), got, {"app_bandwidth_usage": [{"app_id": one.id, "bandwidth_bytes": bytes_of(quantity)}], "date": date})
        for wrong in ("yesterday", "2026-02-30", "2026-3-4", "2026-03-04T", "10000-01-01", "20260304"):
            shop.ask("GET", path + "?date=" + wrong, None, 422)
            shop.ask("POST", "/v2/apps/metrics/bandwidth_daily", {"app_ids": [], "date": wrong}, 422)
        shop.ask("GET", "/v2/apps/%s/metrics/bandwidth_daily" % theirs.id, None, 404)
        many = lambda ids, **more: shop.ask("POST", "/v2/apps/metrics/bandwidth_daily", {"app_ids": ids, **more})  # noqa: E731
        rows = lambda *apps: [{"app_id": a.id, "bandwidth_bytes": b} for a, b in apps]  # noqa: E731
        both = rows((two, bytes_of("3")), (one, bytes_of("3.500000000931")))
        t.same("several, in the order asked", many([two.id, theirs.id, one.id, NOBODY, "x", two.id.upper(), two.id]), {"app_bandwidth_usage": both, "date": day})
        t.same("of another day", many([two.id], date="2026-03-05")["app_bandwidth_usage"], rows((two, "0")))
        t.same("of none", many([])["app_bandwidth_usage"], [])
        t.same("a hundred", many([two.id] * 100)["app_bandwidth_usage"], both[:1])
        for body in ({}, {"app_ids": None}, {"app_ids": "x"}, {"app_ids": [1]}, {"app_ids": [two.id] * 101}, {"app_ids": [], "date": 1}):
            shop.ask("POST", "/v2/apps/metrics/bandwidth_daily", body, 422)
        shop.ask("POST", "/v2/apps/metrics/bandwidth_daily", "[]", 400)
        shop.load(BOOK + (METERS % unit).replace("provides: app_bandwidth, ", ""))
        t.same("without a meter", shop.ask("GET", path)["app_bandwidth_usage"], rows((one, "0")))


class Agent:
    """Takes work and reports, with a token for nothing else."""

    def __init__(self, shop):
        self.shop = shop
        self.token = shop.ask("POST", "/operator/v1/tokens", {"operator": True, "scope": "agent:work"}, 201)["token"]

    def take(self, want=200, **body):
        a = self.shop.ask("POST", "/operator/v1/work", body, want, self.token)
        return a["work"] if want == 200 else a

    def one(self):
        got = self.take()
        t.same("one is there", len(got), 1)
        return got[0]

    def report(self, work, phase, want=200, **more):
        lease = work if isinstance(work, str) else work["lease"]
        a = self.shop.ask("POST", "/operator/v1/work/" + lease, {"phase": phase, **more}, want, self.token)
        return a["cancel"] if want == 200 else a


def agent():
    """An agent takes what waits, and tells how far it has come."""
    with Story(now=NOW, serve=["--apps", "agent"]) as s:
        shop = Shop(s)
        a = Agent(shop)
        t.same("nothing waits", a.take(), [])
        app = shop.make(name="web", spec=SPEC)
        t.same("nothing runs yet", (app.phases(), app.now()["active_deployment_id"]), (["PENDING_BUILD"], None))
        work = a.one()
        first = app.list()["deployments"][0]["id"]
        want = {"deployment_id": first, "app_id": app.id, "account": shop.mine, "phase": "PENDING_BUILD", "spec": SPEC, "force_build": False, "cloned_from": None}
        t.same("what an agent is told", {k: work[k] for k in want}, want)
        t.same("for a minute", work["expires_at"], "2026-03-05T00:01:00Z")
        t.same("it is held", a.take(max=100), [])
        shop.later("2026-03-05T00:00:10Z")
        for phase, changed in (("PENDING_BUILD", ZERO), ("BUILDING", "2026-03-05T00:00:10Z"), ("BUILDING", "2026-03-05T00:00:10Z"), ("DEPLOYING", "2026-03-05T00:00:10Z")):
            t.same(phase, a.report(work, phase), False)
            seen = app.get(first)
            t.same("seen " + phase, (seen["phase"], seen["phase_last_updated_at"]), (phase, changed))
        steps = app.get(first)["progress"]
        t.same("its steps", ([x["status"] for x in steps["steps"]], steps["running_steps"]), (["SUCCESS", "RUNNING"], 1))
        for phase in ("PENDING_BUILD", "BUILDING", "PENDING_DEPLOY"):
            t.same("never back to " + phase, a.report(work, phase, 409).json["code"], "conflict")
        t.same("it is done", a.report(work, "ACTIVE"), False)
        t.same("it runs", (app.now()["active_deployment_id"], app.phases()), (first, ["ACTIVE"]))
        t.same("told again", a.report(work, "ACTIVE"), False)
        a.report(work, "ERROR", 409)
        t.same("nothing waits any more", a.take(), [])
        app.cancel(first, 409)
        # a newer one supersedes what has not finished, and what runs only when it runs itself
        second = app.deploy({"force_build": True})["id"]
        held = a.one()
        t.same("to be built anew", held["force_build"], True)
        third = app.push(spec=V3)["id"]
        t.same("superseded", app.phases(), ["PENDING_BUILD", "SUPERSEDED", "ACTIVE"])
        t.same("so stop", [a.report(held, p) for p in ("BUILDING", "ACTIVE", "ERROR")], [True] * 3)
        work = a.one()
        t.same("the newer one waits", (work["deployment_id"], work["spec"]), (third, V3))
        t.same("it failed while it was built", app.get(second)["progress"]["error_steps"], 1)
        a.report(work, "PENDING_DEPLOY")
        t.same("cancelled", (app.cancel(third)["phase"], app.phases()[2], app.now()["active_deployment_id"]), ("CANCELED", "ACTIVE", first))
        t.same("so stop here too", a.report(work, "DEPLOYING"), True)
        app.cancel(third, 409)
        t.same("none waits", a.take(), [])
        fourth = app.deploy()["id"]
        work = a.one()
        t.same("four is of three's spec", work["spec"], V3)
        a.report(work, "ERROR", error="no such branch")
        seen = app.get(fourth)
        reason = seen["progress"]["steps"][0]["reason"]
        t.same("it failed", (seen["phase"], reason), ("ERROR", {"code": "ERROR", "message": "no such branch"}))
        t.same("what ran goes on", app.now()["active_deployment_id"], first)
        t.same("verdicts", [app.validate(d)["error"]["code"] for d in (fourth, third, second, first)], ["incompatible_result"] * 3 + ["incompatible_phase"])
        fifth = app.deploy()["id"]
        t.same("what waits", app.validate(fifth)["error"]["code"], "incompatible_phase")
        a.report(a.one(), "ACTIVE")
        t.same("superseded when the next one runs", (app.get(first)["phase"], app.now()["active_deployment_id"]), ("SUPERSEDED", fifth))
        # a rollback that fails keeps its pin
        back = app.rollback(first)
        t.same("its origin is told", a.take()[0]["cloned_from"], first)
        app.commit(409)
        app.cancel(back["id"])
        t.same("cancelled, still pinned", app.now()["pinned"], True)
        app.commit(409)
        app.deploy(want=409)
        undone = app.revert()
        t.same("reverted", (undone["spec"], app.now()["pinned"]), (V3, False))
        work = a.one()
        t.same("and deployed", (work["deployment_id"], work["cloned_from"]), (undone["id"], None))
        a.report(work, "ACTIVE")
        app.rollback(first)
        a.report(a.one(), "ACTIVE")
        app.commit()
        # an app that ends takes its work along
        app.deploy()
        work = a.one()
        shop.ask("DELETE", "/operator/v1/apps/" + app.id, None, 204)
        t.same("its app is gone", a.report(work, "BUILDING"), True)
        t.same("nothing is left of it", a.take(), [])
        wrong_work(shop, a)
        # the oldest first, as many as wanted, each once
        apps = [shop.make(name="n%d" % n) for n in range(5)]
        other = Agent(shop)
        got = [w["app_id"] for w in a.take(max=2)] + [w["app_id"] for w in other.take(max=3)]
        t.same("each once", sorted(got), sorted(x.id for x in apps))
        t.same("and no more", a.take(max=100), [])
        apps[0].deploy()
        t.same("a new one of an app whose old one is held", [w["app_id"] for w in a.take()], [apps[0].id])
        # what was held when a server ended is held on
        shop.make(name="kept")
        work = a.one()
        a.report(work, "BUILDING")
        s.stop()
        s.extra = ["--apps", "record"]  # also where nothing more is handed out
        s.start()
        t.same("nobody else gets it", a.take(max=100), [])
        t.same("its agent goes on", [a.report(work, p) for p in ("DEPLOYING", "ACTIVE")], [False] * 2)
        t.same("and is done", shop.ask("GET", "/v2/apps/%s/deployments" % work["app_id"])["deployments"][0]["phase"], "ACTIVE")
        s.stop()
        s.extra = []
        s.start()
        for lease in ("", "/" + "0" * 64):
            t.check("no work without apps", "--apps" in shop.ask("POST", "/operator/v1/work" + lease, {}, 403).json["detail"])


def wrong_work(shop, a):
    for body in ({"wait": 61}, {"wait": -1}, {"wait": "1"}, {"wait": 1.0}, {"wait": True}, {"max": 0}, {"max": 101}, {"max": []}):
        a.take(422, **body)
    shop.ask("POST", "/operator/v1/work", "[]", 400)
    asked = shop.ask("POST", "/operator/v1/work/", {"phase": "BUILDING"}, 422)
    t.check("a report without its lease takes no work", "{lease}" in asked.json["detail"], asked.json)
    for lease in ("x", "0" * 63, "g" * 64, NOBODY):
        a.report(lease, "BUILDING", 404)
    a.report("0" * 64, "BUILDING", 409)
    shop.make(name="wrong")
    work = a.one()
    for phase in ("UNKNOWN", "SUPERSEDED", "CANCELED", "building", "", 1, None):
        a.report(work, phase, 422)
    a.report(work, "ERROR", 422, error="x" * 4097)
    a.report(work, "ERROR", 422, error=1)
    other = work["lease"][:-1] + ("0" if work["lease"][-1] != "0" else "1")
    a.report(other, "BUILDING", 409)
    a.report(work, "ACTIVE")


def lapsing():
    """A lease that nobody renews for a minute is somebody else's, and its agent is told."""
    with Story(now=NOW, serve=["--apps", "agent"]) as s:
        shop = Shop(s, book=None)
        a, b = Agent(shop), Agent(shop)
        kept, lost = shop.make(name="kept"), shop.make(name="lost")
        held = {w["app_id"]: w for w in a.take(max=2)}
        a.report(held[lost.id], "BUILDING")
        time.sleep(30)
        a.report(held[kept.id], "PENDING_BUILD")
        t.same("half a minute is none", b.take(max=2), [])
        got = b.take(wait=60)
        t.same("after a minute it is another's", [(w["app_id"], w["phase"]) for w in got], [(lost.id, "BUILDING")])
        t.check("under another lease", got[0]["lease"] != held[lost.id]["lease"])
        t.same("who had it is told", a.report(held[lost.id], "DEPLOYING", 409).json["code"], "conflict")
        t.same("who has it goes on", b.report(got[0], "ACTIVE"), False)
        t.same("who renewed it too", a.report(held[kept.id], "ACTIVE"), False)


def waiting():
    """Who asks for work may wait for it, without keeping anybody from theirs."""
    with Story(now=NOW, serve=["--apps", "agent"]) as s:
        shop = Shop(s)
        a = Agent(shop)
        before = time.monotonic()
        t.same("none came", a.take(wait=1), [])
        t.check("after a second", 0.9 < time.monotonic() - before < 20, time.monotonic() - before)
        got, gone = {}, []

        def wait(name):
            mine = Story.__new__(Story)
            mine.port, mine.operator_port, mine.links, mine.process = s.port, s.operator_port, {}, None
            asked = mine.ask("POST", "/operator/v1/work", a.token, '{"wait":60}', operator=True)
            got[name] = (asked.status, asked.json["work"], time.monotonic())
            for link in mine.links.values():
                link.close()

        # some hang up: what comes is not handed to them
        for _ in range(3):
            link = http.client.HTTPConnection("127.0.0.1", s.operator_port, timeout=60)
            link.request("POST", "/operator/v1/work", '{"wait":60,"max":100}', {"Authorization": "Bearer " + a.token})
            gone.append(link)
        threads = [threading.Thread(target=wait, args=(n,)) for n in range(8)]
        time.sleep(0.6)
        for link in gone:
            link.close()
        for x in threads:
            x.start()
            time.sleep(0.05)
        time.sleep(0.6)
        t.same("nobody has work", got, {})
        before = time.monotonic()
        shop.ask("GET", "/operator/v1/apps")
        shop.ask("GET", "/v2/account")
        t.check("others are answered meanwhile", time.monotonic() - before < 20)
        made = [shop.make(name="n%d" % n).id for n in range(2)]
        deadline = time.monotonic() + 20
        while len(got) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        t.same("two have work", sorted(w["app_id"] for _, ws, _ in got.values() for w in ws), sorted(made))
        t.same("those who waited longest", sorted(got), [0, 1])
        before = time.monotonic()
        s.stop()
        for x in threads:
            x.join(20)
        t.check("a server that ends lets the others go", time.monotonic() - before < 10, time.monotonic() - before)
        t.same("with nothing", [got[n][:2] for n in range(2, 8)], [(200, [])] * 6)


def off():
    """Without --apps there is nothing to write, and what is there can be read."""
    with Story(now=NOW, serve=["--apps", "record"]) as s:
        shop = Shop(s)
        app = shop.make(name="a")
        d, e = app.list()["deployments"][0]["id"], app.deploy()["id"]
        s.stop()
        for extra in ([], ["--apps", "off"]):
            s.extra = extra
            s.start()
            t.same("a list", [x["id"] for x in app.list()["deployments"]], [e, d])
            app.get(d)
            t.same("a verdict", app.validate(d)["valid"], True)
            t.same("an app", app.now()["active_deployment_id"], e)
            for call in (
                lambda: app.deploy("[]", 403),
                lambda: app.cancel(e, 403),
                lambda: app.rollback(d, 403),
                lambda: app.commit(403),
                lambda: app.revert(403),
            ):
                a = call().json
                t.check("no writing", a["id"] == "forbidden" and "--apps" in a["message"], a)
            for method, path in (("POST", "/operator/v1/apps"), ("DELETE", "/operator/v1/apps/" + app.id), ("POST", "/operator/v1/apps/%s/deployments" % app.id)):
                t.check("none for the operator", "--apps" in shop.ask(method, path, None if method == "DELETE" else {}, 403).json["detail"])
            app.cancel(NOBODY, 404)
            shop.ask("POST", "/v2/apps/%s/deployments" % NOBODY, "{}", 404)
            s.stop()
        s.cli("serve", "--apps", "on", code=2)


def main():
    recorded()
    with Story(now=NOW, serve=["--apps", "record"]) as s:
        shop = Shop(s)
        for part in (types, wrong_apps, strangers, rollbacks):
            part(shop)
        s.stop()
        s.start()
        t.check("after a restart", len(s_pages(shop, "/operator/v1/apps")) > 5)
    what = lapsing if not os.environ.get("BILLOW_TEST_DB") else lambda: None  # a minute tells the same on any engine
    slow = threading.Thread(target=t.run, args=("lapsing", what))
    slow.start()
    agent()
    waiting()
    billed()
    traffic("bytes", lambda q: q.split(".")[0])
    traffic("GiB", lambda q: str(int(decimal.Decimal(q) * 2**30)))
    off()
    slow.join()
    t.end()


main()
