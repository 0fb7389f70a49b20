"""A PostgreSQL of one's own: made in a folder under /tmp, reached through a socket in it, gone at the end.

    with Postgres() as pg:
        url = pg.database()     a fresh, empty database

Run by root it is the user postgres' (initdb refuses root)."""

import glob
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

SETTINGS = "listen_addresses=''\nfsync=off\nfull_page_writes=off\nmax_connections=200\nshared_buffers=64MB\n"


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
    if not found:
        raise RuntimeError("there is no PostgreSQL server: apt-get install postgresql")
    return found[-1]


def psql(url, text):
    p = subprocess.run(
        ["psql", url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if p.returncode != 0:
        raise RuntimeError("%s: %s" % (text, p.stdout))
    return p.stdout


def other(url, database):
    """The URL of another database beside that of url."""
    return re.sub(r"^(\w+://[^/]*/)[^?]*", lambda m: m[1] + database, url)


def name_of(url):
    return re.match(r"^\w+://[^/]*/([^?]*)", url)[1]


def fresh(url, like=None):
    name = "billow_" + secrets.token_hex(8)
    psql(url, "create database %s%s" % (name, " template " + name_of(like) if like else ""))
    return other(url, name)


def drop(url):
    name = name_of(url)
    psql(other(url, "postgres"), "drop database if exists %s with (force)" % name)


class Postgres:
    def __init__(self, settings=""):
        self.bin = binaries()
        self.folder = tempfile.mkdtemp(prefix="billow-pg-")
        self.data = os.path.join(self.folder, "data")
        self.user = None
        if os.getuid() == 0:
            self.user = pwd.getpwnam("postgres")
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        os.chmod(self.folder, 0o711)
        self.run("initdb", "-D", self.data, "-U", "billow", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a") as f:
            f.write(SETTINGS + "unix_socket_directories='%s'\n%s\n" % (self.folder, settings))
        self.process = None
        self.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def options(self):
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def run(self, command, *args):
        p = subprocess.run(
            [os.path.join(self.bin, command), *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            **self.options(),
        )
        if p.returncode != 0:
            raise RuntimeError("%s %s:\n%s" % (command, " ".join(args), p.stdout))
        return p.stdout

    def start(self):
        log = os.path.join(self.folder, "log")
        self.process = subprocess.Popen(
            [os.path.join(self.bin, "postgres"), "-D", self.data],
            stdin=subprocess.DEVNULL,
            stdout=open(log, "ab"),
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            **self.options(),
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                self.sql("select 1")
                return
            except RuntimeError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self, how="fast"):
        """fast: as an operator would; immediate: as if the power went."""
        if self.process is None:
            return
        p, self.process = self.process, None
        p.send_signal({"fast": 2, "immediate": 3}[how])
        p.wait(60)

    def url(self, database="postgres", user="billow"):
        return "postgresql://%s@/%s?host=%s" % (user, database, self.folder)

    def sql(self, text, database="postgres"):
        return psql(self.url(database), text)

    def database(self):
        return fresh(self.url())


def same_stories(tally, pg, drivers):
    """Runs drivers over pg: (name, what its environment has besides)."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

    def run(driver):
        name, more = driver
        return name, subprocess.run(
            [os.path.join(here, name)],
            env={**os.environ, "BILLOW_TEST_DB": pg.url(), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=800,
        )

    with ThreadPoolExecutor(2) as pool:  # they mostly wait, for processes to start and for answers
        for name, p in pool.map(run, drivers):
            found = re.match(r"^(\d+) passed, (\d+) failed$", (p.stdout.rstrip().splitlines() or [""])[-1])
            if tally.check(name, p.returncode == 0 and found, p.stdout[-6000:]):
                tally.passed += int(found[1]) - 1
