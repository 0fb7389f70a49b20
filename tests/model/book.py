"""Price books: a Python dictionary in, look-ups for the model and YAML for the program out.

The dictionary has the shape of the YAML: currency, grace, sellers, regions, products, skus, meters, taxes.
Amounts and quantities are texts. """

import json

from . import clock
from .number import frac

SECONDS = {"1s": 1, "1m": 60, "1h": 3600}


class Price:
    """One dated price of a time-priced SKU."""

    def __init__(self, d):
        self.start = clock.s(d["from"])
        self.amount = frac(d["amount"])
        self.per_hours = frac(d.get("per_hours", 1))
        self.cap_hours = frac(d["cap_hours"]) if "cap_hours" in d else None
        self.increment = SECONDS[d.get("increment", "1s")]
        self.minimum_seconds = int(d.get("minimum_seconds", 0))
        self.minimum_amount = frac(d.get("minimum_amount", 0))
        self.allowance = {a["meter"]: frac(a["quantity"]) for a in d.get("allowance", [])}

    def charge(self, quantity, seconds):
        return self.amount * quantity * seconds / (self.per_hours * 3600)

    def monthly(self, quantity):
        """What a month of it costs at most; None when it has no cap."""
        return None if self.cap_hours is None else self.amount * self.cap_hours / self.per_hours * quantity


class Meter:
    def __init__(self, d):
        self.name = d["meter"]
        self.product = d["product"]
        self.overages = d.get("section") == "overages"
        self.unit = d.get("unit")
        self.aggregate = d["aggregate"]
        self.by_resource = d.get("by", "account") == "resource"
        self.prices = sorted(d["prices"], key=lambda p: clock.s(p["from"]))

    def price(self, period):
        """A new price holds from the first period that begins at or after it."""
        held = [p for p in self.prices if clock.s(p["from"]) <= clock.start(period)]
        return held[-1] if held else None


class Sku:
    def __init__(self, d):
        self.name = d["sku"]
        self.product = d["product"]
        self.civo_code = d.get("civo_code")
        self.unit = d.get("unit")
        self.prices = sorted((Price(p) for p in d["prices"]), key=lambda p: p.start)

    def price(self, sec):
        held = [p for p in self.prices if p.start <= sec]
        return held[-1] if held else None

    def cuts(self, lo, hi):
        """Seconds strictly inside (lo, hi) at which a price begins."""
        return [p.start for p in self.prices if lo < p.start < hi]


class Book:
    def __init__(self, d):
        self.source = d
        self.currency = d.get("currency", "USD")
        self.digits = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}[self.currency]
        self.regions = d.get("regions")
        self.products = {p["name"]: p for p in d["products"]}
        self.skus = {x["sku"]: Sku(x) for x in d["skus"]}
        self.meters = {x["meter"]: Meter(x) for x in d.get("meters", [])}
        self.taxes = d.get("taxes", [])

    def tax_rules(self, country, region, at):
        """Rules that hold for an address at a second: of equal country, region and name the newest."""
        newest = {}
        for t in self.taxes:
            if t["country"] != country or clock.s(t["from"]) > at:
                continue
            if t.get("region") not in (None, region):
                continue
            ident = (t["country"], t.get("region") or "", t["name"])
            if ident not in newest or clock.s(newest[ident]["from"]) < clock.s(t["from"]):
                newest[ident] = t
        return sorted(newest.items())

    def category(self, product):
        return self.products[product].get("category", "")

    def tax_class(self, product):
        return self.products[product].get("tax", "standard")

    def yaml(self):
        return yaml(self.source)


def _flow(v):
    if isinstance(v, dict):
        return "{" + ", ".join("%s: %s" % (k, _flow(x)) for k, x in v.items()) + "}"
    if isinstance(v, (list, tuple)):
        return "[" + ", ".join(_flow(x) for x in v) + "]"
    if isinstance(v, bool):
        return "true" if v else "false"
    if isinstance(v, int):
        return str(v)
    return json.dumps(v, ensure_ascii=False)


def yaml(d):
    """Block style outside, one line an entry inside."""
    out = []
    for key, value in d.items():
        if not isinstance(value, list) or not value or not isinstance(value[0], dict):
            out.append("%s: %s" % (key, _flow(value)))
            continue
        out.append("%s:" % key)
        for entry in value:
            lead = "  - "
            for k, v in entry.items():
                if k == "prices":
                    out.append("%s%s:" % (lead, k))
                    out.extend("      - " + _flow(p) for p in v)
                else:
                    out.append("%s%s: %s" % (lead, k, _flow(v)))
                lead = "    "
    return "\n".join(out) + "\n"
