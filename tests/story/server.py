"""A server of one's own: started on free ports over a fresh database, asked, and ended with care."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import postgres
from .contract import Contract
from .schema import parse_json

SANITIZER = re.compile(
    r"(AddressSanitizer|LeakSanitizer|UndefinedBehaviorSanitizer|ThreadSanitizer|runtime error:)"
)
_contracts = {}


def contract(name):
    if name not in _contracts:
        _contracts[name] = Contract.named(name)
    return _contracts[name]


class Failed(Exception):
    """The story did not go as told."""


class Result:
    """What a command printed."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return parse_json(self.out)


class Answer:
    """What the server answered."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return parse_json(self.body.decode("utf-8"))

    @property
    def text(self):
        return self.body.decode("utf-8")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def program():
    path = os.environ.get("BILLOW") or os.path.join(
        os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "build", "billow"
    )
    if not os.access(path, os.X_OK):
        raise Failed("there is no program at %s; set BILLOW" % path)
    return path


def contract_name(path, token, status, operator):
    """Whose answer it is. Of a path that both dialects have, a good Civo key gets Civo's."""
    if operator:
        return "operator"
    if path.startswith("/v1/"):
        return "oauth"
    civo = contract("civo").knows(path)
    if civo and contract("digitalocean").knows(path):
        civo = (token or "").startswith("civo_v1_") and status != 401
    return "civo" if civo else "digitalocean"


class Story:
    """On SQLite, or with $BILLOW_TEST_DB (the URL of a PostgreSQL database whose user may make others) in a
    fresh database there. now: the clock of the test database; serve: further arguments of `billow serve`; rate: its --rate-
    limit. With start=False no server runs until start() is called."""

    def __init__(self, now="2026-01-01T00:00:00Z", serve=(), rate="off", start=True, folder=None):
        self.program = program()
        self.now, self.extra, self.rate = now, list(serve), rate
        self.own_folder = folder is None
        self.shared = folder is None and bool(os.environ.get("BILLOW_TEST_DB"))
        self.folder = folder or tempfile.mkdtemp(prefix="billow-story-")
        self.db = postgres.fresh(os.environ["BILLOW_TEST_DB"]) if self.shared else os.path.join(self.folder, "billow.db")
        self.process, self.log_path = None, os.path.join(self.folder, "serve.log")
        self.links = {}
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.stop(quietly=kind is not None)
        finally:
            self.drop()
            if self.own_folder:
                shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the database

    def copy(self, name, now):
        """Another story's beginning: no server runs, its database is what this one's is. So that no server may run here
        either. It is let go with drop()."""
        other = Story(now=now, start=False, folder=self.folder)
        other.shared = self.shared
        if self.shared:
            other.db = postgres.fresh(os.environ["BILLOW_TEST_DB"], like=self.db)
            return other
        other.db = os.path.join(self.folder, name + ".db")
        for end in ("", "-wal"):
            if os.path.exists(self.db + end):
                shutil.copy(self.db + end, other.db + end)
        return other

    def drop(self):
        if self.shared:
            postgres.drop(self.db)
            return
        for end in ("", "-wal", "-shm", ".lock"):
            if os.path.exists(self.db + end):
                os.unlink(self.db + end)

    # ---- the server

    def start(self, now=None):
        """On free ports; others are tried when somebody took one of them first."""
        for left in reversed(range(5)):
            try:
                return self.start_once(now)
            except Failed as e:
                if not left or "cannot be listened on: address already in use" not in str(e):
                    raise
                self.log.close()

    def start_once(self, now):
        self.port, self.operator_port = free_port(), free_port()
        argv = [self.program, "serve", "--db", self.db, "--now", now or self.now]
        argv += [
            "--listen",
            "127.0.0.1:%d" % self.port,
            "--operator-listen",
            "127.0.0.1:%d" % self.operator_port,
        ]
        argv += ["--rate-limit", self.rate, *self.extra]
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 30
        while True:
            self.still_lives()
            try:
                if self.ask("GET", "/readyz").status == 200:
                    return
            except OSError:
                pass
            if time.monotonic() > deadline:
                raise Failed("the server does not answer:\n" + self.read_log())
            time.sleep(0.02)

    def still_lives(self):
        """Fails, with the end of its log, when the server is gone though nobody ended it."""
        if self.process is not None and self.process.poll() is not None:
            raise Failed("the server died with %d:\n%s" % (self.process.returncode, self.read_log()[-3000:]))

    def read_log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def stop(self, sig=signal.SIGTERM, quietly=False):
        """Ends the server. It must end by itself, with 0, within ten seconds, and without a sanitizer's
        report."""
        for link in list(self.links.values()):  # others may be asking until the very end
            link.close()
        self.links = {}
        if self.process is None:
            return
        p, self.process = self.process, None
        p.send_signal(sig)
        try:
            code = p.wait(15)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            code = None
        self.log.close()
        log = self.read_log()
        if SANITIZER.search(log):
            raise Failed("a sanitizer reported:\n" + log[-6000:])
        if quietly or sig == signal.SIGKILL:
            return
        if code != 0:
            raise Failed("the server ended with %s:\n%s" % (code, log[-3000:]))

    # ---- commands

    def cli(self, *args, now=None, code=0, stdin=None, db=True):
        """One command. `code`: the exit status it must have; None: any."""
        argv = [self.program, *[str(a) for a in args]]
        if db:
            argv += ["--db", self.db]
        if now is not None:
            argv += ["--now", now]
        elif db and self.process is None:
            argv += ["--now", self.now]
        p = subprocess.run(
            argv,
            input=stdin.encode("utf-8") if isinstance(stdin, str) else stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=120,
        )
        r = Result(p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace"))
        if SANITIZER.search(r.err):
            raise Failed("a sanitizer reported in %s:\n%s" % (" ".join(argv[1:]), r.err[-6000:]))
        if r.code < 0 or (code is not None and r.code != code):
            raise Failed("%s ended with %d, not %s\n%s%s" % (" ".join(argv[1:]), r.code, code, r.out, r.err))
        return r

    # ---- requests

    def ask(self, method, path, token=None, body=None, headers=None, operator=False):
        """One request, its answer unchecked. A connection that the server closed is opened again, once."""
        port = self.operator_port if operator else self.port
        send = dict(headers or {})
        if token is not None:
            send.setdefault("Authorization", "Bearer " + token)
        if isinstance(body, str):
            body = body.encode("utf-8")
        for attempt in (0, 1):
            link = self.links.get(port)
            fresh = link is None
            if fresh:
                link = self.links[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                link.request(method, path, body=body, headers=send)
                r = link.getresponse()
                data = r.read()
                if r.will_close:
                    self.links.pop(port).close()
                return Answer(r.status, {k.lower(): v for k, v in r.getheaders()}, data)
            except (http.client.HTTPException, OSError):
                link.close()
                self.links.pop(port, None)
                if fresh or attempt:
                    self.still_lives()
                    raise

    def request(self, method, path, token=None, body=None, headers=None, operator=None, want=None):
        """One request whose answer is held against the contract. `want`: the status it must have."""
        if operator is None:
            operator = path.startswith(("/operator/", "/metrics"))
        a = self.ask(method, path, token, body, headers, operator)
        contract(contract_name(path, token, a.status, operator)).check(method, path, a.status, a.headers, a.body)
        if want is not None and a.status != want:
            raise Failed("%s %s -> %d, not %d\n  %s" % (method, path, a.status, want, a.body[:800]))
        return a

    def get(self, path, token=None, **more):
        return self.request("GET", path, token, **more)

    def head(self, path, token=None, **more):
        return self.request("HEAD", path, token, **more)

    def post(self, path, token=None, body=None, **more):
        return self.request("POST", path, token, body, **more)

    def put(self, path, token=None, body=None, **more):
        return self.request("PUT", path, token, body, **more)

    def patch(self, path, token=None, body=None, **more):
        return self.request("PATCH", path, token, body, **more)

    def delete(self, path, token=None, **more):
        return self.request("DELETE", path, token, **more)

    # ---- shorthand

    def token(self, urn, dialect="do", now=None):
        """A new token of an account."""
        return self.cli("token", "add", "--account", urn, "--dialect", dialect, now=now).out.split()[0]

    def operator_token(self, now=None):
        return self.cli("token", "add", "--operator", now=now).out.split()[0]

    def pages(self, path, token, key, per_page=200, **more):
        """All rows of a paged list, following its own links."""
        rows, at = [], "%s?per_page=%d" % (path, per_page)
        while at:
            a = self.get(at, token, want=200, **more).json
            rows += a[key]
            link = a.get("links", {}).get("pages", {}).get("next")
            at = re.sub(r"^https?://[^/]+", "", link) if link else None
        return rows
