"""A month's close with items and postings, beside INSERT .. SELECT .. GROUP BY over the same stretches; then verify."""

import json
import os
import subprocess

from rig import BILLOW, FULL, HERE, MONTH, Postgres, Server, measured, median, tool, world

CLOSE = """select pg_backend_pid() > 0;
\\timing off
begin;
insert into item select account, '2026-10', resource, name, sku, from_t, to_t, seconds,
    round(least(amount * seconds / 3600 / hours, amount), 2)
  from (select s.*, extract(epoch from to_t - from_t)::bigint as seconds, p.amount, p.hours
          from stretch s join price p using (sku)) as rated order by account;
insert into invoice select account, period, sum(amount), count(*) from item group by account, period;
commit;
"""


def by_hand(pg, folder, accounts, resources):
    rows = os.path.join(folder, "stretches")
    with open(rows, "w") as f:
        f.write(tool("load", "stretches", accounts, resources, MONTH))
    with open(os.path.join(HERE, "close.sql")) as f:
        pg.psql(f.read() + "\\copy stretch from '%s'\nanalyze stretch;\ncheckpoint;\n" % rows)
    os.unlink(rows)
    wall, cpu, _ = pg.psql(CLOSE)
    _, _, total = pg.psql("select sum(amount) from invoice;")
    return wall, cpu, total.strip()


def ours(folder, accounts, resources):
    db = world(folder, "close", accounts)
    with Server(db, now="2026-11-01T00:00:00Z") as s:
        facts = 0
        step = 50000
        for first in range(0, accounts, step):
            facts += s.lives(min(step, accounts - first), resources, MONTH, first=first)["accepted"]
    argv = [BILLOW, "close", "2026-10", "--no-grace", "--db", db, "--now", "2026-11-02T00:00:00Z", "--json"]
    wall, cpu, kib, out = measured(argv)
    return db, facts, wall, cpu, kib, json.loads(out)


def close(t, folder):
    accounts, resources, rounds = (1000000, 10, 1) if FULL else (20000, 10, 3)
    stretches = accounts * resources
    pg = Postgres(folder)
    wall, cpu, kib, their_wall, their_cpu = [], [], [], [], []
    try:
        for r in range(rounds):
            db, facts, w, c, k, said = ours(folder, accounts, resources)
            tw, tc, total = by_hand(pg, folder, accounts, resources)
            if abs(float(total) - float(str(said["total"]).split()[0])) > 0.005:
                raise RuntimeError("the totals differ: %s here, %s there" % (said["total"], total))
            for to, x in ((wall, w), (cpu, c), (kib, k), (their_wall, tw), (their_cpu, tc)):
                to.append(x)
            if r < rounds - 1:
                forget(db)
    finally:
        pg.stop()
    name = "month close, %d accounts, %d stretches" % (accounts, stretches)
    c, w = median(cpu) / median(their_cpu), median(wall) / median(their_wall)
    t.add(name + ": CPU", "<= 0.17x", "%.2fx" % c, "%.2f s to %.2f s; %.1f us to %.1f us a stretch; equal totals" % (
        median(cpu), median(their_cpu), median(cpu) / stretches * 1e6, median(their_cpu) / stretches * 1e6), c <= 1 / 6)
    t.add(name + ": wall", "<= 0.25x", "%.2fx" % w, "%.2f s to %.2f s" % (median(wall), median(their_wall)), w <= 1 / 4)
    t.add(name + ": peak memory", "<= 128 MiB", "%d MiB" % (median(kib) / 1024), "", median(
        kib) <= 128 * 1024)
    verify(t, db, facts, "of lives, 10 resources an account")
    forget(db)
    many_events(t, folder)


def forget(db):
    for end in ("", "-wal", "-shm", ".lock", ".tokens"):
        if os.path.exists(db + end):
            os.unlink(db + end)


def many_events(t, folder):
    """Verify where events are many and accounts few."""
    accounts, millions = 1000, 10 if FULL else 1
    db = world(folder, "events", accounts)
    with Server(db) as s:
        for at in range(millions):
            s.events(accounts, 10000, 2, at * 1000000, 1000000)
    measured([BILLOW, "close", "2026-10", "--no-grace", "--db", db, "--now", "2026-11-02T00:00:00Z"], stderr=subprocess.DEVNULL)
    verify(t, db, millions * 990000, "counted, %d accounts" % accounts)
    forget(db)


def verify(t, db, facts, what):
    got = [measured([BILLOW, "verify", "--db", db, "--now", "2026-11-02T00:00:00Z"]) for _ in range(3)]
    cpu, wall = median([g[1] for g in got]), median([g[0] for g in got])
    t.add("verify of events " + what, ">= 1 million events/s", "%.2f million/s of CPU" % (facts / cpu / 1e6),
          "%d events, CPU %.2f s, wall %.2f s" % (facts, cpu, wall), facts / cpu >= 1e6)


def measure(t, folder):
    close(t, folder)
