#!/usr/bin/env python3
"""A real bill through the whole program: rows of a public cloud bill become a price book and events; the month is closed
and every line compared with exact arithmetic, rounded once half away from zero."""

import csv
import json
import os
import sys
from collections import defaultdict
from fractions import Fraction

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story.server import Story  # noqa: E402
from story.tally import Tally  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


def rows():
    with open(os.path.join(HERE, "data", "cloud_bill.csv"), encoding="utf-8") as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def book(all_rows):
    meters = {}
    for r in all_rows:
        meters[r["sku"]] = (r["unit_price"], r["unit"])
    lines = ["currency: USD", "sellers: [{name: Reseller Ltd}]", "products: [{name: Cloud}]", "meters:"]
    for sku, (price, unit) in meters.items():
        lines.append(
            '  - {meter: sku-%s, product: Cloud, unit: "%s", aggregate: sum, '
            'prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: "%s"}]}' % (sku, unit, price)
        )
    return "\n".join(lines) + "\n"


def urn(n):
    return "do:team:00000000-0000-4000-8000-%012d" % int(n)


def events(all_rows):
    for i, r in enumerate(all_rows):
        yield json.dumps(
            {
                "specversion": "1.0",
                "id": "row-%d" % i,
                "source": "cloud-bill",
                "type": "usage",
                "subject": urn(r["account"]),
                "time": r["time"],
                # Every other quantity as a number, so that both spellings are read.
                "data": {"meter": "sku-" + r["sku"], "quantity": "@%d" % i},
            }
        ).replace('"@%d"' % i, ('"%s"' if i % 2 else "%s") % r["quantity"])


def cents(exact):
    sign = -1 if exact < 0 else 1
    return sign * ((abs(exact) * 200 + 1) // 2)


def money(c):
    return "%s%d.%02d" % ("-" if c < 0 else "", abs(c) // 100, abs(c) % 100)


def main():
    tally = Tally()
    all_rows = rows()
    exact = defaultdict(lambda: defaultdict(Fraction))
    for r in all_rows:
        exact[r["account"]]["sku-" + r["sku"]] += Fraction(r["quantity"]) * Fraction(r["unit_price"])
    with Story(now="2024-10-03T00:00:00Z", start=False) as s:
        path = os.path.join(s.folder, "prices.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(book(all_rows))
        s.start()
        s.cli("prices", "load", path)
        for a in exact:
            s.cli("account", "add", "--urn", urn(a), "--name", "Account " + a, "--email", "a%s@example.com" % a)
        got = s.cli("import", "-", stdin="\n".join(events(all_rows)) + "\n")
        tally.check("all rows are taken", ("accepted %d " % len(all_rows)) in got.out, got.out)
        closed = s.cli("close", "2024-09", "--json").json
        total = 0
        for a, lines in exact.items():
            token = s.cli("token", "add", "--account", urn(a)).out.strip()
            uuid = s.ask("GET", "/v2/customers/my/invoices", token=token).json["invoices"][0]["invoice_uuid"]
            page, items = 1, {}
            while True:
                r = s.ask("GET", "/v2/customers/my/invoices/%s?per_page=200&page=%d" % (uuid, page), token=token).json
                for i in r["invoice_items"]:
                    items[i["description"]] = i["amount"]
                if "next" not in r["links"].get("pages", {}):
                    break
                page += 1
            want = {k: money(cents(v)) for k, v in lines.items()}
            tally.check("account %s to the cent" % a, items == want, "%s\nis not\n%s" % (items, want))
            mine = sum(cents(v) for v in lines.values())
            summary = s.ask("GET", "/v2/customers/my/invoices/%s/summary" % uuid, token=token).json
            tally.check("account %s adds up" % a, summary["amount"] == money(mine), summary["amount"])
            total += mine
        tally.check("the close's total", closed["total"] == money(total), closed["total"])
        s.cli("verify")
    tally.end()


if __name__ == "__main__":
    main()
