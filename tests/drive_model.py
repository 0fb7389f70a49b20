#!/usr/bin/python3
"""Random histories, lived through by the program and by the model, compared to the cent and field by field.

    drive_model.py [SEED...]        these seeds; else 0, which is made by hand, and $SEEDS from $FIRST_SEED on
    --keep                          leave the database and the files of a failed history where they are
    --account N                     only that account's events (to narrow a failure down)

The first difference of a history ends it and is printed with its seed.
"""

import argparse
import csv
import gzip
import io
import os
import random
import re
import sys
import tempfile
import traceback
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from model import check, clock, facts as F  # noqa: E402
from model.book import Book  # noqa: E402
from model.corner import history  # noqa: E402
from model.facts import dumps, show  # noqa: E402
from model.number import minor, money  # noqa: E402
from model.world import Account, World, wire_csv, wire_items, wire_summary  # noqa: E402
from story import Failed, Story, Tally, Violation  # noqa: E402

DAY = 86400


class Differs(Exception):
    pass


def same(what, got, want):
    if got == want:
        return
    lines = []
    if isinstance(got, list) and isinstance(want, list):
        for i in range(max(len(got), len(want))):
            g = got[i] if i < len(got) else "(none)"
            w = want[i] if i < len(want) else "(none)"
            if g != w:
                lines += ["row %d" % i] + different(g, w)
            if len(lines) > 24:
                break
        lines.append("%d rows, %d in the model" % (len(got), len(want)))
    else:
        lines = different(got, want)
    raise Differs(what + "\n    " + "\n    ".join(lines))


def different(got, want):
    if isinstance(got, dict) and isinstance(want, dict):
        out = []
        for k in sorted(set(got) | set(want)):
            if got.get(k) != want.get(k):
                out.append("%s: got %r, want %r" % (k, got.get(k), want.get(k)))
        name = want.get("description") or want.get("label") or ""
        return out + (["of %s" % name] if name else [])
    return ["got  %r" % (got,), "want %r" % (want,)]


def as_csv(events):
    """The same events as rows; what a retraction names has columns of its own."""
    rows, columns = [], ["id", "source", "type", "subject", "time"]
    for e in events:
        row = {k: e[k] for k in columns[:5]}
        for k, v in e["data"].items():
            row["data." + k if e["type"] == "fact.retract" else k] = str(v)
        rows.append(row)
        columns += [k for k in row if k not in columns]
    out = io.StringIO(newline="")
    w = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    w.writeheader()
    w.writerows(rows)
    return out.getvalue()


def as_request(form, events):
    """Headers and body of a request that brings the events in one of the ways there are."""
    if form == "binary":
        (e,) = events
        named = {k: v for k, v in e.items() if k != "data"}
        headers = {"ce-" + k: urllib.parse.quote(v, safe="/:+.-") for k, v in named.items()}
        return {**headers, "Content-Type": "application/json"}, dumps(e["data"]).encode()
    if form == "structured":
        return {"Content-Type": "application/cloudevents+json; charset=utf-8"}, dumps(events[0]).encode()
    if form == "batch":
        return {"Content-Type": "application/cloudevents-batch+json"}, dumps(events).encode()
    text = "\n".join(dumps(e) for e in events) + "\n\n"
    body = gzip.compress(text.encode()) if form == "gzip" else text.encode()
    return {"Content-Type": "application/x-ndjson"}, body


class Run:
    """One history, told twice."""

    def __init__(self, seed, only=None, folder=None):
        self.h = history(seed)
        self.rng = random.Random(seed * 7919 + 1)
        self.only = only
        self.story = Story(now=clock.text(self.h.start), serve=["--quiet"], folder=folder)
        self.world = World(Book(self.h.first_book))
        self.digits = self.h.digits
        self.files = 0
        self.kept = {}  # path of an issued document: its bytes

    def cli(self, *args, now, **more):
        self.clock = now
        return self.story.cli(*args, now=clock.text(now), **more)

    def file(self, name, text):
        path = os.path.join(self.story.folder, "%02d-%s" % (self.files, name))
        self.files += 1
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def money(self, text):
        return minor(text, self.digits)

    # ---- the steps

    def begin(self):
        h, now = self.h, self.h.start
        self.cli("prices", "load", self.file("prices.yaml", self.world.book.yaml()), now=now)
        self.org = self.cli("org", "add", "--name", "All", now=now).out.strip()
        self.operator = self.story.operator_token(now=clock.text(now))
        self.org_token = self.cli("token", "add", "--org", self.org, now=now).out.split()[0]
        self.accounts, self.do, self.civo = {}, {}, {}

    def do_join(self, now, i):
        a = self.h.accounts[i]
        base = dict(a["base"])
        args = ["account", "add", "--name", base["name"], "--email", base["email"], "--number", a["number"]]
        args += ["--urn", "do:team:" + a["uuid"], "--currency", self.h.currency, "--zone", base["zone"]]
        args += self.fields(base, ("company", "tax_id"))
        if i != 1:
            args += ["--org", self.org]
        if a["billing_from"] is not None:
            args += ["--billing-from", clock.text(a["billing_from"])]
        if a["opening"]:
            args += ["--opening-balance", a["opening"]]
        self.cli(*args, now=now)
        opening = self.money(a["opening"]) if a["opening"] else 0
        account = Account(a["uuid"], base, a["number"], a["billing_from"], opening)
        self.world.add_account(now, account)
        self.accounts[i] = account
        self.do[i] = self.story.token(account.urn, now=clock.text(now))
        self.civo[i] = self.story.token(account.urn, "civo", now=clock.text(now))

    def fields(self, base, texts):
        """What is known of an account, as options."""
        args = []
        for key in ("address_line1", "address_line2", "city", "region", "postal_code", "country"):
            if key in base:
                args += ["--address", "%s=%s" % (key, base[key])]
        for key in texts:
            if key in base:
                args += ["--" + key.replace("_", "-"), base[key]]
        if "tax_exempt" in base:
            args += ["--tax-exempt" if base["tax_exempt"] else "--no-tax-exempt"]
        return args

    def do_set(self, now, i, fields, since):
        a = self.accounts[i]
        args = self.fields(fields, ("company", "tax_id", "name", "zone"))
        self.cli("account", "set", a.urn, *args, "--from", clock.text(since), now=now)
        data = {k: None if v == "" else v for k, v in fields.items()}
        a.facts.append(F.Fact("", "set-%d" % len(a.facts), "account.change", since * 1000000, data))

    def live(self):
        self.begin()
        for step in self.h.steps:
            kind, now = step[0], step[1]
            self.where = "%s at %s" % (kind, clock.text(now))
            if kind == "check" and self.clock != now:
                self.cli("period", "list", now=now)  # moves the clock
            getattr(self, "do_" + kind)(now, *step[2:])
        self.where = "at the end"
        self.finish(now)

    def do_import(self, now, batches):
        if self.rng.random() < 0.4:
            self.post_events(now, [e for _, batch in batches for e in batch])
        else:
            self.import_files(now, batches)

    def post_events(self, now, events):
        """The same over HTTP, cut anew, every cut in a form of its own."""
        self.cli("period", "list", now=now)  # moves the clock
        if self.only is not None:
            events = [e for e in events if e["subject"] == self.accounts[self.only].urn]
        while events:
            form = self.rng.choice(["ndjson", "batch", "gzip", "structured", "binary"])
            n = 1 if form in ("structured", "binary") else self.rng.randint(1, len(events))
            part, events = events[:n], events[n:]
            outcomes = [self.world.take(e, now) for e in part]
            headers, body = as_request(form, part)
            a = self.story.ask("POST", "/operator/v1/events", self.operator, body, headers, operator=True)
            if a.status not in (200, 422):
                raise Failed("POST of %s -> %d %s\n%s" % (form, a.status, a.body[:500], body[:2000]))
            got = a.json
            counts = {
                "status": a.status,
                "new": got["accepted"] + got["void"],
                "duplicate": got["duplicate"],
                "rejected": [(x["index"], x["id"]) for x in got["rejected"]],
            }
            want = {
                "status": 422 if outcomes.count("rejected") == n else 200,
                "new": outcomes.count("new"),
                "duplicate": outcomes.count("duplicate"),
                "rejected": [(i, part[i]["id"]) for i in range(n) if outcomes[i] == "rejected"],
            }
            if counts != want:
                raise Differs("POST of %s\n    got  %s %s\n    want %s" % (form, counts, got["rejected"], want))

    def import_files(self, now, batches):
        want = {"new": 0, "duplicate": 0, "rejected": []}
        paths = []
        for form, batch in batches:
            if self.only is not None:
                batch = [e for e in batch if e["subject"] == self.accounts[self.only].urn]
            text = as_csv(batch) if form == "csv" else "".join(dumps(e) + "\n" for e in batch)
            paths.append(self.file("events." + form, text))
            for i, e in enumerate(batch):
                outcome = self.world.take(e, now)
                if outcome == "rejected":
                    want["rejected"].append((paths[-1], i, e["id"]))
                else:
                    want[outcome] += 1
        if not paths:
            return
        r = self.cli("import", *paths, "--json", now=now, code=None)
        if r.code not in (0, 1):
            raise Failed("import ended with %d: %s" % (r.code, r.err))
        got = r.json
        counts = {
            "new": got["accepted"] + got["void"],
            "duplicate": got["duplicate"],
            "rejected": [(x["file"], x["index"], x["id"]) for x in got["rejected"]],
        }
        if counts != want:
            raise Differs("import of %s\n    got  %s\n    want %s\n%s" % (paths, counts, want, r.err))
        same("exit status of import", r.code, 1 if want["rejected"] else 0)

    def do_post(self, now, i, kind, amount, ref, expires):
        a = self.accounts[i]
        args = [kind, "--account", a.urn, "--amount=" + amount, "--ref", ref]
        if expires:
            args += ["--expires", expires]
        self.cli(*args, now=now)
        if self.rng.random() < 0.3:
            self.cli(*args, now=now)  # the same reference: the same entry
        self.world.post(a, kind, self.money(amount), now, ref, clock.s(expires) if expires else None)

    def do_book(self, now, book):
        path = self.file("prices.yaml", Book(book).yaml())
        before = [self.world.pending(a) for a in self.accounts.values()]
        self.world.load(Book(book))
        moves = before != [self.world.pending(a) for a in self.accounts.values()]
        r = self.cli("prices", "load", path, now=now, code=None)
        if r.code == 1 and moves:
            digest = [w for w in r.out.split() + r.err.split() if re.fullmatch("[0-9a-f]{64}", w)]
            if not digest:
                raise Failed("no digest in the report:\n" + r.out + r.err)
            r = self.cli("prices", "load", path, "--adjust", digest[-1], now=now, code=None)
        elif moves:
            raise Differs("the book moves closed months, and was loaded without a word")
        if r.code:
            raise Failed("prices load ended with %d: %s%s" % (r.code, r.out, r.err))

    def do_close(self, now, period):
        issued = self.world.close(period, now)
        args = ["close", clock.period_text(period), "--json"]
        got = self.cli(*args, now=now).json
        mine = [b for _, b in issued if b["period"] == period]
        want = {
            "period": clock.period_text(period),
            "invoices": sum(b["amount"] >= 0 for b in mine),
            "credit_notes": sum(b["amount"] < 0 for b in mine),
            "total": money(sum(b["amount"] for b in mine), self.digits),
        }
        same("close of %s" % want["period"], {k: got[k] for k in want}, want)
        again = self.cli(*args, now=now).json
        same("close again", again, got)

    # ---- what is compared

    def get(self, path, i, civo=False):
        return self.story.ask("GET", path, (self.civo if civo else self.do)[i])

    def json(self, path, i, civo=False):
        a = self.get(path, i, civo)
        if a.status != 200:
            raise Failed("GET %s -> %d %s" % (path, a.status, a.body[:500]))
        return a.json

    def rows(self, path, i, key):
        per_page = self.rng.choice([200, 200, 200, 7])
        rows, page = [], 1
        while True:
            got = self.json("%s?page=%d&per_page=%d" % (path, page, per_page), i)
            rows += got[key]
            if len(got[key]) < per_page:
                same("total of " + path, got["meta"]["total"], len(rows))
                return rows
            page += 1

    def do_check(self, now):
        for i, a in sorted(self.accounts.items()):
            if self.only is not None and i != self.only:
                continue
            try:
                self.compare(now, i, a)
            except Differs as e:
                raise Differs("account %d %s, %s" % (i, a.urn, e)) from None
        if self.only is None and self.rng.random() < 0.4:
            self.organization(now)

    def compare(self, now, i, a):
        w, my = self.world, "/v2/customers/my"
        owed, usage = w.balance(a, now)
        got = self.json(my + "/balance", i)
        want = {
            "month_to_date_balance": money(owed + usage, self.digits),
            "account_balance": money(owed, self.digits),
            "month_to_date_usage": money(usage, self.digits),
            "generated_at": clock.text(now),
        }
        preview = w.preview(a, now)
        self.document("preview", "preview", i, preview)
        same("balance", got, want)
        history = self.rows(my + "/billing_history", i, "billing_history")
        for row in history:
            row.pop("description")
            row.pop("invoice_uuid", None)
        same("history", history, w.history(a))
        listed = self.json(my + "/invoices?per_page=200", i)
        uuids = [x.pop("invoice_uuid") for x in listed["invoices"]]
        want = [
            {
                "invoice_id": b["number"],
                "amount": money(b["amount"], self.digits),
                "invoice_period": clock.period_text(b["period"]),
            }
            for b in reversed(a.invoices)
        ]
        same("invoices", listed["invoices"], want)
        head = listed["invoice_preview"]
        same(
            "preview in the list",
            {k: head[k] for k in ("invoice_id", "amount", "invoice_period", "updated_at")},
            {
                "invoice_id": preview["number"],
                "amount": money(preview["amount"], self.digits),
                "invoice_period": clock.period_text(preview["period"]),
                "updated_at": clock.text(now),
            },
        )
        for uuid, b in zip(reversed(uuids), a.invoices):
            if ("%s/invoices/%s" % (my, uuid), i) not in self.kept:
                self.document("invoice %s" % b["number"], uuid, i, b)
                for path in ("", "/csv", "/summary"):
                    path = "%s/invoices/%s%s" % (my, uuid, path)
                    self.kept[path, i] = self.get(path, i).body
        self.insights(now, i, a)
        self.charges(now, i, a)

    def document(self, what, name, i, b):
        path = "/v2/customers/my/invoices/" + name
        same(what + ", items", self.rows(path, i, "invoice_items"), wire_items(b, self.digits))
        got = self.json(path + "/summary", i)
        got.pop("invoice_uuid")
        for k in ("created_at", "updated_at"):
            got["user_billing_address"].pop(k)
        same(what + ", summary", got, wire_summary(b, self.digits))
        self.csv(what + ", csv", self.get(path + "/csv", i), b)

    def csv(self, what, answer, b):
        rows = list(csv.reader(io.StringIO(answer.text, newline="")))
        head = (
            "product,group_description,description,hours,start,end,%s,project_name,category" % self.h.currency
        )
        same(what + " head", ",".join(rows[0]), head)
        items, rest = wire_csv(b, self.h.currency, self.digits)
        same(what + " items", rows[1 : len(items) + 1], items)
        got, at = [], len(items) + 1
        for name in ("adjustment", "tax", "credit"):
            n = sum(1 for r in rest if r[0] == name)
            part = [[name, r[6]] for r in rows[at : at + n]]
            got += part if name == "credit" else sorted(part)
            at += n
        got += [["beyond", r] for r in rows[at:]]
        same(what + " rest (%s)" % rows[len(items) + 1 :], got, rest)
        month = [clock.csv_text(clock.start(b["period"])), clock.csv_text(clock.end(b["period"]) - 1)]
        for r in rows[len(items) + 1 :]:
            if r[2:3] and "adjust" not in r[0].lower():
                same(what + " span", r[3:6], [""] + month)

    def insights(self, now, i, a):
        spans = [(clock.start(clock.period_of(now)), 30)]
        first = (now - self.rng.randint(0, 70 * DAY)) // DAY * DAY
        spans.append((first, self.rng.randint(0, 31)))
        for lo, n in spans:
            hi = lo + n * DAY
            path = "/v2/billing/%s/insights/%s/%s" % (a.urn, clock.date(lo), clock.date(hi))
            rows, page = [], 1
            while True:
                got = self.json("%s?page=%d&per_page=200" % (path, page), i)
                rows += got["data_points"]
                if page >= got["total_pages"]:
                    break
                page += 1
            want = [
                {
                    "usage_team_urn": a.urn,
                    "start_date": p["start_date"],
                    "total_amount": money(p["amount"], self.digits),
                    "region": p["region"],
                    "sku": p["sku"],
                    "description": p["description"],
                    "group_description": p["group"],
                }
                for p in self.world.insights(a, lo, hi, now)
            ]
            same("insights %s" % path, rows, want)
            same("total of insights", got["total_items"], len(want))

    def organization(self, now):
        """The days of all its teams in one list, each with its URN."""
        lo = clock.start(clock.period_of(now))
        path = "/v2/billing/%s/insights/%s/%s" % (self.org, clock.date(lo), clock.date(lo + 20 * DAY))
        points = []
        for i, a in self.accounts.items():
            if i != 1:
                points += [
                    (p["start_date"], a.urn, n)
                    for n, p in enumerate(self.world.insights(a, lo, lo + 20 * DAY, now))
                ]
        answer = self.story.ask("GET", path + "?per_page=200", self.org_token)
        if answer.status != 200:
            raise Failed("GET %s -> %d %s" % (path, answer.status, answer.body[:500]))
        got = [(p["start_date"], p["usage_team_urn"]) for p in answer.json["data_points"]]
        same("days of the organization", got, [p[:2] for p in sorted(points)][:200])

    def charges(self, now, i, a):
        lo = clock.start(clock.period_of(now)) + self.rng.choice([0, 0, -3600, 12345, -40 * DAY])
        hi = lo + self.rng.choice([31 * DAY, 3600, 86400 * 7 + 1])
        path = "/v2/charges?from=%s&to=%s" % (clock.text(lo), clock.text(hi))
        region = self.rng.choice([None, None, "LON1", "nyc3"])
        if region:
            path += "&region=" + region
        got = self.json(path, i, civo=True)
        for row in got:
            for k in ("from", "to"):
                row[k] = row[k].replace("Z", "+00:00")
        same("charges " + path, got, self.world.civo(a, lo, hi, now, region))

    def finish(self, now):
        for (path, i), body in self.kept.items():
            if self.get(path, i).body != body:
                raise Differs("%s of account %d has changed since it was issued" % (path, i))
        self.cli("verify", now=now)


def lines_of(run):
    """What the model made of the account, to look at by hand."""
    out = []
    for a in run.accounts.values():
        out.append("%s billing from %s" % (a.urn, a.billing_from and clock.text(a.billing_from)))
        out += ["  " + show(f) for f in sorted(a.facts, key=lambda f: f.us)]
    return "\n".join(out)


def one(seed, args):
    folder = tempfile.mkdtemp(prefix="billow-model-%d-" % seed) if args.keep else None
    run = Run(seed, args.account, folder)
    try:
        run.live()
        run.story.__exit__(None, None, None)
    except (Differs, Failed, Violation) as e:
        print("seed %d, %s\n  %s" % (seed, getattr(run, "where", "at the beginning"), e))
        if args.keep:
            with open(os.path.join(folder, "facts.txt"), "w", encoding="utf-8") as f:
                f.write(lines_of(run) + "\n")
            print("  kept in " + folder)
        run.story.__exit__(Differs, None, None)
        return False
    except BaseException:
        run.story.__exit__(Differs, None, None)
        raise
    return True


def main():
    p = argparse.ArgumentParser()
    p.add_argument("seed", nargs="*", type=int)
    p.add_argument("--keep", action="store_true")
    p.add_argument("--account", type=int)
    args = p.parse_args()
    t = Tally()
    t.passed, t.failed = check.run()
    first = int(os.environ.get("FIRST_SEED", "1"))
    for seed in args.seed or [0, *range(first, first + int(os.environ.get("SEEDS", "6")))]:
        try:
            t.check("history %d" % seed, one(seed, args))
        except Exception:
            t.check("history %d" % seed, False, traceback.format_exc())
    t.end()


if __name__ == "__main__":
    main()
