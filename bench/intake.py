"""Events in over HTTP, durable and each once, beside PostgreSQL with the same key and the same durability."""

import os
import re

from rig import FULL, HERE, Postgres, Server, ask, median, say, status_kib, tool, world

ROUNDS = 3
STAGE = """create temp table if not exists stage (like event) on commit delete rows;
begin;
\\copy stage from '%s'
insert into event select * from stage on conflict do nothing;
commit;
"""


def copy_script(folder, accounts, first, count, batch):
    """COPY batch by batch, as files made beforehand."""
    script = []
    for at in range(first, first + count, batch):
        path = os.path.join(folder, "rows-%d" % at)
        with open(path, "w") as f:
            f.write(tool("load", "rows", accounts, at, batch))
        script.append(STAGE % path)
    return "".join(script)


def large(t, folder, pg, accounts, bar):
    """Batches of 10,000: interleaved rounds, each going on where the last one stopped."""
    count = 1000000 if FULL else 200000
    name = "intake in batches of 10,000, %d accounts" % accounts
    db = world(folder, "intake%d" % accounts, accounts)
    with open(os.path.join(HERE, "intake.sql")) as f:
        pg.psql(f.read())
    rows = {"billow": [], "pg": [], "billow_cpu": [], "pg_cpu": []}
    with Server(db) as s:
        idle_kib = status_kib(s.pid, "VmRSS")
        s.events(accounts, 10000, 2, 0, 100000)
        for r in range(ROUNDS):
            first = 100000 + r * count
            script = copy_script(folder, accounts, first, count, 10000)
            got = s.events(accounts, 10000, 2, first, count)
            wall, cpu, _ = pg.psql(script)
            rows["billow"].append(count / got["wall_s"])
            rows["pg"].append(count / wall)
            rows["billow_cpu"].append(got["server_cpu_s"] / count * 1e6)
            rows["pg_cpu"].append(cpu / count * 1e6)
        for f in os.listdir(folder):
            if f.startswith("rows-"):
                os.unlink(os.path.join(folder, f))
        m = {k: median(v) for k, v in rows.items()}
        ratio = m["billow"] / m["pg"]
        t.add(name, ">= %dx rows/s" % bar, "%.1fx" % ratio, "%.0f k/s to %.0f k/s; CPU %.2f us to %.1f us, %.1fx" % (
            m["billow"] / 1e3, m["pg"] / 1e3, m["billow_cpu"], m["pg_cpu"], m["pg_cpu"] / m["billow_cpu"]), ratio >= bar)
        if accounts == 1000:
            growth(t, s, accounts, 100000 + ROUNDS * count, idle_kib)
    return db


def growth(t, s, accounts, first, idle_kib):
    """CPU per event as the identities grow: the second million beside the tenth (or the last that was sent)."""
    target = 10 if FULL else int(os.environ.get("BENCH_MILLIONS", "3"))
    cpu = {}
    at = first
    while at < target * 1000000:
        n = min(500000, target * 1000000 - at)
        got = s.events(accounts, 10000, 2, at, n)
        cpu[at + n] = got["server_cpu_s"] / n * 1e6
        at += n
    early = [c for end, c in cpu.items() if end <= 2000000] or list(cpu.values())[:1]
    late = list(cpu.values())[-1]
    ratio = late / median(early)
    t.add("CPU per event in million %d beside million 2" % target, "<= 1.3x", "%.2fx" % ratio,
          "%.2f us to %.2f us" % (late, median(early)), ratio <= 1.3)
    kib = status_kib(s.pid, "VmRSS") - idle_kib
    held = re.search(rb"^billow_identities_bytes (\d+)", ask(s.operator, "GET /metrics HTTP/1.1\r\nHost: b\r\n\r\n"), re.M)
    if held:
        t.add("memory of identities alone", "<= 40 B an event", "%.1f B" % (int(held[1]) / at), "", int(held[1]) / at <= 40)
    t.add("memory after %d million events, more than idle" % (at // 1000000), "<= 40 B an event", "%.0f B" % (
        kib * 1024 / at), "%d MiB resident above idle, everything counted" % (kib >> 10), kib * 1024 / at <= 40)


ROW = "(md5(((:n::bigint + %d) %% 1000)::text)::uuid, '/meters/fra1', (:n::bigint + %d)::text, 'usage', " \
      "'2026-10-05T00:00:00Z', null, 'api_requests', 12.5, null, null, 'fra1')"


def insert_script(rows):
    """A multi-row insert as pgbench sends it: prepared, its texts made from numbers so that every row is new."""
    values = ", ".join(ROW % (i, i) for i in range(rows))
    return "\\set n random(1, 1000000000000000)\ninsert into event values %s on conflict do nothing;\n" % values


def small(t, folder, pg):
    """Batches of 100 from 8 connections; single events from 64. PostgreSQL has 8 clients in both."""
    accounts = 1000
    db = world(folder, "small", accounts)
    with open(os.path.join(HERE, "intake.sql")) as f:
        pg.psql(f.read())
    at = 0
    with Server(db) as s:
        for name, batch, connections, count, bar in (("intake in batches of 100, 8 connections", 100, 8, 60000, 3),
                                                     ("single events, 64 connections", 1, 64, 10000, 5)):
            ours, cpu, theirs = [], [], []
            for _ in range(ROUNDS):
                got = s.events(accounts, batch, connections, at, count)
                at += count
                ours.append(count / got["wall_s"])
                cpu.append(got["server_cpu_s"] / count * 1e6)
                theirs.append(batch * pg.pgbench(insert_script(batch), 8, 3))
            ratio = median(ours) / median(theirs)
            t.add(name, ">= %dx rows/s" % bar, "%.1fx" % ratio, "%.1f k/s to %.1f k/s; server CPU %.1f us an event" % (
                median(ours) / 1e3, median(theirs) / 1e3, median(cpu)), ratio >= bar)


def measure(t, folder):
    pg = Postgres(folder)
    say("  PostgreSQL %s" % pg.version)
    try:
        for accounts, bar in ((1000, 8), (100000, 5)):
            large(t, folder, pg, accounts, bar)
        small(t, folder, pg)
    finally:
        pg.stop()
