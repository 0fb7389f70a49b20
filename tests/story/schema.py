"""The part of JSON Schema that OpenAPI 3.0 descriptions use, and no more: a keyword that is not known here
is an error of the description, so that nothing is ever passed over in silence."""

import datetime
import json
import re


class SchemaError(Exception):
    """The description itself is wrong."""


KNOWN = {
    "$ref", "additionalProperties", "allOf", "anyOf", "default", "description", "enum", "example",
    "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum",
    "nullable", "oneOf", "pattern", "properties", "required", "title", "type",
}  # fmt: skip
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")
URI = re.compile(r"https?://[^/\s]+(/[^\s]*)?$")


def _date(text):
    if not re.match(r"\d{4}-\d\d-\d\d$", text):
        return False
    try:
        datetime.date(*map(int, text.split("-")))
    except ValueError:
        return False
    return True


def _date_time(text):
    return (
        bool(DATE_TIME.match(text))
        and _date(text[:10])
        and text[11:13] < "24"
        and text[14:16] < "60"
        and text[17:19] < "60"
    )


FORMATS = {
    "date-time": _date_time,
    "date": _date,
    "uuid": lambda t: bool(UUID.match(t)),
    "uri": lambda t: bool(URI.match(t)),
    "binary": lambda t: True,
}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}


def parse_json(text):
    """JSON as it must be: no key twice, no NaN, nothing behind it."""

    def once(pairs):
        d = {}
        for k, v in pairs:
            if k in d:
                raise ValueError("the key %r stands twice" % k)
            d[k] = v
        return d

    def no(name):
        raise ValueError("%s is not JSON" % name)

    return json.loads(text, object_pairs_hook=once, parse_constant=no)


class Schema:
    """Validates values. `root` is the whole description, for $ref."""

    def __init__(self, root):
        self.root = root

    def resolve(self, node):
        seen = 0
        while isinstance(node, dict) and "$ref" in node:
            ref = node["$ref"]
            if not ref.startswith("#/"):
                raise SchemaError("a reference out of the file: " + ref)
            node = self.root
            for part in ref[2:].split("/"):
                part = part.replace("~1", "/").replace("~0", "~")
                if not isinstance(node, dict) or part not in node:
                    raise SchemaError("a reference to nothing: " + ref)
                node = node[part]
            seen += 1
            if seen > 32:
                raise SchemaError("a reference that never ends: " + ref)
        return node

    def errors(self, schema, value, at="$"):
        """Everything that is wrong with the value, as sentences."""
        s = self.resolve(schema)
        if not isinstance(s, dict):
            raise SchemaError("%s: not a schema: %r" % (at, s))
        unknown = [k for k in s if k not in KNOWN and not k.startswith("x-")]
        if unknown:
            raise SchemaError("%s: unknown keyword %s" % (at, ", ".join(unknown)))
        if value is None:
            return [] if s.get("nullable") else self._null(s, at)
        out = []
        kind = s.get("type")
        if kind is not None:
            if kind not in TYPES:
                raise SchemaError("%s: unknown type %r" % (at, kind))
            if not TYPES[kind](value):
                return ["%s: %s is not of type %s" % (at, _short(value), kind)]
        if "enum" in s and value not in s["enum"]:
            out.append("%s: %s is not one of %s" % (at, _short(value), s["enum"]))
        if isinstance(value, str):
            out += self._string(s, value, at)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            if "minimum" in s and value < s["minimum"]:
                out.append("%s: %s is below %s" % (at, value, s["minimum"]))
            if "maximum" in s and value > s["maximum"]:
                out.append("%s: %s is above %s" % (at, value, s["maximum"]))
        elif isinstance(value, list):
            out += self._array(s, value, at)
        elif isinstance(value, dict):
            out += self._object(s, value, at)
        for part in s.get("allOf", []):
            out += self.errors(part, value, at)
        for word in ("anyOf", "oneOf"):
            if word in s:
                fits = [p for p in s[word] if not self.errors(p, value, at)]
                if not fits or (word == "oneOf" and len(fits) > 1):
                    out.append("%s: fits %d of the schemas of %s" % (at, len(fits), word))
        return out

    def _null(self, s, at):
        if "allOf" in s and "type" not in s:
            return [e for p in s["allOf"] for e in self.errors(p, None, at)]
        if any(w in s for w in ("anyOf", "oneOf")) and "type" not in s:
            return (
                []
                if any(not self.errors(p, None, at) for w in ("anyOf", "oneOf") for p in s.get(w, []))
                else [at + ": null"]
            )
        return ["%s: null where %s must be" % (at, s.get("type", "a value"))]

    def _string(self, s, value, at):
        out = []
        if "pattern" in s and not re.search(s["pattern"], value):
            out.append("%s: %s does not match %s" % (at, _short(value), s["pattern"]))
        if len(value) < s.get("minLength", 0):
            out.append("%s: %s is shorter than %d" % (at, _short(value), s["minLength"]))
        if len(value) > s.get("maxLength", len(value)):
            out.append("%s: %s is longer than %d" % (at, _short(value), s["maxLength"]))
        if "format" in s:
            if s["format"] not in FORMATS:
                raise SchemaError("%s: unknown format %r" % (at, s["format"]))
            if not FORMATS[s["format"]](value):
                out.append("%s: %s is not a %s" % (at, _short(value), s["format"]))
        return out

    def _array(self, s, value, at):
        out = []
        if len(value) < s.get("minItems", 0) or len(value) > s.get("maxItems", len(value)):
            out.append("%s: %d items" % (at, len(value)))
        if "items" in s:
            for i, v in enumerate(value):
                out += self.errors(s["items"], v, "%s[%d]" % (at, i))
        return out

    def _object(self, s, value, at):
        out = []
        known = s.get("properties", {})
        for k in s.get("required", []):
            if k not in value:
                out.append("%s: %s is missing" % (at, k))
        for k, v in value.items():
            more = s.get("additionalProperties", True)
            if k in known:
                out += self.errors(known[k], v, at + "." + k)
            elif more is False:
                out.append("%s: %s is not declared" % (at, k))
            elif isinstance(more, dict):
                out += self.errors(more, v, at + "." + k)
        return out


def _short(v):
    t = json.dumps(v, ensure_ascii=False)
    return t if len(t) < 80 else t[:77] + "..."
