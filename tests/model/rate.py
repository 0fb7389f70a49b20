"""Facts and prices to exact charges, and those to rounded lines.

A life is a track of steps. A step begins where the one before ended, is as long as the increment of the
price in force at its first second, counts whole, and belongs to that second: its period, its day, its SKU,
size and price. A bill at a second T counts the steps that begin up to and with T. """

import heapq
from fractions import Fraction

from . import clock, facts as F
from .number import cut, plain, round_half_away

HOUR = 3600


class Segment:
    """A time within which neither state nor price change."""

    def __init__(self, u, v, state, sku, price, added):
        self.u, self.v, self.state, self.sku, self.price, self.added = u, v, state, sku, price, added

    def key(self):
        st = self.state
        return (
            st["sku"],
            self.price.start,
            st["quantity"],
            st["region"] or "",
            st["project"] or "",
            st["group"] or "",
        )


def segments(life, book, horizon):
    """The track of a life, cut wherever state or price change; seconds added by a minimum come last."""
    end = horizon if life.death is None else life.death
    parts = []
    for i, (sec, state) in enumerate(life.states):
        upto = life.states[i + 1][0] if i + 1 < len(life.states) else end
        parts.append((sec, upto, state, False))
    if life.death is not None:
        state = life.states[-1][1]
        sku = book.skus.get(state["sku"])
        price = sku.price(life.death - 1) if sku else None
        if price and life.birth + price.minimum_seconds > life.death:
            parts.append((life.death, life.birth + price.minimum_seconds, state, True))
    out = []
    for u, v, state, added in parts:
        if u >= v:
            continue
        sku = book.skus.get(state["sku"])
        at = [u] + (sku.cuts(u, v) if sku else []) + [v]
        for a, b in zip(at, at[1:]):
            out.append(Segment(a, b, state, sku, sku.price(a) if sku else None, added))
    return out


def runs(segs, lo, hi):
    """Steps as (first, length, count, segment), those only that begin in [lo, hi)."""
    out, at = [], None
    for g in segs:
        at = g.u if at is None else max(at, g.u)
        if at >= g.v:
            continue
        inc = g.price.increment if g.price else 1
        n = -(-(g.v - at) // inc)
        first = 0 if at >= lo else -(-(lo - at) // inc)
        last = min(n, -(-(hi - at) // inc)) if hi > at else 0
        if last > first:
            out.append((at + first * inc, inc, last - first, g))
        at += n * inc
    return out


def in_time(tracks):
    """Steps of several lives of one resource in the order of their first second, in bulk where only one of
    them steps. Where two begin together the earlier life goes first."""
    heap = [(t[0][0], i, 0, 0) for i, t in enumerate(tracks) if t]
    heapq.heapify(heap)
    while heap:
        at, i, r, done = heapq.heappop(heap)
        first, inc, n, g = tracks[i][r]
        left = n - done
        take = left
        if heap:
            other, j = heap[0][0], heap[0][1]
            room = (other - at) // inc + (1 if i < j or (other - at) % inc else 0)
            take = max(1, min(left, room))
        yield take, inc, g
        if take < left:
            heapq.heappush(heap, (at + take * inc, i, r, done + take))
        elif r + 1 < len(tracks[i]):
            heapq.heappush(heap, (tracks[i][r + 1][0], i, r + 1, 0))


class Line:
    """What one key of a resource, or one meter, comes to in a period."""

    def __init__(self):
        self.exact = Fraction(0)
        self.minor = 0
        self.first = None  # earliest second, added time too: the order of rounding
        self.start = self.end = None  # what is shown; the end is that of real time
        self.seconds = 0
        self.state = None
        self.sku = self.price = self.meter = None
        self.key = None
        self.resource = None
        self.resource_id = self.region = self.project = self.group = None
        self.facts = 0


def resource_lines(lives, book, lo, hi):
    """Lines of one resource in [lo, hi), exact, in the order in which they are rounded. `hi` is where a
    running life is held to end."""
    lines = {}
    tracks = []
    least = Fraction(0)
    for life in lives:
        segs = segments(life, book, hi)
        tracks.append(runs(segs, lo, hi))
        for g in segs:
            u, v = max(g.u, lo), min(g.v, hi)
            if g.price is None or u >= v:
                continue
            line = lines.setdefault(g.key(), Line())
            line.key, line.sku, line.price = g.key(), g.sku, g.price
            line.first = u if line.first is None else min(line.first, u)
            if g.added:
                line.state = line.state or g.state
            else:
                line.seconds += v - u
                line.end = v if line.end is None else max(line.end, v)
                line.state = g.state
            least = max(least, g.price.minimum_amount)
    accrued = dearest = Fraction(0)
    for n, inc, g in in_time(tracks):
        if g.price is None:
            continue
        charge = g.price.charge(g.state["quantity"], n * inc)
        monthly = g.price.monthly(g.state["quantity"])
        if monthly is not None:
            dearest = max(dearest, monthly)
            charge = min(charge, max(Fraction(0), dearest - accrued))
            accrued += charge
        lines[g.key()].exact += charge
    ordered = sorted(
        lines.values(),
        key=lambda x: (x.first,) + resource_key(x.key),
    )
    total = sum((x.exact for x in ordered), Fraction(0))
    if 0 < total < least:
        for i, x in enumerate(ordered):
            x.exact = least if i == 0 else Fraction(0)
    for x in ordered:
        x.start = x.first
        x.end = x.end or x.first
    return ordered


def allowance(lives, book, lo, hi, end, meter):
    """Included quantity of a meter that one resource brings: it accrues as money does, up to the largest it
    wore. A resource that lives at `hi` is counted on to the period's end."""
    tracks = [runs(segments(x, book, end), lo, end if x.death is None else hi) for x in lives]
    free = accrued = largest = Fraction(0)
    for n, inc, g in in_time(tracks):
        if g.price is None or meter not in g.price.allowance:
            continue
        whole = g.price.allowance[meter] * g.state["quantity"]
        if g.price.cap_hours is None:
            free += whole * n * inc / (g.price.per_hours * HOUR)
        else:
            largest = max(largest, whole)
            more = min(whole * n * inc / (g.price.cap_hours * HOUR), max(Fraction(0), largest - accrued))
            accrued += more
    return free + accrued


def tiers(price, quantity):
    """What a quantity costs under a meter's price."""
    per = Fraction(price.get("per", 1))
    model = price["model"]
    if model == "unit":
        return Fraction(price["amount"]) * quantity / per
    if model == "package":
        return Fraction(price["amount"]) * -(-(quantity / per).numerator // (quantity / per).denominator)
    total, below = Fraction(0), Fraction(0)
    for t in price["tiers"]:
        top = Fraction(t["up_to"]) if "up_to" in t else None
        if model == "volume":
            if top is None or quantity <= top:
                return Fraction(t["amount"]) * quantity / per
        else:
            upto = quantity if top is None else min(quantity, top)
            if upto > below:
                total += Fraction(t["amount"]) * (upto - below) / per
                below = upto
    return total


def aggregate(how, group):
    if how == "sum":
        return sum((f.data["quantity"] for f in group), Fraction(0))
    if how == "max":
        return max(f.data["quantity"] for f in group)
    if how == "last":
        return group[-1].data["quantity"]
    if how == "count":
        return Fraction(len(group))
    return Fraction(len({f.data["value"] for f in group}))


def meter_lines(meter, usage, book, period, included):
    """Lines of one meter, exact, in the order in which they are rounded. `usage` is in order."""
    price = meter.price(period)
    if price is None or not usage:
        return []
    groups = {}
    for f in usage:
        groups.setdefault(f.data.get("resource", "") if meter.by_resource else "", []).append(f)
    out = []
    for resource, group in sorted(groups.items()):
        quantity = aggregate(meter.aggregate, group)
        if meter.aggregate == "sum" and not meter.by_resource:
            quantity = max(Fraction(0), quantity - included)
        line = Line()
        line.meter, line.key, line.facts = meter, (meter.name, resource), len(group)
        line.exact = tiers(price, quantity)
        line.resource = resource or None
        if meter.by_resource:
            line.region = group[-1].data.get("region")
            line.project = group[-1].data.get("project")
        line.start, line.end = clock.start(period), clock.end(period)
        line.first = line.start
        out.append(line)
    return out


def round_lines(lines, digits):
    """Cumulatively: a line is what the sum with it rounds to, less what the sum before it rounds to."""
    total, before = Fraction(0), 0
    for x in lines:
        total += x.exact
        upto = round_half_away(total, digits)
        x.minor, before = upto - before, upto


def _describe(line):
    if line.meter:
        return line.meter.name
    name = line.state["name"] or line.resource
    if line.sku.unit:
        return "%s (%s %s)" % (name, plain(line.state["quantity"]), line.sku.unit)
    return "%s (%s)" % (name, line.sku.name)


def lines(facts, book, period, instant, billing_from=None):
    """Rated, rounded lines of an account in a period, as known at an instant (a second)."""
    lo, end = clock.start(period), clock.end(period)
    hi = min(end, instant + 1)
    if billing_from is not None:
        lo = max(lo, billing_from)
    if lo >= hi:
        return []
    known = F.standing(facts)
    out = []
    lived = F.by_resource(known, hi - 1)
    for uuid, lives in lived.items():
        own = resource_lines(lives, book, lo, hi)
        round_lines(own, book.digits)
        for x in own:
            st = x.state
            x.resource, x.resource_id = uuid, st["resource_id"]
            x.region, x.project, x.group = st["region"], st["project"], st["group"]
        out += own
    usage = sorted((f for f in known if f.type == "usage" and lo <= f.us // 1000000 < hi), key=F.order)
    for name, meter in sorted(book.meters.items()):
        mine = [f for f in usage if f.data["meter"] == name]
        included = Fraction(0)
        if mine and meter.aggregate == "sum" and not meter.by_resource:
            included = sum((allowance(v, book, lo, hi, end, name) for v in lived.values()), Fraction(0))
        own = meter_lines(meter, mine, book, period, cut(included, 12))
        round_lines(own, book.digits)
        out += own
    for x in out:
        x.product = x.meter.product if x.meter else x.sku.product
        x.overage = bool(x.meter and x.meter.overages)
        x.description = _describe(x)
    return out


def sort_rows(rows):
    def text(v):
        return (v or "").encode()

    return sorted(
        rows,
        key=lambda r: (
            r["section"],
            text(r["product"]),
            text(r["description"]),
            r["start"],
            text(r["resource"]),
            r["key"],
        ),
    )


def resource_key(k):
    """A key in its order: everything as bytes, a quantity as its text ("10" before "9")."""
    return (k[0].encode(), k[1], plain(k[2]).encode()) + tuple(t.encode() for t in k[3:])


def _wire_key(x):
    if x.meter:
        return tuple(k.encode() for k in x.key)
    return resource_key(x.key)


ITEM, OVERAGE, ADJUSTMENT, TAX, CREDIT = range(5)


def rows_of(lines_, book):
    """Items and overages as rows of an invoice, in its order."""
    rows = []
    for x in lines_:
        rows.append(
            {
                "section": OVERAGE if x.overage else ITEM,
                "product": x.product,
                "description": x.description,
                "amount": x.minor,
                "exact": x.exact,
                "duration": "" if x.meter else str(-(-x.seconds // HOUR)),
                "start": x.start,
                "end": x.end,
                "resource": x.resource,
                "resource_id": x.resource_id,
                "region": x.region,
                "project": x.project,
                "group": x.group,
                "category": book.category(x.product),
                "sku": x.meter.name if x.meter else x.sku.name,
                "key": _wire_key(x),
            }
        )
    return sort_rows(rows)


def taxes(rows, book, face, at):
    """One row a rule: {identity: (rule, minor)}; nothing for the exempt."""
    out = {}
    if face["tax_exempt"] or not face["country"]:
        return out
    for ident, rule in book.tax_rules(face["country"], face["region"], at):
        base = [r for r in rows if book.tax_class(r["product"]) == rule.get("tax", "standard")]
        if not base:
            continue
        due = Fraction(sum(r["amount"] for r in base)) * Fraction(rule["percent"]) / 100
        if rule.get("reverse_charge") and face["tax_id"]:
            due = Fraction(0)
        out[ident] = (rule, round_half_away(due))
    return out


def bill(facts, book, account, period, instant, pending=(), manual=(), held=()):
    """The invoice of a period at an instant.

    account  .base (what it began with), .billing_from (second or None)
    pending  differences of closed periods: [(period, net, {identity: minor})]
    manual   [(key, minor)] adjustments not yet billed
    held     [(key, granted, expiry, rest)] credits; seconds
    """
    at = min(instant, clock.end(period) - 1)
    face = F.face(account.base, facts_standing(facts), at)
    rows = rows_of(lines(facts, book, period, at, account.billing_from), book)
    own_taxes = taxes(rows, book, face, at)
    adjustments = [{"period": p, "amount": net, "manual": None} for p, net, _ in pending]
    adjustments += [{"period": None, "amount": a, "manual": k} for k, a in manual]
    tax_rows = [
        {"ident": i, "rule": r, "amount": a, "period": period} for i, (r, a) in sorted(own_taxes.items())
    ]
    for p, _, moved in pending:
        tax_rows += [
            {"ident": i, "rule": None, "amount": a, "period": p} for i, a in sorted(moved.items()) if a
        ]
    total = (
        sum(r["amount"] for r in rows)
        + sum(r["amount"] for r in adjustments)
        + sum(r["amount"] for r in tax_rows)
    )
    used = []
    for key, granted, expiry, rest in sorted(held, key=lambda h: (h[2], h[1], h[0])):
        if granted >= clock.end(period) or expiry <= clock.start(period) or rest <= 0 or total <= 0:
            continue
        take = min(rest, total)
        used.append((key, take))
        total -= take
    return {
        "period": period,
        "face": face,
        "rows": rows,
        "items": sum(r["amount"] for r in rows if r["section"] == ITEM),
        "overages": sum(r["amount"] for r in rows if r["section"] == OVERAGE),
        "adjustments": adjustments,
        "taxes": tax_rows,
        "own_taxes": {i: a for i, (_, a) in own_taxes.items()},
        "credits": used,
        "amount": total,
        "empty": not rows and not adjustments and not tax_rows,
    }


def facts_standing(facts):
    return F.standing(facts)
