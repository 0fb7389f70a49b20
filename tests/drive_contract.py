#!/usr/bin/python3
"""The contract descriptions and their validator: they must be sound, their examples must hold, the routes
of the program must be those they describe, and what must fail must fail."""

import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Contract, Schema, SchemaError, Tally, parse_json  # noqa: E402
from story.contract import ROOT  # noqa: E402

NAMES = ("digitalocean", "civo", "operator", "oauth")
t = Tally()

# (schema, value, how many errors)
VALUES = [
    ({"type": "string"}, "a", 0),
    ({"type": "string"}, 1, 1),
    ({"type": "string"}, None, 1),
    ({"type": "string", "nullable": True}, None, 0),
    ({"type": "integer"}, 1, 0),
    ({"type": "integer"}, 1.0, 1),
    ({"type": "integer"}, True, 1),
    ({"type": "integer", "minimum": 1}, 0, 1),
    ({"type": "integer", "maximum": 1}, 2, 1),
    ({"type": "number"}, 1.5, 0),
    ({"type": "boolean"}, 0, 1),
    ({"type": "array", "items": {"type": "string"}}, ["a", 1, 2], 2),
    ({"type": "array", "minItems": 1}, [], 1),
    ({"type": "array"}, {}, 1),
    ({"type": "object", "required": ["a"]}, {}, 1),
    ({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, {"a": None}, 1),
    ({"type": "object", "additionalProperties": False, "properties": {"a": {}}}, {"a": 1, "b": 2}, 1),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, {"a": 1, "b": "2"}, 1),
    (
        {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": False}}},
        {"a": {"x": 1}},
        1,
    ),
    ({"enum": ["a", "b"]}, "c", 1),
    ({"type": "string", "pattern": "^-?[0-9]+\\.[0-9]{2}$"}, "12.34", 0),
    ({"type": "string", "pattern": "^-?[0-9]+\\.[0-9]{2}$"}, "12.3", 1),
    ({"type": "string", "pattern": "^-?[0-9]+\\.[0-9]{2}$"}, "12.345", 1),
    ({"type": "string", "minLength": 1}, "", 1),
    ({"type": "string", "maxLength": 1}, "ab", 1),
    ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z", 0),
    ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00.5+01:00", 0),
    ({"type": "string", "format": "date-time"}, "2026-01-01 00:00:00Z", 1),
    ({"type": "string", "format": "date-time"}, "2026-02-30T00:00:00Z", 1),
    ({"type": "string", "format": "date-time"}, "", 1),
    ({"type": "string", "format": "date"}, "2026-02-28", 0),
    ({"type": "string", "format": "date"}, "2026-2-28", 1),
    ({"type": "string", "format": "uuid"}, "0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f7d11", 0),
    ({"type": "string", "format": "uuid"}, "0d1f8a520f0c4b43a2a86f0c9d0f7d11", 1),
    ({"type": "string", "format": "uri"}, "http://127.0.0.1:1/v2/x?page=2", 0),
    ({"type": "string", "format": "uri"}, "/v2/x?page=2", 1),
    ({"allOf": [{"type": "string"}, {"minLength": 2}]}, "a", 1),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 1, 0),
    ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "a", 1),
    ({"anyOf": [{"type": "string"}, {"minLength": 1}]}, "a", 0),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, [], 1),
    ({"$ref": "#/defs/text"}, 1, 1),
    ({"type": "object", "properties": {"a": {"$ref": "#/defs/text"}}}, {"a": "x"}, 0),
]
WRONG_SCHEMAS = [
    {"type": "text"},
    {"$ref": "#/defs/none"},
    {"$ref": "#/defs/loop"},
    {"$ref": "other.yaml#/x"},
    {"type": "string", "format": "phone"},
    {"typ": "string"},
]


def validator():
    schema = Schema({"defs": {"text": {"type": "string"}, "loop": {"$ref": "#/defs/loop"}}})
    for s, value, n in VALUES:
        errors = schema.errors(s, value)
        t.check("%r under %r" % (value, s), len(errors) == n, errors)
    for s in WRONG_SCHEMAS:
        try:
            t.check("%r is refused" % s, False, schema.errors(s, "x"))
        except SchemaError:
            t.check("refused", True)
    for text in ('{"a":1,"a":1}', "NaN", "[1,]", "{} {}"):
        try:
            t.check("%s is refused" % text, False, parse_json(text))
        except ValueError:
            t.check("refused", True)


RATE = {"ratelimit-limit": "5000", "ratelimit-remaining": "4999", "ratelimit-reset": "1700000000"}
ID = {"x-request-id": "0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f7d11"}
JSON = {"content-type": "application/json"}
GOOD = (
    b'{"month_to_date_balance":"1.00","account_balance":"0.00","month_to_date_usage":"1.00",'
    b'"generated_at":"2026-01-01T00:00:00Z"}'
)


def answers():
    """An answer that fits, and the same with one thing wrong."""
    c = Contract.named("digitalocean")
    head = {**RATE, **ID, **JSON}
    without = lambda k: {n: v for n, v in head.items() if n != k}
    balance = "/v2/customers/my/balance"
    error = b'{"id":"not_found","message":"x"}'
    preview = "/v2/customers/my/invoices/preview"
    name = 'attachment; filename="Invoice 2026 Jan (7-preview).pdf"'
    pdf = {**head, "content-type": "application/pdf", "content-disposition": name}
    for what, method, path, status, headers, body, good in [
        ("all is well", "GET", balance, 200, head, GOOD, True),
        ("a slash at the end", "GET", balance + "/", 200, head, GOOD, True),
        ("HEAD", "HEAD", balance, 200, head, b"", True),
        ("HEAD with a body", "HEAD", balance, 200, head, GOOD, False),
        ("no remaining", "GET", balance, 200, without("ratelimit-remaining"), GOOD, False),
        ("no request id", "GET", balance, 200, without("x-request-id"), GOOD, False),
        ("a limit that is no number", "GET", balance, 200, {**head, "ratelimit-limit": "many"}, GOOD, False),
        ("another type", "GET", balance, 200, {**head, "content-type": "text/html"}, GOOD, False),
        ("a number for money", "GET", balance, 200, head, GOOD.replace(b'"1.00"', b"1.00", 1), False),
        ("a missing field", "GET", balance, 200, head, GOOD.replace(b'"account_balance":"0.00",', b""), False),
        ("one more field", "GET", balance, 200, head, GOOD.replace(b"{", b'{"x":1,', 1), False),
        ("a key twice", "GET", balance, 200, head, GOOD.replace(b"{", b'{"account_balance":"0.00",', 1), False),
        ("an empty time", "GET", balance, 200, head, GOOD.replace(b"2026-01-01T00:00:00Z", b""), False),
        ("not JSON", "GET", balance, 200, head, b"oops", False),
        ("201", "GET", balance, 201, head, GOOD, False),
        ("404", "GET", balance, 404, head, error, True),
        ("404 with more", "GET", balance, 404, head, b'{"id":"not_found","message":"x","why":"y"}', False),
        ("429 without retry-after", "GET", balance, 429, head, error, False),
        ("429", "GET", balance, 429, {**head, "retry-after": "3"}, error, True),
        ("405 under default", "POST", balance, 405, head, error, True),
        ("an unknown path", "GET", "/v2/nothing", 404, head, error, True),
        ("an unknown path that is answered", "GET", "/v2/nothing", 200, head, GOOD, False),
        ("an unknown path without the rate", "GET", "/v2/nothing", 404, without("ratelimit-limit"), error, False),
        ("304 with a body", "GET", preview, 304, head, GOOD, False),
        ("a PDF", "GET", preview + "/pdf", 200, pdf, b"%PDF-1.5", True),
        ("a PDF that is none", "GET", preview + "/pdf", 200, pdf, b"oops", False),
        ("a file without a name", "GET", preview + "/csv", 200, {**head, "content-type": "text/csv"}, b"a,b\n", False),
    ]:  # fmt: skip
        try:
            c.check(method, path, status, headers, body)
            t.check(what, good, "it was let through")
        except Exception as e:
            t.check(what, not good, e)


def walk(node, at="$"):
    yield at, node
    if isinstance(node, dict):
        for k, v in node.items():
            yield from walk(v, "%s.%s" % (at, k))
    elif isinstance(node, list):
        for i, v in enumerate(node):
            yield from walk(v, "%s[%d]" % (at, i))


def objects(contract, schema, seen):
    """Every object schema below one, references followed."""
    s = contract.schema.resolve(schema)
    if id(s) in seen:
        return
    seen.add(id(s))
    if s.get("type") == "object":
        yield s
    for part in [
        *s.get("allOf", []),
        *s.get("anyOf", []),
        *s.get("oneOf", []),
        *s.get("properties", {}).values(),
    ]:
        yield from objects(contract, part, seen)
    if "items" in s:
        yield from objects(contract, s["items"], seen)


def sound(name):
    c = Contract.named(name)
    for at, node in walk(c.doc):
        if isinstance(node, dict):
            if "$ref" in node:
                t.run("%s %s" % (name, at), c.schema.resolve, node)
            for k, v in node.items():
                if v is None and "example" not in at and at.split(".")[-1] not in ("value",):
                    t.check("%s %s.%s has a value" % (name, at, k), False)
    ids = [op["operationId"] for _, _, op in c.operations()]
    t.same(name + ": operation ids are unique", len(ids), len(set(ids)))
    closed = set()
    for method, path, op in c.operations():
        for status, r in op["responses"].items():
            r = c.schema.resolve(r)
            what = "%s %s %s %s" % (name, method, path, status)
            heads = {h.lower() for h in r.get("headers", {})}
            t.check(
                what + " has its headers",
                "x-request-id" in heads and (not path.startswith("/v2/") or set(RATE) <= heads),
                heads,
            )
            for kind, content in r.get("content", {}).items():
                examples = [content["example"]] if "example" in content else []
                examples += [e["value"] for e in content.get("examples", {}).values()]
                for e in examples:
                    errors = c.schema.errors(content["schema"], e)
                    t.check("%s: example" % what, not errors, errors)
                for s in objects(c, content["schema"], closed):
                    open_ = s.get("additionalProperties", True) is not False and name != "civo" and not s.get("x-open")
                    t.check("%s: objects are closed" % what, not open_, s)
        for p in op.get("parameters", []):
            p = c.schema.resolve(p)
            t.check(
                "%s %s: parameter %s" % (name, path, p["name"]),
                p["in"] != "path" or (p.get("required") and "{%s}" % p["name"] in path),
            )


def routes():
    """The table of routes and the descriptions name the same operations."""
    source = os.path.join(ROOT, "src", "api", "routes.def")
    with open(source, encoding="utf-8") as f:
        text = f.read()
    rows = set(re.findall(r'^R\("(\w+)", "([^"]+)"', text, re.M))
    civo = set(re.findall(r'^R\("(\w+)", "([^"]+)", API_CIVO', text, re.M))
    t.same("Civo's rows and Civo's description", civo, {(m, p) for m, p, _ in Contract.named("civo").operations()})
    declared = {(m, p) for n in NAMES for m, p, _ in Contract.named(n).operations()}
    with open(os.path.join(ROOT, "tests", "data", "published.txt"), encoding="utf-8") as f:
        published = [line.split() for line in f if not line.startswith("#")]
    for name, method, path, operation in published:
        found = [op["operationId"] for m, p, op in Contract.named(name).operations() if (m, p) == (method, path)]
        t.same("%s %s of %s is described" % (method, path, name), found, [operation])
    t.same("described but not routed", sorted(declared - rows), [])
    t.same("routed but not described", sorted(rows - declared), [])


validator()
answers()
for each in NAMES:
    sound(each)
routes()
t.end()
