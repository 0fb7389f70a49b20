"""Histories staged around a few instants, for rules that chance alone seldom reaches: a price that begins
inside the time a minimum adds, steps of two lives that begin together, allowances of the dead and of those
who are billed from some day on, credits that end together, lines that begin in one second."""

import copy

from . import clock
from .generate import Corners, History


def history(seed):
    """The history of a seed: 0 is made by hand, every third is staged, the others are left to chance."""
    if seed == 0:
        return Corners()
    return Corner(seed) if seed % 3 == 0 else History(seed)


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
        """Prices that begin at the instants, with minimums and caps of the size of the lives, and an
        allowance nearly always; what meters measure costs enough to be seen."""
        rng = self.rng
        for sku in book["skus"]:
            first = sku["prices"][0]
            first["from"] = "2020-01-01T00:00:00Z"
            sku["prices"] = [first]
            for at in sorted(rng.sample(self.instants, rng.choice([1, 2, 3]))):
                sku["prices"].append(dict(first, **{"from": clock.text(at + rng.choice([-1, 0, 0, 30, 60]))}))
            for p in sku["prices"]:
                p["amount"] = rng.choice(["5.00", "24.00", "99.99", "333.333333"])
                p["per_hours"] = rng.choice([1, 3, 24, 672])
                p["minimum_seconds"] = rng.choice([0, 7, 60, 61, 61, 120, 300])
                p["increment"] = rng.choice(["1s", "1s", "1m", "1h"])
                p["minimum_amount"] = rng.choice(["0", "0", "0.01", "3.5", "10"])
                p.pop("cap_hours", None)
                if rng.random() < 0.8:
                    p["cap_hours"] = rng.choice([1, 2, 24, 672])
                p["allowance"] = [
                    {"meter": "bandwidth_out", "quantity": rng.choice(["1000", "333.333", "7"])}
                ]
        for meter in book["meters"][:1]:
            for p in meter["prices"]:
                p.pop("tiers", None)
                p.pop("per", None)
                p.update(
                    {
                        "from": "2020-01-01T00:00:00Z",
                        "model": "unit",
                        "amount": rng.choice(["1.005", "0.333333333"]),
                    }
                )
            meter["prices"] = meter["prices"][:1]
        return book

    def life(self, account):
        rng = self.rng
        resource = rng.choice(self.shared) if rng.random() < 0.3 else self.uuid()
        at = rng.choice(self.instants) + rng.choice([-7200, -3600, -600, -90, -61, -60, -59, -8, -1, 0, 1])
        if rng.random() < 0.3:
            at += rng.randint(-600, 600)
        out = []
        if rng.random() < 0.3:  # one that dies in the very second in which a price may begin
            end = rng.choice(self.instants)
            out.append(self.happens(account, "create", end - rng.choice([1, 5, 30, 59]), resource))
            out.append(self.happens(account, "delete", end, resource))
            at = end + rng.choice([0, 0, 1, 30])
        for _ in range(rng.choice([1, 2, 2, 3])):
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
        """Two held credits for everyone that end together but were granted at different times; now and then a third, granted
        in the same second as the second."""
        rng, out, seen = self.rng, [], 0
        expires = clock.text(clock.start(self.months[2]) + rng.choice([-1, 0, 1, 86400 * 9]))
        for step in self.steps:
            out.append(step)
            if step[0] != "import":
                continue
            seen += 1
            if seen not in (1, 2, 3) or step[1] >= clock.s(expires):
                continue
            for i, a in enumerate(self.accounts):
                if a["joins"] is None:
                    for n in range(1 if seen != 2 else rng.choice([1, 2])):
                        amount = self.amount(1, rng.choice([2, 30, 900]))
                        out.append(("post", step[1], i, "credit", amount, "twin-%d-%d" % (seen, n), expires))
        self.steps = out
