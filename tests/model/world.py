"""The whole service in memory: facts come in, months close, money is posted, views are asked for."""

from . import clock, facts as F, rate, views
from .number import minor, money


class Account:
    def __init__(self, uuid, base, number, billing_from=None, opening=0):
        self.uuid, self.base, self.number = uuid, base, number
        self.urn = "do:team:" + uuid
        self.billing_from = billing_from
        self.facts = []  # as accepted, with retractions
        self.identity = {}  # (source, id): fact
        self.entries = []  # history rows, oldest first
        self.invoices = []  # issued bills, oldest first
        self.closed = None  # last closed period
        self.billed = {}  # period: [net, {tax identity: minor}]
        self.grants = []  # [key, granted, expiry, rest]
        self.manual = []  # [key, minor], not yet billed
        self.next_number = 1
        self.opening = opening


class World:
    def __init__(self, book, grace=86400):
        self.book = book
        self.grace = grace
        self.accounts = {}

    # ---- what changes it

    def add_account(self, now, account):
        account.created = now
        self.accounts[account.urn] = account
        if account.billing_from is not None:
            p = clock.period_of(account.billing_from)
            account.closed = (p[0] - 1, 12) if p[1] == 1 else (p[0], p[1] - 1)
        if account.opening:
            self._row(account, now, "Adjustment", account.opening)

    def take(self, event, now):
        """One event; 'new', 'duplicate' or 'rejected'."""
        a = self.accounts.get(event.get("subject"))
        if a is None:
            return "rejected"
        try:
            f = F.read(event)
        except (ValueError, KeyError):
            return "rejected"
        if f.us > (now + 300) * 1000000 + 999999:
            return "rejected"
        if f.data.get("sku") is not None and f.data["sku"] not in self.book.skus:
            return "rejected"
        if f.type == "usage" and f.data["meter"] not in self.book.meters:
            return "rejected"
        old = a.identity.get((f.source, f.id))
        if old is not None:
            return "duplicate" if old == f else "rejected"
        a.identity[(f.source, f.id)] = f
        a.facts.append(f)
        return "new"

    def load(self, book):
        self.book = book

    def post(self, account, kind, amount, now, ref=None, expires=None):
        """pay, refund, chargeback, credit, adjust; amount in minor units."""
        if kind == "adjust":
            account.manual.append((ref or str(len(account.manual)), amount))
        elif kind == "credit" and expires is not None:
            account.grants.append([(now, len(account.grants)), now, expires, amount])
        else:
            name, sign = {
                "pay": ("Payment", -1),
                "refund": ("Refund", 1),
                "chargeback": ("Chargeback", 1),
                "credit": ("Credit", -1),
            }[kind]
            self._row(account, now, name, sign * amount)

    def close(self, period, now):
        """Closes a period and the open ones before it. Gives the bills issued, by account."""
        issued = []
        for a in sorted(self.accounts.values(), key=lambda a: a.uuid):
            for p in self._open(a, period):
                b = self.draw(a, p, clock.end(p) - 1)
                a.closed = p
                if not b["empty"]:
                    issued.append((a, self._issue(a, b, now)))
        return issued

    def _open(self, a, upto):
        if a.closed is not None:
            return list(clock.periods(clock.next_period(a.closed), upto))
        first = [clock.period_of(f.us // 1000000) for f in F.standing(a.facts)]
        return list(clock.periods(min(first + [clock.period_of(a.created), upto]), upto))

    def _issue(self, a, b, now):
        number = "%s-%d" % (a.number, a.next_number)
        a.next_number += 1
        b = dict(b, number=number, at=now)
        own = a.billed.setdefault(b["period"], [0, {}])
        own[0] += b["items"] + b["overages"]
        for row in b["adjustments"]:
            if row["period"] is not None:
                a.billed.setdefault(row["period"], [0, {}])[0] += row["amount"]
        for row in b["taxes"]:
            of = a.billed.setdefault(row["period"], [0, {}])[1]
            of[row["ident"]] = of.get(row["ident"], 0) + row["amount"]
        for key, used in b["credits"]:
            for g in a.grants:
                if g[0] == key:
                    g[3] -= used
        a.manual = []
        a.invoices.append(b)
        self._row(a, now, "Credit" if b["amount"] < 0 else "Invoice", b["amount"], b)
        return b

    def _row(self, a, now, kind, amount, invoice=None):
        a.entries.append({"type": kind, "amount": amount, "date": now, "invoice": invoice})

    # ---- what is asked of it

    def pending(self, a):
        """What late facts make of the closed periods, beyond what was billed for them."""
        out = []
        if a.closed is None:
            return out
        known = F.standing(a.facts)
        first = [clock.period_of(f.us // 1000000) for f in a.facts] + list(a.billed)
        for p in clock.periods(min(first + [a.closed]), a.closed):
            last = clock.end(p) - 1
            rows = rate.rows_of(rate.lines(a.facts, self.book, p, last, a.billing_from), self.book)
            face = F.face(a.base, known, last)
            tax = {i: n for i, (_, n) in rate.taxes(rows, self.book, face, last).items()}
            net, billed_tax = a.billed.get(p, [0, {}])
            more = sum(r["amount"] for r in rows) - net
            moved = {i: tax.get(i, 0) - billed_tax.get(i, 0) for i in set(tax) | set(billed_tax)}
            moved = {i: n for i, n in moved.items() if n}
            if more or moved:
                out.append((p, more, moved))
        return out

    def draw(self, a, period, instant):
        held = [(g[0], g[1], g[2], g[3]) for g in a.grants]
        return rate.bill(a.facts, self.book, a, period, instant, self.pending(a), a.manual, held)

    def preview(self, a, now):
        """Of the month of now. Earlier ones that are not closed yet will take what is late, adjusted and held."""
        p = clock.period_of(now)
        pending, manual, left = self.pending(a), a.manual, [list(g) for g in a.grants]
        for q in (q for q in self._open(a, p) if q < p):
            b = rate.bill(a.facts, self.book, a, q, clock.end(q) - 1, pending, manual, [tuple(g) for g in left])
            pending, manual = [], []
            for key, used in b["credits"]:
                for g in left:
                    if g[0] == key:
                        g[3] -= used
        b = rate.bill(a.facts, self.book, a, p, now, pending, manual, [tuple(g) for g in left])
        return dict(b, number="%s-%d" % (a.number, a.next_number), at=now)

    def balance(self, a, now):
        """(account balance, usage of the month) in minor units."""
        p = clock.period_of(now)
        rows = rate.lines(a.facts, self.book, p, now, a.billing_from)
        return sum(e["amount"] for e in a.entries), sum(x.minor for x in rows)

    def history(self, a):
        out = []
        for e in reversed(a.entries):
            row = {
                "type": e["type"],
                "amount": money(e["amount"], self.book.digits),
                "date": clock.text(e["date"]),
            }
            if e["invoice"]:
                row["invoice_id"] = e["invoice"]["number"]
            out.append(row)
        return out

    def insights(self, a, first_day, last_day, now):
        return views.insights(a.facts, self.book, a, first_day, last_day, now)

    def civo(self, a, start, end, now, region=None):
        return views.civo_rows(a.facts, self.book, a, start, end, now, region)


# ---- a bill in the words of the wire


def wire_items(b, digits=2):
    out = []
    for r in b["rows"]:
        item = {
            "product": r["product"],
            "group_description": r["group"] or "",
            "description": r["description"],
            "amount": money(r["amount"], digits),
            "duration": r["duration"],
            "duration_unit": "Hours" if r["duration"] else "",
            "start_time": clock.text(r["start"]),
            "end_time": clock.text(r["end"]),
            "project_name": r["project"] or "",
            "category": r["category"],
        }
        if r["resource"]:
            item["resource_uuid"] = r["resource"]
        if r["resource_id"] is not None:
            item["resource_id"] = str(r["resource_id"])
        out.append(item)
    return out


def wire_summary(b, digits=2):
    products = {}
    for r in b["rows"]:
        if r["section"] == rate.ITEM:
            p = products.setdefault(r["product"], [0, 0])
            p[0] += r["amount"]
            p[1] += 1
    face = b["face"]
    taxes = sum(t["amount"] for t in b["taxes"])
    rest = sum(x["amount"] for x in b["adjustments"]) - sum(used for _, used in b["credits"])
    return {
        "invoice_id": b["number"],
        "billing_period": clock.period_text(b["period"]),
        "amount": money(b["amount"], digits),
        "user_name": face["name"] or "",
        "user_company": face["company"] or "",
        "user_email": face["email"] or "",
        "user_billing_address": {
            "address_line1": face["address_line1"] or "",
            "address_line2": face["address_line2"] or "",
            "city": face["city"] or "",
            "region": face["region"] or "",
            "postal_code": face["postal_code"] or "",
            "country_iso2_code": face["country"] or "",
        },
        "product_charges": {
            "name": "Product usage charges",
            "amount": money(b["items"], digits),
            "items": [
                {"name": n, "amount": money(a, digits), "count": str(c)}
                for n, (a, c) in sorted(products.items(), key=lambda kv: kv[0].encode())
            ],
        },
        "overages": {"name": "Overages", "amount": money(b["overages"], digits)},
        "taxes": {"name": "Taxes", "amount": money(taxes, digits)},
        "credits_and_adjustments": {"name": "Credits & adjustments", "amount": money(rest, digits)},
    }


def wire_csv(b, currency="USD", digits=2):
    """Rows of the CSV as lists of cells, without the header: items as printed, and of the other rows what
    money is in them: [section, amount] in the invoice's order."""

    def cell(n):
        t = money(n, digits)
        if currency != "USD":
            return t
        return "-$" + t[1:] if t.startswith("-") else "$" + t

    def safe(t):
        return "'" + t if t[:1] in ("=", "+", "-", "@", "\t", "\r") and t else t

    items = [
        [
            safe(r["product"]),
            safe(r["group"] or ""),
            safe(r["description"]),
            r["duration"],
            clock.csv_text(r["start"]),
            clock.csv_text(r["end"]),
            cell(r["amount"]),
            safe(r["project"] or ""),
            safe(r["category"]),
        ]
        for r in b["rows"]
    ]
    rest = sorted(["adjustment", cell(r["amount"])] for r in b["adjustments"])
    rest += sorted(["tax", cell(r["amount"])] for r in b["taxes"])
    rest += [["credit", cell(-used)] for _, used in b["credits"]]
    return items, rest


__all__ = ["Account", "World", "wire_items", "wire_summary", "wire_csv", "minor"]
