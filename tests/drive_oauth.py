#!/usr/bin/python3
"""Tokens for applications: registering them, consent, codes, refresh tokens, and every way in which one may be refused."""

import json
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

CLIENTS = "/operator/v1/oauth/clients"
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
    for uri in ("x", "https://", "https://a@b.example/", "https:///x", "https://:80/x", "http://example.com/x", "http://localhost.example.com/", "http://127.0.0.1.example.com/"):
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


def main():
    with Story(now="2026-01-05T00:00:00Z") as s:
        operator = s.operator_token()
        clients(s, operator)
    t.end()


main()
