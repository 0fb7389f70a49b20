#!/usr/bin/python3
"""Tokens for applications: registering them, consent, codes, refresh tokens, and every way in which one may be refused."""

import base64
import hashlib
import html.parser
import http.client
import json
import os
import random
import re
import signal
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402
from story.postgres import psql  # noqa: E402

CLIENTS = "/operator/v1/oauth/clients"
AUTHORIZE, TOKEN, INFO = "/v1/oauth/authorize", "/v1/oauth/token", "/v1/oauth/token/info"
REVOKE, INTROSPECT = "/v1/oauth/revoke", "/v1/oauth/introspect"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CALLBACK = "https://charts.example.com/done"
t = Tally()


def clients(s, operator):
    """Who may ask is registered by an operator, with the addresses that customers may be sent back to."""
    add = ["oauth", "add", "--name", "Cost <Charts>"]
    got = s.cli(*add, "--redirect-uri", CALLBACK, "--redirect-uri", "http://[::1]:9000/x?y=1").out
    made = re.fullmatch(r"client_id +([0-9a-f]{32})\nclient_secret +([0-9a-f]{64})\n", got)
    t.check("an application is told its ID and secret", made, got)
    got = s.cli(*add, "--redirect-uri", "com.example.app:/done", "--public", "--json").json
    t.same("a public one has no secret", list(got), ["client_id"])
    rows = s.get(CLIENTS, operator, want=200).json["clients"]
    t.same("whose list", [r["client_id"] for r in rows], [made[1], got["client_id"]] if rows[0]["client_id"] == made[1] else [got["client_id"], made[1]])
    by = {r["client_id"]: r for r in rows}
    t.same("where to", by[made[1]]["redirect_uris"], [CALLBACK, "http://[::1]:9000/x?y=1"])
    t.same("which is public", (by[made[1]]["public"], by[got["client_id"]]["public"]), (False, True))
    shown = s.cli("oauth", "list").out
    t.check("the list on a terminal", made[1] in shown and "Cost <Charts>" in shown and made[2] not in shown, shown)
    for uri in ("x", "https://", "https://a@b.example/", "https:///x", "https://:80/x", "http://example.com/x", "http://localhost.example.com/", "http://127.0.0.1.example.com/", "http://localhost:80.example.com/", "http://localhost:80@a.example/"):
        s.cli(*add, "--redirect-uri", uri, code=1)
    for uri in ("javascript:alert(1)", "data:text/html,x", "app:/x", "com.example.app:x", "https://a.example/#f", "https://a.example/ x", "https://a.example/\n", "https://é.example/", "https://a.example/" + "x" * 1024):
        s.cli(*add, "--redirect-uri", uri, code=1)
    s.cli(*add, code=2)
    for body in ("{", "[]", "{}", '{"name":"x"}', '{"name":"x","redirect_uris":[]}', '{"name":"x","redirect_uris":"%s"}' % CALLBACK,
                 '{"name":"x","redirect_uris":[1]}', '{"name":"","redirect_uris":["%s"]}' % CALLBACK, '{"name":"x\\n","redirect_uris":["%s"]}' % CALLBACK,
                 '{"name":"x","redirect_uris":["%s"],"public":1}' % CALLBACK, '{"name":"x","redirect_uris":["%s","%s"]}' % (CALLBACK, CALLBACK),
                 json.dumps({"name": "x" * 256, "redirect_uris": [CALLBACK]}), json.dumps({"name": "x", "redirect_uris": [CALLBACK + str(i) for i in range(17)]})):  # fmt: skip
        t.check("refused: " + body[:60], s.post(CLIENTS, operator, body).status in (400, 422))
    t.same("and none of these was registered", len(s.get(CLIENTS, operator, want=200).json["clients"]), 2)
    s.cli("oauth", "revoke", got["client_id"])
    s.cli("oauth", "revoke", got["client_id"])
    s.cli("oauth", "revoke", "", code=2)
    s.cli("oauth", "revoke", "nobody", code=1)
    rows = {r["client_id"]: r["revoked_at"] for r in s.get(CLIENTS, operator, want=200).json["clients"]}
    t.same("one has ended", (rows[made[1]], rows[got["client_id"]]), (None, s.now))
    audit = s.cli("audit", "list").out
    t.check("the operator's writes are kept", "oauth.client.add" in audit and "oauth.client.revoke" in audit and made[2] not in audit, audit)


class App:
    """An application: what it was told at registration, and the requests it makes."""

    def __init__(self, s, public=False, name="Charts", uris=(CALLBACK,)):
        self.s, self.public = s, public
        args = [x for u in uris for x in ("--redirect-uri", u)]
        made = s.cli("oauth", "add", "--name", name, *args, *(["--public"] if public else []), "--json").json
        self.id, self.secret = made["client_id"], made.get("client_secret")
        self.uri = uris[0]
        self.secrets = [self.secret] if self.secret else []

    def link(self, **more):
        p = {"response_type": "code", "client_id": self.id, "redirect_uri": self.uri, "state": "s/t &+=ä", **more}
        return AUTHORIZE + "?" + urllib.parse.urlencode({k: v for k, v in p.items() if v is not None})

    def page(self, **more):
        return Page(self.s, self.link(**more))

    def code(self, token, **more):
        got = self.page(**more).answer(token)
        self.secrets.append(got["code"])
        return got["code"]

    def token(self, want=200, basic=False, query=False, headers=None, raw=None, **more):
        """POST /v1/oauth/token"""
        p = dict(more)
        head = dict(FORM)
        if basic:
            word = "%s:%s" % (urllib.parse.quote_plus(self.id), urllib.parse.quote_plus(self.secret or ""))
            head["Authorization"] = "Basic " + base64.b64encode(word.encode()).decode()
        else:
            p = {"client_id": self.id, "client_secret": self.secret, **more}
        head.update(headers or {})
        form = urllib.parse.urlencode({k: v for k, v in p.items() if v is not None}) if raw is None else raw
        path, body = (TOKEN + "?" + form, None) if query else (TOKEN, form)
        got = self.s.request("POST", path, None, body, head, want=want)
        if want == 200:
            self.secrets += [got.json["access_token"], got.json["refresh_token"]]
        return got.json

    def exchange(self, code, want=200, **more):
        return self.token(want, **{"grant_type": "authorization_code", "code": code, "redirect_uri": self.uri, **more})

    def refresh(self, token, want=200, **more):
        return self.token(want, grant_type="refresh_token", refresh_token=token, **more)

    def post(self, path, want=200, **p):
        return self.s.request("POST", path, None, urllib.parse.urlencode({"client_id": self.id, "client_secret": self.secret or "", **p}), FORM, want=want).json


class Form(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.fields, self.buttons, self.tags, self.text = {}, [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        self.tags.append(tag)
        if tag == "input" and a["type"] == "hidden":
            self.fields[a["name"]] = a["value"]
        if tag == "button":
            self.buttons.append((a["name"], a["value"]))

    def handle_data(self, data):
        self.text += data


class Page:
    """The consent page as a browser holds it: its form, and its cookie."""

    def __init__(self, s, link):
        self.s, self.link = s, link
        self.got = s.get(link, want=200)
        self.form = Form(self.got.text)
        self.cookie = self.got.headers["set-cookie"].split(";")[0]

    def post(self, token=None, decision="allow", cookie=True, change=None, want=None):
        fields = {**self.form.fields, "decision": decision, **(change or {})}
        if token is not None:
            fields["token"] = token
        head = {**FORM, "Cookie": "other=1; " + self.cookie} if cookie else FORM
        body = urllib.parse.urlencode({k: v for k, v in fields.items() if v is not None})
        return self.s.request("POST", AUTHORIZE, None, body, head, want=want)

    def answer(self, token=None, decision="allow", **more):
        return back(self.post(token, decision, want=303, **more))


def back(a):
    """The parameters that a redirect gives back to the application."""
    where = urllib.parse.urlsplit(a.headers["location"])
    return {k: v[0] for k, v in urllib.parse.parse_qs(where.query, strict_parsing=True).items()}


def refused(what, got, code):
    t.same("%s: %s" % (what, got.get("error_description")), got.get("error"), code)


class World:
    def __init__(self, s):
        self.s = s
        self.operator = s.operator_token()
        self.urn = s.cli("account", "add", "--name", "Ada & Söhne", "--email", "ada@example.com", "--number", "4711").out.strip()
        self.other = s.cli("account", "add", "--name", "Bob", "--email", "bob@example.com", "--number", "ACME-1").out.strip()
        self.personal, self.other_personal = s.token(self.urn), s.token(self.other)
        self.app = App(s, name="Cost <Charts> & \"Co\"")
        self.tool = App(s, public=True, name="Tool", uris=("http://127.0.0.1:7000/done", "com.example.tool:/done"))


def flow(w):
    """The way that is meant: consent, code, tokens, their use, the next ones."""
    s, app = w.s, w.app
    page = app.page(scope="read write")
    t.same("the page's title and question", page.form.text.count("Cost <Charts> & \"Co\""), 1)
    t.check("no script, and nothing of the name is markup", not {"script", "charts"} & set(page.form.tags), page.form.tags)
    t.check("what is asked is said", "api:read" in page.form.text and "api:write" in page.form.text and "https://charts.example.com" in page.form.text, page.form.text)
    t.same("its buttons", page.form.buttons, [("decision", "allow"), ("decision", "deny")])
    t.check("no lasting cookie", not re.search("(?i)max-age|expires", page.got.headers["set-cookie"]))
    t.check("the form may lead back", "form-action 'self' https://charts.example.com;" in page.got.headers["content-security-policy"])
    got = page.answer(w.personal)
    t.same("what goes back", (sorted(got), got["state"]), (["code", "state"], "s/t &+=ä"))
    first = app.exchange(got["code"])
    t.same("for how long", first["expires_in"], 30 * 86400)
    t.same("what for", first["scope"], "api:read api:write")
    t.same("who it is", first["info"], {"name": "Ada & Söhne", "email": "ada@example.com", "uuid": w.urn[len("do:team:") :]})
    t.same("the token is the account's", s.get("/v2/account", first["access_token"], want=200).json["account"]["name"], "Ada & Söhne")
    info = s.get(INFO, first["access_token"], want=200).json
    born = 1767571200
    t.same("what it is", info, {"resource_owner_id": 4711, "scopes": ["api:read", "api:write"], "expires_in_seconds": 2592000, "application": {"uid": app.id}, "created_at": born})
    info = s.get(INFO, w.personal, want=200).json
    t.same("a personal one", info, {"resource_owner_id": 4711, "scopes": ["api:read", "api:write"], "expires_in_seconds": 0, "application": {"uid": ""}, "created_at": born})
    number = s.get(INFO, w.other_personal, want=200).json["resource_owner_id"]
    t.check("a customer number that is none", 0 < number < 10**10, number)
    for wrong in (None, "doo_v1_" + "0" * 64, w.operator, first["refresh_token"], got["code"]):
        t.same("no token", s.get(INFO, wrong, want=401).json["id"], "unauthorized")
    second = app.refresh(first["refresh_token"], basic=True)
    t.check("everything is new", not {first["access_token"], first["refresh_token"]} & {second["access_token"], second["refresh_token"]})
    for x in (first, second):
        s.get("/v2/customers/my/balance", x["access_token"], want=200)
    third = app.refresh(second["refresh_token"], query=True, scope="billing:read")
    t.same("less than was allowed", third["scope"], "billing:read")
    s.get("/v2/account", third["access_token"], want=403)
    t.same("and the next has all again", app.refresh(third["refresh_token"])["scope"], "api:read api:write")
    listed = s.cli("token", "list").out
    t.check("an operator sees whose it is", "Cost <Charts>" in listed, listed)
    for want, scope in (("api:read", None), ("api:read", "read"), ("api:read", ""), ("api:read api:write", "write"), ("billing:read", "billing:read"), ("account:read billing:read", "billing:read account:read")):
        t.same("scope %r" % scope, app.exchange(app.code(w.personal, scope=scope))["scope"], want)
    narrow = s.cli("token", "add", "--account", w.urn, "--scope", "billing:read,app:update").out.strip()
    t.same("no more than the token that allows it", app.exchange(app.code(narrow, scope="read write"))["scope"], "app:update billing:read")
    t.same("likewise", app.exchange(app.code(narrow, scope="read"))["scope"], "billing:read")
    denied = app.page(scope="account:read").post(narrow, want=403)
    t.check("a token that may do nothing of it", "may itself do nothing" in denied.text and Form(denied.text).buttons)
    one = app.exchange(app.code(w.personal, redirect_uri=None, state=None), redirect_uri=None)
    t.check("without a redirect URI, where there is one", one["access_token"])
    app.exchange(app.code(w.personal, redirect_uri=None))
    long = "ö" * 1200
    t.same("a long state", app.page(state=long).answer(w.personal)["state"], long)
    query = App(s, uris=("https://q.example/done?a=b",))
    t.check("a redirect URI with a query", query.page().post(w.personal).headers["location"].startswith("https://q.example/done?a=b&code="))


def pkce(w):
    verifier = "v" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    good = {"code_challenge": challenge, "code_challenge_method": "S256"}
    tool, app = w.tool, w.app
    got = tool.exchange(tool.code(w.personal, **good), code_verifier=verifier)
    got = tool.refresh(got["refresh_token"])
    t.check("a public client", w.s.get(INFO, got["access_token"], want=200).json["application"]["uid"] == tool.id)
    for what, p in (("none", {}), ("plain", {"code_challenge": verifier, "code_challenge_method": "plain"}), ("plain, unsaid", {"code_challenge": challenge}),
                    ("a method alone", {"code_challenge_method": "S256"}), ("too short", {**good, "code_challenge": challenge[:-1]}),
                    ("too long", {**good, "code_challenge": challenge + "A"}), ("no base64url", {**good, "code_challenge": "+" + challenge[1:]})):  # fmt: skip
        refused("challenge: " + what, back(w.s.get(tool.link(**p), want=303)), "invalid_request")
    for what, p in (("none", {}), ("another", {"code_verifier": "w" * 43}), ("the challenge", {"code_verifier": challenge}), ("short", {"code_verifier": "v" * 42}), ("long", {"code_verifier": "v" * 129})):
        code = tool.code(w.personal, **good)
        refused("verifier: " + what, tool.exchange(code, 400, **p), "invalid_grant")
        tool.exchange(code, code_verifier=verifier)
    code = app.code(w.personal, **good)
    refused("a challenge of one with a secret", app.exchange(code, 400), "invalid_grant")
    app.exchange(code, code_verifier=verifier)
    refused("a verifier without a challenge", app.exchange(app.code(w.personal), 400, code_verifier=verifier), "invalid_grant")
    short = base64.urlsafe_b64encode(hashlib.sha256(b"short").digest()).decode().rstrip("=")
    refused("a verifier too short, though it fits", tool.exchange(tool.code(w.personal, **{**good, "code_challenge": short}), 400, code_verifier="short"), "invalid_grant")
    custom = tool.page(redirect_uri="com.example.tool:/done", **good)
    t.check("a scheme of its own", "form-action 'self' com.example.tool:;" in custom.got.headers["content-security-policy"], custom.got.headers)
    t.check("where it leads", custom.post(w.personal).headers["location"].startswith("com.example.tool:/done?code="))
    odd = App(w.s, public=True, name="Odd", uris=("com.example.odd://x;sandbox,y",)).page(**good)
    t.check("nothing behind it gets into the policy", "form-action 'self' com.example.odd:;" in odd.got.headers["content-security-policy"], odd.got.headers)
    t.check("it leads there all the same", odd.post(w.personal).headers["location"].startswith("com.example.odd://x;sandbox,y?code="))


def wrong_links(w):
    """What the page says, and what it tells the application."""
    s, app, tool = w.s, w.app, w.tool
    for what, link in (("no client", app.link(client_id=None)), ("an empty one", app.link(client_id="")), ("an unknown one", app.link(client_id="0" * 32)), ("another way back", app.link(redirect_uri=CALLBACK + "/")),
                       ("a beginning of it", app.link(redirect_uri=CALLBACK[:-1])), ("another case", app.link(redirect_uri=CALLBACK.upper())), ("more of it", app.link(redirect_uri=CALLBACK + "?x")),
                       ("another's", app.link(redirect_uri=tool.uri)), ("none of several", tool.link(redirect_uri=None)), ("the client twice", app.link() + "&client_id=" + app.id),
                       ("the way back twice", app.link() + "&redirect_uri=" + urllib.parse.quote(CALLBACK)), ("no UTF-8", app.link() + "&x=%ff"), ("badly escaped", app.link() + "&x=%z"),
                       ("too many", app.link() + "".join("&x%d=1" % i for i in range(64)))):  # fmt: skip
        a = s.get(link, want=400)
        t.check("on a page: " + what, "location" not in a.headers and "This did not work" in a.text, a.headers)
    for what, p, code in (("no type", {"response_type": None}, "invalid_request"), ("a token", {"response_type": "token"}, "unsupported_response_type"), ("both", {"response_type": "code token"}, "unsupported_response_type"),
                          ("a scope that is none", {"scope": "read everything"}, "invalid_scope"), ("an operator's", {"scope": "operator:read"}, "invalid_scope"), ("quotes in it", {"scope": 'a"\\<b>'}, "invalid_scope"), ("blanks", {"scope": "  "}, "invalid_scope")):  # fmt: skip
        got = back(s.get(app.link(**p), want=303))
        refused(what, got, code)
        t.same("with its state", got["state"], "s/t &+=ä")
    link = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
    link.request("GET", app.link(scope="operator:read"))
    t.same("where it leads is said by its name", link.getresponse().reason, "See Other")
    link.close()
    refused("a parameter twice", back(s.get(app.link() + "&scope=read&scope=write", want=303)), "invalid_request")
    t.same("unknown parameters", s.get(app.link(nonce="x")).status, 200)
    t.same("HEAD", s.head(app.link(), want=200).body, b"")
    for method in ("PUT", "DELETE", "PATCH"):
        t.same(method, s.request(method, AUTHORIZE).status, 405)
    evil = "\"><script>alert(1)</script>'&<"
    a = s.get(app.link(state=evil), want=200)
    t.check("a state is text", evil not in a.text and Form(a.text).fields["state"] == evil and "script" not in Form(a.text).tags)
    a = s.get(app.link(client_id=evil), want=400)
    t.check("so is a client", "script" not in Form(a.text).tags)
    for path in ("/v1", "/v1/", "/v1/oauth", "/v1/oauth/x", TOKEN + "/x", AUTHORIZE + "/x"):
        t.same("unknown: " + path, [s.ask("GET", path, x).status for x in (None, w.personal)], [401, 404])
    t.same("a slash at the end", s.get(AUTHORIZE + "/?" + app.link().split("?")[1]).status, 200)
    gone = App(s)
    page = gone.page()
    s.cli("oauth", "revoke", gone.id)
    s.get(gone.link(), want=400)
    page.post(w.personal, want=400)


def wrong_answers(w):
    """A form counts only from the page that this browser was shown, and only with a personal token of an account."""
    s, app = w.s, w.app
    page = app.page(scope="read")
    refused("no", page.answer(decision="deny"), "access_denied")
    refused("no, with a token", page.answer(w.personal, "deny"), "access_denied")
    refused("neither", page.answer(w.personal, "maybe"), "access_denied")
    for what, more in (("no cookie", {"cookie": False}), ("no mark", {"change": {"mark": None}}), ("another mark", {"change": {"mark": "0" * 64}}),
                       ("more scope", {"change": {"scope": "read write"}}), ("another state", {"change": {"state": "x"}}), ("another client", {"change": {"client_id": App(s).id}}),
                       ("a challenge", {"change": {"code_challenge": "A" * 43, "code_challenge_method": "S256"}})):  # fmt: skip
        a = page.post(w.personal, want=403, **more)
        t.check("forged: " + what, "location" not in a.headers and "Nothing was allowed" in a.text)
    other = app.page(scope="read")
    t.check("two browsers differ", other.cookie != page.cookie)
    page.cookie, kept = other.cookie, page.cookie
    page.post(w.personal, want=403)
    page.cookie = kept
    again = s.get(page.link, None, headers={"Cookie": page.cookie}, want=200)
    t.check("a second page of one browser keeps its cookie", "set-cookie" not in again.headers)
    t.same("and its form is the same", Form(again.text).fields, page.form.fields)
    civo = s.token(w.urn, "civo")
    org = s.cli("org", "add", "--name", "Org").out.strip()
    group = s.cli("token", "add", "--org", org).out.strip()
    made = app.exchange(app.code(w.personal))
    ended = s.token(w.urn)
    s.cli("token", "revoke", ended)
    for what, token in (("none", None), ("empty", ""), ("nobody's", "dop_v1_" + "0" * 64), ("rubbish", "\"><b>"), ("an operator's", w.operator), ("Civo's", civo),
                        ("an organization's", group), ("an application's", made["access_token"]), ("a refresh token", made["refresh_token"]), ("one that was revoked", ended)):  # fmt: skip
        a = page.post(token, want=401)
        t.check("token: " + what, "no valid personal token" in a.text and Form(a.text).fields == page.form.fields, a.text)
        t.check("it is not shown again", not token or token not in a.text)
    t.check("and a good one at last", page.answer(w.personal)["code"])
    s.request("POST", AUTHORIZE, None, "x" * 20000, FORM, want=413)
    s.request("POST", AUTHORIZE, None, "{}", {"Content-Type": "application/json"}, want=400)


def wrong_tokens(w):
    """RFC 6749 5.2, case by case."""
    s, app, tool = w.s, w.app, w.tool
    code = app.code(w.personal)
    base = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    for what, p in (("another secret", {"client_secret": "0" * 64}), ("none", {"client_secret": None}), ("an empty one", {"client_secret": ""}), ("an unknown client", {"client_id": "0" * 32}), ("no client", {"client_id": None}),
                    ("a public one with a secret", {"client_id": tool.id}), ("a name that is none", {"client_id": "é" * 20})):  # fmt: skip
        refused(what, app.token(401, **{**base, **p}), "invalid_client")
    for what, word in (("no base64", "!!"), ("no colon", base64.b64encode(b"x").decode()), ("nothing", ""), ("wrong", base64.b64encode(("%s:%s" % (app.id, "0" * 64)).encode()).decode()), ("badly escaped", base64.b64encode(b"%zz:%zz").decode())):
        head = {"Authorization": "Basic " + word}
        refused("Basic: " + what, app.token(401, client_id=None, client_secret=None, headers=head, **base), "invalid_client")
    both = base64.b64encode(("%s:%s" % (app.id, app.secret)).encode()).decode()
    refused("twice who it is", app.token(400, headers={"Authorization": "Basic " + both}, **base), "invalid_request")
    refused("two that it is", app.token(400, client_id=tool.id, client_secret=None, headers={"Authorization": "Basic " + both}, **base), "invalid_request")
    for what, p in (("no grant type", {"grant_type": None}), ("an empty one", {"grant_type": ""}), ("no code", {"code": None}), ("no refresh token", {"grant_type": "refresh_token"})):
        refused(what, app.token(400, **{**base, **p}), "invalid_request")
    for kind in ("password", "client_credentials", "implicit", "AUTHORIZATION_CODE"):
        refused(kind, app.token(400, **{**base, "grant_type": kind}), "unsupported_grant_type")
    form = urllib.parse.urlencode({**base, "client_id": app.id, "client_secret": app.secret})
    refused("a parameter twice", app.token(400, raw=form + "&code=x"), "invalid_request")
    got = s.request("POST", TOKEN + "?code=x", None, form, FORM, want=400).json
    refused("in form and query", got, "invalid_request")
    refused("badly escaped", app.token(400, raw=form + "&x=%z"), "invalid_request")
    refused("no form", app.token(400, raw=json.dumps(base), headers={"Content-Type": "application/json"}), "invalid_request")
    refused("too large", app.token(413, raw="x" * 20000), "invalid_request")
    for method in ("GET", "PUT", "DELETE"):
        t.same(method + " of a token", s.request(method, TOKEN, None, None).status, 405)
    for what, p in (("another code", {"code": "0" * 64}), ("half of it", {"code": code[:32]}), ("another way back", {"redirect_uri": CALLBACK + "/"}), ("none", {"redirect_uri": None})):
        refused("code: " + what, app.exchange(code, 400, **{k: v for k, v in p.items() if k != "code"}) if "code" not in p else app.exchange(p["code"], 400), "invalid_grant")
    plain = App(s)
    refused("another's code", plain.exchange(code, 400), "invalid_grant")
    got = app.exchange(code)
    for what, token in (("rubbish", "x"), ("one of nobody", "dor_v1_" + "0" * 64), ("an access token", got["access_token"]), ("a personal one", w.personal), ("longer", got["refresh_token"] + "0")):
        refused("refresh: " + what, app.refresh(token, 400), "invalid_grant")
    refused("another's refresh token", plain.refresh(got["refresh_token"], 400), "invalid_grant")
    few = app.exchange(app.code(w.personal, scope="billing:read"))
    for scope, want in (("read", "invalid_scope"), ("billing:read account:read", "invalid_scope"), ("nothing", "invalid_scope"), ("operator:read", "invalid_scope")):
        refused("refresh for " + scope, app.refresh(few["refresh_token"], 400, scope=scope), want)
    app.refresh(few["refresh_token"], scope="billing:read")
    app.refresh(got["refresh_token"])


def dead(w, what, *tokens):
    for x in tokens:
        t.same(what, w.s.get("/v2/customers/my/balance", x).status, 401)


def reuse(w):
    """What is used a second time is in wrong hands: all that came of it ends."""
    app = w.app
    code = app.code(w.personal)
    one = app.exchange(code)
    two = app.refresh(one["refresh_token"])
    w.s.get("/v2/customers/my/balance", two["access_token"], want=200)
    refused("a code twice", app.exchange(code, 400), "invalid_grant")
    dead(w, "what the code gave", one["access_token"], two["access_token"])
    refused("and its refresh token", app.refresh(two["refresh_token"], 400), "invalid_grant")
    refused("a code a third time", app.exchange(code, 400), "invalid_grant")
    other = app.exchange(app.code(w.personal))
    one = app.exchange(app.code(w.personal))
    two = app.refresh(one["refresh_token"])
    refused("an old refresh token", app.refresh(one["refresh_token"], 400), "invalid_grant")
    dead(w, "what came of it", one["access_token"], two["access_token"])
    refused("the current one with it", app.refresh(two["refresh_token"], 400), "invalid_grant")
    forged = other["refresh_token"][:-1] + ("0" if other["refresh_token"][-1] != "0" else "1")
    refused("one that begins like a good one", app.refresh(forged, 400), "invalid_grant")
    dead(w, "is an old one to us", other["access_token"])
    code = app.code(w.personal)
    app.exchange(code)
    refused("a used code in another's hands", App(w.s).exchange(code, 400), "invalid_grant")
    audit = w.s.cli("audit", "list").out
    t.check("the operator reads of it", "a code was used twice" in audit and "an old refresh token was used" in audit and "oauth.allow" in audit)


def ends(w):
    """Handing back, introspection, and what ends with what."""
    s, app = w.s, w.app
    plain = App(s)
    one = app.exchange(app.code(w.personal, scope="billing:read"))
    a = app.post(INTROSPECT, token=one["access_token"])
    t.same("an access token", a, {"active": True, "scope": "billing:read", "client_id": app.id, "token_type": "bearer", "exp": 1767571200 + 2592000, "iat": 1767571200, "sub": w.urn[8:]})
    a = app.post(INTROSPECT, token=one["refresh_token"])
    t.same("a refresh token", a, {"active": True, "scope": "billing:read", "client_id": app.id, "iat": 1767571200, "sub": w.urn[8:]})
    for token in (one["access_token"], one["refresh_token"]):
        t.same("another's", plain.post(INTROSPECT, token=token), {"active": False})
    for token in ("x", "doo_v1_" + "0" * 64, one["refresh_token"][:-1] + "x", w.personal, w.operator):
        t.same("not active", app.post(INTROSPECT, token=token), {"active": False})
    refused("no token", app.post(INTROSPECT, 400), "invalid_request")
    refused("a public client", w.tool.post(INTROSPECT, 401, token=one["access_token"]), "invalid_client")
    refused("no client", plain.post(INTROSPECT, 401, client_id="", token="x"), "invalid_client")
    refused("nor a bearer", s.request("POST", INTROSPECT, one["access_token"], "token=x", FORM, want=401).json, "invalid_client")
    refused("handing back nothing", app.post(REVOKE, 400), "invalid_request")
    refused("without a client", app.post(REVOKE, 401, client_id="", token=one["access_token"]), "invalid_client")
    for token in ("x", "doo_v1_" + "0" * 64, w.personal, w.operator, ""):
        if token:
            t.same("nothing of its own", app.post(REVOKE, token=token), {})
    t.same("another's", plain.post(REVOKE, token=one["access_token"]), {})
    s.get("/v2/customers/my/balance", one["access_token"], want=200)
    s.get("/v2/customers/my/balance", w.personal, want=200)
    t.same("its own", app.post(REVOKE, token=one["access_token"], token_type_hint="refresh_token"), {})
    dead(w, "handed back", one["access_token"])
    refused("its refresh token too", app.refresh(one["refresh_token"], 400), "invalid_grant")
    t.same("again", app.post(REVOKE, token=one["access_token"]), {})
    one = app.exchange(app.code(w.personal))
    t.same("by the refresh token", app.post(REVOKE, token=one["refresh_token"]), {})
    dead(w, "handed back so", one["access_token"])
    as_bearer = lambda bearer, form: s.request("POST", REVOKE, bearer, form, FORM, want=200).json  # noqa: E731
    one, two = (app.exchange(app.code(w.personal)) for _ in range(2))
    for form in ("token=" + two["access_token"], "token=" + two["refresh_token"], "token=" + w.personal, "token=x"):
        t.same("a bearer with another's", as_bearer(one["access_token"], form), {})
    for x in (one, two):
        s.get("/v2/customers/my/balance", x["access_token"], want=200)
    t.same("a bearer with its refresh token", as_bearer(one["access_token"], "token=" + one["refresh_token"]), {})
    t.same("a bearer and no word", as_bearer(two["access_token"], None), {})
    dead(w, "by the bearer", one["access_token"], two["access_token"])
    t.same("a bearer of nobody", as_bearer("doo_v1_" + "0" * 64, None), {})
    t.same("an operator's", as_bearer(w.operator, "token=" + w.operator), {})
    s.get("/operator/v1/clock", w.operator, want=200)
    mine = s.token(w.urn)
    given = [app.exchange(app.code(mine)) for _ in range(2)]
    waiting = app.code(mine)
    t.same("a personal token hands itself back", as_bearer(mine, "token=" + mine), {})
    dead(w, "it, and what it gave", mine, *[x["access_token"] for x in given])
    refused("nor does its code", app.exchange(waiting, 400), "invalid_grant")
    refused("nor its refresh token", app.refresh(given[0]["refresh_token"], 400), "invalid_grant")
    mine = s.token(w.urn)
    one = app.exchange(app.code(mine))
    s.cli("token", "revoke", mine)
    dead(w, "an operator ends both", mine, one["access_token"])
    one = app.exchange(app.code(w.personal))
    s.cli("token", "revoke", one["access_token"])
    dead(w, "or one", one["access_token"])
    refused("for good", app.refresh(one["refresh_token"], 400), "invalid_grant")
    gone = App(s)
    one, code = gone.exchange(gone.code(w.personal)), gone.code(w.personal)
    s.cli("oauth", "revoke", gone.id)
    dead(w, "or the application", one["access_token"])
    refused("it is nobody now", gone.exchange(code, 401), "invalid_client")
    refused("nor may it refresh", gone.refresh(one["refresh_token"], 401), "invalid_client")
    other = app.exchange(app.code(w.other_personal))
    t.same("each account its own", s.get("/v2/account", other["access_token"], want=200).json["account"]["name"], "Bob")
    many = [app.exchange(app.code(w.personal)) for _ in range(17)]
    alive = [s.get("/v2/customers/my/balance", x["access_token"]).status for x in many]
    t.same("sixteen consents at most", (alive.count(200), alive[-1], s.get("/v2/account", other["access_token"]).status), (16, 200, 200))
    one = [app.exchange(app.code(w.personal))]
    for _ in range(9):
        one.append(app.refresh(one[-1]["refresh_token"]))
    alive = [s.get("/v2/customers/my/balance", x["access_token"]).status for x in one]
    t.same("four access tokens of one at most, the newest", alive, [401] * 6 + [200] * 4)


class Other(Story):
    """The same server, asked over connections of one's own."""

    def __init__(self, s):
        self.port, self.operator_port, self.process, self.links = s.port, s.operator_port, None, {}


def at_once(n, ask):
    """What n threads are answered that ask at the same moment."""
    gate, got = threading.Barrier(n), []

    def one(k):
        gate.wait()
        got.append(ask(k))

    threads = [threading.Thread(target=one, args=(k,)) for k in range(n)]
    for x in threads:
        x.start()
    for x in threads:
        x.join()
    return got


def races(w):
    """Of many who come with one code, or one refresh token, one may be first; for all of them it ends."""
    for _ in range(6):
        code = w.app.code(w.personal)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": w.app.id, "client_secret": w.app.secret}
        ask = lambda _, form=form: Other(w.s).ask("POST", TOKEN, None, urllib.parse.urlencode(form), FORM)  # noqa: E731
        got = at_once(6, ask)
        good = [a.json for a in got if a.status == 200]
        t.same("one code, six at once", (len(good), [a.status for a in got].count(400)), (1, 5))
        dead(w, "it ended for all", *[x["access_token"] for x in good])
        one = w.app.exchange(w.app.code(w.personal))
        form = {"grant_type": "refresh_token", "refresh_token": one["refresh_token"], "client_id": w.app.id, "client_secret": w.app.secret}
        got = at_once(6, lambda _, form=form: Other(w.s).ask("POST", TOKEN, None, urllib.parse.urlencode(form), FORM))
        good = [a.json for a in got if a.status == 200]
        t.same("one refresh token, six at once", (len(good), [a.status for a in got].count(400)), (1, 5))
        dead(w, "it ended for all, too", one["access_token"], *[x["access_token"] for x in good])


def chance(w):
    """Requests by chance: each is answered as the contract says, and none with 5xx."""
    r = random.Random(7)
    app = w.app
    one = app.exchange(app.code(w.personal))
    page = app.page()
    basic = "Basic " + base64.b64encode(("%s:%s" % (app.id, app.secret)).encode()).decode()
    values = ["", "x", "%", "%zz", "%00", "%ff", "+", "=", ";", "ä", "'\"<>&", "\r\nx: y", "a" * 300, "S256", "plain", "code", "token", "read write", "api:write", "refresh_token", "authorization_code",
              app.id, app.secret, w.tool.id, CALLBACK, w.tool.uri, one["access_token"], one["refresh_token"], w.personal, w.operator, page.form.fields["mark"], "A" * 43, "allow", "deny"]  # fmt: skip
    names = ["client_id", "client_secret", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method", "code_verifier", "grant_type", "code", "refresh_token", "token",
             "token_type_hint", "mark", "decision", "", "é"]  # fmt: skip
    heads = {"Authorization": ["", "Basic", "Basic ", basic, basic[:-5], basic + "=", "Bearer " + one["access_token"], "Bearer x", "bearer", "Digest x"],
             "Cookie": ["", page.cookie, page.cookie + "0", "billow_consent", "billow_consent=", ";;; " + page.cookie, "x=y; " + page.cookie + " ; z", "=" * 200],
             "Content-Type": [*FORM.values(), "application/x-www-form-urlencoded; charset=utf-8", "application/x-www-form-urlencodedx", "", "text/plain"]}  # fmt: skip
    seen = {}
    for _ in range(1500):
        quote = r.choice([urllib.parse.quote_plus, lambda x: urllib.parse.quote(x, safe="%=+&;")])
        path = r.choice([AUTHORIZE, TOKEN, REVOKE, INTROSPECT])
        sound = {**page.form.fields, "decision": "deny"} if path == AUTHORIZE else {"client_id": app.id, "client_secret": app.secret, "token": "x", "grant_type": "refresh_token"}
        said = list(sound.items()) if r.random() < 0.7 else []
        for _ in range(r.randrange(4)):
            said = [(k, v) for k, v in said if r.random() < 0.9] + [(r.choice(names), r.choice(values))]
        pairs = ["%s=%s" % (quote(k), quote(v)) for k, v in said]
        cut = r.randrange(len(pairs) + 1)
        method = r.choice(["GET", "POST"]) if path == AUTHORIZE else "POST"
        head = {k: r.choice(v) for k, v in heads.items() if r.random() < (0.9 if k == "Content-Type" else 0.4)}
        where, body = path + "?" + "&".join(pairs[:cut]), "&".join(pairs[cut:]) if method == "POST" else None
        try:
            a = w.s.request(method, where, None, body, {k: v.encode("utf-8") for k, v in head.items()})
        except Exception as e:
            t.check("%s %s %s %s" % (method, where, body, head), False, e)
            return
        seen[a.status] = seen.get(a.status, 0) + 1
    t.check("what came of it", not [x for x in seen if x >= 500] and {200, 303, 400, 401, 403} <= set(seen), seen)


def secrets(w, apps):
    """Nothing that opens anything stands in the database, in the log, in the audit, or in a list."""
    all_ = {x for a in apps for x in a.secrets} | {w.personal, w.other_personal}
    t.check("there is something to look for", len(all_) > 150, len(all_))
    raw = lambda x: bytes.fromhex(x.rsplit("_", 1)[-1])  # noqa: E731
    for name in sorted(os.listdir(w.s.folder)):
        path = os.path.join(w.s.folder, name)
        if os.path.isfile(path):
            with open(path, "rb") as f:
                data = f.read()
            t.same("secrets in " + name, [x for x in all_ if x.encode() in data or raw(x) in data or x.rsplit("_", 1)[-1][:32].encode() in data], [])
    if w.s.shared:  # bytes are shown as hex digits, of which every secret is made
        text = "".join(psql(w.s.db, "select * from billow." + x) for x in ("oauth_client", "oauth_grant", "token", "audit"))
        t.check("the tables were read", w.app.id in text)
        t.same("secrets in the tables", [x for x in all_ if x.rsplit("_", 1)[-1][:32] in text], [])
    for path in ("/operator/v1/tokens", CLIENTS, "/operator/v1/audit?per_page=200", "/metrics"):
        text = w.s.get(path, w.operator, want=200).text
        t.same("secrets in " + path, [x for x in all_ if x in text], [])
    log = w.s.read_log()
    t.check("the log tells where, not what", TOKEN in log and "client_secret" not in log and "code=" not in log)


def clocks():
    """A code lives 60 seconds, an access token 30 days, nothing longer than the token that allowed it."""
    with Story(now="2026-01-05T00:00:00Z") as s:
        w = World(s)
        app = w.app
        ending = s.cli("token", "add", "--account", w.urn, "--expires", "2026-01-05T01:00:00Z").out.strip()
        code, late = app.code(w.personal), app.code(w.personal)
        short, waiting = app.exchange(app.code(ending)), app.code(ending)
        t.same("until the token ends that allowed it", short["expires_in"], 3600)
        t.same("the refresh token too", app.post(INTROSPECT, token=short["refresh_token"])["exp"], 1767571200 + 3600)
        s.cli("account", "list", now="2026-01-05T00:00:59Z")
        one = app.exchange(code)
        s.cli("account", "list", now="2026-01-05T00:01:00Z")
        refused("after 60 seconds", app.exchange(late, 400), "invalid_grant")
        refused("of the ending one too", app.exchange(waiting, 400), "invalid_grant")
        app.code(w.personal)
        refused("when it is swept away", app.exchange(late, 400), "invalid_grant")
        s.get("/v2/account", one["access_token"], want=200)
        s.cli("account", "list", now="2026-01-05T01:00:00Z")
        dead(w, "with what it hangs on", ending, short["access_token"])
        refused("nothing comes of it", app.refresh(short["refresh_token"], 400), "invalid_grant")
        t.same("nor is it active", app.post(INTROSPECT, token=short["refresh_token"]), {"active": False})
        s.get("/v2/account", one["access_token"], want=200)
        t.same("what is left", s.get(INFO, one["access_token"], want=200).json["expires_in_seconds"], 2592000 - 3541)
        s.cli("account", "list", now="2026-02-04T00:00:58Z")
        s.get("/v2/account", one["access_token"], want=200)
        s.cli("account", "list", now="2026-02-04T00:00:59Z")
        dead(w, "after 30 days", one["access_token"])
        s.get(INFO, one["access_token"], want=401)
        t.same("not active", app.post(INTROSPECT, token=one["access_token"]), {"active": False})
        two = app.refresh(one["refresh_token"])
        s.stop(signal.SIGKILL)
        s.start(now="2026-02-04T00:01:00Z")
        s.get("/v2/account", two["access_token"], want=200)
        refused("a code used before the server was killed", app.exchange(code, 400), "invalid_grant")
        dead(w, "is known for it after", two["access_token"])
        one = app.exchange(app.code(w.personal))
        two = app.refresh(one["refresh_token"])
        s.stop(signal.SIGKILL)
        s.start(now="2026-02-04T00:02:00Z")
        t.check("over a kill", app.refresh(two["refresh_token"])["access_token"])
        refused("an old one is known for what it is", app.refresh(one["refresh_token"], 400), "invalid_grant")
        dead(w, "and ends it", two["access_token"])
        s.cli("verify")


def two_servers():
    """Of one database: what one gave the other knows, and what one ended."""
    with Story(now="2026-01-05T00:00:00Z") as s:
        if not s.shared:
            return
        w = World(s)
        beside = Story(now=s.now, start=False, folder=s.folder)
        beside.db, beside.log_path = s.db, os.path.join(s.folder, "beside.log")
        beside.start()
        page = w.app.page()
        page.s = beside
        code = page.answer(w.personal)["code"]
        one = w.app.exchange(code)
        beside.get("/v2/account", one["access_token"], want=200)
        form = {"client_id": w.app.id, "client_secret": w.app.secret}
        both = lambda more: [a.json for a in at_once(6, lambda k: Other((s, beside)[k % 2]).ask("POST", TOKEN, None, urllib.parse.urlencode({**form, **more}), FORM)) if a.status == 200]  # noqa: E731
        for _ in range(6):
            code = w.app.code(w.personal)
            got = both({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK})
            t.same("one code at both", len(got), 1)
            one = w.app.exchange(w.app.code(w.personal))
            more = both({"grant_type": "refresh_token", "refresh_token": one["refresh_token"]})
            t.same("one refresh token at both", len(more), 1)
            ended = [x["access_token"] for x in (*got, *more, one)]
            until = time.monotonic() + 2
            while time.monotonic() < until and any(x.get("/v2/account", k).status == 200 for x in (s, beside) for k in ended):
                time.sleep(0.05)
            for x in (s, beside):
                t.same("ended at both", [x.get("/v2/account", k).status for k in ended], [401] * 3)
        beside.stop()


def limits():
    """Who proves nothing is counted by address, who does by what it is."""
    with Story(rate="1000/6", now="2026-01-05T00:00:00Z") as s:
        w = World(s)
        app = w.app
        page = app.page()
        codes = [page.answer(w.personal)["code"] for _ in range(3)]
        t.same("the customer's answers are its token's", page.post(w.personal).headers["ratelimit-remaining"], "996")
        for code in codes:
            app.exchange(code)
        wait = 0
        for _ in range(12):
            a = s.request("POST", TOKEN, None, "client_id=%s&client_secret=x&grant_type=refresh_token" % app.id, FORM)
            wait += a.status == 429
        t.check("guesses of secrets", wait >= 6, wait)
        t.same("as pages", s.get(app.link(), want=429).headers["content-type"], "text/html; charset=utf-8")
        page.post("dop_v1_" + "0" * 64, want=429)
        t.same("tokens likewise", s.get(INFO, "dop_v1_" + "0" * 64).status, 429)
        refused("a public client is its address", w.tool.refresh("x", 429), "temporarily_unavailable")
        app.post(INTROSPECT, token="x")
        t.same("who proved who it is goes on", s.get(INFO, w.personal, want=200).status, 200)
    with Story(rate="1000/6", now="2026-01-05T00:00:00Z", serve=["--public-url", "https://billing.example.com"]) as s:
        w = World(s)
        page = w.app.page()
        t.check("behind TLS the cookie is the host's own", re.fullmatch("__Host-billow_consent=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax; Secure", page.got.headers["set-cookie"]), page.got.headers)
        t.check("and comes back", page.answer(w.personal)["code"])


def main():
    with Story(now="2026-01-05T00:00:00Z") as s:
        clients(s, s.operator_token())
    with Story(now="2026-01-05T00:00:00Z") as s:
        w = World(s)
        for part in (flow, pkce, wrong_links, wrong_answers, wrong_tokens, reuse, ends, races, chance):
            t.run(part.__name__, part, w)
        secrets(w, [w.app, w.tool])
        s.cli("verify")
    t.run("clocks", clocks)
    t.run("two servers", two_servers)
    t.run("limits", limits)
    t.end()


main()
