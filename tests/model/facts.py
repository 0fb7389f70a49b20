"""Events as facts: read, told apart, retracted, folded into lives.

A resource's facts are put in order of (time, source, id) and folded from "absent". Microseconds decide the
order; only then is each instant cut to its second, so a life or a state that began and ended within one
second leaves no trace. """

import json
from collections import namedtuple

from . import clock
from .number import Num, frac, plain

Fact = namedtuple("Fact", "source id type us data")
Life = namedtuple("Life", "birth death states")  # seconds; death None: alive; states: [(second, state)]

RESOURCE_DEFAULTS = {
    "kind": None,
    "sku": None,
    "quantity": frac(1),
    "region": None,
    "name": None,
    "project": None,
    "group": None,
    "tags": None,
    "resource_id": None,
}
FACE_DEFAULTS = {
    "name": None,
    "company": None,
    "email": None,
    "tax_id": None,
    "tax_exempt": False,
    "zone": "UTC",
    "seller": None,
    "address_line1": None,
    "address_line2": None,
    "city": None,
    "region": None,
    "postal_code": None,
    "country": None,
}
_USAGE = ("meter", "quantity", "resource", "region", "project", "value")


def dumps(v):
    """JSON with Num written digit by digit."""
    if isinstance(v, Num):
        return str.__str__(v)
    if isinstance(v, dict):
        return "{" + ",".join(json.dumps(k) + ":" + dumps(x) for k, x in v.items()) + "}"
    if isinstance(v, (list, tuple)):
        return "[" + ",".join(dumps(x) for x in v) + "]"
    return json.dumps(v, ensure_ascii=False)


def read(event):
    """A wire event as a fact: only the fields that count, numbers as numbers."""
    kind = event["type"]
    known = {
        "resource.create": ("resource", *RESOURCE_DEFAULTS),
        "resource.change": ("resource", *RESOURCE_DEFAULTS),
        "resource.delete": ("resource",),
        "usage": _USAGE,
        "account.change": tuple(FACE_DEFAULTS),
        "fact.retract": ("source", "id"),
    }[kind]
    data = {}
    for k, v in event["data"].items():
        if k not in known:
            continue
        if k == "quantity" and v is not None:
            v = frac(v)
        if k == "resource" and v is not None:
            v = v.lower()
        if k == "tags" and v is not None:
            v = tuple(v)
        data[k] = v
    if kind == "usage":
        data = {k: v for k, v in data.items() if v is not None}
    return Fact(event["source"], event["id"], kind, clock.us(event["time"]), data)


def order(f):
    return (f.us, f.source.encode(), f.id.encode())


def standing(facts):
    """The facts that are left when retractions have done their work; retractions themselves are not among
    them. A retraction of a retraction does nothing."""
    gone = {(f.data["source"], f.data["id"]) for f in facts if f.type == "fact.retract"}
    return [f for f in facts if f.type != "fact.retract" and (f.source, f.id) not in gone]


def _merge(state, data):
    new = dict(state)
    for k, v in data.items():
        if k in RESOURCE_DEFAULTS:
            new[k] = RESOURCE_DEFAULTS[k] if v is None else v
    return new


def lives(facts):
    """Lives of one resource from its facts, in order; the last one may still run."""
    out, state, marks, birth = [], None, None, None

    def settle(death):
        """Cuts a finished or running life to seconds and keeps what is left of it."""
        if death is not None and death <= birth:
            return
        kept = []
        for sec, st in marks:
            if death is not None and sec >= death:
                break
            if kept and kept[-1][0] == sec:
                kept.pop()
            kept.append((sec, st))
        states = []
        for sec, st in kept:
            if not states or states[-1][1] != st:
                states.append((sec, st))
        out.append(Life(birth, death, states))

    for f in sorted(facts, key=order):
        sec = f.us // 1000000
        if f.type == "resource.delete":
            if state is not None:
                settle(sec)
                state = None
        elif state is None:
            if f.type == "resource.create":
                state = _merge(RESOURCE_DEFAULTS, f.data)
                birth, marks = sec, [(sec, state)]
        else:
            state = _merge(state, f.data)
            marks.append((sec, state))
    if state is not None:
        settle(None)
    return out


def by_resource(facts, until):
    """Lives of every resource, from the facts up to and with second `until`."""
    group = {}
    for f in facts:
        if f.type.startswith("resource.") and f.us // 1000000 <= until:
            group.setdefault(f.data["resource"], []).append(f)
    return {r: lives(g) for r, g in sorted(group.items())}


def face(base, facts, until):
    """What holds about the account at a second: what it began with, and its changes in order."""
    now = dict(FACE_DEFAULTS)
    now.update(base)
    for f in sorted((f for f in facts if f.type == "account.change" and f.us // 1000000 <= until), key=order):
        for k, v in f.data.items():
            now[k] = FACE_DEFAULTS[k] if v is None else v
    return now


def show(f):
    d = {k: plain(v) if k == "quantity" and v is not None else v for k, v in f.data.items()}
    return "%s %-15s %s/%s %s" % (clock.text_us(f.us), f.type, f.source, f.id, d)
