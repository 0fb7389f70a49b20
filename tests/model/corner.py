"""Histories staged around a few instants, for rules that chance alone seldom reaches: a price that begins inside the time a
minimum adds, steps of two lives that begin together, allowances of the dead and of those who are billed from some day on,
credits that end together, lines that begin in one second."""

import copy

from . import clock
from .generate import History

KINDS = 3  # of four seeds, one is staged


def history(seed):
    return Corner(seed) if seed % (KINDS + 1) == 0 else History(seed)


class Corner(History):
    def make_steps(self):
        rng = self.rng
        first, second, third = (clock.start(m) for m in self.months[:3])
        self.instants = [first + 86400 * 4 + 3600, second, second + 86400 * rng.randint(1, 20) + 1800, third]
        self.book = self.first_book = self.stage(copy.deepcopy(self.book))
        for a in self.accounts:
            if a["billing_from"] is not None or rng.random() < 0.3:
                a["billing_from"] = rng.choice(self.instants) + rng.choice([-60, 0, 1, 90, 3600])
        self.shared = [self.uuid() for _ in range(2)]
        super().make_steps()
        self.twin_credits()

    def stage(self, book):
        """Prices that begin at the instants, with minimums and caps of the size of the lives, and an allowance nearly
        always; what meters measure costs enough to be seen."""
        rng = self.rng
        for sku in book["skus"]:
            first = sku["prices"][0]
            first["from"] = "2020-01-01T00:00:00Z"
            sku["prices"] = [first]
            for at in sorted(rng.sample(self.instants, rng.choice([1, 2, 3]))):
                sku["prices"].append(dict(first, **{"from": clock.text(at + rng.choice([-1, 0, 30, 60, 61]))}))
            for p in sku["prices"]:
                p["amount"] = rng.choice(["5.00", "24.00", "99.99", "333.333333"])
                p["per_hours"] = rng.choice([1, 3, 24, 672])
                p["minimum_seconds"] = rng.choice([0, 7, 60, 61, 600, 3600, 7200])
                p["increment"] = rng.choice(["1s", "1s", "1m", "1h"])
                p["minimum_amount"] = rng.choice(["0", "0", "0.01", "3.5", "10"])
                p.pop("cap_hours", None)
                if rng.random() < 0.8:
                    p["cap_hours"] = rng.choice([1, 2, 24, 672])
                p["allowance"] = [{"meter": "bandwidth_out", "quantity": rng.choice(["1000", "333.333", "7"])}]
        for meter in book["meters"][:1]:
            for p in meter["prices"]:
                p.pop("tiers", None)
                p.pop("per", None)
                p.update({"from": "2020-01-01T00:00:00Z", "model": "unit", "amount": rng.choice(["1.005", "0.333333333"])})
            meter["prices"] = meter["prices"][:1]
        return book

    def life(self, account):
        rng = self.rng
        resource = rng.choice(self.shared) if rng.random() < 0.3 else self.uuid()
        at = rng.choice(self.instants) + rng.choice([-7200, -3600, -600, -90, -61, -60, -59, -8, -1, 0, 1])
        if rng.random() < 0.3:
            at += rng.randint(-600, 600)
        out = []
        for _ in range(rng.choice([1, 2, 2, 3, 5])):
            out.append(self.happens(account, "create", at, resource))
            for _ in range(rng.choice([0, 0, 0, 1, 2, 4])):
                at += rng.choice([0, 1, 2, 29, 30, 31, 59, 60, 61, 1800, 3600])
                out.append(self.happens(account, rng.choice(["change", "change", "create"]), at, resource))
            at += rng.choice([0, 1, 2, 5, 29, 30, 31, 59, 60, 61, 599, 600, 3599, 3600])
            if rng.random() < 0.9:
                out.append(self.happens(account, "delete", at, resource))
            at += rng.choice([0, 0, 0, 1, 7, 30, 60, 3600])
        return out

    def happens(self, account, what, sec, resource):
        rng = self.rng
        data = {"resource": resource}
        if what != "delete":
            data.update(self.fields(what == "create"))
            data.setdefault("quantity", rng.choice(["2", "10", "1"]))
            if what == "create":
                data["sku"] = rng.choice(self.book["skus"][:2])["sku"]
                data.pop("name", None)
        us = sec * 1000000 + rng.choice([0, 0, 0, 1, 500000, 999999])
        return self.event(account, "resource." + what, min(us, self.finish * 1000000), data)

    def usage(self, account, resources):
        e = super().usage(account, resources)
        if self.rng.random() < 0.3:
            e["data"]["meter"] = "bandwidth_out"
            e["data"]["quantity"] = self.rng.choice(["3", "40.5", "999.999999999999", "2500.75"])
        return e

    def twin_credits(self):
        """Beside a held credit one that ends with it, granted at another time; sometimes in the same second."""
        rng, out, held = self.rng, [], {}
        for step in self.steps:
            out.append(step)
            if step[0] != "post" or step[3] != "credit" or step[6] is None:
                continue
            _, now, i, kind, _, ref, expires = step
            if i in held and clock.s(held[i]) > now and rng.random() < 0.7:
                expires = held[i]
            held[i] = expires
            out.append(("post", now, i, kind, self.amount(1, 9), ref + "-twin", expires))
        self.steps = out
