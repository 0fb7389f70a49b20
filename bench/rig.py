"""What the measurements stand on: Billow, PostgreSQL and nginx as children, their CPU time, rounds, and the table."""

import json
import os
import pwd
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("BILLOW_BUILD", os.path.join(HERE, "..", "build"))
BILLOW = os.environ.get("BILLOW", os.path.join(BUILD, "billow"))
FULL = os.environ.get("BENCH_FULL") == "1"
OPERATOR = "blw_v1_" + "0" * 62 + "be"
MONTH = 681  # 2026-10
NOW = "2026-10-20T12:00:00Z"


class Missing(Exception):
    """A reference is not installed, so that its rows cannot be measured."""


# ---- processes

def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_s(pid):
    """CPU seconds of a process, all its threads."""
    return time.clock_gettime(((~pid) << 3) | 2)


def status_kib(pid, field):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith(field + ":"):
                return int(line.split()[1])
    return 0


def tool(name, *args, **how):
    out = subprocess.run([os.path.join(BUILD, "bench", name), *map(str, args)], check=True, stdout=subprocess.PIPE, **how)
    return out.stdout.decode()


def measured(argv, **how):
    """Runs a program to its end: wall seconds, CPU seconds, most resident KiB, what it printed."""
    begin = time.monotonic()
    p = subprocess.Popen(argv, stdout=subprocess.PIPE, **how)
    out = p.stdout.read().decode()
    _, code, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(code)
    p.stdout.close()
    if p.returncode != 0:
        raise RuntimeError("%s failed" % " ".join(argv))
    return time.monotonic() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss, out


def core(n):
    """What a child is started with to keep to one core, where there are two."""
    return (lambda: os.sched_setaffinity(0, {n})) if len(os.sched_getaffinity(0)) > 1 else None


class Server:
    """billow serve over a database, on ports of its own."""

    def __init__(self, db, now=NOW + "+", preexec=None):
        self.public, self.operator = free_port(), free_port()
        begin = time.monotonic()
        self.p = subprocess.Popen(
            [BILLOW, "serve", "--quiet", "--rate-limit", "off", "--db", db, "--now", now, "--listen",
             "127.0.0.1:%d" % self.public, "--operator-listen", "127.0.0.1:%d" % self.operator],
            stderr=subprocess.DEVNULL, preexec_fn=preexec)
        while not self.answers():
            if self.p.poll() is not None:
                raise RuntimeError("billow serve ended")
            time.sleep(0.001)
        self.started_s = time.monotonic() - begin

    def answers(self):
        try:
            return b"200 OK" in ask(self.public, "GET /healthz HTTP/1.1\r\nHost: b\r\n\r\n")
        except OSError:
            return False

    @property
    def pid(self):
        return self.p.pid

    def cpu_s(self):
        return cpu_s(self.pid)

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        self.p.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def events(self, accounts, batch, connections, first, count):
        return json.loads(tool("load", "events", self.operator, self.pid, accounts, batch, connections, first, count))

    def lives(self, accounts, resources, month, settled=False, first=0):
        return json.loads(tool("load", "lives", self.operator, self.pid, accounts, resources, month,
                               "settled" if settled else "mixed", first))


class Connection:
    """One kept connection, as thin as Python allows."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        self.s.sendall(request if isinstance(request, bytes) else request.encode())
        got = b""
        while True:
            part = self.s.recv(1 << 20)
            if not part:
                raise OSError("hung up")
            got += part
            head, gap, body = got.partition(b"\r\n\r\n")
            if gap:
                low = head.lower()
                at = low.find(b"content-length:")
                length = int(low[at + 15:].split(b"\r\n")[0]) if at >= 0 else 0
                if len(body) >= length:
                    return got

    def get(self, path, token):
        return self.ask("GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n" % (path, token))

    def post(self, path, token, body):
        return self.ask("POST %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %d\r\n\r\n%s" % (path, token, len(body), body))

    def close(self):
        self.s.close()


def ask(port, request):
    c = Connection(port)
    try:
        return c.ask(request)
    finally:
        c.close()


def world(folder, name, accounts, tokens=0, month=MONTH, book="prices.yaml", now=NOW):
    """A database with accounts, tokens and a price book; its path. The tokens go to a file beside it."""
    db = os.path.join(folder, name + ".db")
    with open(db + ".tokens", "w") as f:
        f.write(tool("world", db, accounts, tokens, month))
    subprocess.run([BILLOW, "prices", "load", os.path.join(HERE, book), "--db", db, "--now", now], check=True,
                   stdout=subprocess.DEVNULL)
    return db


# ---- PostgreSQL, a cluster of its own

class Postgres:
    def __init__(self, folder):
        roots = "/usr/lib/postgresql"
        versions = sorted(os.listdir(roots), key=float) if os.path.isdir(roots) else []
        if not versions:
            raise Missing("PostgreSQL is not installed")
        self.bin = os.path.join(roots, versions[-1], "bin")
        self.version = versions[-1]
        self.home = tempfile.mkdtemp(prefix="pg", dir=folder)
        self.user, self.become = None, {}
        if os.getuid() == 0:  # PostgreSQL does not run as root
            self.user = pwd.getpwnam("postgres")
            os.chmod(folder, 0o711)
            os.chown(self.home, self.user.pw_uid, self.user.pw_gid)
            self.become = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        self.data = os.path.join(self.home, "data")
        self.run("initdb", "-D", self.data, "-A", "trust", "-U", "bench", "--no-sync", "-E", "UTF8", "--locale=C")
        options = {"listen_addresses": "''", "unix_socket_directories": "'%s'" % self.home, "shared_buffers": "'1GB'",
                   "max_wal_size": "'4GB'", "synchronous_commit": "on", "fsync": "on", "work_mem": "'64MB'",
                   "max_parallel_workers_per_gather": "0", "jit": "off", "autovacuum": "off", "log_min_messages": "fatal"}
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.writelines("%s = %s\n" % o for o in options.items())
        self.run("pg_ctl", "-D", self.data, "-w", "-l", os.path.join(self.home, "log"), "start")

    def run(self, program, *args):
        subprocess.run([os.path.join(self.bin, program), *args], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd="/", **self.become)

    def psql(self, script, *args, program="psql"):
        """Runs SQL in one session: wall seconds, CPU seconds of client and backend, what it printed. The backend's own CPU
        is read by the session itself, before its work and after."""
        stat = "select 'cpu ' || pg_read_file('/proc/self/stat');\n"
        at = os.path.join(self.home, "script.sql")
        with open(at, "w") as f:
            f.write("\\set ON_ERROR_STOP on\nset client_min_messages = warning;\n" + stat + script + "\n" + stat)
        wall, cpu, _, out = measured(["psql", "-h", self.home, "-U", "bench", "-d", "postgres", "-X", "-q", "-A", "-t", "-f", at])
        lines = out.splitlines()
        first, last = (backend_cpu_s(s) for s in lines if s.startswith("cpu "))
        return wall, cpu + last - first, "\n".join(s for s in lines if not s.startswith("cpu "))

    def pgbench(self, script, clients, seconds):
        """Statements a second of a pgbench script."""
        at = os.path.join(self.home, "bench.sql")
        with open(at, "w") as f:
            f.write(script)
        out = subprocess.run(["pgbench", "-h", self.home, "-U", "bench", "-n", "-M", "prepared", "-f", at, "-c", str(clients),
                              "-j", "2", "-T", str(seconds), "postgres"], check=True, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout.decode()
        return float(out.split("tps = ")[1].split()[0])

    def stop(self):
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        shutil.rmtree(self.home, ignore_errors=True)


def backend_cpu_s(line):
    f = line.rsplit(")", 1)[1].split()
    return (int(f[11]) + int(f[12])) / os.sysconf("SC_CLK_TCK")


# ---- nginx

class Nginx:
    """One worker that answers one body, kept to one core."""

    def __init__(self, folder, body, preexec=None):
        self.program = shutil.which("nginx") or "/usr/sbin/nginx"
        if not os.path.exists(self.program):
            raise Missing("nginx is not installed")
        self.port = free_port()
        self.home = tempfile.mkdtemp(prefix="nginx", dir=folder)
        conf = os.path.join(self.home, "nginx.conf")
        with open(conf, "w") as f:
            f.write("daemon off; master_process off; worker_processes 1; pid %s/pid; error_log stderr crit;\n"
                    "events { worker_connections 1024; }\n"
                    "http { access_log off; keepalive_requests 1000000000; default_type application/json;\n"
                    "server { listen 127.0.0.1:%d; location / { return 200 '%s'; } } }\n" % (self.home, self.port, body))
        self.p = subprocess.Popen([self.program, "-c", conf, "-p", self.home], stderr=subprocess.DEVNULL, preexec_fn=preexec)
        for _ in range(2000):
            try:
                ask(self.port, "GET / HTTP/1.1\r\nHost: b\r\n\r\n")
                return
            except OSError:
                time.sleep(0.002)
        raise RuntimeError("nginx did not start")

    pid = property(lambda self: self.p.pid)

    def stop(self):
        self.p.terminate()
        self.p.wait()


def wrk(port, path, tokens, seconds, preexec=None):
    """Requests a second, and how many."""
    if not shutil.which("wrk"):
        raise Missing("wrk is not installed")
    out = subprocess.run(["wrk", "-t1", "-c64", "-d%ds" % seconds, "-s", os.path.join(HERE, "tokens.lua"),
                          "http://127.0.0.1:%d%s" % (port, path)], check=True, stdout=subprocess.PIPE, preexec_fn=preexec,
                         env=dict(os.environ, TOKENS=tokens)).stdout.decode()
    if "Non-2xx" in out or " 0 requests in" in out:
        raise RuntimeError("wrk did not get its answers:\n" + out)
    n = int(out.split(" requests in ")[0].split()[-1])
    return float(out.split("Requests/sec:")[1].split()[0]), n


# ---- the table

class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, bar, figure, reference="", met=None):
        verdict = "" if met is None else "yes" if met else "NO"
        self.rows.append((what, bar, figure, reference, verdict))
        say("  %s: %s%s%s" % (what, figure, "; " + reference if reference else "", "" if met is None else "; bar %s: %s" % (bar, verdict)))

    def show(self):
        head = ("what", "bar", "measured", "beside", "met")
        width = [max(len(r[i]) for r in [head, *self.rows]) for i in range(5)]
        print("| " + " | ".join(h.ljust(w) for h, w in zip(head, width)) + " |")
        print("|" + "|".join("-" * (w + 2) for w in width) + "|")
        for r in self.rows:
            print("| " + " | ".join(c.ljust(w) for c, w in zip(r, width)) + " |")


def say(text):
    print(text, file=sys.stderr, flush=True)


def load_average():
    return "%.1f" % os.getloadavg()[0]


median = statistics.median


def limit_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
