"""A world with volumes: a price book that provides them, customers, and short words for what they ask."""

import json
import os
import time

from .server import Story

BOOK = """\
currency: USD
%(regions)s
products:
  - {name: Volumes, category: iaas}
  - {name: Droplets, category: iaas}
skus:
  - {sku: vol, product: Volumes, unit: GiB, civo_code: volume, %(volume)s prices: [{from: "%(from)s", amount: "0.10", per_hours: 672, cap_hours: 672}]}
  - {sku: snap, product: Volumes, unit: GiB, %(snapshot)s prices: [{from: 2020-01-01T00:00:00Z, amount: "0.06", per_hours: 672, cap_hours: 672}]}
  - {sku: s-1, product: Droplets, prices: [{from: 2020-01-01T00:00:00Z, amount: "6.00", per_hours: 672, cap_hours: 672}]}
"""
TERMS = {"regions": "regions: [nyc1, lon1]", "volume": "provides: volume,", "snapshot": "provides: volume_snapshot,", "from": "2020-01-01T00:00:00Z"}
START = "2026-03-01T00:00:00Z"


def resource(n):
    return "0d1f8a52-0f0c-4b43-a2a8-%012d" % n


class Volumes(Story):
    def __init__(self, *serve, now=START, **terms):
        super().__init__(now=now, serve=["--quiet", *serve])
        self.n = 0
        self.load(**terms)
        self.op = self.operator_token()
        self.urn = self.account()
        self.me = self.token(self.urn)

    def load(self, **terms):
        path = os.path.join(self.folder, "prices.yaml")
        with open(path, "w") as f:
            f.write(BOOK % {**TERMS, **terms})
        self.cli("prices", "load", path)

    def account(self):
        return self.cli("account", "add", "--name", "Ada", "--email", "ada@example.com").out.strip()

    def to(self, now):
        self.cli("account", "list", now=now)

    def event(self, type_, time, urn=None, source="/cloud", **data):
        self.n += 1
        return {"specversion": "1.0", "id": "e%d" % self.n, "source": source, "type": type_, "subject": urn or self.urn, "time": time, "data": data}

    def send(self, *events, want=200):
        body = "\n".join(json.dumps(e) for e in events)
        return self.post("/operator/v1/events", self.op, body, headers={"Content-Type": "application/x-ndjson"}, want=want).json

    def droplet(self, number, region="nyc1", urn=None, time=START):
        self.send(self.event("resource.create", time, urn, resource=resource(number), kind="droplet", sku="s-1", region=region, resource_id=number))

    def ask_json(self, method, path, body=None, want=None, token=None):
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        return self.request(method, path, token or self.me, text, want=want)

    def make(self, name="data", want=201, token=None, **more):
        body = {"name": name, "size_gigabytes": 10, "region": "nyc1", **more}
        body = {k: v for k, v in body.items() if v is not None}
        a = self.ask_json("POST", "/v2/volumes", body, want, token)
        return a.json["volume"] if want == 201 else a

    def volume(self, id, want=200):
        a = self.get("/v2/volumes/" + id, self.me, want=want)
        return a.json["volume"] if want == 200 else a

    def volumes(self, query="", token=None):
        return self.get("/v2/volumes" + query, token or self.me, want=200).json["volumes"]

    def snap(self, id, name="s", want=201, **more):
        a = self.ask_json("POST", "/v2/volumes/%s/snapshots" % id, {"name": name, **more}, want)
        return a.json["snapshot"] if want == 201 else a

    def snapshots(self, query="?per_page=200"):
        return self.get("/v2/snapshots" + query, self.me, want=200).json["snapshots"]

    def act(self, id, type, want=202, **more):
        a = self.ask_json("POST", "/v2/volumes/%s/actions" % id, {"type": type, **more}, want)
        return a.json["action"] if want == 202 else a

    def done(self, action, status="completed"):
        """Waits for the end of an action and gives it."""
        deadline = time.monotonic() + 60
        while True:
            a = self.get("/v2/actions/%d" % action["id"], self.me, want=200).json["action"]
            if a["status"] != "in-progress" or time.monotonic() > deadline:
                assert a["status"] == status, a
                return a
            time.sleep(0.01)

    def remove(self, id, want=204):
        return self.delete("/v2/volumes/" + id, self.me, want=want)

    def restart(self, *serve, now=None):
        self.stop()
        self.extra = ["--quiet", *serve]
        self.start(now)
