"""Answers held against an OpenAPI description."""

import os
import urllib.parse

import yaml

from .schema import Schema, parse_json

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Violation(Exception):
    """An answer that the contract does not allow."""


class Contract:
    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.doc = yaml.safe_load(f)
        self.schema = Schema(self.doc)

    @classmethod
    def named(cls, name):
        return cls(os.path.join(ROOT, "contract", name + ".yaml"))

    def operations(self):
        """(method, path template, operation) of all."""
        for path, item in self.doc["paths"].items():
            for method, op in item.items():
                if method in ("get", "put", "post", "patch", "delete", "head"):
                    yield method.upper(), path, op

    def find(self, method, path):
        """The operation that answers a path as sent; None when there is none."""
        method = "GET" if method == "HEAD" else method
        parts = [urllib.parse.unquote(p) for p in path.split("?")[0].rstrip("/").split("/")]
        best = None
        for m, template, op in self.operations():
            want = template.split("/")
            if m != method or len(want) != len(parts):
                continue
            if all(p and w.startswith("{") or w == p for w, p in zip(want, parts)):
                if best is None or template.count("{") < best[0]:
                    best = (template.count("{"), op)
        return best and best[1]

    def knows(self, path):
        """Does it declare the path, whatever the method?"""
        return any(self.find(m, path) for m in {m for m, _, _ in self.operations()})

    def response(self, op, status):
        """What an operation declares for a status: (response, whether by its own number)."""
        r = op["responses"].get(str(status))
        if r is not None:
            return self.schema.resolve(r), True
        if status >= 400 and "default" in op["responses"]:
            return self.schema.resolve(op["responses"]["default"]), False
        return None, False

    def errors(self, op, method, status, headers, body):
        """What is wrong with an answer. headers: lower-case names; body: bytes."""
        declared, _ = self.response(op, status)
        if declared is None:
            return ["the status %d is not declared" % status]
        return self.errors_of(declared, method, headers, body)

    def errors_of(self, declared, method, headers, body):
        out = []
        for name, head in declared.get("headers", {}).items():
            head = self.schema.resolve(head)
            value = headers.get(name.lower())
            if value is None:
                if head.get("required"):
                    out.append("the header %s is missing" % name)
                continue
            kind = self.schema.resolve(head["schema"]).get("type")
            if kind == "integer":
                value = int(value) if value.lstrip("-").isdigit() else value
            out += self.schema.errors(head["schema"], value, "header " + name)
        if method == "HEAD":
            return out + (["a HEAD has a body"] if body else [])
        content = declared.get("content")
        if not content:
            return out + (["a body where none is declared"] if body else [])
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        if kind not in content:
            return out + ["the content type %r is not declared" % kind]
        schema = content[kind].get("schema")
        if kind.endswith("json"):
            try:
                value = parse_json(body.decode("utf-8"))
            except ValueError as e:
                return out + ["the body is not JSON: %s" % e]
        elif kind == "application/pdf":
            value = body.decode("latin-1")
            if not value.startswith("%PDF-"):
                out.append("the body is not a PDF")
        else:
            try:
                value = body.decode("utf-8")
            except ValueError as e:
                return out + ["the body is not UTF-8: %s" % e]
        return out + (self.schema.errors(schema, value) if schema else [])

    def check(self, method, path, status, headers, body):
        """Raises Violation when the answer is not what the contract says."""
        op = self.find(method, path)
        if op is None:
            errors = self.stray(method, path, status, headers, body)
        else:
            errors = self.errors(op, method, status, headers, body)
        if errors:
            raise Violation(
                "%s %s -> %d\n  %s\n  %s" % (method, path, status, "\n  ".join(errors[:12]), body[:600])
            )

    def stray(self, method, path, status, headers, body):
        """A path that is not declared is answered like any error of the first operation, a method like one of its path's."""
        if status < 400:
            return ["an operation that is not declared was answered"]
        of_path = [self.find(m, path) for m in sorted({m for m, _, _ in self.operations()})]
        all_ = of_path + [op for _, _, op in self.operations()]
        first = next(op for op in all_ if op and "default" in op["responses"])
        declared, _ = self.response(first, status if status in (401, 429) else 599)
        return self.errors_of(declared, method, headers, body)
