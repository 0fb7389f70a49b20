#!/usr/bin/python3
"""A tour of everything that is served: each operation is called well and badly, each answer is held against
the contract, and at the end no operation may have been left out."""

import gzip
import json
import os
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Contract, Story, Tally  # noqa: E402
from story.server import contract_name  # noqa: E402

BOOK = """\
currency: USD
regions: [nyc3, lon1]
products:
  - {name: Droplets, category: iaas}
  - {name: Bandwidth, category: iaas}
skus:
  - sku: s-1
    product: Droplets
    prices: [{from: 2020-01-01T00:00:00Z, amount: "%s", per_hours: 672, cap_hours: 672}]
meters:
  - meter: bandwidth_out
    product: Bandwidth
    section: overages
    aggregate: sum
    prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.01"}]
taxes:
  - {from: 2020-01-01T00:00:00Z, country: US, name: SALES TAX, percent: "6.25"}
"""
NOW = "2026-03-05T00:00:00Z"
NOBODY = "do:team:00000000-0000-4000-8000-000000000000"
t = Tally()
seen = {}


class Tour(Story):
    def request(self, method, path, token=None, body=None, headers=None, operator=None, want=None):
        if operator is None:
            operator = path.startswith(("/operator/", "/metrics"))
        what = "%s %s %s" % (method, path, want)
        a = None
        try:
            a = super().request(method, path, token, body, headers, operator, want)
            t.check(what, True)
        except Exception as e:
            t.check(what, False, e)
        name = a and contract_name(path, token, a.status, operator)
        op = a and contracts[name].find(method, path)
        if op:
            seen.setdefault((name, op["operationId"]), set()).add(a.status)
        return a


contracts = {n: Contract.named(n) for n in ("digitalocean", "civo", "operator", "oauth")}


def event(urn, n, type_, time, **data):
    return {
        "specversion": "1.0",
        "id": str(n),
        "source": "/tour",
        "type": type_,
        "subject": urn,
        "time": time,
        "data": data,
    }


def operators_side(s):
    op = s.operator_token()
    reader = s.cli("token", "add", "--operator", "--scope", "operator:read").out.split()[0]

    def call(method, path, body=None, want=200, **headers):
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        return s.request(
            method,
            "/operator/v1" + path,
            op,
            body,
            {k.replace("_", "-"): v for k, v in headers.items()},
            want=want,
        )

    call("GET", "/prices", want=404)
    call("PUT", "/prices", BOOK % "5.00", content_type="application/yaml")
    call("PUT", "/prices", "currency: [", want=422, content_type="application/yaml")
    call(
        "PUT",
        "/prices?dry_run=true",
        {"yaml": BOOK % "6.00", "file": "x.yaml"},
        content_type="application/json",
    )
    call("GET", "/prices")
    call("GET", "/prices?format=yaml")
    org = call("POST", "/orgs", {"name": "Ex"}, 201).json["urn"]
    call("POST", "/orgs", "[]", 400)
    call("GET", "/orgs")
    new = {
        "name": "Ada",
        "email": "ada@example.com",
        "org": org,
        "address": {"country": "US", "region": "NY"},
        "opening_balance": "1.50",
    }
    urn = call("POST", "/accounts", new, 201).json["urn"]
    call("POST", "/accounts", {"name": "x", "email": "x@example.com", "urn": urn}, 409)
    call("POST", "/accounts", {"name": "x", "email": "x@example.com", "address": {"planet": "x"}}, 422)
    call("GET", "/accounts?per_page=1")
    call("GET", "/accounts/" + urn)
    call("GET", "/accounts/" + NOBODY, want=404)
    call("PATCH", "/accounts/" + urn, {"company": "Mills", "from": "2026-02-01T00:00:00Z"})
    call("PATCH", "/accounts/" + urn, {}, 422)
    for path in (
        "/accounts",
        "/orgs",
        "/tokens",
        "/audit",
        "/clock",
        "/periods",
        "/rejects",
        "/accounts/%s/history" % urn,
    ):
        call("GET", path)
        s.request("GET", "/operator/v1" + path, reader, want=200)
        s.request("GET", "/operator/v1" + path, None, want=401)
    s.request("POST", "/operator/v1/orgs", reader, '{"name":"x"}', want=403)

    r = "0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f7d1%d"
    good = [
        event(
            urn,
            1,
            "resource.create",
            "2026-01-10T00:00:00Z",
            resource=r % 1,
            sku="s-1",
            name="web",
            region="nyc3",
            resource_id=7,
            kind="droplet",
        ),
        event(urn, 2, "usage", "2026-01-11T00:00:00Z", meter="bandwidth_out", quantity="137"),
        event(urn, 3, "resource.delete", "2026-03-01T00:00:00Z", resource=r % 2),
    ]
    line = json.dumps(good[0])
    call("POST", "/events", line, content_type="application/cloudevents+json")
    call("POST", "/events", json.dumps(good), content_type="application/cloudevents-batch+json")
    call("POST", "/events", "\n".join(map(json.dumps, good)) + "\n\n", content_type="application/x-ndjson")
    call(
        "POST",
        "/events",
        gzip.compress(line.encode()),
        content_type="application/x-ndjson",
        content_encoding="gzip",
    )
    binary = {
        "ce_specversion": "1.0",
        "ce_id": "9",
        "ce_source": "/tour",
        "ce_type": "usage",
        "ce_subject": urn,
        "ce_time": "2026-02-01T00:00:00Z",
    }
    call(
        "POST", "/events", '{"meter":"bandwidth_out","quantity":3}', content_type="application/json", **binary
    )
    call(
        "POST",
        "/events",
        json.dumps(event(NOBODY, 1, "usage", NOW)),
        422,
        content_type="application/cloudevents+json",
    )
    call("POST", "/events", "{", 400, content_type="application/cloudevents+json")
    got = call(
        "POST", "/events", line.replace("web", "other") + "\n{}\n" + line, content_type="application/x-ndjson"
    )
    if got:
        t.same("outcomes", [got.json["duplicate"], [x["index"] for x in got.json["rejected"]]], [1, [0, 1]])
    call("GET", "/rejects?per_page=2&page=2")
    call("POST", "/rejects/retry")

    pay = "/accounts/%s/payments" % urn
    call("POST", pay, {"amount": "2.00", "ref": "p1", "note": "thanks"}, 201)
    call("POST", pay, {"amount": "2.00", "ref": "p1"}, 200)
    call("POST", pay, {"amount": "3.00", "ref": "p1"}, 409)
    call("POST", pay, {"amount": "2.001", "ref": "p2"}, 422)
    call("POST", pay, {"amount": "-2.00", "ref": "p2"}, 422)
    call("POST", pay, {"amount": "2.00"}, 422)
    call("POST", "/accounts/%s/payments" % NOBODY, {"amount": "2.00", "ref": "p"}, 404)
    for kind, extra in (
        ("refunds", {}),
        ("chargebacks", {}),
        ("credits", {}),
        ("credits", {"expires": "2026-12-01T00:00:00Z"}),
        ("adjustments", {}),
    ):
        path = "/accounts/%s/%s" % (urn, kind)
        call(
            "POST",
            path,
            {"amount": "0.50", "ref": kind + str(len(extra)), **extra},
            201,
            idempotency_key=kind + str(len(extra)),
        )
        call("POST", path, {}, 422)
    call("POST", "/accounts/%s/credits" % urn, {"amount": "1.00", "expires": "2026-01-01T00:00:00Z"}, 422)

    call("POST", "/periods/2026-03/close", {}, 409)
    call("POST", "/periods/nonsense/close", {}, 422)
    for period in ("2026-01", "2026-02"):
        while True:
            a = call("POST", "/periods/%s/close" % period, {"grace": True})
            if a is None or a.json["done"]:
                break
    call("GET", "/periods")
    call("PUT", "/prices", BOOK % "7.00", 409, content_type="application/yaml")
    path = "/accounts/%s/invoices" % urn
    uuid = call("GET", path).json["invoices"][0]["invoice_uuid"]
    call("GET", path + "?page=9")
    for tail in ("", "/csv", "/pdf", "/summary"):
        call("GET", path + "/preview" + tail)
        a = call("GET", path + "/" + uuid + tail)
        call("GET", path + "/" + uuid + tail, want=304, if_none_match=a.headers["etag"])
        call("GET", path + "/00000000-0000-4000-8000-000000000000" + tail, want=404)
    call("GET", "/accounts/%s/history?per_page=2" % urn)
    call("GET", "/accounts/%s/history?per_page=0" % urn, want=422)
    call("POST", "/verify", {})
    call("POST", "/verify", {"digest": "0" * 64}, 409)
    call("POST", "/backup", {"file": "/tmp/never"}, 403)
    s.cli("backup", os.path.join(s.folder, "copy.db"))
    seen.setdefault(("operator", "backup_run"), set()).add(200)
    tokens = call("POST", "/tokens", {"account": urn, "name": "x"}, 201).json
    call("POST", "/tokens", {"account": urn, "operator": True}, 422)
    call("DELETE", "/tokens/" + tokens["id"], want=204)
    call("DELETE", "/tokens/tok_none", want=404)
    call("GET", "/nothing", want=404)
    call("DELETE", "/prices", want=405)
    for path in ("/metrics", "/healthz", "/readyz"):
        s.request("GET", path, op, operator=True, want=200)
    return urn, org, uuid


def customers_side(s, urn, org, uuid):
    do, civo = s.token(urn), s.token(urn, "civo")
    group = s.cli("token", "add", "--org", org).out.split()[0]
    my = "/v2/customers/my"
    insights = "/v2/billing/%s/insights/2026-01-01/2026-02-01"
    paths = [
        my + "/balance",
        my + "/billing_history",
        my + "/invoices",
        my + "/invoices/preview",
        my + "/invoices/" + uuid,
    ]
    paths += ["%s/invoices/%s/%s" % (my, u, f) for u in ("preview", uuid) for f in ("csv", "pdf", "summary")]
    paths += [insights % urn, insights % urn.replace(":", "%3A")]
    for path in paths:
        a = s.get(path, do, want=200)
        s.get(path + "/", do, want=200)
        h = s.head(path, do, want=200)
        if a and h and "preview" not in path:
            t.same("HEAD " + path, h.headers.get("content-length"), str(len(a.body)))
        s.get(path, None, want=401)
        s.get(path, civo, want=401)
        s.post(path, do, "{}", want=405)
    for path in paths[1:5] + paths[-1:]:
        for query, want in (
            ("page=2&per_page=1", 200),
            ("per_page=500&page=", 200),
            ("page=0", 422),
            ("per_page=-1", 422),
            ("page=x", 422),
            ("page=99999", 200),
            ("page=%zz", 400),
        ):
            s.get(path + "?" + query, do, want=want)
    a = s.get(my + "/invoices/" + uuid, do, want=200)
    s.get(my + "/invoices/" + uuid, do, headers={"If-None-Match": a.headers["etag"]}, want=304)
    s.get(my + "/invoices/00000000-0000-4000-8000-000000000000", do, want=404)
    s.get(my + "/invoices/nonsense/pdf", do, want=404)
    s.get(insights % org, group, want=200)
    s.get(insights % org, do, want=404)
    s.get(insights % urn, group, want=404)
    s.get(my + "/balance", group, want=404)
    for span in ("2026-02-01/2026-01-01", "2026-01-01/2026-02-02", "2026-01-01/x", "2026-02-30/2026-03-01"):
        s.get("/v2/billing/%s/insights/%s" % (urn, span), do, want=422)
    s.get("/v2/nothing", do, want=404)
    s.get("/v2/nothing", None, want=401)
    for query, want in (
        ("", 200),
        ("?from=&to=", 200),
        ("?from=2026-01-01T00:00:00 01:00&to=2026-02-01T00:00:00%2B01:00".replace(" ", "+"), 200),
        ("?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&region=NYC3", 200),
        ("?from=2026-01-01T00:00:00Z&to=2026-02-01T01:00:00Z", 200),
        ("?from=2026-01-01T00:00:00Z&to=2026-02-01T01:00:01Z", 400),
        ("?from=yesterday", 400),
        ("?to=2026-01-01T00:00:00Z", 400),
        ("?region=mars", 404),
        ("?account_id=" + NOBODY, 403),
    ):
        s.get("/v2/charges" + query, civo, want=want)
    a = s.get("/v2/charges", civo, want=200)
    s.get("/v2/charges", civo, headers={"If-None-Match": a.headers["etag"]}, want=304)
    s.get("/v2/charges", do, want=401)
    s.get("/v2/charges", None, want=401)
    s.post("/v2/charges", civo, "{}", want=405)
    for path in ("ping", "regions", "quota", "accounts", "organisation", "organisation/accounts", "instances?per_page=1"):
        s.get("/v2/" + path, civo, want=200)
        s.get("/v2/" + path, do, want=401)
    s.get("/v2/accounts?page=0", civo, want=422)
    s.get("/v2/instances/" + NOBODY, civo, want=404)
    s.get("/v2/instances/0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f7d11", civo, want=200)
    s.get("/v2/account", do, want=200)
    s.get("/v2/account", group, want=404)
    s.get("/v2/account", civo, want=401)
    for path in ("/healthz", "/readyz"):
        s.get(path, want=200)
        s.head(path, want=200)


VOLUMES = """  - {sku: vol, product: Droplets, provides: volume, prices: [{from: 2020-01-01T00:00:00Z, amount: "1", per_hours: 672}]}
  - {sku: snap, product: Droplets, provides: volume_snapshot, prices: [{from: 2020-01-01T00:00:00Z, amount: "1", per_hours: 672}]}
meters:"""


def storage():
    with Tour(now=NOW, serve=["--quiet", "--volumes", "record"]) as s:
        op = s.operator_token()
        s.put("/operator/v1/prices", op, (BOOK % "5.00").replace("meters:", VOLUMES), want=200)
        urn = s.cli("account", "add", "--name", "A", "--email", "a@example.com").out.strip()
        droplet = event(urn, 1, "resource.create", NOW, resource="0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f7d11", kind="droplet", sku="s-1", region="lon1", resource_id=7)
        s.post("/operator/v1/events", op, json.dumps(droplet), headers={"Content-Type": "application/cloudevents+json"}, want=200)
        do, civo = s.token(urn), s.token(urn, "civo")

        def call(method, path, body=None, want=200):
            a = s.request(method, path, do, body and json.dumps(body), want=want)
            return a.json if a and a.body else {}

        make = {"name": "data", "region": "lon1", "size_gigabytes": 1}
        v = call("POST", "/v2/volumes", make, 201)["volume"]["id"]
        call("POST", "/v2/volumes", make, 409)
        for path in ("/v2/volumes", "/v2/volumes/" + v):
            call("GET", path)
            s.get(path, civo, want=200)
        mine = "/v2/volumes/%s/" % v
        for path, body in (("/v2/volumes/actions", {"type": "attach", "volume_name": "data", "droplet_id": 7}), (mine + "actions", {"type": "detach", "droplet_id": 7})):
            a = call("POST", path, body, 202)["action"]["id"]
            while call("GET", "/v2/actions/%d" % a)["action"]["status"] == "in-progress":
                pass
        call("GET", "/v2/actions")
        call("GET", mine + "actions")
        call("GET", mine + "actions/%d" % a)
        snap = call("POST", mine + "snapshots", {"name": "s"}, 201)["snapshot"]["id"]
        call("POST", mine + "snapshots", {"name": "s"}, 422)
        call("GET", mine + "snapshots")
        call("GET", "/v2/snapshots")
        call("GET", "/v2/snapshots/" + snap)
        call("GET", "/v2/snapshots/" + v, want=400)
        call("GET", "/v2/volumes/snapshots/" + snap)
        copy = call("POST", "/v2/volumes", {"name": "copy", "snapshot_id": snap}, 201)["volume"]["id"]
        call("DELETE", "/v2/volumes/snapshots/" + snap, want=204)
        call("DELETE", "/v2/volumes/" + v, want=204)
        s.cli("account", "list", now="2026-03-05T00:10:00Z")
        snap = call("POST", "/v2/volumes/%s/snapshots" % copy, {"name": "s"}, 201)["snapshot"]["id"]
        call("DELETE", "/v2/snapshots/" + snap, want=204)
        call("DELETE", "/v2/volumes?name=copy", want=204)
        call("DELETE", "/v2/volumes", want=422)


def apps():
    with Tour(now=NOW, serve=["--quiet", "--apps", "record"]) as s:
        op = s.operator_token()
        urn = s.cli("account", "add", "--name", "A", "--email", "a@example.com").out.strip()
        do = s.token(urn)
        made = s.post("/operator/v1/apps", op, json.dumps({"account": urn, "name": "web"}), want=201).json["app"]
        ours, path = "/operator/v1/apps/" + made["id"], "/v2/apps/" + made["id"]
        s.post("/operator/v1/apps", op, "{}", want=422)
        for mine in ("/operator/v1/apps", ours):
            s.get(mine, op, want=200)
            s.get(mine, None, want=401)
        s.post(ours + "/deployments", op, '{"cause":"commit 1"}', want=201)
        first = s.get(path + "/deployments", do, want=200).json["deployments"][1]["id"]
        s.get(path + "/deployments/" + first, do, want=200)
        s.post(path + "/deployments", do, "{}", want=200)
        s.post(path + "/deployments/%s/cancel" % first, do, want=409)
        back = json.dumps({"deployment_id": first})
        s.post(path + "/rollback/validate", do, back, want=200)
        for end in ("commit", "revert"):
            s.post(path + "/rollback", do, back, want=200)
            s.post(path + "/rollback", do, back, want=409)
            s.post(path + "/rollback/" + end, do, want=200)
            s.post(path + "/rollback/" + end, do, want=409)
        s.get(path + "/metrics/bandwidth_daily", do, want=200)
        s.post("/v2/apps/metrics/bandwidth_daily", do, json.dumps({"app_ids": [made["id"]]}), want=200)
        s.delete(ours, op, want=204)
        s.delete(ours, op, want=404)
        s.post("/operator/v1/work", op, '{"wait":1}', want=200)
        s.stop()
        s.extra = ["--quiet", "--apps", "agent"]
        s.start()
        app = s.post("/operator/v1/apps", op, json.dumps({"account": urn, "name": "web"}), want=201).json["app"]["id"]
        work = s.post("/operator/v1/work", op, '{"wait":1}', want=200).json["work"][0]
        s.post("/operator/v1/work/" + work["lease"], op, '{"phase":"BUILDING"}', want=200)
        s.post("/v2/apps/%s/deployments/%s/cancel" % (app, work["deployment_id"]), do, want=200)
        s.post("/operator/v1/work", op, '{"wait":99}', want=422)


def applications(s, urn):
    op, do = s.operator_token(), s.token(urn)
    clients, v1 = "/operator/v1/oauth/clients", "/v1/oauth/"
    back = "https://app.example.com/back"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    app = s.post(clients, op, json.dumps({"name": "App", "redirect_uris": [back]}), want=201).json
    gone = s.post(clients, op, json.dumps({"name": "Tool", "redirect_uris": ["app.tool:/x"], "public": True}), want=201).json
    s.post(clients, op, "{}", want=422)
    s.get(clients, op, want=200)
    s.delete("%s/%s" % (clients, gone["client_id"]), op, want=204)
    s.delete(clients + "/nobody", op, want=404)
    send = lambda path, want=200, head=None, **p: s.post(v1 + path, None, urllib.parse.urlencode(p), headers={**form, **(head or {})}, want=want)  # noqa: E731
    asked = {"response_type": "code", "client_id": app["client_id"], "scope": "read"}
    page = s.get(v1 + "authorize?" + urllib.parse.urlencode(asked), want=200)
    s.get(v1 + "authorize?" + urllib.parse.urlencode({**asked, "scope": "all"}), want=303)
    s.get(v1 + "authorize", want=400)
    said = {**asked, "mark": re.search('name="mark" value="([0-9a-f]+)"', page.text)[1], "decision": "allow"}
    cookie = {"Cookie": page.headers["set-cookie"].split(";")[0]}
    send("authorize", 403, **said, token=do)
    send("authorize", 401, cookie, **said, token="x")
    answer = send("authorize", 303, cookie, **said, token=do)
    code = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["location"]).query)["code"][0]
    send("token", 401, grant_type="authorization_code", code=code, client_id=app["client_id"])
    one = send("token", **app, grant_type="authorization_code", code=code).json
    send("token", 400, **app, grant_type="authorization_code", code=code + "0")
    send("introspect", **app, token=one["access_token"])
    send("introspect", 401, token=one["access_token"])
    s.get(v1 + "token/info", one["access_token"], want=200)
    s.get(v1 + "token/info", None, want=401)
    s.get("/v2/account", one["access_token"], want=200)
    send("revoke", **app, token=one["refresh_token"])
    send("revoke", 400, **app)
    s.get("/v2/account", one["access_token"], want=401)


def limits():
    with Tour(now=NOW, rate="5/3") as s:
        s.put("/operator/v1/prices", s.operator_token(), BOOK % "5.00", want=200)
        urn = s.cli("account", "add", "--name", "A", "--email", "a@example.com").out.strip()
        do, civo = s.token(urn), s.token(urn, "civo")
        for token, path in ((do, "/v2/customers/my/balance"), (civo, "/v2/charges")):
            got = [s.get(path, token) for _ in range(4)]
            t.same("three in a minute of " + path, [a and a.status for a in got], [200, 200, 200, 429])


with Tour(now=NOW, serve=["--quiet"]) as story:
    made = operators_side(story)
    customers_side(story, *made)
    applications(story, made[0])
storage()
apps()
limits()
for name, c in contracts.items():
    for _, path, o in c.operations():
        statuses = seen.get((name, o["operationId"]), set())
        t.check("%s %s was called well" % (name, o["operationId"]), any(x < 300 or x == 303 for x in statuses), statuses)
t.end()
