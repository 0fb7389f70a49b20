"""Answers: the balance beside nginx sending the same bytes, and the preview of a large account, young and old."""

import json
import re
import subprocess
import time

from rig import BILLOW, MONTH, NOW, OPERATOR, Connection, Nginx, Server, core, cpu_s, median, tool, world, wrk

ROUNDS = 3
SECONDS = 3
BALANCE = "/v2/customers/my/balance"


def first_line(path):
    with open(path) as f:
        return f.readline().strip()


def balance(t, folder):
    accounts = 10000
    db = world(folder, "balance", accounts, accounts)
    tokens = db + ".tokens"
    with Server(db) as s:
        s.lives(accounts, 10, MONTH, settled=True)
    with Server(db, preexec=core(0)) as s:
        c = Connection(s.public)
        body = c.get(BALANCE, first_line(tokens)).split(b"\r\n\r\n", 1)[1].decode()
        c.close()
        n = Nginx(folder, body, preexec=core(0))
        try:
            balance_rounds(t, s, n, tokens)
        finally:
            n.stop()


def balance_rounds(t, s, n, tokens):
    cost, rate, wait = {"billow": [], "nginx": []}, {"billow": [], "nginx": []}, {"billow": [], "nginx": []}
    sides = (("billow", s.public, s.pid), ("nginx", n.port, n.pid))
    for _, port, _ in sides:
        wrk(port, BALANCE, tokens, 1, core(1))
    for _ in range(ROUNDS):
        for name, port, pid in sides:
            before = cpu_s(pid)
            per_second, requests = wrk(port, BALANCE, tokens, SECONDS, core(1))
            cost[name].append((cpu_s(pid) - before) / requests * 1e6)
            rate[name].append(per_second)
    ratio = median(cost["billow"]) / median(cost["nginx"])
    t.add("GET balance, 10,000 tokens, 10 resources each: server CPU", "<= 1.5x nginx", "%.2fx" % ratio,
          "%.1f us to %.1f us a request; %.0f k/s to %.0f k/s" % (median(cost["billow"]), median(cost["nginx"]),
          median(rate["billow"]) / 1e3, median(rate["nginx"]) / 1e3), ratio <= 1.5)
    for _ in range(ROUNDS):
        for name, port, _ in sides:
            per_second = int(0.7 * median(rate[name]))
            got = json.loads(tool("pace", port, BALANCE, tokens, per_second, SECONDS, 64, preexec_fn=core(1)))
            wait[name].append(got["p99_ms"])
    p99 = median(wait["billow"])
    t.add("GET balance at 70 % of peak: 99th percentile", "<= 5 ms", "%.1f ms" % p99,
          "nginx at 70 %% of its own peak %.1f ms" % median(wait["nginx"]), p99 <= 5)


def preview_ms(db, now, samples=30):
    """Median milliseconds from question to answer for the whole preview's first page, drawn up anew each time: a credit
    before each makes what was drawn stale."""
    token = first_line(db + ".tokens")
    with Server(db, now=now) as s:
        c, op = Connection(s.public), Connection(s.operator)
        listed = json.loads(c.get("/v2/customers/my/invoices", token).split(b"\r\n\r\n", 1)[1])
        path = "/v2/customers/my/invoices/%s?per_page=20" % listed["invoice_preview"]["invoice_uuid"]
        urn = json.loads(op.get("/operator/v1/accounts", OPERATOR).split(b"\r\n\r\n", 1)[1])["accounts"][0]["urn"]
        took, cpu = [], []
        for i in range(samples):
            op.post("/operator/v1/accounts/%s/payments" % urn, OPERATOR, '{"amount":"1.00","ref":"p-%d-%s"}' % (i, now[:10]))
            before, begin = s.cpu_s(), time.monotonic()
            answer = c.get(path, token)
            took.append(time.monotonic() - begin)
            cpu.append(s.cpu_s() - before)
            if b" 200 " not in answer[:20]:
                raise RuntimeError(answer[:300].decode())
        c.close()
        op.close()
    return median(took) * 1e3, median(cpu) * 1e3


def month_start(month):
    return "%04d-%02d-01T00:00:00Z" % (1970 + month // 12, month % 12 + 1)


def month_name(month):
    return month_start(month)[:7]


def preview(t, folder):
    resources, months = 1000, 60
    first = MONTH - months
    db = world(folder, "preview", 1, 1, first, now=month_start(first))
    with Server(db, now=month_start(first + 1)) as s:
        s.lives(1, resources, first, settled=True)
    young = None
    for closed in range(1, months + 1):
        month = first + closed
        now = re.sub("-01T00", "-03T12", month_start(month))
        subprocess.run([BILLOW, "close", month_name(month - 1), "--no-grace", "--db", db, "--now", now], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if closed == 1:
            young = preview_ms(db, re.sub("T12", "T13", now))
    old = preview_ms(db, NOW)
    for name, (ms, cpu) in (("1 month", young), ("%d months" % months, old)):
        t.add("preview of 1,000 resources after %s of closed history" % name, "<= 2 ms", "%.2f ms" % ms,
              "server CPU %.2f ms" % cpu, ms <= 2)
    t.add("the same, old beside young", "the same", "%.2fx" % (old[1] / young[1]), "CPU", old[1] / young[1] <= 1.25)


def measure(t, folder):
    balance(t, folder)
    preview(t, folder)
