#!/usr/bin/python3
"""What is really behind a volume: images that hold a file system, a program of the operator's, and what is left of either when
the server is killed in the middle."""

import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Tally  # noqa: E402
from story.volumes import Volumes  # noqa: E402

GIB = 1 << 30
KILLS = int(os.environ.get("KILLS", "24"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
t = Tally()


ENV = {**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def run(*argv, stdin=None):
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, env=ENV).stdout


def code(*argv):
    return subprocess.run(argv, capture_output=True, env=ENV).returncode


def image(s, id, kind="volume"):
    return os.path.join(s.db + ".volumes", "%s-%s.img" % (kind, id))


def files(s):
    return sorted(os.listdir(s.db + ".volumes"))


def ext4_label(path):
    return re.search(r"volume name:\s*(\S+)", run("dumpe2fs", "-h", path)).group(1)


def xfs_label(path):
    return re.search(r'"(.*)"', run("xfs_db", "-r", "-c", "label", path)).group(1)


def images():
    with Volumes("--volumes", "image") as s:
        plain = s.make("plain")
        v = s.make("ext", filesystem_type="ext4", filesystem_label="data_1")
        bare = s.make("nolabel", filesystem_type="ext4")
        x = s.make("xfs", filesystem_type="xfs", filesystem_label="data_2")
        big = s.make("big", size_gigabytes=2048, filesystem_type="ext4")
        for one, gib in ((plain, 10), (v, 10), (x, 10), (big, 2048)):
            st = os.stat(image(s, one["id"]))
            t.same("the size of %s" % one["name"], st.st_size, gib * GIB)
            t.check("%s is sparse" % one["name"], st.st_blocks * 512 < GIB, st.st_blocks)
        t.same("nothing but images", len(files(s)), 5)
        t.same("an ext4's label", ext4_label(image(s, v["id"])), "data_1")
        t.same("without a label", ext4_label(image(s, bare["id"])), "<none>")
        t.same("an xfs's label", xfs_label(image(s, x["id"])), "data_2")
        t.same("an ext4 is sound", code("e2fsck", "-fn", image(s, v["id"])), 0)

        # content: written into the file system, found in the snapshot and in what is made of it
        note = os.path.join(s.folder, "note.txt")
        with open(note, "w") as f:
            f.write("kept\n" * 1000)
        run("debugfs", "-w", "-f", "-", image(s, v["id"]), stdin="write %s note.txt\n" % note)
        snap = s.snap(v["id"])
        t.same("a snapshot's size", os.stat(image(s, snap["id"], "snapshot")).st_size, 10 * GIB)
        t.check("a snapshot is sparse too", os.stat(image(s, snap["id"], "snapshot")).st_blocks * 512 < GIB)
        run("debugfs", "-w", "-R", "rm note.txt", image(s, v["id"]))
        copy = s.make("copy", snapshot_id=snap["id"], size_gigabytes=12, filesystem_label="other")
        t.same("what was in the snapshot is in the copy", run("debugfs", "-R", "cat note.txt", image(s, copy["id"])), "kept\n" * 1000)
        t.same("its size", os.stat(image(s, copy["id"])).st_size, 12 * GIB)
        t.same("its label", ext4_label(image(s, copy["id"])), "other")
        twin = s.make("xcopy", snapshot_id=s.snap(x["id"])["id"], size_gigabytes=None, filesystem_label="new")
        t.same("an xfs copy's label", xfs_label(image(s, twin["id"])), "new")

        # a label is a label, whatever a shell would make of it
        labels = ["';id>%s;'", "$(>%s)", "`>%s`", "a;>%s;b", '">%s"', "-x%s", "%s;'\"`$&"]
        xsnap = [q["id"] for q in s.snapshots() if q["resource_id"] == x["id"]][0]
        for n, label in enumerate(labels):
            label %= "f"
            for fs, source in (("xfs", {}), ("ext4", {}), ("xfs", {"snapshot_id": xsnap}), ("ext4", {"snapshot_id": snap["id"]})):
                got = s.make("l%d" % n, size_gigabytes=12, filesystem_type=fs, filesystem_label=label, **source)
                read = (xfs_label if fs == "xfs" else ext4_label)(image(s, got["id"]))
                t.same("an %s's label %s%s" % (fs, label, " in a copy" if source else ""), read, label)
                s.remove(got["id"])

        s.done(s.act(v["id"], "resize", size_gigabytes=11))
        t.same("grown", os.stat(image(s, v["id"])).st_size, 11 * GIB)
        t.same("the file system is not", re.search(r"Block count:\s*(\d+)", run("dumpe2fs", "-h", image(s, v["id"]))).group(1), str(10 * GIB // 4096))
        s.remove(v["id"])
        s.delete("/v2/snapshots/" + snap["id"], s.me, want=204)
        t.same("what is deleted is gone", [n for n in files(s) if v["id"] in n or snap["id"] in n], [])

        # a file that may not become so large is a failure like any other
        limit = resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (5 * GIB, limit[1]))
        before = files(s)
        s.make("toolarge", want=503)
        t.same("nothing is left of what is too large", files(s), before)
        resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, limit)

        # what has no record is removed at the start, and nothing else
        others = ["notes.txt", "volume-x.img", "volume-%s.raw" % v["id"], "my-volume-%s.img" % v["id"]]
        strays = ["volume-%s.img" % v["id"], "snapshot-%s.img" % v["id"], "volume-%s.part" % plain["id"]]
        for name in others + strays:
            open(os.path.join(s.db + ".volumes", name), "w").close()
        kept = set(files(s)) - set(strays) | {"volume-%s.img" % snap["id"]}
        os.mkdir(os.path.join(s.db + ".volumes", "volume-%s.img" % snap["id"]))
        s.restart("--volumes", "image")
        t.same("files without a record", set(files(s)), kept)
        t.check("what cannot be removed is told", "volume-%s.img belongs to no volume: it could not" % snap["id"] in s.read_log(), s.read_log()[-500:])
        t.same("volumes are still there", len(s.volumes()), 6)
        os.unlink(image(s, plain["id"]))
        t.check("a missing image fails in words", "storage" in s.snap(plain["id"], want=503).json["message"])
        t.same("and is not billed", len(s.snapshots()), 1)
        a = s.done(s.act(plain["id"], "resize", size_gigabytes=11), "errored")
        t.same("an action errs", (a["status"], s.volume(plain["id"])["size_gigabytes"]), ("errored", 10))
        s.remove(plain["id"])
        folder = os.path.join(s.folder, "elsewhere")
        s.restart("--volumes", "image", "--volumes-dir", folder)
        t.check("another folder", s.make("there")["id"] in "".join(os.listdir(folder)))

    with Volumes("--volumes", "image") as s:
        s.stop()
        for args in (["--volumes", "image", "--volumes-exec", "/bin/true"], ["--volumes", "exec"], ["--volumes", "x"], ["--volumes-dir", "d"]):
            r = s.cli("serve", *args, code=2)
            t.check("serve %s" % " ".join(args), r.err.count("\n") == 1, r.err)
        s.start()
        v = s.make()
        with Volumes() as other:
            other.stop()
            r = other.cli("serve", "--volumes", "image", "--volumes-dir", s.db + ".volumes", "--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0", code=1)
            t.check("a folder that another server uses", "Another server" in r.err, r.err)
        t.same("and its images stay", files(s), ["volume-%s.img" % v["id"]])
        s.stop()
        with Volumes() as other:  # nor does one with the wrong database take them for strays
            other.stop()
            args = ["serve", "--volumes", "image", "--volumes-dir", s.db + ".volumes", "--listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0"]
            t.check("another database's folder", "another database" in other.cli(*args, code=1).err)
        t.same("its images stay too", files(s), ["volume-%s.img" % v["id"]])
        s.start()
        t.same("and are its own", s.volume(v["id"])["id"], v["id"])
        s.stop()
        r = s.cli("serve", "--volumes", "exec", "--volumes-exec", "/no/such", code=1)
        t.check("a program that is not there", "/no/such" in r.err, r.err)


PROGRAM = """#!/usr/bin/python3
import json, os, sys, time
here = os.path.dirname(os.path.abspath(__file__))
q = json.load(sys.stdin)
with open(here + "/log", "a") as f:
    f.write(json.dumps(q) + "\\n")
plan = json.load(open(here + "/plan"))
p = plan.get(q["op"], {})
if p.get("again") and sum(json.loads(l)["op"] == q["op"] for l in open(here + "/log")) <= p["again"]:
    sys.exit(75)
open(here + "/began-" + q["op"], "w").close()
time.sleep(p.get("sleep", 0))
sys.stdout.write(p.get("out", ""))
sys.stdout.flush()
open(here + "/ended-" + q["op"], "w").close()
sys.exit(p.get("exit", 0))
"""


class Program:
    def __init__(self, s):
        self.folder = os.path.join(s.folder, "prog")
        os.mkdir(self.folder)
        self.path = os.path.join(self.folder, "run")
        with open(self.path, "w") as f:
            f.write(PROGRAM)
        os.chmod(self.path, 0o755)
        self.plan()

    def plan(self, **plan):
        name = os.path.join(self.folder, "plan")
        with open(name + ".new", "w") as f:
            json.dump(plan, f)
        os.replace(name + ".new", name)  # at once: a program may be reading it
        for name in os.listdir(self.folder):
            if name == "log" or name.startswith(("began-", "ended-")):
                os.unlink(os.path.join(self.folder, name))

    def log(self):
        try:
            with open(os.path.join(self.folder, "log")) as f:
                return [json.loads(line) for line in f]
        except FileNotFoundError:
            return []

    def wait(self, name):
        deadline = time.monotonic() + 30
        while not os.path.exists(os.path.join(self.folder, name)):
            if time.monotonic() > deadline:
                raise AssertionError("the program never came to " + name)
            time.sleep(0.01)


def on_exec():
    s = Volumes()
    p = Program(s)
    s.restart("--volumes", "exec", "--volumes-exec", p.path)
    return s, p


def programs():
    s, p = on_exec()
    with s:
        v = s.make(filesystem_type="xfs", filesystem_label="lab")
        want = {
            "op": "create", "id": v["id"], "size_gigabytes": 10, "filesystem_type": "xfs", "filesystem_label": "lab",
            "snapshot_id": None, "droplet_id": None, "region": "nyc1",
        }  # fmt: skip
        got = p.log()[0]
        t.check("an operation has an id", isinstance(got["operation_id"], str) and got["operation_id"], got)
        t.same("what the program is asked", {k: x for k, x in got.items() if k != "operation_id"}, want)

        p.plan(snapshot={"out": '{"size_gigabytes": 1.25}'})
        snap = s.snap(v["id"])
        t.same("a smaller snapshot is shown so", (snap["size_gigabytes"], snap["min_disk_size"]), (1.25, 10))
        t.same("asked for", [(q["op"], q["id"], q["snapshot_id"]) for q in p.log()], [("snapshot", v["id"], snap["id"])])
        s.make("small", want=422, snapshot_id=snap["id"], size_gigabytes=9)
        copy = s.make("copy", snapshot_id=snap["id"], size_gigabytes=None)
        got = [(q["op"], q["id"], q["snapshot_id"], q["size_gigabytes"]) for q in p.log()[1:]]
        t.same("what is made of it has its volume's size", got, [("clone", copy["id"], snap["id"], 10)])
        s.remove(copy["id"])
        for out in ('{"size_gigabytes": 11}', '{"size_gigabytes": 0}', '{"size_gigabytes": 1.001}', '{"size_gigabytes": "1"}', "[]", "{"):
            p.plan(snapshot={"out": out})
            w = s.make("w")
            s.snap(w["id"], want=503)
            t.same("an answer of %s is no snapshot" % out, ([q["op"] for q in p.log()], len(s.snapshots())), (["create", "snapshot", "delete_snapshot"], 1))
            s.remove(w["id"])

        # failing
        p.plan(create={"exit": 1, "out": '{"error": "no space on san-1"}'})
        a = s.make("x", want=503)
        t.same("a failed create", (a.json["id"], [q["op"] for q in p.log()]), ("server_error", ["create", "delete"]))
        t.check("the customer is not told of the inside", "san-1" not in a.text, a.text)
        t.check("the operator is", "no space on san-1" in s.read_log(), s.read_log()[-500:])
        t.same("nothing is made", len(s.volumes()), 1)
        t.check("the undoing has an id of its own", len({q["operation_id"] for q in p.log()}) == 2, p.log())
        p.plan()
        s.remove(s.make("x")["id"])

        # putting off
        p.plan(create={"again": 3})
        y = s.make("y")
        ids = [q["operation_id"] for q in p.log()]
        t.same("put off, it is asked again under the same id", (len(ids), len(set(ids))), (4, 1))
        p.plan(resize={"again": 2})
        s.done(s.act(y["id"], "resize", size_gigabytes=20))
        ids = [q["operation_id"] for q in p.log()]
        t.same("an action too", (len(ids), len(set(ids)), s.volume(y["id"])["size_gigabytes"]), (3, 1, 20))

        # an action takes its time; meanwhile nothing else is done with the volume
        s.droplet(7)
        p.plan(attach={"sleep": 1})
        a = s.act(y["id"], "attach", droplet_id=7)
        p.wait("began-attach")
        t.same("not yet", (s.volume(y["id"])["droplet_ids"], s.get("/v2/actions/%d" % a["id"], s.me).json["action"]["status"]), ([], "in-progress"))
        t.same("busy", [s.remove(y["id"], want=409).status, s.snap(y["id"], want=409).status, s.act(y["id"], "resize", want=409, size_gigabytes=30).status], [409] * 3)
        s.done(a)
        t.same("attached", s.volume(y["id"])["droplet_ids"], [7])
        t.same("what attach is asked with", [(q["id"], q["droplet_id"]) for q in p.log()], [(y["id"], 7)])
        p.plan(detach={"exit": 3})
        s.done(s.act(y["id"], "detach", droplet_id=7), "errored")
        t.same("a failed detach", s.volume(y["id"])["droplet_ids"], [7])
        p.plan()
        s.done(s.act(y["id"], "detach", droplet_id=7))

        # a droplet's fifteen places are taken when attaching begins
        p.plan(attach={"sleep": 0.3})
        s.droplet(8)
        many = [s.make("n%d" % n)["id"] for n in range(17)]
        got = [s.ask_json("POST", "/v2/volumes/%s/actions" % v, {"type": "attach", "droplet_id": 8}) for v in many]
        t.same("seventeen at once", [a.status for a in got], [202] * 15 + [422] * 2)
        [s.done(a.json["action"]) for a in got[:15]]
        p.plan()
        t.same("fifteen hold", sum(v["droplet_ids"] == [8] for v in s.volumes("?per_page=200")), 15)

        # two of one name at once: one is made
        p.plan(create={"sleep": 0.5})
        got = []

        def one():
            link = http.client.HTTPConnection("127.0.0.1", s.port, timeout=60)
            link.request("POST", "/v2/volumes", json.dumps({"name": "race", "size_gigabytes": 1, "region": "nyc1"}), {"Authorization": "Bearer " + s.me})
            got.append(link.getresponse().status)
            link.close()
        both = [threading.Thread(target=one) for _ in range(2)]
        [x.start() for x in both]
        [x.join() for x in both]
        t.same("two of one name", (sorted(got), sorted(q["op"] for q in p.log())), ([201, 409], ["create", "create", "delete"]))

        # what was left is asked again on one hand: customers are served meanwhile
        left = [s.make("left%d" % n)["id"] for n in range(6)]
        p.plan(delete={"exit": 1})
        [s.remove(v, want=503) for v in left]
        p.plan(delete={"sleep": 60, "exit": 75})
        s.restart("--volumes", "exec", "--volumes-exec", p.path)
        p.wait("began-delete")
        began = time.monotonic()
        s.make("served")
        t.check("not behind what was left", time.monotonic() - began < 30, time.monotonic() - began)
        p.plan()
        s.restart("--volumes", "exec", "--volumes-exec", p.path)
        deadline = time.monotonic() + 60
        while {q["id"] for q in p.log()} != set(left) and time.monotonic() < deadline:
            time.sleep(0.02)
        t.same("and all of it in the end", sorted(q["id"] for q in p.log()), sorted(left))

        # a delete that fails ends the bill and is tried again
        p.plan(delete={"exit": 1})
        gone = [v for v in s.volumes() if v["name"] == "race"][0]["id"]
        s.remove(gone, want=503)
        s.volume(gone, want=404)
        p.plan()
        s.restart("--volumes", "exec", "--volumes-exec", p.path)
        p.wait("ended-delete")
        t.same("finished at the next start", [(q["op"], q["id"]) for q in p.log()], [("delete", gone)])
        s.stop()
        s.cli("verify")


UNRULY = [  # what a program does, and what becomes of a create
    ("closes its input unread", "exec 0<&-; sleep 0.1", 201),
    ("answers blanks", "printf ' \\n\\t '", 201),
    ("answers zero bytes", "head -c 100 /dev/zero", 503),
    ("answers five megabytes of them", "head -c 5000000 /dev/zero", 503),
    ("answers more blanks than are read", "head -c 70000 /dev/zero | tr '\\0' ' '", 503),
    ("is killed", "kill -9 $$", 503),
    ("leaves a daemon", "(setsid sleep 600 & echo $! >>$0.pid)", 201),
    ("leaves one that is silent", "(setsid sleep 600 </dev/null >/dev/null 2>&1 & echo $! >>$0.pid)", 201),
]


def unruly():
    s = Volumes()
    path = os.path.join(s.folder, "run")
    with s:
        for n, (what, text, want) in enumerate(UNRULY):
            with open(path + ".new", "w") as f:
                f.write('#!/bin/sh\n%s\n' % text)
            os.chmod(path + ".new", 0o755)
            os.rename(path + ".new", path)
            if n == 0:
                s.restart("--volumes", "exec", "--volumes-exec", path)
            t.same("a program that " + what, s.ask_json("POST", "/v2/volumes", {"name": "v%d" % n, "size_gigabytes": 1, "region": "nyc1"}).status, want)
        began = time.monotonic()
        s.restart("--volumes", "exec", "--volumes-exec", path)
        t.check("daemons that a program left are not waited for", time.monotonic() - began < 60)
        with open(path + ".pid") as f:
            for pid in f:
                os.kill(int(pid), signal.SIGKILL)
        t.same("what was made is listed", len(s.volumes()), sum(want == 201 for _, _, want in UNRULY))


def killed():
    """kill -9 while the program is at work: what it was at is undone, finished or asked again under the same id, when it is."""
    for op, more in [("create", {}), ("snapshot", {}), ("delete", {}), ("resize", {}), ("attach", {})]:
        s, p = on_exec()
        with s:
            s.droplet(7)
            v = s.make()
            p.plan(**{op: {"sleep": 0.7}})
            ask = {
                "create": ("POST", "/v2/volumes", {"name": "x", "size_gigabytes": 1, "region": "nyc1"}),
                "snapshot": ("POST", "/v2/volumes/%s/snapshots" % v["id"], {"name": "x"}),
                "delete": ("DELETE", "/v2/volumes/" + v["id"], None),
                "resize": ("POST", "/v2/volumes/%s/actions" % v["id"], {"type": "resize", "size_gigabytes": 20}),
                "attach": ("POST", "/v2/volumes/%s/actions" % v["id"], {"type": "attach", "droplet_id": 7}),
            }[op]
            head = {"Authorization": "Bearer " + s.me}
            url = "http://127.0.0.1:%d%s" % (s.port, ask[1])
            body = [] if ask[2] is None else ["-d", json.dumps(ask[2])]
            c = subprocess.Popen(["curl", "-s", "-X", ask[0], url, "-H", "Authorization: " + head["Authorization"], *body], stdout=subprocess.DEVNULL)
            p.wait("began-" + op)
            s.stop(signal.SIGKILL)
            c.wait()
            first = p.log()
            s.start()
            t.check("the next start waited for the program that ran (%s)" % op, os.path.exists(os.path.join(p.folder, "ended-" + op)))
            undo = {"create": "delete", "snapshot": "delete_snapshot"}.get(op, op)
            deadline = time.monotonic() + 20
            while len(p.log()) == len(first) and time.monotonic() < deadline:
                time.sleep(0.02)
            again = p.log()[len(first)]
            same = again["operation_id"] == first[0]["operation_id"]
            t.same("%s: what is asked then" % op, (again["op"], same), (undo, undo == op))
            if op in ("resize", "attach"):
                a = s.done(s.get("/v2/actions", s.me, want=200).json["actions"][0])
                t.same("%s is completed" % op, (a["status"], s.volume(v["id"])["size_gigabytes"], s.volume(v["id"])["droplet_ids"]), ("completed", 20 if op == "resize" else 10, [7] if op == "attach" else []))
            left = {"create": (1, 0), "snapshot": (1, 0), "delete": (0, 0)}.get(op, (1, 0))
            t.same("%s: what is left" % op, (len(s.volumes()), len(s.snapshots())), left)
            s.stop()
            s.cli("verify")


def kills():
    """Images under kill -9 at any moment: after a restart each record has its image and each image its record."""
    dice = random.Random(SEED)
    with Volumes("--volumes", "image") as s:
        n = 0
        for round in range(KILLS):
            stop = threading.Event()

            def busy():
                c = Volumes.__new__(Volumes)
                c.port, c.operator_port, c.links, c.me, c.process = s.port, s.operator_port, {}, s.me, None
                ask = lambda method, path, body=None: c.ask(method, path, c.me, json.dumps(body) if body else None)  # noqa: E731
                i = 0
                while not stop.is_set():
                    try:
                        i += 1
                        name = "v%d-%d-%d" % (round, threading.get_ident() % 1000, i)
                        fs = dice.choice(["", "ext4", "xfs"])
                        v = json.loads(ask("POST", "/v2/volumes", {"name": name, "size_gigabytes": 1, "region": "nyc1", "filesystem_type": fs}).body)["volume"]["id"]
                        snap = json.loads(ask("POST", "/v2/volumes/%s/snapshots" % v, {"name": "s"}).body)["snapshot"]["id"]
                        ask("POST", "/v2/volumes/%s/actions" % v, {"type": "resize", "size_gigabytes": 2})
                        ask("DELETE", "/v2/snapshots/" + snap)
                        ask("DELETE", "/v2/volumes/" + v)
                    except (OSError, KeyError, ValueError, http.client.HTTPException):
                        pass  # the server is gone, or about to be

            threads = [threading.Thread(target=busy) for _ in range(3)]
            [x.start() for x in threads]
            time.sleep(dice.uniform(0.02, 0.5))
            s.stop(signal.SIGKILL)
            stop.set()
            [x.join() for x in threads]
            s.start()
            deadline = time.monotonic() + 20
            while True:
                actions = s.pages("/v2/actions", s.me, "actions")
                records = {"volume-%s.img" % v["id"]: v["size_gigabytes"] for v in s.pages("/v2/volumes", s.me, "volumes")}
                records.update({"snapshot-%s.img" % x["id"]: x["min_disk_size"] for x in s.pages("/v2/snapshots", s.me, "snapshots")})
                settled = set(records) == set(files(s)) and all(a["status"] != "in-progress" for a in actions)
                if settled or time.monotonic() > deadline:
                    break
                time.sleep(0.05)
            if not t.same("kill %d: records and images" % round, sorted(records), files(s)):
                break
            sizes = {name: os.stat(os.path.join(s.db + ".volumes", name)).st_size // GIB for name in records}
            t.same("kill %d: sizes" % round, sizes, records)
            n += len(actions)
        t.check("something was done meanwhile", n > 0)
        s.stop()
        s.cli("verify")


if not shutil.which("mkfs.ext4", path=ENV["PATH"]):
    sys.exit("mkfs.ext4 is missing: install e2fsprogs")
print("seed %d" % SEED)
images()
programs()
unruly()
killed()
kills()
t.end()
