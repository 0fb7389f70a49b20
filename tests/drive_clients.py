#!/usr/bin/python3
"""The clients that exist, by what they put on the wire and what breaks them: doctl and godo, pydo, dots-wrapper, do-wrapper,
civogo, and smaller ones. Each asks here as its own code does, and reads as strictly. The last line is the sum."""

import json
import os
import re
import sys
import threading
from datetime import datetime
from urllib.parse import parse_qs, quote, urlsplit

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402
from story.volumes import Volumes  # noqa: E402

t = Tally()
MY = "/v2/customers/my"
NOW = "2026-04-16T12:00:00Z"
ROWS = 450
BOOK = """\
currency: USD
grace: 24h
regions: [nyc1, lon1]
products: [{name: Instances, category: iaas}, {name: Volumes, category: iaas}]
skus:
  - {sku: small, product: Instances, civo_code: instance-g3.small,
     prices: [{from: 2020-01-01T00:00:00Z, amount: "5", per_hours: 672, cap_hours: 672}]}
  - {sku: volume, product: Volumes, civo_code: volume, unit: GiB,
     prices: [{from: 2020-01-01T00:00:00Z, amount: "0.10", per_hours: 672, cap_hours: 672}]}
"""
DOCTL = {"User-Agent": "doctl/dev (linux amd64) godo/1.202.0", "Accept": "application/json"}
PYDO = {"User-Agent": "azsdk-python-pydo/0.39.0 Python/3.11", "x-ms-client-request-id": "8f0c", "Accept": "application/json"}
DOTS = {"User-Agent": "axios/1.7.2", "Accept": "application/json, text/plain, */*", "Content-Type": "application/json"}
DO_WRAPPER = {"User-Agent": "got (https://github.com/sindresorhus/got)", "content_type": "application/json"}
CIVOGO = {"User-Agent": "civogo/dev", "Accept": "application/json", "Content-Type": "application/json", "Content-Encoding": "gzip"}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
TIMES = {"generated_at", "date", "updated_at", "created_at", "start_time", "end_time"}


def event(urn, n, kind, data, time="2026-03-01T00:00:00Z"):
    resource = "5e0c1a2b-0000-4000-8000-%012d" % n
    return {"specversion": "1.0", "id": "%s-%d" % (kind, n), "source": "t", "type": "resource." + kind, "subject": urn, "time": time,
            "data": {"resource": resource, **data}}


def world(s):
    """An account of many lines, closed for March and billed again in April, in Riga's time."""
    s.put("/operator/v1/prices", s.operator_token(), BOOK, want=200)
    urn = s.cli("account", "add", "--name", "Ada", "--email", "ada@example.com", "--zone", "Europe/Riga",
                "--billing-from", "2026-03-01T00:00:00Z").out.strip()
    rows = [event(urn, n, "create", {"kind": "droplet", "sku": "small", "name": "n-%03d" % n, "region": "LON1"}) for n in range(ROWS)]
    rows.append(event(urn, ROWS, "create", {"kind": "volume", "sku": "volume", "name": "disk", "quantity": "10", "region": "LON1"}))
    s.cli("import", "-", stdin="".join(json.dumps(r) + "\n" for r in rows))
    s.cli("close", "2026-03")
    s.cli("pay", "--account", urn, "--amount", "5.00", "--ref", "p")
    return urn


def strictly(what, node, key=""):
    """What Go's decoder asks for: instants or nothing, never an empty one; strings for money and hours; whole numbers."""
    if isinstance(node, dict):
        for k, v in node.items():
            strictly(what + "." + k, v, k)
    elif isinstance(node, list):
        for v in node:
            strictly(what, v, key)
    elif key in TIMES:
        t.check("%s is an instant" % what, node is None or INSTANT.fullmatch(node), node)
    elif key in ("amount", "duration") or key.endswith(("balance", "_usage")):
        t.check("%s is a string" % what, isinstance(node, str), node)
    elif key == "total":
        t.check("%s is a whole number" % what, type(node) is int, node)


def doctl(s, urn):
    """The first page tells the last one; the others are then asked for by four workers at once."""
    token = s.token(urn)
    ask = lambda path: s.get(path, token, headers=DOCTL, want=200)  # noqa: E731
    for path in ("/balance", "/billing_history?page=1&per_page=200", "/invoices?page=1&per_page=200", "/invoices/preview/summary"):
        strictly(path, ask(MY + path).json)
    who = ask("/v2/account").json["account"]
    strictly("/account", who)
    t.check("limits are whole numbers", all(type(who[k]) is int for k in ("droplet_limit", "floating_ip_limit")), who)
    t.check("verified is a truth", who["email_verified"] is True and isinstance(who["status_message"], str), who)
    uuid = ask(MY + "/invoices").json["invoices"][0]["invoice_uuid"]
    for which in ("preview", uuid):
        path = "%s/invoices/%s?page=%%d&per_page=200" % (MY, which)
        first = ask(path % 1).json
        strictly(which, first)
        last = urlsplit(first["links"]["pages"]["last"])
        t.check("links are absolute", last.scheme == "http" and last.netloc == "127.0.0.1:%d" % s.port, last)
        pages = int(parse_qs(last.query)["page"][0])
        t.same("the last page of %d lines" % (ROWS + 1), pages, 3)
        got = {1: first["invoice_items"]}

        def work(n):
            with_own = Story(start=False, folder=s.folder)
            with_own.port = s.port
            got[n] = with_own.ask("GET", path % n, token, headers=DOCTL).json["invoice_items"]
            for link in with_own.links.values():
                link.close()

        workers = [threading.Thread(target=work, args=(n,)) for n in range(2, pages + 1)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        seen = [row["resource_uuid"] for n in sorted(got) for row in got[n]]
        t.same("each line once", (len(seen), len(set(seen))), (ROWS + 1, ROWS + 1))
        for kind, magic in (("csv", b"product,"), ("pdf", b"%PDF-")):
            a = ask("%s/invoices/%s/%s" % (MY, which, kind))
            t.check("%s though JSON was asked for" % kind, a.body.startswith(magic), a.body[:40])
    a = s.get(MY + "/invoices/nonsense", token, headers=DOCTL, want=404).json
    t.same("an error's keys", sorted(a), ["id", "message", "request_id"])
    t.check("and strings", all(isinstance(v, str) for v in a.values()), a)


def apps(s, urn):
    """doctl reads the progress of every deployment, and waits until its steps are done or one has failed; pydo rolls back."""
    token = s.token(urn)
    s.stop()
    s.extra = [*s.extra, "--apps", "record"]
    s.start()
    new = json.dumps({"account": urn, "name": "shop", "spec": {"name": "shop", "services": [{"name": "web"}]}})
    path = "/v2/apps/" + s.post("/operator/v1/apps", s.operator_token(), new, want=201).json["app"]["id"]
    made = s.post(path + "/deployments", token, '{"force_build":false}', headers={**DOCTL, "Content-Type": "application/json"}, want=200).json["deployment"]
    strictly("create-deployment", made)
    t.check("doctl goes on waiting", made["progress"]["success_steps"] < made["progress"]["total_steps"] and not made["progress"]["error_steps"], made)
    seen = s.get("%s/deployments/%s" % (path, made["id"]), token, headers=DOCTL, want=200).json["deployment"]
    t.check("until it is done", seen["progress"]["success_steps"] == seen["progress"]["total_steps"], seen)
    rows = s.get(path + "/deployments?page=1&per_page=200", token, headers=DOCTL, want=200).json
    strictly("list-deployments", rows)
    numbers = [type(d["progress"][k]) for d in rows["deployments"] for k in ("success_steps", "total_steps", "error_steps", "running_steps", "pending_steps")]
    t.same("whole numbers", set(numbers), {int})
    body = json.dumps({"deployment_id": rows["deployments"][1]["id"], "skip_pin": False})
    s.post(path + "/rollback/validate", token, body, headers=PYDO, want=200)
    s.post(path + "/rollback", token, body, headers=PYDO, want=200)
    a = s.post(path + "/rollback/commit", token, headers={**PYDO, "Content-Length": "0"}, want=200)
    t.same("nothing to read", a.body, b"")
    day = s.get(path + "/metrics/bandwidth_daily?date=2026-04-01T00%3A00%3A00.000Z", token, headers=PYDO, want=200).json
    t.check("bytes are a string", isinstance(day["app_bandwidth_usage"][0]["bandwidth_bytes"], str), day)


def scripts(s, urn):
    """pydo escapes colons in a path and names what it takes; the JavaScript ones send bodies' headers without a body."""
    token = s.token(urn)
    path = "/v2/billing/%s/insights/2026-03-01/2026-03-31?per_page=20&page=1"
    plain = s.get(path % urn, token, headers=PYDO, want=200)
    t.same("an escaped URN", s.get(path % quote(urn, safe=""), token, headers=PYDO, want=200).json, plain.json)
    for kind in ("text/csv", "application/pdf"):
        tail = kind.split("/")[1]
        a = s.get("%s/invoices/preview/%s" % (MY, tail), token, headers={**PYDO, "Accept": kind + ", application/json"}, want=200)
        t.check("pydo's " + tail, a.headers["content-type"].startswith(kind), a.headers)
    for headers in (DOTS, DO_WRAPPER):
        for tail in ("/balance", "/billing_history/", "/invoices?page=1&per_page=25", "/invoices/?page=", "/invoices/preview/csv"):
            s.get(MY + tail, token, headers=headers, want=200)


def civogo(s, urn):
    """The offset's plus is not escaped, so a form's reader gets a blank; bodies are said to be packed and are not."""
    key = s.token(urn, "civo")
    headers = {**CIVOGO, "Authorization": "bearer " + key}

    def charges(query, want=200):
        return s.get("/v2/charges" + query, headers=headers, want=want).json

    plain = charges("?from=2026-03-01T00:00:00Z&to=2026-03-31T23:59:59Z&region=LON1")
    t.same("rows", len(plain), ROWS + 1)
    shape = {"code": str, "product_id": str, "label": str, "from": str, "to": str, "num_hours": int, "region": str}
    for row in plain[:3] + plain[-3:]:
        t.same("eight keys", sorted(row), sorted([*shape, "size_gb"]))
        t.check("their types", all(type(row[k]) is kind for k, kind in shape.items()), row)
        t.check("a size is a whole number or null", row["size_gb"] is None or type(row["size_gb"]) is int, row)
        t.check("instants", all(INSTANT.fullmatch(row[k]) for k in ("from", "to")), row)
    t.same("only a volume has a size", {r["code"]: r["size_gb"] for r in plain}, {"instance-g3.small": None, "volume": 10})
    march = "?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z"
    for same in ("?from=2026-03-01T01:00:00+01:00&to=2026-04-01T01:00:00+01:00", "?from=2026-03-01T01:00:00%2B01:00&to=2026-04-01T00:00:00Z",
                 "?from=2026-03-01T01:00:00%2001:00&to=2026-04-01T00:00:00Z", "?from=2026-02-28T19:00:00-05:00&to=2026-03-31T19:00:00-05:00",
                 "?from=2026-03-01T00:00:00.000Z&to=2026-04-01T00:00:00.000000Z", march + "&region=lon1"):
        t.same(same, charges(same), charges(march))
    t.same("nowhere near", charges(march + "&region=NYC1"), [])
    t.check("an account's own offsets", {r["from"][-6:] for r in charges(march)} <= {"+02:00", "+03:00"}, plain[0])
    end = datetime.fromisoformat(charges("?from=&to=")[0]["to"])
    t.same("what runs ends with the window", end, datetime.fromisoformat(NOW.replace("Z", "+00:00")))
    a = s.request("GET", "/v2/charges", headers={**headers, "X-Civo-AccountID": urn}, body="from=&to=", want=200)
    t.same("empty values in a body", len(a.json), ROWS + 1)
    for query, code in (("?from=2026-04-02T00:00:00Z&to=2026-04-01T00:00:00Z", "parameter_date_range"),
                        ("?from=2026-02-01T00:00:00Z&to=2026-04-01T00:00:00Z", "parameter_date_range_too_long"),
                        ("?from=yesterday", "parameter_time_value")):
        a = charges(query, 400)
        t.same(query, a["code"], code)
        t.check("no object and no null where a client falls", all(isinstance(a[k], str) for k in ("reason", "details") if k in a), a)
    s.get("/v2/charges", headers={**headers, "Authorization": "BEARER " + key}, want=200)
    for path in ("/v2/networks?region=LON1", "/v2/kubernetes/clusters", "/v2/nothing/at/all"):
        a = s.ask("GET", path, headers=headers)
        t.same("%s is told in civogo's words" % path, (a.status, a.json["code"], a.json["status"]), (404, "not_found", 404))
        t.check("with a reason", isinstance(a.json["reason"], str), a.json)


def storage():
    """Volumes as doctl, pydo and the JavaScript ones ask for them: every key sent, empty ones too; paging on a POST; a slash at
    the end; numbers that Go decodes into whole numbers."""
    with Volumes("--volumes", "record", now=NOW) as s:
        s.droplet(11612190, time="2026-03-01T00:00:00Z")

        def ask(method, path, headers, want, body=None):
            return s.request(method, path, s.me, body and json.dumps(body), {**headers, "Content-Type": "application/json"}, want=want).json

        godo = {"region": "nyc1", "name": "data", "description": "", "size_gigabytes": 10, "snapshot_id": "", "filesystem_type": "ext4", "filesystem_label": "", "tags": []}
        v = ask("POST", "/v2/volumes", DOCTL, 201, godo)["volume"]
        t.check("whole numbers", all(type(x) is int for x in (v["size_gigabytes"], *v["droplet_ids"])), v)
        strictly("a volume", v)
        path = "/v2/volumes/" + v["id"]
        a = ask("POST", path + "/actions", DOCTL, 202, {"type": "attach", "droplet_id": 11612190})["action"]
        t.check("an action's numbers", type(a["id"]) is int and a["resource_id"] is None and a["completed_at"] is None, a)
        s.done(a)
        listed = ask("GET", "/v2/volumes?page=1&per_page=200", DOCTL, 200)["volumes"]
        t.same("attached", [x["droplet_ids"] for x in listed], [[11612190]])
        s.done(ask("POST", path + "/actions?per_page=20&page=1", PYDO, 202, {"type": "resize", "size_gigabytes": 20, "region": "nyc1"})["action"])
        detach = {"type": "detach", "volume_name": "data", "droplet_id": 11612190, "region": "nyc1"}
        s.done(ask("POST", "/v2/volumes/actions?per_page=20&page=1", PYDO, 202, detach)["action"])
        snap = ask("POST", path + "/snapshots", DOCTL, 201, {"volume_id": v["id"], "name": "s", "description": "", "tags": None})["snapshot"]
        strictly("a snapshot", snap)
        t.check("a snapshot's numbers", type(snap["min_disk_size"]) is int and isinstance(snap["resource_id"], str), snap)
        listed = ask("GET", "/v2/snapshots?page=1&per_page=200&resource_type=volume", DOCTL, 200)["snapshots"]
        t.same("doctl's list", [x["id"] for x in listed], [snap["id"]])
        t.same("pydo's way", ask("GET", "/v2/volumes/snapshots/" + snap["id"], PYDO, 200), ask("GET", "/v2/snapshots/" + snap["id"], DOCTL, 200))
        t.same("do-wrapper's list", len(ask("GET", "/v2/volumes/?region=", DO_WRAPPER, 200)["volumes"]), 1)
        ask("POST", "/v2/volumes/", DO_WRAPPER, 201, {**godo, "name": "more"})
        ask("DELETE", "/v2/volumes?region=nyc1", DOTS, 422)
        t.same("nothing is deleted by a slip", ask("GET", "/v2/volumes?page=1&per_page=25", DOTS, 200)["meta"]["total"], 2)
        copy = {**godo, "name": "copy", "region": "", "snapshot_id": snap["id"], "size_gigabytes": 20, "filesystem_type": ""}
        t.same("doctl's copy of a snapshot", ask("POST", "/v2/volumes", DOCTL, 201, copy)["volume"]["region"]["slug"], "nyc1")
        for gone in ("/v2/snapshots/" + snap["id"], path):
            t.same("no body", s.request("DELETE", gone, s.me, None, DOCTL, want=204).body, b"")


def impatient():
    """Who is told to wait is told for how long: the clients wait that long, and then ask again."""
    with Story(now=NOW, rate="100/2") as s:
        urn = s.cli("account", "add", "--name", "A", "--email", "a@example.com").out.strip()
        for token, path in ((s.token(urn), MY + "/balance"), (s.token(urn, "civo"), "/v2/charges")):
            for _ in range(2):
                s.ask("GET", path, token)
            a = s.get(path, token, want=429)
            t.check("whole seconds", re.fullmatch(r"[1-9]\d*", a.headers.get("retry-after", "")), a.headers)


with Story(now=NOW, rate="5000/250") as story:
    customer = world(story)
    for test in (doctl, scripts, civogo, apps):
        t.run(test.__name__, test, story, customer)
t.run("storage", storage)
t.run("impatient", impatient)
t.end()
