"""The model held against published numbers, and against a reading of the rules second by second. Run by
hand or by drive_model.py; prints what failed and `N passed, N failed`."""

import random
import sys
from fractions import Fraction

from . import clock, facts as F, rate, views
from .book import Book
from .number import Num, cut, frac, money, plain, round_half_away
from .world import Account, World, wire_items

passed = failed = 0


def same(what, got, want):
    global passed, failed
    if got == want:
        passed += 1
    else:
        failed += 1
        print("FAIL %s\n  got  %r\n  want %r" % (what, got, want))


def book(**price):
    p = {"from": "2020-01-01T00:00:00Z", "amount": "5.00", "per_hours": 672, "cap_hours": 672}
    p.update(price)
    return {
        "currency": "USD",
        "products": [{"name": "Droplets", "category": "iaas"}, {"name": "Net", "category": "iaas"}],
        "skus": [{"sku": "d", "product": "Droplets", "prices": [p]}],
        "meters": [],
        "taxes": [],
    }


R = "00000000-0000-4000-8000-000000000001"


def event(n, what, time, **data):
    return F.read({"id": "e%d" % n, "source": "t", "type": what, "time": time, "data": dict(data)})


def life(begins, ends=None, **data):
    out = [event(1, "resource.create", begins, resource=R, **dict({"sku": "d"}, **data))]
    if ends:
        out.append(event(2, "resource.delete", ends, resource=R))
    return out


def lines(facts, b, period, instant=None):
    p = clock.period_parse(period)
    return rate.lines(facts, Book(b), p, clock.end(p) - 1 if instant is None else clock.s(instant))


def charge(facts, b, period, instant=None):
    return [money(x.minor) for x in lines(facts, b, period, instant)]


def numbers():
    for v, digits, want in [
        ("0.005", 2, 1),
        ("-0.005", 2, -1),
        ("0.0049", 2, 0),
        ("2.5", 0, 3),
        ("1.0005", 3, 1001),
    ]:
        same("round " + v, round_half_away(frac(v), digits), want)
    same("cut", cut(Fraction(1, 3), 2), Fraction(33, 100))
    for v, want in [("10.000", "10"), ("0.50", "0.5"), ("0", "0"), ("12.25", "12.25"), (Num("100"), "100")]:
        same("plain " + v, plain(frac(v)), want)
    for n, want in [(-5, "-0.05"), (0, "0.00"), (1234, "12.34"), (-100, "-1.00")]:
        same("money", money(n), want)
    for text, want in [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t01:00:00+01:00", 0),
        ("1970-01-01T00:00:00.9999999z", 999999),
        ("1969-12-31T23:59:59-00:01", 59000000),
    ]:
        same("us " + text, clock.us(text), want)


def published():
    """Charges that real bills showed: the unit price is never rounded, the amount once."""
    for hours, want in [(40, "0.30"), (212, "1.58")]:
        end = clock.text(clock.s("2026-03-01T00:00:00Z") + hours * 3600)
        same("%d h of 5.00" % hours, charge(life("2026-03-01T00:00:00Z", end), book(), "2026-03"), [want])
    for amount, quantity, want in [("24.00", 1, "0.86"), ("24.00", 3, "2.57")]:
        f = life("2026-03-01T00:00:00Z", quantity=quantity)
        same("a day of " + amount, charge(f, book(amount=amount), "2026-03", "2026-03-01T23:59:59Z"), [want])
    account = Account("00000000-0000-4000-8000-00000000000a", {}, "1")
    f = life("2026-03-01T00:00:00Z", name="web")
    points = views.insights(
        f,
        Book(book(amount="24.00")),
        account,
        clock.s("2026-03-01T00:00:00Z"),
        clock.s("2026-03-31T00:00:00Z"),
        1 << 40,
    )
    same("31 points", len(points), 31)
    same("the first day", money(points[0]["amount"]), "0.86")
    same("days past the cap", [money(p["amount"]) for p in points[28:]], ["0.00"] * 3)
    same("days sum to the month", money(sum(p["amount"] for p in points)), "24.00")
    same(
        "a long month", [(x.minor, -(-x.seconds // 3600)) for x in lines(f, book(), "2026-03")], [(500, 744)]
    )
    same("February", charge(life("2026-01-01T00:00:00Z"), book(), "2026-02"), ["5.00"])
    half = life("2026-03-01T00:00:00Z", "2026-03-15T00:00:00Z")
    b = book(allowance=[{"meter": "out", "quantity": "2000"}])
    lived = F.by_resource(half, 1 << 40)[R]
    lo, hi = clock.start((2026, 3)), clock.end((2026, 3))
    same("336 h of 2 TB", rate.allowance(lived, Book(b), lo, hi, hi, "out"), 1000)


def civo():
    """The two published rows and a client's fixture."""
    account = Account("00000000-0000-4000-8000-00000000000a", {"zone": "Europe/London"}, "1")
    bk = book()
    bk["skus"][0]["sku"] = "g3.small"
    bk["skus"].append(
        {"sku": "vol", "product": "Droplets", "civo_code": "volume", "prices": bk["skus"][0]["prices"]}
    )
    for start, end, sku, kind, q, want in [
        (
            "2021-09-01T03:59:57+01:00",
            "2021-09-01T04:03:00+01:00",
            "g3.small",
            "instance",
            1,
            ("instance-g3.small", 1, None),
        ),
        ("2021-09-01T09:54:09+01:00", "2021-09-02T04:01:01+01:00", "vol", "volume", 10, ("volume", 18, 10)),
        (
            "2021-09-01T00:00:00Z",
            "2021-09-08T00:00:00Z",
            "g3.small",
            "instance",
            1,
            ("instance-g3.small", 168, None),
        ),
    ]:
        f = life(start, end, sku=sku, kind=kind, quantity=q, name="n", region="NYC1")
        lo, hi = clock.s("2021-09-01T00:00:00Z"), clock.s("2021-10-01T00:00:00Z")
        rows = views.civo_rows(f, Book(bk), account, lo, hi, hi)
        same("civo " + start, [(r["code"], r["num_hours"], r["size_gb"]) for r in rows], [want])
        if start.endswith("+01:00"):
            same("civo times", (rows[0]["from"], rows[0]["to"]), (start, end))
    same("label", rows[0]["label"], "n")


def folding():
    t = "2026-03-01T00:00:0%s"
    sku = {"resource": R, "sku": "d"}
    create = lambda n, at, **d: event(n, "resource.create", t % at, **dict(sku, **d))
    change = lambda n, at, **d: event(n, "resource.change", t % at, resource=R, **d)
    delete = lambda n, at: event(n, "resource.delete", t % at, resource=R)
    at = lambda *x: [clock.s(t % "0Z") + i for i in x]
    for what, fs, want in [
        ("a life", [create(1, "1Z"), delete(2, "5Z")], [(1, 5, 1)]),
        ("void ones", [change(1, "0Z", name="x"), delete(2, "1Z"), create(3, "2Z")], [(2, None, 1)]),
        ("within a second", [create(1, "1.1Z"), delete(2, "1.9Z")], []),
        ("and lives again", [create(1, "1.1Z"), delete(2, "1.5Z"), create(3, "1.7Z")], [(1, None, 1)]),
        ("cut, not rounded", [create(1, "1.999999Z"), delete(2, "3.999999Z")], [(1, 3, 1)]),
        ("no change", [create(1, "1Z", name="a"), change(2, "3Z", name="a")], [(1, None, 1)]),
        (
            "there and back",
            [create(1, "1Z", name="a"), change(2, "3.1Z", name="b"), change(3, "3.2Z", name="a")],
            [(1, None, 1)],
        ),
        ("a second create changes", [create(1, "1Z"), create(2, "3Z", quantity=2)], [(1, None, 2)]),
        ("order by id", [create(2, "1Z"), delete(1, "1Z")], [(1, None, 1)]),
    ]:
        random.Random(1).shuffle(fs)
        got = [(x.birth, x.death, len(x.states)) for x in F.lives(fs)]
        want = [(at(b)[0], at(d)[0] if d is not None else None, n) for b, d, n in want]
        same("fold: " + what, got, want)
    f = F.lives([create(1, "1Z", name="a", quantity=3), change(2, "2Z", quantity=None)])[0]
    same("null resets", f.states[-1][1]["quantity"], 1)
    f = F.lives([create(1, "1Z", name="a"), delete(2, "2Z"), create(3, "4Z")])
    same("nothing is inherited", f[1].states[0][1]["name"], None)
    gone = [create(1, "1Z"), event(9, "fact.retract", t % "0Z", source="t", id="e1")]
    same("retracted", F.standing(gone), [])
    again = gone + [event(8, "fact.retract", t % "0Z", source="t", id="e9")]
    same("a retraction stays", F.standing(again), [])


def steps():
    m = "2026-03-01T00:00:"
    same(
        "a started hour",
        charge(life(m + "00Z", m + "01Z"), book(amount="672.00", increment="1h"), "2026-03"),
        ["1.00"],
    )
    same(
        "minimum of a minute",
        lines(life(m + "00Z", m + "01Z"), book(amount="40320.00", minimum_seconds=60), "2026-03")[0].minor,
        100,
    )
    same(
        "minimum amount", charge(life(m + "00Z", m + "01Z"), book(minimum_amount="0.01"), "2026-03"), ["0.01"]
    )
    same(
        "zero stays zero",
        charge(life(m + "00Z", m + "01Z", quantity=0), book(minimum_amount="0.01"), "2026-03"),
        ["0.00"],
    )
    over = life("2026-03-31T23:59:55Z", "2026-03-31T23:59:58Z")
    b = book(amount="40320.00", minimum_seconds=60)
    got = [(x.minor, x.seconds, x.start == x.end) for x in lines(over, b, "2026-04")]
    same("added time alone", got, [(92, 0, True)])
    same("and before it", [(x.minor, x.seconds) for x in lines(over, b, "2026-03")], [(8, 3)])


def meters():
    for model, q, want in [
        ({"model": "unit", "amount": "0.40", "per": "1000"}, "2500", "1.00"),
        ({"model": "package", "amount": "0.40", "per": "1000"}, "2001", "1.20"),
        ({"model": "package", "amount": "0.40", "per": "1000"}, "2000", "0.80"),
        ({"model": "package", "amount": "0.40", "per": "1000"}, "0", "0.00"),
        ({"model": "graduated", "tiers": [{"up_to": "10", "amount": "1"}, {"amount": "0.5"}]}, "10", "10.00"),
        ({"model": "graduated", "tiers": [{"up_to": "10", "amount": "1"}, {"amount": "0.5"}]}, "12", "11.00"),
        ({"model": "volume", "tiers": [{"up_to": "10", "amount": "1"}, {"amount": "0.5"}]}, "10", "10.00"),
        ({"model": "volume", "tiers": [{"up_to": "10", "amount": "1"}, {"amount": "0.5"}]}, "10.5", "5.25"),
        (
            {"model": "graduated", "per": "10", "tiers": [{"up_to": "10", "amount": "1"}, {"amount": "0.5"}]},
            "20",
            "1.50",
        ),
    ]:
        same("%s of %s" % (model["model"], q), money(round_half_away(rate.tiers(model, frac(q)), 2)), want)
    fs = [
        event(i, "usage", "2026-03-0%dT00:00:00Z" % d, meter="m", quantity=q, value=v)
        for i, (d, q, v) in enumerate([(2, "5", "a"), (1, "7", "b"), (3, "6", "a")])
    ]
    fs.sort(key=F.order)
    for how, want in [("sum", 18), ("max", 7), ("last", 6), ("count", 3), ("unique", 2)]:
        same(how, rate.aggregate(how, fs), want)


def naive(facts, b, period, instant, billing_from=None):
    """Charges of one resource, walked step by step: nothing in bulk, no runs, no heap."""
    p = clock.period_parse(period)
    lo, hi = clock.start(p), min(clock.end(p), instant + 1)
    if billing_from:
        lo = max(lo, billing_from)
    stepped, worn = [], []
    for n, x in enumerate(F.lives([f for f in facts if f.us // 1000000 < hi])):
        end = hi if x.death is None else x.death

        def state_at(sec):
            return [st for at, st in x.states if at <= sec][-1]

        def price_at(sec):
            st = state_at(min(sec, end - 1))
            return st, b.skus[st["sku"]].price(sec) if st["sku"] in b.skus else None

        if x.death is not None:
            _, last = price_at(end - 1)
            stop = max(end, x.birth + last.minimum_seconds) if last else end
        else:
            stop = end
        for sec in range(max(x.birth, lo), min(stop, hi)):
            st, pr = price_at(sec)
            if pr:
                worn.append(pr.minimum_amount)
        at = x.birth
        while at < stop:
            st, pr = price_at(at)
            inc = pr.increment if pr else 1
            if lo <= at < hi and pr:
                stepped.append((at, n, inc, st, pr))
            at += inc
    acc = top = total = Fraction(0)
    for at, n, inc, st, pr in sorted(stepped, key=lambda s: s[:2]):
        c = pr.amount * st["quantity"] * inc / (pr.per_hours * 3600)
        if pr.cap_hours is not None:
            top = max(top, pr.amount * pr.cap_hours / pr.per_hours * st["quantity"])
            c = min(c, max(top - acc, Fraction(0)))
            acc += c
        total += c
    if worn and 0 < total < max(worn):
        total = max(worn)
    return total


def second_by_second():
    rng = random.Random(7)
    for i in range(120):
        prices = []
        for at in sorted(
            rng.sample(
                [
                    "2020-01-01T00:00:00Z",
                    "2026-02-28T23:50:00Z",
                    "2026-03-01T00:07:00Z",
                    "2026-03-01T00:21:30Z",
                ],
                rng.randint(1, 3),
            )
        ):
            p = {
                "from": at,
                "amount": rng.choice(["10", "33.33", "4000"]),
                "per_hours": rng.choice(["1", "3", "672"]),
            }
            if rng.random() < 0.6:
                p["cap_hours"] = rng.choice(["0.1", "0.2", "1"])
            p["increment"] = rng.choice(["1s", "1m", "1h"])
            p["minimum_seconds"] = rng.choice([0, 60, 600])
            p["minimum_amount"] = rng.choice(["0", "0.5", "3"])
            prices.append(p)
        d = book()
        d["skus"] = [{"sku": "d", "product": "Droplets", "prices": prices}, dict(book()["skus"][0], sku="e")]
        d["skus"][1]["prices"] = [dict(prices[0], **{"amount": "77", "from": "2020-01-01T00:00:00Z"})]
        b = Book(d)
        base, fs = clock.s("2026-02-28T23:40:00Z"), []
        for n in range(rng.randint(2, 7)):
            kind = (
                rng.choice(["resource.create", "resource.change", "resource.delete"])
                if n
                else "resource.create"
            )
            at = clock.text_us((base + rng.randint(0, 3600)) * 1000000 + rng.choice([0, 1, 999999]))
            data = {"resource": R}
            if kind != "resource.delete":
                data.update(sku=rng.choice("dde"), quantity=rng.choice(["1", "2", "0.5"]))
            fs.append(event(n, kind, at, **data))
        for period in ("2026-02", "2026-03"):
            instant = min(base + rng.choice([1500, 3000, 9000]), clock.end(clock.period_parse(period)) - 1)
            floor = rng.choice([None, base + 900])
            got = sum(
                (x.exact for x in rate.lines(fs, b, clock.period_parse(period), instant, floor)), Fraction(0)
            )
            same("second by second %d %s" % (i, period), got, naive(fs, b, period, instant, floor))


def months():
    """A close, a late fact, and the adjustment it makes."""
    d = book(amount="672.00")
    d["taxes"] = [{"from": "2020-01-01T00:00:00Z", "country": "DE", "name": "VAT", "percent": "19"}]
    w = World(Book(d))
    a = Account("00000000-0000-4000-8000-00000000000a", {"name": "A", "country": "DE"}, "77")
    w.add_account(0, a)
    ev = lambda n, kind, time, **data: {
        "id": "e%d" % n,
        "source": "t",
        "type": kind,
        "time": time,
        "subject": a.urn,
        "data": dict(data, resource=R),
    }
    create = ev(1, "resource.create", "2026-01-01T00:00:00Z", sku="d", name="x")
    now = clock.s("2026-02-02T00:00:00Z")
    same("accepted", w.take(create, now), "new")
    same("duplicate", w.take(create, now), "duplicate")
    same("conflict", w.take(ev(1, "resource.create", "2026-01-02T00:00:00Z", sku="d"), now), "rejected")
    ((_, b),) = w.close((2026, 1), now)
    same("January", (b["amount"], b["number"]), (79968, "77-1"))
    same("an item", wire_items(b)[0]["duration"], "744")
    same("late", w.take(ev(2, "resource.delete", "2026-01-01T10:00:00Z"), now), "new")
    p = w.preview(a, now)
    same(
        "adjusted",
        (p["amount"], p["adjustments"][0]["amount"], p["taxes"][0]["amount"]),
        (1190 - 79968, 1000 - 67200, 190 - 12768),
    )
    ((_, n),) = w.close((2026, 2), clock.s("2026-03-02T00:00:00Z"))
    same(
        "a credit note",
        (n["amount"], [h["type"] for h in w.history(a)]),
        (1190 - 79968, ["Credit", "Invoice"]),
    )
    same("nothing is left", w.pending(a), [])
    same("no third", w.close((2026, 3), clock.s("2026-04-02T00:00:00Z")), [])


def run():
    for part in (numbers, published, civo, folding, steps, meters, second_by_second, months):
        part()
    return passed, failed


if __name__ == "__main__":
    run()
    print("%d passed, %d failed" % (passed, failed))
    sys.exit(failed != 0)
