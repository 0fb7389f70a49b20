#!/usr/bin/python3
"""Who may ask what. The matrix is made from src/api/routes.def: every row is asked with every kind of wrong and right token,
so that a new route cannot be left out, and with the real ids of another customer, which must answer like ids of nobody."""

import json
import os
import re
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROW = re.compile(r'^R\("([A-Z]+)", "([^"]+)", (API_\w+), ([\w|() ]+), API_\w+, ([\w| ]+), [^,]+, (\w+)\)$', re.M)
SCOPE_ROW = re.compile(r'^S\((\w+), "([^"]+)", (\w+)\)$', re.M)
ASKING = {"apps_validate_rollback", "apps_list_metrics_bandwidth_daily"}  # POSTs that change nothing
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOBODY = "00000000-0000-4000-8000-000000000000"
NOW, LATER = "2026-03-05T00:00:00Z", "2026-03-05T00:00:09Z"
BOOK = """\
currency: USD
products: [{name: Droplets, category: iaas}]
skus:
  - {sku: volume, product: Droplets, provides: volume, prices: [{from: 2020-01-01T00:00:00Z, amount: "1", per_hours: 672}]}
  - {sku: snapshot, product: Droplets, provides: volume_snapshot, prices: [{from: 2020-01-01T00:00:00Z, amount: "1", per_hours: 672}]}
  - sku: s-1
    product: Droplets
    prices: [{from: 2020-01-01T00:00:00Z, amount: "5.00", per_hours: 672, cap_hours: 672}]
"""
SCOPES = ["events:write", "operator:read", "operator:finance", "operator:admin", "agent:work"]
t = Tally()


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as f:
        return f.read()


WORDS = {name: (text, side) for name, text, side in SCOPE_ROW.findall(read("src/work/scopes.def"))}
CUSTOMER = sorted(text for text, side in WORDS.values() if side == "CUSTOMER")
READS = [text for text in CUSTOMER if text.endswith(":read")]


class Route:
    def __init__(self, m):
        self.method, self.path, self.dialect, scopes, flags, self.name = m.groups()
        self.open = "API_OPEN" in flags
        self.scopes = [WORDS[s][0] for s in re.findall(r"WORK_SCOPE\((\w+)\)", scopes)]
        self.operator = self.path.startswith(("/operator/", "/metrics"))
        self.oauth = self.dialect in ("API_OAUTH", "API_PAGE")
        self.shared = None  # the row of the other dialect, where both have the path
        self.side = "oauth" if self.oauth else "open" if self.open else "operator" if self.operator else "civo" if self.dialect == "API_CIVO" else "do"


def routes():
    text = read("src/api/routes.def")
    t.same("every scope of the table is understood", len(WORDS), len(re.findall(r"^S\(", read("src/work/scopes.def"), re.M)))
    rows = [Route(m) for m in ROW.finditer(text)]
    like = {side: [re.compile(re.sub(r"\{\w+\}", "[^/]+", r.path)) for r in rows if r.side == side] for side in ("civo", "do")}
    for r in rows:
        r.shared = r.side in like and all(any(p.fullmatch(r.path) for p in side) for side in like.values())
    t.same("every row of the table is understood", len(rows), len(re.findall(r"^R\(", text, re.M)))
    asked = lambda *sides: {x for r in rows if r.side in sides for x in r.scopes}  # noqa: E731
    t.same("what a customer's routes ask for are customers' scopes", asked("do", "civo") - set(CUSTOMER), set())
    t.check("every customer's route asks for a scope", all(r.scopes for r in rows if r.side == "do" and r.name != "oauth_token_info"))
    t.same("what an operator's routes ask for", asked("operator"), set(SCOPES))
    return rows


def event(urn, n):
    data = {"resource": "0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f000%d" % n, "sku": "s-1", "kind": "droplet", "name": "web", "tags": ["a", "b"]}
    return {"specversion": "1.0", "id": "1", "source": "/a", "type": "resource.create", "subject": urn, "time": "2026-01-10T00:00:00Z", "data": data}


class World:
    """Two customers of one organization, each with an invoice, and every kind of token."""

    def __init__(self, s):
        self.s = s
        self.ids, self.operator = {}, None
        book = os.path.join(s.folder, "prices.yaml")
        with open(book, "w") as f:
            f.write(BOOK)
        s.cli("prices", "load", book)
        self.org = s.cli("org", "add", "--name", "Org").out.strip()
        self.foreign_org = s.cli("org", "add", "--name", "Other").out.strip()
        add = ["account", "add", "--email", "a@example.com"]
        self.mine = s.cli(*add, "--name", "Ada", "--org", self.org).out.strip()
        self.other = s.cli(*add, "--name", "Bob", "--org", self.org).out.strip()
        lines = "\n".join(json.dumps(event(u, n)) for n, u in enumerate((self.mine, self.other)))
        s.cli("import", "-", stdin=lines)
        s.cli("close", "2026-01")
        s.cli("close", "2026-02")
        self.operator = self.token()
        self.do = self.token(account=self.mine)
        self.other_do = self.token(account=self.other)
        self.civo = self.token(account=self.mine, dialect="civo")
        self.group = self.token(org=self.org)
        self.scoped = {sc: self.token(operator=True, scope=sc) for sc in SCOPES}
        self.narrow = {side: {sc: self.token(account=self.mine, dialect=side, scope=sc) for sc in CUSTOMER} for side in ("do", "civo")}
        self.made, self.other_made = self.volumes()
        self.invoice = self.invoices(self.do)[0]["invoice_uuid"]
        self.other_invoice = self.invoices(self.other_do)[0]["invoice_uuid"]

    def volumes(self):
        """A volume of each, with a snapshot and an action, and an app, made while they can be; then no more can."""
        s = self.s
        s.stop()
        rate, s.rate, s.extra = s.rate, "off", ["--volumes", "record", "--apps", "record"]
        s.start()
        made = []
        for urn, token in ((self.mine, self.do), (self.other, self.other_do)):
            v = s.post("/v2/volumes", token, json.dumps({"name": "v", "size_gigabytes": 1, "region": "nyc1"}), want=201).json["volume"]["id"]
            snap = s.post("/v2/volumes/%s/snapshots" % v, token, json.dumps({"name": "s"}), want=201).json["snapshot"]["id"]
            a = s.post("/v2/volumes/%s/actions" % v, token, json.dumps({"type": "resize", "size_gigabytes": 2}), want=202).json["action"]["id"]
            while s.get("/v2/actions/%d" % a, token, want=200).json["action"]["status"] == "in-progress":
                pass
            app = s.post("/operator/v1/apps", self.operator, json.dumps({"account": urn, "name": "shop"}), want=201).json["app"]["id"]
            d = s.get("/v2/apps/%s/deployments" % app, token, want=200).json["deployments"][0]["id"]
            made.append({"{volume_id}": v, "{snapshot_id}": snap, "{action_id}": str(a), "{app_id}": app, "{deployment_id}": d})
        s.stop()
        s.rate, s.extra = rate, []
        s.start()
        return made

    def token(self, **body):
        """A token; its secret is remembered, to be looked for where it must not be."""
        if self.operator is None:
            made = self.s.cli("token", "add", "--operator", "--json").json
        else:
            made = self.s.post("/operator/v1/tokens", self.operator, json.dumps(body), want=201).json
        self.ids[made["token"]] = made["id"]
        return made["token"]

    def revoke(self, token):
        self.s.delete("/operator/v1/tokens/" + self.ids[token], self.operator, want=204)

    def invoices(self, token):
        return self.s.get("/v2/customers/my/invoices", token, want=200).json["invoices"]

    def path(self, r, account=None, invoice=None, made=None):
        values = {
            **(made or self.made),
            "{invoice_uuid}": invoice or self.invoice,
            "{account_urn}": account or self.mine,
            "{urn}": account or self.mine,
            "{start_date}": "2026-01-01",
            "{end_date}": "2026-01-31",
            "{instance_id}": "0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f0000",
            "{token_id}": "tok_000000000000",
            "{client_id}": "0" * 32,
            "{period}": "2026-02",
            "{lease}": "0" * 64,
        }
        left = [p for p in re.findall(r"\{\w+\}", r.path) if p not in values]
        if left:
            raise AssertionError("%s has a parameter this driver does not know: %s" % (r.path, left))
        return re.sub(r"\{\w+\}", lambda m: values[m.group()], r.path)


def bodies(r):
    return None if r.method in ("GET", "DELETE") else "{}"


def refused(w, r, what, token, want, headers=None):
    a = w.s.request(r.method, w.path(r), token, bodies(r), headers, r.operator)
    t.same("%s %s with %s" % (r.method, r.path, what), a.status, want)
    if want == 401:
        t.check("%s tells how to authenticate" % r.path, a.headers.get("www-authenticate") == "Bearer", a.headers)


def matrix(w, rows):
    kinds = {"do": {"account": w.mine}, "civo": {"account": w.mine, "dialect": "civo"}, "operator": {"operator": True}}
    probe = {"do": "/v2/customers/my/balance", "civo": "/v2/charges", "operator": "/operator/v1/clock"}
    good = {"do": w.do, "civo": w.civo, "operator": w.operator}
    gone = {side: w.token(**body) for side, body in kinds.items()}
    ending = {side: w.token(expires=LATER, **body) for side, body in kinds.items()}
    for side, path in probe.items():  # so that they are held in memory when they end
        w.s.get(path, gone[side], want=200)
        w.s.get(path, ending[side], want=200)
        w.revoke(gone[side])
    w.s.cli("account", "list", now=LATER)  # the very second of their expiry
    for r in rows:
        if r.oauth:  # who asks there is a client, or a person who says yes: no token opens it
            for token in (None, *good.values(), gone["do"]):
                a = w.s.request(r.method, w.path(r), token, "token=x" if r.method == "POST" else None, FORM)
                t.check("%s with a token" % r.path, a.status in (400, 401) or (a.status, a.body) == (200, b"{}"), a.status)
            a = w.s.ask(r.method, w.path(r), good["operator"], None, None, True)
            t.check("%s on the other side" % r.path, a.status in (401, 404), a.status)
            continue
        if r.open:
            a = w.s.request(r.method, w.path(r), None, None, None, r.operator)
            t.same("%s is open" % r.path, a.status, 200)
            continue
        refused(w, r, "no token", None, 401)
        refused(w, r, "a token of nobody", good[r.side][:-1] + ("0" if good[r.side][-1] != "0" else "1"), 401)
        refused(w, r, "a token and a half", good[r.side] + "00", 401)
        refused(w, r, "an empty token", None, 401, {"Authorization": "Bearer "})
        refused(w, r, "another scheme", None, 401, {"Authorization": "Basic " + good[r.side]})
        refused(w, r, "an expired token", ending[r.side], 401)
        refused(w, r, "a revoked token", gone[r.side], 401)
        for side in good:
            if r.shared and side in ("civo", "do"):
                continue
            if side != r.side:
                refused(w, r, "a token of dialect " + side, good[side], 401)
        if r.shared and r.side == "do":
            refused(w, r, "a Civo key", w.civo, 200 if r.method == "GET" else 403)
        for scope, token in w.scoped.items():
            if r.side != "operator":
                continue
            a = w.s.request(r.method, w.path(r), token, bodies(r), None, True)
            let_in = a.status not in (401, 403) or b"--apps" in a.body or r.name == "backup_run" and scope in r.scopes and b"socket" in a.body
            t.same("%s %s with scope %s" % (r.method, r.path, scope), let_in, scope in r.scopes)
        for scope, token in w.narrow.get(r.side, {}).items():
            a = w.s.request(r.method, w.path(r), token, bodies(r))
            wide = scope == "api:write" or scope == "api:read" and any(x in READS for x in r.scopes)
            off = a.status == 403 and (b"--volumes" in a.body or b"--apps" in a.body)
            t.same("%s %s with scope %s" % (r.method, r.path, scope), a.status != 403 or off, not r.scopes or wide or scope in r.scopes)
            if off:
                t.check("%s %s is refused for its driver only" % (r.method, r.path), r.method != "GET")
            elif a.status == 403 and r.side == "do":
                t.same("what %s says" % r.path, a.json["message"], "You do not have permission to perform this action.")
            elif a.status == 403:
                t.same("what %s says" % r.path, a.json["code"], "authentication_access_denied")
        if r.side != "operator":
            a = w.s.request(r.method, w.path(r), good[r.side], None)
            want = 200 if r.method == "GET" else 422 if r.name in ASKING else 403
            t.same("%s %s with its own token" % (r.method, r.path), a.status, want)
        # the other listener does not know the path
        a = w.s.ask(r.method, w.path(r), good[r.side], bodies(r), None, not r.operator)
        t.check("%s on the other side" % r.path, a.status in (401, 404), a.status)


def shape(a):
    """An answer without what differs by chance."""
    body = re.sub(rb'"request_id":"[^"]*"', b"", a.body)
    return a.status, body, sorted(k for k in a.headers if not k.startswith("ratelimit"))


def foreign(w, rows):
    other_preview = w.s.get("/v2/customers/my/invoices", w.other_do, want=200).json["invoice_preview"]["invoice_uuid"]
    for r in rows:
        if "{invoice_uuid}" in r.path and r.side == "do":
            unknown = w.s.get(w.path(r, invoice=NOBODY), w.do)
            t.same("%s of nobody" % r.path, unknown.status, 404)
            for what, uuid in (("another's", w.other_invoice), ("another's preview", other_preview), ("a wrong", "x"), ("a badly escaped", "%ff")):
                t.same("%s with %s id" % (r.path, what), shape(w.s.get(w.path(r, invoice=uuid), w.do)), shape(unknown))
            w.s.get(w.path(r, invoice=w.other_invoice), w.other_do, want=200)
            t.same("%s and an organization" % r.path, shape(w.s.get(w.path(r), w.group)), shape(unknown))
        if "{account_urn}" in r.path:
            unknown = w.s.get(w.path(r, account="do:team:" + NOBODY), w.do)
            t.same("%s of nobody" % r.path, unknown.status, 404)
            for what, urn in (("another's", w.other), ("its organization's", w.org), ("no", "x")):
                t.same("%s with %s URN" % (r.path, what), shape(w.s.get(w.path(r, account=urn), w.do)), shape(unknown))
            for what, urn in (("a team's", w.mine), ("another organization's", w.foreign_org), ("no", "x")):
                t.same("%s for an organization, with %s URN" % (r.path, what), shape(w.s.get(w.path(r, account=urn), w.group)), shape(unknown))
            w.s.get(w.path(r, account=w.org), w.group, want=200)
        if r.side != "operator" and set(re.findall(r"\{\w+\}", r.path)) & set(w.made):
            token = {"do": w.do, "civo": w.civo}[r.side]
            ask = lambda path, token: w.s.request(r.method, path, token, bodies(r))  # noqa: E731
            unknown = ask(w.path(r, made=dict.fromkeys(w.made, NOBODY)), token)
            t.same("%s %s of nobody" % (r.method, r.path), unknown.status, 404)
            for what, made in (("another's", w.other_made), ("a wrong", dict.fromkeys(w.made, "x")), ("a badly escaped", dict.fromkeys(w.made, "%ff")))[: 3 if r.side == "do" else 2]:
                t.same("%s %s with %s id" % (r.method, r.path, what), shape(ask(w.path(r, made=made), token)), shape(unknown))
            if r.side == "do":
                t.same("%s and an organization" % r.path, shape(ask(w.path(r), w.group)), shape(unknown))
        if r.name == "oauth_token_info":
            t.same("what a group's token is", w.s.get(r.path, w.group, want=200).json["scopes"], ["billing:read"])
        elif r.side == "do" and "{" not in r.path and r.method == "GET":
            t.same("%s and an organization" % r.path, w.s.get(r.path, w.group).status, 404)
        if "{invoice_uuid}" in r.path and r.operator:
            a = w.s.get(w.path(r, account=w.mine, invoice=w.other_invoice), w.operator)
            t.same("%s does not mix accounts" % r.path, a.status, 404)
    for who in (w.other, "do:team:" + NOBODY, "x"):
        w.s.get("/v2/charges?account_id=" + who, w.civo, want=403)
    w.s.get("/v2/charges?account_id=" + w.mine, w.civo, want=200)
    rows = w.s.get("/v2/instances", w.civo, want=200).json["items"]
    shown = [(r["id"][-1], r["hostname"], r["size"], r["created_at"], r["tags"]) for r in rows]
    t.same("whose instances", shown, [("0", "web", "s-1", "2026-01-10T00:00:00Z", ["a", "b"])])
    t.same("one of them", w.s.get("/v2/instances/" + rows[0]["id"], w.civo, want=200).json, rows[0])
    for region, n in (("", 1), ("none", 0)):
        t.same("instances in region %r" % region, len(w.s.get("/v2/instances?region=" + region, w.civo, want=200).json["items"]), n)
    t.same("instances of a page beyond", w.s.get("/v2/instances?page=2", w.civo, want=200).json["items"], [])
    for wrong in ("0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f0001", NOBODY, "x"):
        t.same("instance " + wrong, w.s.get("/v2/instances/" + wrong, w.civo, want=404).json["code"], "database_instance_not_found")
    quota = w.s.get("/v2/quota", w.civo, want=200).json
    t.same("what is in use", (quota["instance_count_usage"], quota["disk_volume_count_usage"]), (1, 1))
    uuid = w.mine[len("do:team:") :]
    t.same("whose account", [i["id"] for i in w.s.get("/v2/accounts", w.civo, want=200).json["items"]], [uuid])
    t.same("whose accounts", [i["id"] for i in w.s.get("/v2/organisation/accounts", w.civo, want=200).json], [uuid])
    t.same("whose organization", w.s.get("/v2/organisation", w.civo, want=200).json, {"id": w.org[len("do:teamgroup:") :], "name": "Org"})
    for path in ("/v2", "/v2/", "/v2/nothing", "/v2/customers/my", "/operator/v1/events"):
        a = w.s.ask("GET", path, None)
        t.check(path + " without a token tells nothing", a.status in (401, 404), a.status)
        if path.startswith("/v2/"):
            t.same(path + " without a token", a.status, 401)


def moved(w):
    """A team that leaves its organization leaves its days."""
    path = "/v2/billing/%s/insights/2026-01-01/2026-01-31" % w.org
    teams = lambda: {p["usage_team_urn"] for p in w.s.get(path + "?per_page=200", w.group, want=200).json["data_points"]}  # noqa: E731
    t.same("an organization's teams", teams(), {w.mine, w.other})
    w.s.patch("/operator/v1/accounts/" + w.other, w.operator, json.dumps({"org": None}), want=200)
    t.same("after one has left", teams(), {w.mine})
    a = w.s.patch("/operator/v1/accounts/" + w.other, w.operator, json.dumps({"org": w.org, "zone": "No/Such"}))
    t.same("a change that is refused", a.status, 422)
    t.same("changes nothing of it", teams(), {w.mine})


def revoked_under_load(w):
    """A token that is in use while it is revoked is refused from the answer on."""
    for _ in range(8):
        token = w.token(account=w.mine)
        stop = threading.Event()

        def hammer():
            mine = Story.__new__(Story)
            mine.port, mine.operator_port, mine.links = w.s.port, w.s.operator_port, {}
            while not stop.is_set():
                mine.ask("GET", "/v2/customers/my/balance", token)
            for link in mine.links.values():
                link.close()

        threads = [threading.Thread(target=hammer) for _ in range(4)]
        for x in threads:
            x.start()
        w.revoke(token)
        seen = [w.s.ask("GET", "/v2/customers/my/balance", token).status for _ in range(20)]
        stop.set()
        for x in threads:
            x.join()
        seen += [w.s.ask("GET", "/v2/customers/my/balance", token).status for _ in range(5)]
        if not t.same("a token revoked while in use", set(seen), {401}):
            return


def secrets(w):
    """No token stands in the database, beside it, or in the log; not in what the operator may list either."""
    for name in os.listdir(w.s.folder):
        path = os.path.join(w.s.folder, name)
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as f:
            data = f.read()
        found = [x for x in w.ids if x.encode() in data or bytes.fromhex(x.rsplit("_", 1)[1]) in data]
        t.same("tokens in " + name, found, [])
    for path in ("/operator/v1/tokens", "/operator/v1/audit?per_page=200", "/metrics"):
        text = w.s.get(path, w.operator, want=200).text
        t.same("tokens in " + path, [x for x in w.ids if x in text], [])
    log = w.s.read_log()
    t.check("the log was written", log.count('"path"') > 100)


def scopes(w):
    """Scopes that do not exist, or are another side's, are refused; a token is ended by itself or by its id."""
    add = ["token", "add", "--account", w.mine]
    for wrong in ("everything", "billing:read,everything", "billing:raed"):
        got = w.s.cli(*add, "--scope", wrong, code=2)
        t.check("%s is no scope" % wrong, "There is no scope" in got.err, got.err)
    t.check("and which was meant", "did you mean billing:read?" in w.s.cli(*add, "--scope", "billing:raed", code=2).err)
    w.s.cli(*add, "--scope", "operator:read", code=1)
    w.s.cli("token", "add", "--operator", "--scope", "billing:read", code=1)
    t.check("no scope at all", "names no scope" in w.s.cli(*add, "--scope", " , ", code=2).err)
    w.s.post("/operator/v1/tokens", w.operator, json.dumps({"account": w.mine, "scope": ","}), want=422)
    w.s.post("/operator/v1/tokens", w.operator, json.dumps({"account": w.mine, "scope": "everything"}), want=422)
    for sides, prefix in ((add, "dop_v1_"), ([*add, "--dialect", "civo"], "civo_v1_"), (["token", "add", "--operator"], "blw_v1_")):
        token = w.s.cli(*sides).out.strip()
        t.check("a token of " + prefix, re.fullmatch(prefix + "[0-9a-f]{64}", token), token)
        w.s.cli("token", "revoke", token)
        w.ids[token] = "revoked"
        path, on = {"dop": ("/v2/account", False), "civ": ("/v2/charges", False), "blw": ("/operator/v1/clock", True)}[prefix[:3]]
        t.same("revoked by itself", w.s.ask("GET", path, token, operator=on).status, 401)
    none = w.s.cli("token", "revoke", "dop_v1_" + "0" * 64, code=1).err
    t.check("a token that is none is told by what the caller knows", "sha256" not in none and "by its id" in none, none)
    w.s.cli("token", "revoke", "tok_000000000000", code=1)
    w.s.delete("/operator/v1/tokens/sha256-" + "0" * 64, w.operator, want=404)
    w.s.delete("/operator/v1/tokens/sha256-" + "z" * 64, w.operator, want=404)
    a = w.s.get("/v2/account", w.do, want=200).json["account"]
    uuid = w.mine[len("do:team:") :]
    t.same("whose token it is", (a["uuid"], a["name"], a["email"], a["team"]), (uuid, "Ada", "a@example.com", {"uuid": uuid, "name": "Ada"}))


def limits():
    """Each token has its own count, who has none is counted by address, every answer says where it stands."""
    asked = [
        ("GET", "/v2/customers/my/balance", None, 200),
        ("GET", "/v2/nothing", None, 404),
        ("POST", "/v2/customers/my/balance", "{}", 405),
        ("GET", "/v2/customers/my/invoices?page=0", None, 422),
        ("GET", "/v2/customers/my/invoices?page=%zz", None, 400),
        ("GET", "/v2/customers/my/invoices/x", None, 404),
        ("HEAD", "/v2/customers/my/balance", None, 200),
        ("GET", "/v2/charges", None, 401),
    ]
    with Story(now=NOW, rate="8/250") as s:
        w = World(s)
        one, two = w.token(account=w.mine), w.token(account=w.mine)
        left = []
        for method, path, body, want in asked[:-1]:
            a = s.request(method, path, one, body)
            t.same("%s %s under a limit" % (method, path), a.status, want)
            left.append(int(a.headers["ratelimit-remaining"]))
        t.same("what is left", left, [7, 6, 5, 4, 3, 2, 1])
        t.same("a wrong token is the address's", s.get("/v2/charges", one).headers["ratelimit-remaining"], "7")
        t.same("the last one", s.get(asked[0][1], one, want=200).headers["ratelimit-remaining"], "0")
        for method, path, body, _ in asked[:-1]:
            a = s.request(method, path, one, body)
            t.same("%s %s over the limit" % (method, path), a.status, 429)
            t.check("when to come again", 1 <= int(a.headers["retry-after"]) <= 3600, a.headers)
        t.same("another token", s.get(asked[0][1], two, want=200).headers["ratelimit-remaining"], "7")
        got = [s.get(asked[0][1], None).status for _ in range(9)]
        t.same("without a token", got, [401] * 7 + [429] * 2)
        big = s.ask("GET", asked[0][1], two, None, {"Content-Length": str(2 << 20)})
        t.check("a body that is too large has the headers", big.status == 413 and "ratelimit-limit" in big.headers, (big.status, big.headers))
        for _ in range(20):
            s.get("/operator/v1/clock", w.operator, want=200)


def main():
    rows = routes()
    with Story(now=NOW) as s:
        w = World(s)
        matrix(w, rows)
        foreign(w, rows)
        moved(w)
        revoked_under_load(w)
        scopes(w)
        secrets(w)
    limits()
    t.end()


main()
