#!/usr/bin/python3
"""Money, told as journeys: what is late, taken back, given, corrected and closed, with figures worked out by hand. After each
one the ledger must verify, the documents must agree with one another, and days must add up to invoices."""

import csv
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from decimal import Decimal as D

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

BOOK = """\
currency: %(currency)s
products:
  - {name: Droplets, category: iaas}
  - {name: Bandwidth, category: iaas}
skus:
  - sku: s-1
    product: Droplets
    prices: [{from: 2020-01-01T00:00:00Z, amount: "%(price)s", per_hours: 672, cap_hours: 672}]
  - sku: mad
    product: Droplets
    prices: [{from: 2020-01-01T00:00:00Z, amount: "999999999", per_hours: 1}]
  - sku: volume
    product: Droplets
    unit: GiB
    prices:
      - {from: 2020-01-01T00:00:00Z, amount: "0.10", per_hours: 672, cap_hours: 672, increment: 1h, minimum_seconds: 3600, minimum_amount: "0.03"}
      - {from: 2026-01-20T11:11:11Z, amount: "0.17", per_hours: 672, cap_hours: 672, increment: 1m, minimum_seconds: 60}
meters:
  - meter: bw
    product: Bandwidth
    section: overages
    aggregate: sum
    prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.01"}]
  - meter: peak
    product: Bandwidth
    aggregate: max
    by: resource
    prices: [{from: 2020-01-01T00:00:00Z, model: package, amount: "1.37", per: "7"}]
  - meter: level
    product: Bandwidth
    aggregate: last
    prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.013"}]
  - meter: users
    product: Bandwidth
    aggregate: unique
    by: resource
    prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "0.1"}]
taxes:
  - {from: 2020-01-01T00:00:00Z, country: US, region: NY, name: "STATE SALES TAX", percent: "%(tax)s"}
"""
LAST = {"01": "31", "02": "28", "03": "31", "04": "30", "05": "31", "12": "31", "11": "30"}
URN = "do:team:11111111-1111-4111-8111-111111111111"
t = Tally()


def resource(n):
    return "0d1f8a52-0f0c-4b43-a2a8-6f0c9d0f%04d" % n


class Books(Story):
    """A story with a price book, an operator, and short words for what the journeys do."""

    def __init__(self, now="2026-01-01T00:00:00Z", currency="USD", price="5.00", tax="10"):
        super().__init__(now=now, serve=["--quiet"])
        self.n, self.terms = 0, {"currency": currency, "price": price, "tax": tax}
        self.load()
        self.op = self.operator_token()
        self.tokens = {}

    def load(self, *args, code=0, **terms):
        self.terms.update(terms)
        path = os.path.join(self.folder, "prices.yaml")
        with open(path, "w") as f:
            f.write(BOOK % self.terms)
        return self.cli("prices", "load", path, *args, code=code)

    def load_adjusting(self, **terms):
        """Loads a book that moves closed periods; gives what the report says of each account and period."""
        report = self.load(code=1, **terms).out.split("\n")
        digest = [x for x in report if re.fullmatch("[0-9a-f]{64}", x)][0]
        self.load("--adjust", digest)
        return [tuple(x.split()) for x in report if x.startswith("do:team:")]

    def account(self, *args):
        ny = ["--address", "country=US", "--address", "region=NY"]
        return self.cli("account", "add", "--name", "Ada", "--email", "ada@example.com", *ny, *args).out.strip()

    def event(self, urn, kind, time, id=None, source="/t", **data):
        self.n += 1
        time = time if "T" in time else time + "T00:00:00Z"
        return {"specversion": "1.0", "id": id or "e%d" % self.n, "source": source, "type": kind, "subject": urn, "time": time, "data": data}

    def create(self, urn, time, n=1, sku="s-1", **more):
        return self.event(urn, "resource.create", time, resource=resource(n), sku=sku, **more)

    def usage(self, urn, time, quantity, **more):
        return self.event(urn, "usage", time, meter="bw", quantity=str(quantity), **more)

    def retract(self, urn, target, time="2026-01-01", **more):
        e = self.event(urn, "fact.retract", time, **more)
        e["data"] = {"source": target["source"], "id": target["id"]}
        return e

    def send(self, *events, want=200):
        body = "\n".join(json.dumps(e) for e in events)
        return self.post("/operator/v1/events", self.op, body, headers={"Content-Type": "application/x-ndjson"}, want=want).json

    def to(self, now):
        self.cli("account", "list", now=now if "T" in now else now + "T00:00:00Z")

    def close(self, period, *args, code=0):
        return self.cli("close", period, "--json", *args, code=code).json

    def ask_post(self, urn, kind, want=201, key=None, **body):
        head = {"Idempotency-Key": key} if key else None
        return self.post("/operator/v1/accounts/%s/%s" % (urn, kind), self.op, json.dumps(body), headers=head, want=want).json

    def audit(self, action):
        """(subject, detail) of what was done, newest first."""
        rows = self.pages("/operator/v1/audit", self.op, "audit")
        return [(x["subject"], x["detail"]) for x in rows if x["action"] == action]

    def of(self, urn, tail):
        return self.get("/operator/v1/accounts/%s/%s" % (urn, tail), self.op, want=200)

    def invoices(self, urn):
        """By period, oldest first."""
        rows = self.pages("/operator/v1/accounts/%s/invoices" % urn, self.op, "invoices")
        return {x["invoice_period"]: x for x in reversed(rows)}

    def rows(self, urn, period):
        """(section, description, amount) of a document's CSV."""
        uuid = period if period == "preview" else self.invoices(urn)[period]["invoice_uuid"]
        out = []
        for r in csv.DictReader(io.StringIO(self.of(urn, "invoices/%s/csv" % uuid).text)):
            money = r.get("USD") or r.get(self.terms["currency"])
            out.append((r["product"], r["description"], money.replace("$", "")))
        return out

    def balance(self, urn):
        token = self.tokens.setdefault(urn, None) or self.token(urn)
        self.tokens[urn] = token
        return self.get("/v2/customers/my/balance", token, want=200).json

    def history(self, urn):
        """(type, amount), oldest first."""
        rows = self.pages("/operator/v1/accounts/%s/history" % urn, self.op, "billing_history")
        return [(x["type"], x["amount"]) for x in reversed(rows)]

    def insight(self, urn, first, last):
        self.balance(urn)
        rows, page = [], 1
        while True:
            path = "/v2/billing/%s/insights/%s/%s?per_page=200&page=%d" % (urn, first, last, page)
            a = self.get(path, self.tokens[urn], want=200).json
            rows += a["data_points"]
            if page >= a["total_pages"]:
                return rows
            page += 1

    def verify(self, digest=None, code=0):
        return self.cli("verify", "--json", *(["--digest", digest] if digest else []), code=code)

    def agree(self, what, urn):
        """Whatever is told of an account in several places is told alike."""
        notes = {}
        heads = self.invoices(urn)
        for period, head in heads.items():
            uuid = head["invoice_uuid"]
            summary = self.of(urn, "invoices/%s/summary" % uuid).json
            parts = [summary[k]["amount"] for k in ("product_charges", "overages", "taxes", "credits_and_adjustments")]
            rows = self.rows(urn, period)
            items = self.pages("/operator/v1/accounts/%s/invoices/%s" % (urn, uuid), self.op, "invoice_items")
            lined = D(parts[0]) + D(parts[1])
            t.same("%s: %s adds up" % (what, period), sum(map(D, parts)), D(head["amount"]))
            t.same("%s: rows of %s" % (what, period), sum(D(r[2]) for r in rows), D(head["amount"]))
            t.same("%s: items of %s" % (what, period), sum(D(i["amount"]) for i in items), lined)
            t.same("%s: products of %s" % (what, period), sum(D(i["amount"]) for i in summary["product_charges"]["items"]), D(parts[0]))
            if period == max(heads):
                self.paper("%s: paper of %s" % (what, period), urn, uuid, head)
            days = self.insight(urn, period + "-01", period + "-" + LAST[period[5:]])
            notes[period] = (lined, sum(D(p["total_amount"]) for p in days))
        corrections = {}
        for period in notes:
            for _, text, amount in self.rows(urn, period):
                m = re.fullmatch(r"Correction of (\d{4}-\d\d)", text)
                if m:
                    corrections[m[1]] = corrections.get(m[1], D(0)) + D(amount)
        for period, (lined, days) in notes.items():
            t.same("%s: days of %s" % (what, period), days, lined + corrections.get(period, D(0)))
        history = self.history(urn)
        t.same("%s: balance is the history's sum" % what, sum(D(a) for _, a in history), D(self.balance(urn)["account_balance"]))
        invoiced = [D(a) for k, a in history if k == "Invoice"]
        t.check("%s: no invoice is negative" % what, all(a >= 0 for a in invoiced), invoiced)
        numbers = [x["invoice_id"].rsplit("-", 1)[1] for x in self.invoices(urn).values()]
        t.same("%s: numbers without gaps" % what, numbers, [str(i + 1) for i in range(len(numbers))])
        self.verify()

    def paper(self, what, urn, uuid, head):
        if not shutil.which("pdftotext"):
            return
        pdf = self.of(urn, "invoices/%s/pdf" % uuid).body
        text = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, stdout=subprocess.PIPE, check=True).stdout.decode()
        amount = re.sub(r"^-", "", head["amount"])
        t.check(what, head["invoice_id"] in text and amount in text.replace(",", ""), text[-1500:])


# ---- journeys


def late_in_several_months():
    """Facts that come late for two closed months, then one taken back, then prices and taxes changed into the past."""
    with Books() as s:
        u = s.account()
        s.to("2026-02-02T12:00:00Z")
        first, bytes_out = s.create(u, "2026-01-10"), s.usage(u, "2026-01-11", 137)
        s.send(first, bytes_out)
        t.same("January", s.close("2026-01")["total"], "5.83")  # 528 h: 3.93, 137 GiB: 1.37, tax 0.53
        s.send(s.retract(u, bytes_out), s.usage(u, "2026-01-31T23:59:59.999999Z", 250))
        s.cli("adjust", "--account", u, "--amount", "-3.00", "--note", "sorry")
        s.to("2026-02-28T23:59:59Z")
        shown = s.of(u, "invoices/preview/csv").text, s.of(u, "invoices/preview").json, s.of(u, "invoices/preview/summary").json
        s.to("2026-03-01T12:00:00Z")
        t.check("the grace holds", s.cli("close", "2026-02", code=1).err != "")
        s.close("2026-02", "--no-grace")
        t.same(
            "February",
            s.rows(u, "2026-02"),
            [
                ("Droplets", resource(1) + " (s-1)", "5.00"),
                ("Adjustments", "Correction of 2026-01", "1.13"),
                ("Adjustments", "sorry", "-3.00"),
                ("Taxes", "STATE SALES TAX (10%)", "0.50"),
                ("Taxes", "STATE SALES TAX (10%), 2026-01", "0.11"),
            ],
        )
        uuid = s.invoices(u)["2026-02"]["invoice_uuid"]
        same = s.of(u, "invoices/%s/csv" % uuid).text, s.of(u, "invoices/%s" % uuid).json, s.of(u, "invoices/%s/summary" % uuid).json
        t.same("the last preview is the invoice", same, shown)

        report = s.load_adjusting(tax="20")
        t.same("a tax moves no charges", report, [(u, "2026-01", "0.00"), (u, "2026-02", "0.00")])
        s.to("2026-04-02")
        s.close("2026-03")
        t.same(
            "March",
            s.rows(u, "2026-03")[1:],
            [
                ("Adjustments", "Correction of 2026-01", "0.00"),
                ("Adjustments", "Correction of 2026-02", "0.00"),
                ("Taxes", "STATE SALES TAX (20%)", "1.00"),
                ("Taxes", "STATE SALES TAX (20%), 2026-01", "0.65"),  # 6.43 x 20 % = 1.29, billed 0.53 + 0.11
                ("Taxes", "STATE SALES TAX (20%), 2026-02", "0.50"),
            ],
        )
        report = s.load_adjusting(price="0.01")
        t.same("a price moves three months", [r[2] for r in report], ["-3.92", "-4.99", "-4.99"])
        s.to("2026-05-02")
        total = s.close("2026-04")
        t.same("a credit note", (total["invoices"], total["credit_notes"], total["total"]), (0, 1, "-16.68"))
        t.same("in the history", s.history(u)[-1], ("Credit", "-16.68"))
        s.agree("late", u)


def taken_back_before_and_after():
    """A retraction counts the same before its fact, after it, and after the month was closed."""
    with Books() as s:
        before, after, closed, plain = (s.account() for _ in range(4))
        s.to("2026-02-02")
        for u, order in ((before, "rf"), (after, "fr"), (closed, "f"), (plain, "")):
            keep, fact = s.usage(u, "2026-01-05", 100, id="keep"), s.usage(u, "2026-01-06", 900, id="f")
            back = s.retract(u, fact, id="r")
            got = [s.send({"f": fact, "r": back}[x]) for x in order]
            t.same("void by the order " + order, [g["void"] for g in got], [1, 0] if order == "rf" else [0] * len(got))
            s.send(keep)
        t.same("taken back again", s.send(s.retract(after, {"source": "/t", "id": "r"}, id="rr"))["void"], 1)
        t.same("of another account", s.send(s.retract(plain, {"source": "/t", "id": "never"}, id="rn"))["void"], 1)
        s.close("2026-01")
        for u, want in ((before, "1.10"), (after, "1.10"), (closed, "11.00"), (plain, "1.10")):
            t.same("January", s.invoices(u)["2026-01"]["amount"], want)
        s.send(s.retract(closed, {"source": "/t", "id": "f"}, id="r"))
        got = s.post("/operator/v1/events", s.op, json.dumps(s.usage(closed, "2026-01-06", 901, id="f")), want=422).json
        t.check("the identity stays used", got["rejected"][0]["reason"].startswith("conflict"), got)
        s.to("2026-03-02")
        s.close("2026-02")
        t.same("the difference", s.invoices(closed).get("2026-02", {}).get("amount"), "-9.90")
        t.same("none for the others", [list(s.invoices(u)) for u in (before, after, plain)], [["2026-01"]] * 3)
        for u in (before, closed):
            s.agree("taken back", u)


def begun_in_mid_month():
    """Billing from noon of the 15th: nothing before it counts; months before it are closed; several are closed at once."""
    with Books() as s:
        u = s.account("--billing-from", "2026-01-15T12:00:00Z", "--opening-balance", "-7.25")
        v = s.account()
        s.to("2026-04-10")
        s.send(
            s.create(u, "2025-12-10"),
            s.usage(u, "2026-01-15T11:59:59.999999Z", 1000),
            s.usage(u, "2026-01-15T12:00:00Z", 100),
            s.create(v, "2025-11-30"),
        )
        t.same("before the first", s.close("2025-10")["invoices"], 0)
        t.same("three at once", s.close("2026-03")["total"], "11.00")
        t.same("January from the 15th", s.invoices(u)["2026-01"]["amount"], "4.35")  # 396 h: 2.95, 1.00, tax 0.40
        t.same("months of one", list(s.invoices(u)), ["2026-01", "2026-02", "2026-03"])
        t.same("months of the other", list(s.invoices(v))[0], "2025-11")
        t.same("its history", s.history(u), [("Adjustment", "-7.25"), ("Invoice", "4.35"), ("Invoice", "5.50"), ("Invoice", "5.50")])
        done = s.close("2026-03")
        t.same("closed again", s.close("2026-03"), done)
        s.verify(done["digest"])
        w = s.account()
        s.send(s.create(w, "2026-03-01"))
        again = s.close("2026-03")
        t.same("closed for one who came since", (again["accounts"], again["total"]), (3, "16.50"))
        s.cli("pay", "--account", u, "--amount", "8.10", "--ref", "p")
        s.verify(done["digest"])
        s.verify(again["digest"])
        s.verify("0" * 64, code=1)
        for x in (u, v, w):
            s.agree("mid-month", x)
        later = s.account("--billing-from", "2026-09-01T00:00:00Z")
        s.cli("credit", "--account", later, "--amount", "5", "--expires", "2026-06-01T00:00:00Z")
        s.verify()  # its rest goes back at the first close, whatever month that is
        s.to("2026-10-02")
        s.close("2026-09")
        s.verify()


def credits():
    """Held credits by expiry, a rest that expires, goodwill, references, request keys."""
    with Books() as s:
        u = s.account("--tax-exempt")
        s.send(s.create(u, "2026-01-01"))
        s.ask_post(u, "credits", amount="3", expires="2026-03-01T00:00:00Z", ref="a", note="A")
        s.ask_post(u, "credits", amount="20", expires="2026-02-01T00:00:00.000001Z", ref="b", note="B")
        s.ask_post(u, "credits", want=200, amount="20", expires="2026-02-01T00:00:00.000001Z", ref="b")
        s.ask_post(u, "credits", want=409, amount="21", expires="2026-02-01T00:00:00.000001Z", ref="b")
        s.ask_post(u, "credits", want=409, amount="20", ref="b")
        s.ask_post(u, "credits", amount="2", expires="2026-02-01T00:00:00Z", note="C")
        s.ask_post(u, "credits", want=422, amount="2", expires="2026-01-01T00:00:00Z")
        s.ask_post(u, "credits", amount="1.25", ref="g")
        paid = s.ask_post(u, "payments", amount="2", ref="x", key="k")
        t.same("the same key", s.ask_post(u, "payments", amount="2", ref="x", key="k"), paid)
        s.ask_post(u, "payments", want=409, amount="3", ref="y", key="k")
        s.ask_post(u, "refunds", want=409, amount="2", ref="x", key="k")
        s.ask_post(u, "payments", want=200, amount="2", ref="x")
        s.ask_post(u, "payments", want=409, amount="2.01", ref="x")
        s.ask_post(u, "refunds", amount="2", ref="x")
        s.ask_post(u, "chargebacks", amount="0.75")
        s.ask_post(u, "adjustments", amount="-0.01", ref="x", note="cent")
        s.ask_post(u, "adjustments", want=200, amount="-0.01", ref="x")
        for bad in ("0", "-1", "0.001", "1,0", " 1", "+1", "NaN", "1e16", "10000000000000.01", None, True, {}):
            s.ask_post(u, "payments", want=422, amount=bad, ref="bad")
        s.to("2026-02-02")
        s.close("2026-01")
        late = s.ask_post(u, "credits", amount="1", expires="2027-01-01T00:00:00Z", note="late")
        t.same("a held credit is no balance", late["account_balance"], "-0.50")
        s.to("2026-03-02")
        s.close("2026-02")
        s.to("2026-04-02")
        s.close("2026-03")
        used = {p: [r[1:] for r in s.rows(u, p) if r[0] == "Credits"] for p in s.invoices(u)}
        want = {"2026-01": [("C", "-2.00"), ("B", "-2.99")], "2026-02": [("B", "-5.00")], "2026-03": [("late", "-1.00")]}
        t.same("what was used", used, want)
        t.same(
            "history",
            s.history(u),
            [("Credit", "-1.25"), ("Payment", "-2.00"), ("Refund", "2.00"), ("Chargeback", "0.75")]
            + [("Invoice", "0.00"), ("Invoice", "0.00"), ("Invoice", "4.00")],
        )
        s.agree("credits", u)


def asked_again():
    """A posting asked for once more is answered as it was the first time, also when it could not be made any more."""
    with Books() as s:
        u = s.account()
        path = "/operator/v1/accounts/%s/credits" % u
        body = json.dumps({"amount": "3.00", "expires": "2026-01-05T00:00:00Z"})
        with_ref = {"amount": "2.00", "ref": "welcome", "expires": "2026-01-05T00:00:00Z"}
        first = s.post(path, s.op, body, headers={"Idempotency-Key": "k"}, want=201)
        named = s.ask_post(u, "credits", **with_ref)
        held = s.history(u)
        s.to("2026-01-05")
        for when in ("expired", "expired long ago"):
            again = s.post(path, s.op, body, headers={"Idempotency-Key": "k"}, want=201)
            t.same("the same answer by key, " + when, again.json, first.json)
            again = s.ask_post(u, "credits", want=200, **with_ref)
            t.same("the first entry by reference, " + when, (again["entry"], again["date"], again["repeated"]), (named["entry"], named["date"], True))
            s.to("2026-02-04")
        other = json.dumps({"amount": "3.00", "expires": "2026-01-06T00:00:00Z"})
        s.post(path, s.op, other, headers={"Idempotency-Key": "k"}, want=409)
        s.ask_post(u, "credits", want=409, **dict(with_ref, amount="2.01"))
        s.post(path, s.op, body, headers={"Idempotency-Key": "new"}, want=422)
        s.ask_post(u, "credits", want=422, **dict(with_ref, ref="another"))
        s.post(path, s.op, body, want=422)
        t.same("nothing was posted", s.history(u), held)
        s.verify()


def address_moved():
    """The address at a month's last second decides its tax, also when it is told late."""
    with Books() as s:
        u = s.account()
        s.send(s.create(u, "2026-01-01"))
        s.to("2026-02-02")
        s.close("2026-01")
        s.cli("account", "set", u, "--address", "region=CA", "--from", "2026-01-31T23:59:59Z")
        s.to("2026-03-02")
        s.close("2026-02")
        want = [("Adjustments", "Correction of 2026-01", "0.00"), ("Taxes", "STATE SALES TAX (10%), 2026-01", "-0.50")]
        t.same("moved on the last day", s.rows(u, "2026-02")[1:], want)
        s.cli("account", "set", u, "--address", "region=NY", "--from", "2026-03-01T00:00:00Z")
        s.to("2026-04-02")
        s.close("2026-03")
        t.same("back again", s.rows(u, "2026-03")[1:], [("Taxes", "STATE SALES TAX (10%)", "0.50")])
        s.agree("address", u)


def before_the_first():
    """A late fact from before the first month that was closed is billed, and moves with prices and taxes like any other."""
    with Books() as s:
        u = s.account()
        s.to("2026-04-02")
        s.send(s.create(u, "2026-03-01"))
        s.close("2026-03")
        s.send(s.usage(u, "2026-01-05", 1000))
        s.to("2026-05-02")
        t.same("April and January", s.close("2026-04")["total"], "16.50")
        report = s.load_adjusting(tax="20")
        t.same("the report", [r[1] for r in report], ["2026-01", "2026-03", "2026-04"])
        s.to("2026-06-02")
        s.close("2026-05")
        taxes = [r[2] for r in s.rows(u, "2026-05") if r[0] == "Taxes"]
        t.same("taxes of May and before", taxes, ["1.00", "1.00", "0.50", "0.50"])
        s.send(s.create(u, "2025-12-31T23:00:00Z", 2))
        s.to("2026-07-02")
        t.same("a life through all of them", s.close("2026-06")["total"], "42.01")  # six months of 6.00, 0.01, and June's 6.00
        s.verify()


def month_that_waits():
    """A month that is over and not closed comes first: what is late, adjusted and held goes on its invoice, not on today's preview."""
    with Books() as s:
        u = s.account()
        s.send(s.create(u, "2026-01-01"))
        s.to("2026-02-03")
        s.close("2026-01")
        s.send(s.usage(u, "2026-01-15", 100))
        s.cli("adjust", "--account", u, "--amount", "3.00", "--note", "by hand")
        s.cli("credit", "--account", u, "--amount", "4.00", "--expires", "2026-06-01T00:00:00Z")
        s.cli("credit", "--account", u, "--amount", "2.00", "--expires", "2026-07-01T00:00:00Z")
        s.to("2026-02-28T23:59:59Z")
        own = [r[2] for r in s.rows(u, "preview")]
        t.same("on its last second", sorted(own), sorted(["5.00", "1.00", "3.00", "0.50", "0.10", "-4.00", "-2.00"]))
        s.to("2026-03-01T12:00:00Z")
        t.same("today's alone", [r[2] for r in s.rows(u, "preview")], ["0.09", "0.01"])
        early = s.close("2026-02", "--no-grace")
        t.same("told again, without --no-grace too", s.close("2026-02"), early)
        t.same("what waited", sorted(r[2] for r in s.rows(u, "2026-02")), sorted(own))
        t.same("today's still", [r[2] for r in s.rows(u, "preview")], ["0.09", "0.01"])
        s.cli("credit", "--account", u, "--amount", "100.00", "--expires", "2026-08-01T00:00:00Z")
        s.to("2026-03-31T23:59:59Z")
        t.same("a credit lasts", [r[2] for r in s.rows(u, "preview")], ["5.00", "0.50", "-5.50"])
        s.to("2026-05-01T12:00:00Z")
        t.same("two months will have taken of it", [r[2] for r in s.rows(u, "preview")], ["0.09", "0.01", "-0.10"])
        s.to("2026-05-31T23:59:59Z")
        s.cli("adjust", "--account", u, "--amount", "85.00", "--note", "on March")
        t.same("and leave what is left", [r[2] for r in s.rows(u, "preview")], ["5.00", "0.50", "-4.00"])
        s.close("2026-04", "--no-grace")
        t.same("as it then is", [r[2] for r in s.rows(u, "preview")], ["5.00", "0.50", "-4.00"])
        s.agree("waits", u)


def parked():
    """An account whose figures leave the range is named and left; what mends it brings it back; others never notice."""
    with Books() as s:
        u, v, w = s.account(), s.account(), s.account("--opening-balance", "9999999999999.99")
        mad = s.create(u, "2026-01-02", sku="mad", quantity="1000000000")
        s.to("2026-02-02")
        s.send(mad, s.create(u, "2026-01-01", 2), s.create(v, "2026-01-01"), s.create(w, "2026-01-01"))
        done = s.close("2026-01")
        t.same("parked", (sorted(done["parked"]), done["accounts"]), (sorted([u, w]), 1))
        said = s.audit("period.close")
        s.ask_post(v, "payments", amount="1.00", ref="in between")
        t.same("parked still: the same figures", s.close("2026-01"), done)
        t.same("parked still: said once", (said, s.audit("period.close")), ([("2026-01", done["digest"])], said))
        for x in (u, w):
            token = s.token(x)
            for path in ("balance", "invoices/preview", "invoices/preview/csv", "invoices/preview/summary"):
                s.get("/v2/customers/my/" + path, token, want=409)
            t.check("the list has no preview", "invoice_preview" not in s.get("/v2/customers/my/invoices", token, want=200).json)
            s.get("/v2/customers/my/billing_history", token, want=200)
        s.verify()
        s.send(s.retract(u, mad))
        s.cli("pay", "--account", w, "--amount", "100", "--ref", "p")
        done = s.close("2026-01")
        t.same("brought back", (done["parked"], done["accounts"], done["total"]), ([], 3, "16.50"))
        t.same("brought back: said again", s.audit("period.close"), [("2026-01", done["digest"])] + said)
        t.same("writes nothing more", (s.close("2026-01"), len(s.audit("period.close"))), (done, 2))
        for x in (u, v, w):
            s.agree("parked", x)


def money_of_others():
    """Currencies of no and of three decimals."""
    for currency, price, invoice, bad in (("JPY", "500", "550", "1.5"), ("KWD", "5.001", "5.501", "1.2345")):
        with Books(currency=currency, price=price) as s:
            u = s.account("--opening-balance", "12")
            s.send(s.create(u, "2026-01-01"))
            s.cli("pay", "--account", u, "--amount", bad, "--ref", "1", code=1)
            s.cli("pay", "--account", u, "--amount", "2", "--ref", "1")
            s.to("2026-02-02")
            t.same(currency, s.close("2026-01")["total"], invoice)
            t.same(currency + " balance", D(s.balance(u)["account_balance"]), D(invoice) + 10)
            s.agree(currency, u)


# ---- whatever the order


def facts(rng):
    out = []

    def add(kind, **data):
        n = len(out) + 1
        time = "2026-%02d-%02dT%02d:%02d:%02d.%06dZ" % (rng.randrange(1, 4), rng.randrange(1, 29), rng.randrange(24), rng.randrange(60), rng.randrange(60), rng.choice([0, 1, 500000, 999999]))
        out.append({"specversion": "1.0", "id": "e%d" % n, "source": "/%d" % (n % 3), "type": kind, "subject": URN, "time": time, "data": data})

    for _ in range(110):
        r = resource(rng.randrange(4))
        kind = rng.choice("ccxxduuuar")
        if kind == "c":
            add("resource.create", resource=r, sku=rng.choice(["s-1", "volume"]), quantity=rng.randrange(1, 9), region=rng.choice(["a", None]))
        elif kind == "x":
            add("resource.change", resource=r, **rng.choice([{"quantity": "3"}, {"sku": "volume"}, {"sku": "s-1"}, {"project": "p"}, {"group": None}, {"sku": None}]))
        elif kind == "d":
            add("resource.delete", resource=r)
        elif kind == "u":
            meter = rng.choice(["bw", "peak", "level", "users"])
            add("usage", meter=meter, quantity="%d.%03d" % (rng.randrange(100), rng.randrange(1000)), resource=r, value=str(rng.randrange(5)))
        elif kind == "a":
            add("account.change", **rng.choice([{"company": "C%d" % len(out)}, {"region": "CA"}, {"region": "NY"}, {"tax_exempt": True}, {"tax_exempt": None}]))
        elif out:
            target = rng.choice(out)
            add("fact.retract", source=target["source"], id=target["id"])
    return out


def told(events, rng, mixed):
    """Everything that a customer can read after the events came, in order or mixed, doubled, in pieces, between restarts."""
    with Books() as s:
        s.account("--urn", URN, "--number", "N")
        s.to("2026-04-02")
        events = list(events)
        fresh = len(events)
        if mixed:
            rng.shuffle(events)
            events += [rng.choice(events) for _ in range(40)]
        counts = {"accepted": 0, "duplicate": 0, "void": 0}
        while events:
            n = rng.choice([1, 2, 7, 40]) if mixed else 1000
            got = s.send(*events[:n])
            events = events[n:]
            for k in counts:
                counts[k] += got[k]
            if mixed and rng.random() < 0.08:
                s.stop(rng.choice([signal.SIGTERM, signal.SIGKILL]))
                s.start("2026-04-02T00:00:00Z")
        t.same("counts", (counts["accepted"] + counts["void"], counts["duplicate"]), (fresh, 40 if mixed else 0))
        s.close("2026-03")
        out = []
        for period, head in s.invoices(URN).items():
            out.append((period, head))
            for tail in ("", "?per_page=200", "/csv", "/summary"):
                body = s.of(URN, "invoices/%s%s" % (head["invoice_uuid"], tail)).body
                out.append(re.sub(rb"127\.0\.0\.1:\d+", b"", body))
            out.append(s.insight(URN, period + "-01", period + "-" + LAST[period[5:]]))
        out.append(s.of(URN, "invoices/%s/pdf" % head["invoice_uuid"]).body)
        out.append(s.get("/v2/charges?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z", s.token(URN, "civo"), want=200).body)
        s.agree("mixed", URN)
        return out


def any_order():
    for seed in range(2):
        rng = random.Random(seed)
        events = facts(rng)
        t.check("any order gives the same bytes (seed %d)" % seed, told(events, rng, False) == told(events, rng, True))


for journey in (late_in_several_months, taken_back_before_and_after, begun_in_mid_month, credits, asked_again, address_moved, before_the_first, month_that_waits, parked, money_of_others, any_order):
    t.run(journey.__name__, journey)
t.end()
