"""Random histories. A seed gives the same history for ever; what it is made of is meant to be odd.

A history is a list of steps in the order of their clock:

("join", now, account)                 an account is added ("import", now, batches)               batches:
(form, list of wire events), each one file; form: ndjson or csv ("set", now, account, fields, from)
fields of the account that change ("post", now, account, kind, amount text, ref, expiry text or None)
("book", now, book dictionary) ("close", now, period) ("check", now)                         compare
everything """

import copy
import random

from . import clock
from .number import Num

STARTS = [(2025, 12), (2026, 1), (2026, 2), (2024, 1), (2024, 2), (2026, 7), (2025, 11)]
NAMES = ["web-1", "db", "=SUM(A1)", "Zürich", "a,b", 'the "old" one', "日本", "-x", "web-1", None]
PROJECTS = ["shop", "blog", None]
REGIONS = ["nyc3", "lon1", "fra1"]


class History:
    def __init__(self, seed):
        self.seed = seed
        self.rng = random.Random(seed)
        self.steps = []
        self.currency = self.rng.choice(["USD"] * 6 + ["EUR", "JPY", "KWD"])
        self.digits = {"JPY": 0, "KWD": 3}.get(self.currency, 2)
        first = self.rng.choice(STARTS)
        self.months = [first]
        for _ in range(3):
            self.months.append(clock.next_period(self.months[-1]))
        self.start = clock.start(first)
        self.finish = clock.end(self.months[2])
        self.dense = self.rng.random() < 0.35  # everything happens around the turns of the months
        self.book = self.first_book = make_book(self.rng, self.currency, self.months, self.dense)
        self.accounts = [self.make_account(i) for i in range(self.rng.choice([2, 2, 3]))]
        self.make_steps()

    # ---- accounts

    def uuid(self):
        return "%08x-%04x-4%03x-8%03x-%012x" % (
            self.rng.getrandbits(32),
            self.rng.getrandbits(16),
            self.rng.getrandbits(12),
            self.rng.getrandbits(12),
            self.rng.getrandbits(48),
        )

    def make_account(self, i):
        rng = self.rng
        address = rng.choice(
            [
                {"country": "US", "region": "NY", "city": "Albany"},
                {"country": "US", "region": "WA", "postal_code": "98101"},
                {"country": "DE", "address_line1": "Hauptstr. 1", "city": "Köln"},
                {"country": "FR"},
                {},
            ]
        )
        base = {"name": "Customer %d" % i, "email": "c%d@example.com" % i, **address}
        if rng.random() < 0.3:
            base["company"] = "Example & Sons, Ltd"
        if rng.random() < 0.3:
            base["tax_id"] = "DE%09d" % rng.randrange(10**9)
        if rng.random() < 0.12:
            base["tax_exempt"] = True
        base["zone"] = rng.choice(["UTC", "UTC", "Europe/London", "America/New_York", "Asia/Kolkata"])
        billing_from = None
        if rng.random() < 0.25:
            billing_from = self.start + rng.choice([0, 0, 86400 * 3 + 7, 86400 * 40 + 1800])
        return {
            "uuid": self.uuid(),
            "base": base,
            "number": "%d" % (1000 + i),
            "joins": 3 if i and rng.random() < 0.15 else None,
            "billing_from": billing_from,
            "opening": self.amount(-50, 50) if rng.random() < 0.2 else None,
        }

    def amount(self, lo, hi):
        v = self.rng.randint(lo * 10**self.digits, hi * 10**self.digits) or 1
        sign, v = ("-", -v) if v < 0 else ("", v)
        if self.digits == 0:
            return "%s%d" % (sign, v)
        return "%s%d.%0*d" % (sign, v // 10**self.digits, self.digits, v % 10**self.digits)

    # ---- events

    def moment(self, lo=None, hi=None):
        """A microsecond in the three months, with a liking for their edges and for whole hours."""
        rng = self.rng
        lo = self.start - 86400 * 3 if lo is None else lo
        hi = self.finish if hi is None else hi
        kind = rng.random()
        if self.dense and kind > 0.05:
            sec = clock.start(rng.choice(self.months)) + rng.randint(-4000, 8000)
            if kind < 0.3:
                sec = sec // 60 * 60
        elif kind < 0.25:
            sec = clock.start(rng.choice(self.months)) + rng.choice(
                [-3601, -61, -2, -1, 0, 1, 2, 59, 3599, 86399, 86400]
            )
        elif kind < 0.35:
            sec = rng.randint(lo, hi) // 3600 * 3600
        else:
            sec = rng.randint(lo, hi)
        sec = min(max(sec, lo), hi)
        return sec * 1000000 + rng.choice([0, 0, 0, 1, 500000, 999999])

    def time_text(self, us):
        """The same instant in one of the forms that RFC 3339 allows."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.7:
            return clock.text_us(us)
        if kind < 0.8:
            return clock.text_us(us).replace("T", "t").replace("Z", "z")
        if kind < 0.9:
            offset = rng.choice([60, -300, 330])
            t = clock.text_us(us + offset * 60 * 1000000)
            return t[:-1] + "%s%02d:%02d" % ("+" if offset > 0 else "-", abs(offset) // 60, abs(offset) % 60)
        t = clock.text_us(us)[:-1]
        return (t if "." in t else t + ".000000") + "%03dZ" % rng.randrange(1000)

    def quantity_text(self, v):
        rng = self.rng
        kind = rng.random()
        if kind < 0.4:
            return v
        if kind < 0.7:
            return Num(v)
        return v + ("0" if "." in v else ".0")

    def event(self, account, kind, us, data, id=None):
        self.n_event = getattr(self, "n_event", 0) + 1
        return {
            "specversion": "1.0",
            "id": id or "%s%d" % (self.rng.choice(["e", "E", "é", "a-"]), self.n_event),
            "source": self.rng.choice(["/fleet", "/fleet", "/net", "/Z"]),
            "type": kind,
            "subject": "do:team:" + account["uuid"],
            "time": self.time_text(us),
            "data": data,
        }

    def fields(self, full):
        rng = self.rng
        d = {}
        if rng.random() < (0.93 if full else 0.4):
            d["sku"] = rng.choice(self.book["skus"])["sku"]
        if rng.random() < 0.4:
            d["quantity"] = self.quantity_text(
                rng.choice(["1", "2", "10", "0.5", "3", "0", "1.234567890123"[: rng.randint(3, 14)]])
            )
        for key, values, p in (
            ("region", REGIONS, 0.6 if full else 0.15),
            ("name", NAMES, 0.8 if full else 0.2),
            ("project", PROJECTS, 0.4 if full else 0.15),
            ("group", ["k8s", "g2", None], 0.2 if full else 0.1),
            ("kind", ["droplet", "volume", "ip", "snapshot", "instance"], 0.6 if full else 0.05),
        ):
            if rng.random() < p:
                v = rng.choice(values)
                if v is not None or not full:
                    d[key] = v
        if rng.random() < 0.15:
            d["resource_id"] = Num(str(rng.randrange(10**6)))
        if rng.random() < 0.1:
            d["tags"] = ["a", "b"]
        if not full and not d:
            d["quantity"] = "2"
        return d

    def life(self, account):
        """The events of one resource: mostly sane, sometimes in an order that makes no sense."""
        rng = self.rng
        resource, out = self.uuid(), []
        n = rng.choice([1, 2, 2, 3, 4, 6, 9])
        if rng.random() < 0.3:  # short lives, one after another
            at = self.moment() // 1000000
            for _ in range(n):
                out.append(
                    self.event(
                        account,
                        "resource.create",
                        at * 1000000 + rng.choice([0, 400000]),
                        {"resource": resource, **self.fields(True)},
                    )
                )
                at += rng.choice([0, 1, 3, 59, 60, 61, 600, 1500])
                out.append(
                    self.event(
                        account,
                        "resource.delete",
                        at * 1000000 + rng.choice([0, 500000]),
                        {"resource": resource},
                    )
                )
                at += rng.choice([0, 1, 30, 4000])
            return out
        times = sorted(self.moment() for _ in range(n))
        if self.dense:  # one after another, close together
            times = [
                times[0] + sum(rng.choice([0, 1, 59, 60, 1800, 3599, 3600, 3601]) for _ in range(k)) * 1000000
                for k in range(n)
            ]
        if n > 1 and rng.random() < 0.2:
            times[1] = times[0]
        for i, at in enumerate(times):
            kind = (
                "resource.create"
                if i == 0
                else rng.choice(["resource.change"] * 3 + ["resource.delete"] * 2 + ["resource.create"])
            )
            if i == 0 and rng.random() < 0.05:
                kind = "resource.change"
            data = {"resource": resource.upper() if rng.random() < 0.1 else resource}
            if kind != "resource.delete":
                data.update(self.fields(kind == "resource.create"))
            out.append(self.event(account, kind, at, data))
        return out

    def usage(self, account, resources):
        rng = self.rng
        meter = rng.choice(self.book["meters"])
        data = {"meter": meter["meter"]}
        if meter["aggregate"] not in ("count", "unique") or rng.random() < 0.3:
            data["quantity"] = self.quantity_text(
                rng.choice(
                    [
                        "1",
                        "0",
                        "12.5",
                        "999",
                        "1000",
                        "1001",
                        "0.000000000001",
                        "40",
                        "2500.75",
                        "9999999999.999999999999",
                    ]
                )
            )
        if meter["aggregate"] == "unique" or rng.random() < 0.2:
            data["value"] = rng.choice(["u1", "u2", "u3", "ü"])
        if rng.random() < 0.5:
            data["resource"] = rng.choice(resources)
        if rng.random() < 0.4:
            data["region"] = rng.choice(REGIONS)
        if rng.random() < 0.3:
            data["project"] = rng.choice(["shop", "blog"])
        return self.event(account, "usage", self.moment(), data)

    def face_change(self, account):
        rng = self.rng
        data = rng.choice(
            [
                {"country": "DE", "region": None, "tax_id": None},
                {"country": "US", "region": "NY"},
                {"tax_id": "X1"},
                {"tax_exempt": True},
                {"tax_exempt": False},
                {"name": "Renamed"},
                {"company": None, "city": "Sofia"},
                {"zone": "Europe/London"},
            ]
        )
        return self.event(account, "account.change", self.moment(), dict(data))

    def events_of(self, account):
        rng = self.rng
        out = []
        for _ in range(rng.randint(2, 7)):
            out += self.life(account)
        resources = sorted({e["data"]["resource"].lower() for e in out})
        for _ in range(rng.randint(5, 40)):
            out.append(self.usage(account, resources))
        for _ in range(rng.choice([0, 0, 1, 2, 4])):
            out.append(self.face_change(account))
        for _ in range(rng.choice([0, 1, 1, 3])):
            target = rng.choice(out)
            out.append(
                self.event(
                    account, "fact.retract", self.moment(), {"source": target["source"], "id": target["id"]}
                )
            )
        return out

    # ---- the order of things

    def make_steps(self):
        rng = self.rng
        m1, m2, m3, m4 = self.months
        day = 86400
        points = [
            clock.start(m1) + rng.randint(0, 20 * day),
            clock.end(m1) + (rng.randint(-4000, 8000) if self.dense else -rng.choice([1, 3600, 5 * day])),
            clock.end(m1) + day,  # the earliest close of the first month
            clock.end(m1) + rng.randint(2 * day, 20 * day),
            clock.end(m2) + day + rng.randint(0, day),
            clock.end(m2) + rng.randint(3 * day, 20 * day),
            clock.end(m3) + day,
            clock.end(m3) + rng.randint(2 * day, 20 * day),
        ]
        arriving = [[] for _ in points]
        kept = []
        for account in self.accounts:
            for e in self.events_of(account):
                first = [i for i, now in enumerate(points) if clock.us(e["time"]) <= (now + 300) * 1000000]
                first = [i for i in first if i >= (account["joins"] or 0)]
                i = first[0]
                if rng.random() < 0.15:
                    i = rng.choice(first)
                arriving[i].append(e)
                kept.append((i, e))
        for i, e in kept:
            if rng.random() < 0.08:
                arriving[rng.randint(i, len(points) - 1)].append(self.again(e))
            if rng.random() < 0.03 and i + 1 < len(points):
                arriving[rng.randint(i + 1, len(points) - 1)].append(self.conflict(e))
        for i, account in enumerate(self.accounts):
            if account["joins"] is None:
                self.steps.append(("join", self.start, i))
        for i, now in enumerate(points):
            events = arriving[i]
            here = [k for k, a in enumerate(self.accounts) if i >= (a["joins"] or 0)]
            self.steps += [("join", now, k) for k in here if self.accounts[k]["joins"] == i]
            if rng.random() < 0.2:
                events.append(
                    self.event(
                        {"uuid": self.uuid()}, "resource.delete", now * 1000000, {"resource": self.uuid()}
                    )
                )
            rng.shuffle(events)
            self.steps.append(("import", now, self.split(events)))
            for account in here:
                if rng.random() < 0.35:
                    self.steps.append(self.posting(now, account, i))
                if rng.random() < 0.06:
                    at = max(now - rng.choice([0, 86400 * 3 + 11, 86400 * 40 + 13]), self.start)
                    self.steps.append(("set", now, account, self.setting(), at))
            if i == 3 and rng.random() < 0.5:
                self.book = self.newer_book(now)
                self.steps.append(("book", now, self.book))
            if i == 5 and rng.random() < 0.4:
                self.book = self.moved_book()
                self.steps.append(("book", now, self.book))
            if i in (2, 4, 6):
                self.steps.append(("check", now))
                if i != 2 or rng.random() < 0.8:  # else two months are closed at once
                    self.steps.append(("close", now, {2: m1, 4: m2, 6: m3}[i]))
            self.steps.append(("check", now))
            later = now + rng.choice([61, 3600, 86400])
            # A preview is kept for a minute: no two looks are closer than that, unless something was written between.
            if (
                rng.random() < 0.25
                and i not in (2, 4, 6)
                and i + 1 < len(points)
                and later + 61 < points[i + 1]
            ):
                self.steps.append(("check", later))

    def setting(self):
        return dict(
            self.rng.choice(
                [
                    {"company": "New & Co"},
                    {"tax_id": "Q9", "name": "Set"},
                    {"country": "DE", "region": ""},
                    {"tax_exempt": True},
                    {"tax_exempt": False},
                    {"zone": "Asia/Tokyo"},
                ]
            )
        )

    def again(self, e):
        """The same event in another spelling."""
        e = copy.deepcopy(e)
        e["time"] = self.time_text(clock.us(e["time"]))
        if e["data"].get("quantity") is not None:
            q = str(e["data"]["quantity"])
            e["data"]["quantity"] = q + ("00" if "." in q else "") if len(q) < 14 else q
        items = list(e["data"].items())
        self.rng.shuffle(items)
        e["data"] = dict(items)
        e["dataschema"] = "https://example.com/any"
        return e

    def conflict(self, e):
        e = copy.deepcopy(e)
        us = clock.us(e["time"])
        e["time"] = clock.text_us(us - 1000000)
        return e

    def split(self, events):
        """Into one to four batches."""
        cuts = sorted(self.rng.randint(0, len(events)) for _ in range(self.rng.randint(0, 3)))
        parts = [events[a:b] for a, b in zip([0] + cuts, cuts + [len(events)])]
        return [self.form(p) for p in parts if p]

    def form(self, events):
        """CSV has no null, no lists and no telling of a number from a text."""
        plain = all(
            v is not None and not isinstance(v, (list, bool)) for e in events for v in e["data"].values()
        )
        return ("csv" if plain and self.rng.random() < 0.7 else "ndjson", events)

    def posting(self, now, account, i):
        rng = self.rng
        kind = rng.choice(
            ["pay", "pay", "refund", "chargeback", "credit", "credit", "hold", "hold", "adjust"]
        )
        amount = self.amount(-20, 20) if kind == "adjust" else self.amount(1, 30)
        expires = None
        if kind == "hold":
            kind = "credit"
            expires = clock.text(now + rng.choice([1, 86400, 86400 * 31, 86400 * 90]))
        return (
            "post",
            now,
            account,
            kind,
            amount,
            "ref-%d-%d-%d" % (account, i, rng.randrange(1000)),
            expires,
        )

    def newer_book(self, now):
        """The current book with a price, a meter price and a tax that begin later: closed months do not
        move."""
        rng = self.rng
        b = copy.deepcopy(self.book)
        at = clock.text(now + rng.randint(1, 86400 * 30))
        sku = rng.choice(b["skus"])
        if clock.s(sku["prices"][-1]["from"]) < clock.s(at):
            sku["prices"].append(dict(sku["prices"][-1], **{"from": at, "amount": "13.37"}))
        meter = rng.choice(b["meters"])
        if clock.s(meter["prices"][-1]["from"]) < clock.s(at):
            meter["prices"].append(dict(rng.choice(b["meters"])["prices"][0], **{"from": at}))
        b["taxes"].append({"from": at, "country": "DE", "name": "VAT", "percent": "16"})
        return b

    def moved_book(self):
        """A book that says something else of the past."""
        b = copy.deepcopy(self.book)
        sku = self.rng.choice(b["skus"])
        sku["prices"][0]["amount"] = "7.77"
        return b


def make_book(rng, currency, months, dense):
    start, finish = clock.start(months[0]), clock.end(months[2])

    def some_time():
        if dense:
            return clock.start(rng.choice(months)) + rng.randint(-4000, 8000)
        return rng.randint(start, finish)

    def price(at, **more):
        p = {
            "from": clock.text(at),
            "amount": rng.choice(["5.00", "24.00", "0.333333333333", "672", "99.99", "0"] + ["3.5"] * 3),
        }
        p["per_hours"] = rng.choice([672, 672, 730, 1, "24"])
        if rng.random() < 0.75:
            p["cap_hours"] = rng.choice([1, 1, 2, 672] if dense else [672, 672, 672, 100, 2, 1])
        if rng.random() < 0.6:
            p["increment"] = rng.choice(["1s", "1m", "1h", "1h"])
        if rng.random() < (0.7 if dense else 0.4):
            p["minimum_seconds"] = rng.choice([60, 3600, 3600, 5400] if dense else [60, 60, 3600, 7])
        if rng.random() < 0.4:
            p["minimum_amount"] = rng.choice(["0.01", "0.01", "2", "1.005"])
        if rng.random() < 0.4:
            p["allowance"] = [{"meter": "bandwidth_out", "quantity": rng.choice(["1000", "333.333", "10"])}]
            if rng.random() < 0.2:
                p["allowance"].append({"meter": "api_requests", "quantity": "5"})
        p.update(more)
        return p

    def prices():
        first = [1577836800] if rng.random() < 0.8 else [start + rng.randint(0, 40 * 86400)]
        more = [some_time() for _ in range(rng.choice([0, 0, 1, 2]))]
        return [price(x) for x in sorted(set(first + [m for m in more if m > first[0]]))]

    skus = []
    for i in range(rng.randint(2, 5)):
        sku = {"sku": "s-%d" % i, "product": rng.choice(["Droplets", "Volumes", "Free"])}
        if rng.random() < 0.3:
            sku["unit"] = "GiB"
        if rng.random() < 0.3:
            sku["civo_code"] = "code.%d" % i
        sku["prices"] = prices()
        skus.append(sku)

    def meter_price(x):
        model = rng.choice(["unit", "package", "graduated", "volume"])
        p = {"from": clock.text(x), "model": model}
        if model in ("unit", "package"):
            p["amount"] = rng.choice(["0.01", "1.005", "0.4", "0"])
        else:
            p["tiers"] = [
                {"up_to": rng.choice(["10", "12.5"]), "amount": "0.1"},
                {"up_to": rng.choice(["1000", "1001"]), "amount": rng.choice(["0.05", "0.2"])},
                {"amount": "0.008"},
            ][rng.choice([0, 1]) :]
        if model == "package" or rng.random() < 0.4:
            p["per"] = rng.choice(["1", "10", "1000", "2.5"])
        return p

    def meter(name, product, aggregate, by=None, overages=False, unit=None):
        m = {"meter": name, "product": product, "aggregate": aggregate}
        if by:
            m["by"] = by
        if overages:
            m["section"] = "overages"
        if unit:
            m["unit"] = unit
        froms = [1577836800] if rng.random() < 0.85 else [start + 86400]
        if rng.random() < 0.4:
            froms.append(start + rng.randint(2 * 86400, 70 * 86400))
        m["prices"] = [meter_price(x) for x in froms]
        return m

    return {
        "currency": currency,
        "grace": "24h",
        "sellers": [
            {
                "name": "Example Cloud Ltd",
                "address": {"city": "Riga", "country": "LV"},
                "tax_id": "LV1",
                "terms_days": 14,
            }
        ],
        "regions": REGIONS,
        "products": [
            {"name": "Droplets", "category": "iaas"},
            {"name": "Volumes", "category": "iaas", "tax": "reduced"},
            {"name": "Free", "category": "saas", "tax": "exempt"},
            {"name": "Bandwidth", "category": "iaas"},
            {"name": "API", "category": "paas"},
        ],
        "skus": skus,
        "meters": [
            meter("bandwidth_out", "Bandwidth", "sum", overages=True, unit="GiB"),
            meter("api_requests", "API", "sum", by=rng.choice([None, "account"])),
            meter(
                "traffic",
                "Bandwidth",
                rng.choice(["sum", "last"]),
                by="resource",
                overages=rng.random() < 0.5,
            ),
            meter("peak", "API", rng.choice(["max", "last"]), by=rng.choice(["resource", "account"])),
            meter("calls", "API", "count", by=rng.choice(["resource", "account"])),
            meter("users", "API", "unique"),
        ],
        "taxes": [
            {
                "from": "2020-01-01T00:00:00Z",
                "country": "US",
                "region": "NY",
                "name": "STATE SALES TAX",
                "percent": "6.25",
            },
            {"from": "2020-01-01T00:00:00Z", "country": "US", "name": "CITY", "percent": "1.005"},
            {
                "from": "2020-01-01T00:00:00Z",
                "country": "DE",
                "name": "VAT",
                "percent": "19",
                "tax": "standard",
                "reverse_charge": "Reverse charge",
            },
            {
                "from": "2020-01-01T00:00:00Z",
                "country": "DE",
                "name": "VAT low",
                "percent": "7",
                "tax": "reduced",
            },
            {
                "from": clock.text(start + rng.randint(0, 60) * 86400 + rng.randint(0, 9)),
                "country": "US",
                "region": "NY",
                "name": "STATE SALES TAX",
                "percent": "8.875",
            },
        ],
    }


class Corners(History):
    """Seed 0: by hand, the meetings of rules that chance brings about too seldom. One account a corner, all
    around the turn of January 2026."""

    SKUS = {
        "hour": {"amount": "10", "per_hours": 1, "cap_hours": 1, "minimum_seconds": 3600},
        "dear": {"amount": "20", "per_hours": 1, "cap_hours": 1},
        "pool": {
            "amount": "3",
            "per_hours": 2,
            "cap_hours": 2,
            "minimum_seconds": 5400,
            "allowance": [{"meter": "out", "quantity": "1000"}],
        },
        "step": {"amount": "7.003", "per_hours": 1, "increment": "1h", "minimum_seconds": 60},
        "least": {"amount": "0.01", "per_hours": 672, "minimum_amount": "3"},
        "free": {"amount": "0", "per_hours": 1, "minimum_amount": "3", "increment": "1m"},
    }
    # Name of the corner: minutes after 22:00 on the 31st, what happens, to which resource, with which data.
    STORIES = {
        "added time runs beside the next life, up to a shared cap": """
            0 create 1 sku=hour
            10 delete 1
            20 create 1 sku=dear
            95 delete 1
            100 create 1 sku=hour
            101 delete 1
            102 create 1 sku=hour quantity=2
        """,
        "an ended life still brings what its minimum brings": """
            0 create 1 sku=pool
            10 delete 1
            12 usage 1 meter=out quantity=600
            110 create 2 sku=pool
            118 delete 2
            121 usage 2 meter=out quantity=700
        """,
        "a living one is counted on to the end": """
            100 create 1 sku=pool quantity=0.333333333333
            105 usage 1 meter=out quantity=999
            121 usage 1 meter=out quantity=999
            130 change 1 sku=dear
            200 change 1 sku=pool
        """,
        "states swallowed by a step, one of them with a minimum": """
            0 create 1 sku=step
            5 change 1 sku=least
            6 change 1 sku=step quantity=2
            59 change 1 sku=free
            61 change 1 sku=dear
            90 delete 1
        """,
        "a step over the turn, and a life that it swallows": """
            70 create 1 sku=step
            119.95 change 1 quantity=3
            120.5 delete 1
            119.99 create 2 sku=step
            119.995 delete 2
            90 create 3 sku=hour
            100 delete 3
        """,
        "nothing stays nothing, and little becomes the least": """
            0 create 1 sku=free
            1 delete 1
            2 create 2 sku=least
            3 delete 2
            115 create 3 sku=free
            125 change 3 sku=least
            126 delete 3
        """,
    }

    def __init__(self):
        self.seed, self.rng = 0, random.Random(0)
        self.currency, self.digits, self.dense = "USD", 2, True
        self.months = [(2026, 1), (2026, 2), (2026, 3), (2026, 4)]
        self.start, self.finish = clock.start((2026, 1)), clock.end((2026, 3))
        turn = clock.end((2026, 1))
        since = "2020-01-01T00:00:00Z"
        later = {"hour": "2026-01-31T22:30:00Z", "step": "2026-01-31T23:30:10Z"}
        skus = []
        for name, price in self.SKUS.items():
            prices = [{"from": since, **price}]
            if name in later:
                prices.append({"from": later[name], **price, "amount": "11.111"})
            skus.append({"sku": name, "product": "Droplets", "prices": prices})
        self.book = self.first_book = {
            "currency": "USD",
            "products": [{"name": "Droplets", "category": "iaas"}, {"name": "Bandwidth", "category": "iaas"}],
            "skus": skus,
            "meters": [
                {
                    "meter": "out",
                    "product": "Bandwidth",
                    "section": "overages",
                    "aggregate": "sum",
                    "prices": [{"from": since, "model": "unit", "amount": "0.5"}],
                }
            ],
            "taxes": [{"from": since, "country": "DE", "name": "VAT", "percent": "19"}],
        }
        base = {"name": "Corner", "email": "c@example.com", "country": "DE", "zone": "UTC"}
        self.accounts, events = [], []
        for story in self.STORIES.values():
            for bound in (None, turn - 7200 + 1500):  # the same once more for one who is billed from 22:25 on
                number = str(100 + len(self.accounts))
                a = {"uuid": self.uuid(), "base": base, "number": number, "joins": None}
                a.update(billing_from=bound, opening=None)
                self.accounts.append(a)
                events += self.told(a, story, turn - 7200)
        self.steps = [("join", self.start, n) for n in range(len(self.accounts))]
        for now in [turn - 7200 + m * 60 for m in (11, 13, 21, 65, 97, 106, 119, 120, 122, 131, 180, 240)]:
            due = [e for at, e in events if at <= now]
            events = [(at, e) for at, e in events if at > now]
            self.steps += [("import", now, [("ndjson", due)] if due else []), ("check", now)]
        for at, period in ((turn + 86400, (2026, 1)), (clock.end((2026, 2)) + 86400, (2026, 2))):
            self.steps += [("check", at), ("close", at, period), ("check", at)]

    def told(self, account, story, zero):
        """The events of a story, each with the second at which it can arrive."""
        ids, out = {}, []
        for line in story.split("\n"):
            if not line.strip():
                continue
            minutes, kind, resource, *data = line.split()
            us = zero * 1000000 + int(float(minutes) * 60000000)
            data = {"resource": ids.setdefault(resource, self.uuid()), **dict(d.split("=") for d in data)}
            kind = kind if kind == "usage" else "resource." + kind
            out.append((us // 1000000, self.event(account, kind, us, data)))
        return out
