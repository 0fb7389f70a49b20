"""Insights and Civo rows: other cuts of the same timeline."""

import datetime
import zoneinfo

from . import clock, facts as F, rate

DAY = 86400


def insights(facts, book, account, first_day, last_day, now):
    """Points of the days first_day..last_day (seconds of their midnights, both included), none after now."""
    out = []
    day = first_day
    while day <= last_day and day <= now:
        out += _day(facts, book, account, day, now)
        day += DAY
    out.sort(
        key=lambda p: (
            p["start_date"],
            account.urn.encode(),
            p["description"].encode(),
            p["region"].encode(),
            p["sku"].encode(),
            (p["resource"] or "").encode(),
            p["key"],
        )
    )
    return out


def _day(facts, book, account, day, now):
    period = clock.period_of(day)
    last = min(day + DAY - 1, now)
    today = rate.rows_of(rate.lines(facts, book, period, last, account.billing_from), book)
    before = {}
    if day > clock.start(period):
        earlier = rate.rows_of(rate.lines(facts, book, period, day - 1, account.billing_from), book)
        before = {(r["resource"], r["key"]): r["amount"] for r in earlier}
    moved = _moved(facts, book, account, period, day, last)
    out = []
    for r in today:
        ident = (r["resource"], r["key"])
        amount = r["amount"] - before.get(ident, 0)
        if amount == 0 and ident not in moved:
            continue
        out.append(
            {
                "start_date": clock.date(day),
                "amount": amount,
                "region": r["region"] or "",
                "sku": r["sku"],
                "description": r["description"],
                "group": r["group"] or "",
                "resource": r["resource"],
                "key": r["key"],
            }
        )
    return out


def _moved(facts, book, account, period, day, last):
    """Lines that lived, or had facts, between the first and the last second of a day."""
    out = set()
    known = F.standing(facts)
    lo = max(day, account.billing_from or day)
    for uuid, lives in F.by_resource(known, last).items():
        for life in lives:
            for g in rate.segments(life, book, last + 1):
                if g.price and not g.added and max(g.u, lo) < min(g.v, last + 1):
                    out.add((uuid, rate.resource_key(g.key())))
    for f in known:
        if f.type == "usage" and lo <= f.us // 1000000 <= last:
            meter = book.meters[f.data["meter"]]
            resource = f.data.get("resource", "") if meter.by_resource else ""
            out.add((resource or None, (meter.name.encode(), resource.encode())))
    return out


def civo_rows(facts, book, account, start, end, now, region=None):
    """Charge rows of the window [start, end), clipped to now."""
    end = min(end, now)
    if account.billing_from is not None:
        start = max(start, account.billing_from)
    known = F.standing(facts)
    zone = zoneinfo.ZoneInfo(F.face(account.base, known, now)["zone"])
    out = []
    for uuid, lives in F.by_resource(known, now).items():
        for life in lives:
            for u, v, shown in _stretches(life, now):
                a, b = max(u, start), min(v, end)
                if a >= b:
                    continue
                state = shown(b)
                if not state["sku"]:
                    continue
                if region and (state["region"] or "").lower() != region.lower():
                    continue
                out.append((a, b, _civo_code(book, state), uuid, state))
    out.sort(key=lambda r: (r[0], r[2].encode(), r[3].encode()))
    rows = []
    for a, b, code, uuid, state in out:
        volume = state["kind"] == "volume"
        size = -(-state["quantity"].numerator // state["quantity"].denominator)
        label = state["name"] or uuid
        rows.append(
            {
                "code": code,
                "product_id": uuid,
                "label": "Volume %s (%dGB)" % (label, size) if volume else label,
                "from": _local(a, zone),
                "to": _local(b, zone),
                "num_hours": max(1, (b - a) // 3600),
                "size_gb": size if volume else None,
                "region": state["region"] or "",
            }
        )
    return rows


def _stretches(life, now):
    """(u, v, the last state before a second) of uninterrupted SKU and size."""
    end = now if life.death is None else life.death
    i = 0
    while i < len(life.states):
        j = i
        sku_size = (life.states[i][1]["sku"], life.states[i][1]["quantity"])
        while (
            j + 1 < len(life.states)
            and (life.states[j + 1][1]["sku"], life.states[j + 1][1]["quantity"]) == sku_size
        ):
            j += 1
        upto = life.states[j + 1][0] if j + 1 < len(life.states) else end
        inside = life.states[i : j + 1]

        def shown(until, inside=inside):
            return [st for sec, st in inside if sec < until][-1]

        yield life.states[i][0], upto, shown
        i = j + 1


def _civo_code(book, state):
    sku = book.skus[state["sku"]]
    if sku.civo_code:
        return sku.civo_code
    if state["kind"] in ("volume", "ip", "snapshot"):
        return state["kind"]
    return "instance-" + state["sku"]


def _local(sec, zone):
    at = datetime.datetime.fromtimestamp(sec, zone)
    text = at.strftime("%Y-%m-%dT%H:%M:%S%z")
    return text[:-2] + ":" + text[-2:]
