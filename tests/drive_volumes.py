#!/usr/bin/python3
"""Block storage: the published rules one by one, with records alone behind the volumes; what is made through the API is billed
as the same life told by events is."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Tally  # noqa: E402
from story.volumes import START, Volumes, resource  # noqa: E402

NOBODY = "00000000-0000-4000-8000-000000000000"
t = Tally()

CREATES = [  # what is not as it should be, and the answer
    ({}, 201),
    ({"name": "a" * 64}, 201),
    ({"name": "a" * 65}, 422),
    ({"name": "Data"}, 422),
    ({"name": "1a"}, 422),
    ({"name": "_a"}, 422),
    ({"name": "a_b-9"}, 201),
    ({"name": "a b"}, 422),
    ({"name": "ä"}, 422),
    ({"name": ""}, 422),
    ({"name": None}, 422),
    ({"name": 7}, 422),
    ({"size_gigabytes": 1}, 201),
    ({"size_gigabytes": 16384}, 201),
    ({"size_gigabytes": 0}, 422),
    ({"size_gigabytes": 16385}, 422),
    ({"size_gigabytes": -1}, 422),
    ({"size_gigabytes": "10"}, 422),
    ({"size_gigabytes": 10.5}, 422),
    ({"size_gigabytes": None}, 422),
    ({"size_gigabytes": 99999999999999999999}, 422),
    ({"region": "lon1"}, 201),
    ({"region": "LON1"}, 201),
    ({"region": "mars"}, 422),
    ({"region": ""}, 422),
    ({"region": None}, 422),
    ({"filesystem_type": "ext4", "filesystem_label": "x" * 16}, 201),
    ({"filesystem_type": "ext4", "filesystem_label": "x" * 17}, 422),
    ({"filesystem_type": "xfs", "filesystem_label": "x" * 12}, 201),
    ({"filesystem_type": "xfs", "filesystem_label": "x" * 13}, 422),
    ({"filesystem_type": "ext4", "filesystem_label": "a b"}, 422),
    ({"filesystem_type": "ext4", "filesystem_label": "a/b"}, 422),
    ({"filesystem_type": "ext4", "filesystem_label": "é"}, 422),
    ({"filesystem_type": "btrfs"}, 422),
    ({"filesystem_label": "x"}, 422),
    ({"filesystem_type": "", "filesystem_label": "", "snapshot_id": "", "description": "", "tags": []}, 201),
    ({"tags": None}, 201),
    ({"tags": ["a:b", "C_9-"]}, 201),
    ({"tags": ["a b"]}, 422),
    ({"tags": [""]}, 422),
    ({"tags": ["x" * 255]}, 201),
    ({"tags": ["x" * 256]}, 422),
    ({"tags": ["t%d" % n for n in range(64)]}, 201),
    ({"tags": ["t%d" % n for n in range(65)]}, 422),
    ({"tags": "a"}, 422),
    ({"tags": [1]}, 422),
    ({"description": 5}, 422),
    ({"snapshot_id": NOBODY}, 404),
    ({"snapshot_id": "x"}, 404),
    ({"snapshot_id": NOBODY, "name": "Wrong"}, 404),
    ({"snapshot_id": NOBODY, "name": 7, "tags": 7}, 404),
    ({"description": "x" * 4096}, 201),
    ({"description": "x" * 4097}, 422),
    ({"what": "is unknown"}, 201),
]


def creating():
    with Volumes("--volumes", "record") as s:
        for n, (more, want) in enumerate(CREATES):
            body = {"name": "v%d" % n, "size_gigabytes": 10, "region": "nyc1", **more}
            body = {k: v for k, v in body.items() if v is not None or k == "tags"}
            a = s.ask_json("POST", "/v2/volumes", body)
            if not t.same("create with %s" % json.dumps(more)[:80], a.status, want):
                print(a.body)
            ids = {201: None, 404: "not_found", 422: "unprocessable_entity"}
            t.same("its id", a.json.get("id") if want != 201 else None, ids[want])
        t.same("what was made is listed", len(s.pages("/v2/volumes", s.me, "volumes")), sum(w == 201 for _, w in CREATES))
        t.same("a size that is written with a point", s.ask_json("POST", "/v2/volumes", '{"name":"p","region":"nyc1","size_gigabytes":10.0}').status, 422)
        for text in ("[]", "x", '"a"', "{", "7"):
            t.same("a body that is no object: " + text, s.ask_json("POST", "/v2/volumes", text).json["id"], "bad_request")

        v = s.make("mine", description="d", filesystem_type="ext4", filesystem_label="lab", tags=["b", "a"])
        want = {"name": "mine", "description": "d", "size_gigabytes": 10, "filesystem_type": "ext4", "filesystem_label": "lab"}
        t.same("what it is", {k: v[k] for k in want}, want)
        t.same("its tags", v["tags"], ["b", "a"])
        t.same("made when", v["created_at"], START)
        t.same("its region", v["region"], {"name": "nyc1", "slug": "nyc1", "sizes": [], "features": ["storage"], "available": True})
        t.same("got by its id", s.volume(v["id"]), v)
        t.same("with a slash at the end", s.get("/v2/volumes/%s/" % v["id"], s.me, want=200).json["volume"], v)
        t.same("by name", s.volumes("?name=mine"), [v])
        t.same("by name and region", s.volumes("?name=mine&region=nyc1"), [v])
        t.same("by name and another region", s.volumes("?name=mine&region=lon1"), [])
        t.same("in a region that is none", s.volumes("?region=mars"), [])
        t.same("an empty region", s.volumes("/?region=&name=mine"), [v])
        page = s.get("/v2/volumes?per_page=2&page=2&region=nyc1", s.me, want=200).json
        t.same("a page of them", (len(page["volumes"]), page["meta"]["total"] > 2), (2, True))
        t.check("its links keep the filter", "region=nyc1" in page["links"]["pages"]["next"], page["links"])
        t.same("the name is taken", s.make("mine", want=409).json["id"], "conflict")
        s.make("mine", region="lon1")
        s.remove(v["id"])
        s.volume(v["id"], want=404)
        s.remove(v["id"], want=404)
        s.make("mine")

        s.to("2026-03-01T00:00:01Z")
        later = s.make("later")
        ids = [x["id"] for x in s.pages("/v2/volumes", s.me, "volumes")]
        t.same("the newest comes first", ids[0], later["id"])
        t.same("then the highest id", ids[1:], sorted(ids[1:], reverse=True))
        other = s.token(s.account())
        t.same("another customer sees nothing of it", s.volumes(token=other), [])
        t.same("nor by its id", s.get("/v2/volumes/" + later["id"], other).status, 404)
        s.make("later", token=other)
    with Volumes("--volumes", "record", regions="") as s:
        s.make("a", region="any-1")
        for wrong in ("Any", "a_b", "x" * 33):
            s.make("b", region=wrong, want=422)
    for what, terms in (("no SKU", {"volume": ""}), ("no price yet", {"from": "2026-04-01T00:00:00Z"})):
        with Volumes("--volumes", "record", **terms) as s:
            t.check(what, "price" in s.make(want=422).json["message"])
    with Volumes("--volumes", "record", snapshot="") as s:
        s.snap(s.make()["id"], want=422)
        t.same("no snapshot without a SKU", s.snapshots(), [])


def snapshotting():
    with Volumes("--volumes", "record") as s:
        v = s.make(filesystem_type="xfs", filesystem_label="lab")
        a = s.snap(v["id"], "first", tags=["x"], description="ignored", volume_id=v["id"])
        want = {
            "name": "first", "regions": ["nyc1"], "resource_id": v["id"], "resource_type": "volume",
            "min_disk_size": 10, "size_gigabytes": 10, "tags": ["x"], "created_at": START,
        }  # fmt: skip
        t.same("what a snapshot is", {k: a[k] for k in want}, want)
        for path in ("/v2/snapshots/", "/v2/volumes/snapshots/"):
            t.same("under " + path, s.get(path + a["id"], s.me, want=200).json["snapshot"], a)
        t.same("in the list of all", s.snapshots(), [a])
        t.same("in that of volumes", s.snapshots("?page=1&per_page=200&resource_type=volume"), [a])
        t.same("not in that of droplets", s.snapshots("?resource_type=droplet"), [])
        t.same("another type", s.get("/v2/snapshots?resource_type=disk", s.me).status, 422)
        t.same("in its volume's", s.get("/v2/volumes/%s/snapshots" % v["id"], s.me, want=200).json["snapshots"], [a])
        for name, want in (("", 422), (None, 422), ("x" * 256, 422)):
            t.same("a name of %r" % name, s.ask_json("POST", "/v2/volumes/%s/snapshots" % v["id"], {"name": name}).status, want)
        t.check("a second within ten minutes", "ten minutes" in s.snap(v["id"], want=422).json["message"])
        s.delete("/v2/snapshots/" + a["id"], s.me, want=204)
        s.delete("/v2/volumes/snapshots/" + a["id"], s.me, want=404)
        s.to("2026-03-01T00:09:59Z")
        s.snap(v["id"], want=422)
        for n in range(26):
            s.to("2026-03-01T%02d:%02d:00Z" % divmod(10 + 10 * n, 60))
            got = s.snap(v["id"], "x" * 255, want=201 if n < 25 else 422)
        t.check("the 26th", "25" in got.json["message"], got.body)
        s.delete("/v2/volumes/snapshots/" + s.snapshots()[0]["id"], s.me, want=204)
        s.snap(v["id"])
        t.same("none of them is a volume", [s.get("/v2/volumes/" + x["id"], s.me).status for x in s.snapshots()[:1]], [404])
        t.same("a volume is no snapshot", s.get("/v2/snapshots/" + v["id"], s.me, want=400).json["id"], "bad_request")
        s.delete("/v2/snapshots/" + v["id"], s.me, want=400)
        s.droplet(4711)
        t.same("nor is a droplet", [s.get("/v2/snapshots/" + x, s.me).status for x in ("4711", resource(4711), "4712")], [400, 400, 404])

        # made of one
        snap = s.snapshots()[0]
        for more, want in [
            ({"size_gigabytes": 9}, 422),
            ({"region": "lon1"}, 422),
            ({"filesystem_type": "ext4"}, 422),
            ({"filesystem_label": "x" * 13}, 422),
            ({"name": "data"}, 409),
        ]:
            body = {"name": "copy", "snapshot_id": snap["id"], **more}
            t.same("a copy with %s" % more, s.ask_json("POST", "/v2/volumes", body).status, want)
        c = s.make("copy", snapshot_id=snap["id"], size_gigabytes=None, region=None)
        got = (c["size_gigabytes"], c["region"]["slug"], c["filesystem_type"], c["filesystem_label"])
        t.same("a copy has what the snapshot has", got, (10, "nyc1", "xfs", "lab"))
        c = s.make("larger", snapshot_id=snap["id"], size_gigabytes=12, filesystem_type="xfs", filesystem_label="other")
        t.same("or more", (c["size_gigabytes"], c["filesystem_label"]), (12, "other"))

        # what deleting does
        s.remove(v["id"])
        t.same("snapshots outlive their volume", len(s.snapshots()), 25)
        t.same("but not under its path", s.get("/v2/volumes/%s/snapshots" % v["id"], s.me).status, 404)
        t.same("and say what they were of", s.snapshots()[0]["resource_id"], v["id"])
        bare = s.make("bare")
        plain = s.snap(bare["id"])
        t.same("a label wants a file system", s.make("c2", want=422, snapshot_id=plain["id"], filesystem_label="x").status, 422)


def acting():
    with Volumes("--volumes", "record") as s:
        v = s.make()
        s.droplet(1)
        s.droplet(2)
        s.droplet(3, region="lon1")
        path = "/v2/volumes/%s/actions" % v["id"]
        a = s.act(v["id"], "attach", droplet_id=1, region="nyc1", tags=["x"])
        want = {"status": "in-progress", "type": "attach_volume", "completed_at": None, "resource_id": None, "resource_type": "volume", "region_slug": "nyc1"}
        t.same("an action begins", {k: a[k] for k in want}, want)
        a = s.done(a)
        t.check("and ends", a["completed_at"] is not None, a)
        t.same("attached", s.volume(v["id"])["droplet_ids"], [1])
        for what, body, want in [
            ("again", {"type": "attach", "droplet_id": 1}, 409),
            ("elsewhere", {"type": "attach", "droplet_id": 2}, 409),
            ("to nobody", {"type": "attach", "droplet_id": 99}, 404),
            ("to a word", {"type": "attach", "droplet_id": "1"}, 422),
            ("to nothing", {"type": "attach"}, 422),
            ("in another region", {"type": "attach", "droplet_id": 2, "region": "lon1"}, 422),
            ("to nobody, in a region of a number", {"type": "attach", "droplet_id": 99, "region": 7, "tags": 7}, 404),
            ("in a region of a number", {"type": "attach", "droplet_id": 2, "region": 7}, 422),
            ("to another region's", {"type": "attach", "droplet_id": 3}, 422),
            ("detached from where it is not", {"type": "detach", "droplet_id": 2}, 404),
            ("no type", {"droplet_id": 1}, 422),
            ("an unknown type", {"type": "explode", "droplet_id": 1}, 422),
            ("the same size", {"type": "resize", "size_gigabytes": 10}, 422),
            ("smaller", {"type": "resize", "size_gigabytes": 9}, 422),
            ("too large", {"type": "resize", "size_gigabytes": 16385}, 422),
            ("a size in words", {"type": "resize", "size_gigabytes": "11"}, 422),
            ("no size", {"type": "resize"}, 422),
        ]:
            t.same("attach " + what, s.ask_json("POST", path, body).status, want)
        t.same("an attached one is not deleted", s.remove(v["id"], want=409).json["id"], "conflict")
        s.done(s.act(v["id"], "resize", size_gigabytes=11, region="NYC1"))
        t.same("grown", s.volume(v["id"])["size_gigabytes"], 11)
        by_name = lambda **body: s.ask_json("POST", "/v2/volumes/actions?per_page=20&page=1", body)  # noqa: E731
        t.same("no name", by_name(type="detach", droplet_id=1).status, 422)
        t.same("an unknown name", by_name(type="detach", droplet_id=1, volume_name="x").status, 404)
        t.same("an unknown name and wrong words", by_name(type="explode", volume_name="x").status, 404)
        t.same("resize by name", by_name(type="resize", size_gigabytes=20, volume_name="data").status, 422)
        got = by_name(type="detach", droplet_id=1, volume_name="data", region="Nyc1")
        t.same("detach by name", got.status, 202)
        s.done(got.json["action"])
        t.same("detached", s.volume(v["id"])["droplet_ids"], [])
        twin = s.make(region="lon1")
        t.same("two of one name", by_name(type="attach", droplet_id=1, volume_name="data").status, 409)
        t.same("and a wrong word", by_name(type="explode", volume_name="data").status, 422)
        t.same("and a region", by_name(type="attach", droplet_id=3, volume_name="data", region="lon1").status, 202)

        list_of = lambda path: [x["id"] for x in s.pages(path, s.me, "actions", per_page=2)]  # noqa: E731
        mine = list_of(path)
        t.same("newest first", mine, sorted(mine, reverse=True))
        t.same("what was done with it", len(mine), 3)
        t.same("one of them", s.get("%s/%d" % (path, mine[0]), s.me, want=200).json["action"]["id"], mine[0])
        t.same("not under another volume", s.get("/v2/volumes/%s/actions/%d" % (twin["id"], mine[0]), s.me).status, 404)
        for wrong in ("0", "-1", "x", "01", "9007199254740993", "1" * 30):
            t.same("action " + wrong, s.get("/v2/actions/" + wrong, s.me).status, 404)
        s.remove(v["id"])
        t.same("a dead volume's actions", [s.get(p, s.me).status for p in (path, "%s/%d" % (path, mine[0]))], [404, 404])
        t.same("are kept", len(list_of("/v2/actions")), 4)

        # a droplet holds fifteen, and lets go when it dies
        many = [s.make("m%d" % n)["id"] for n in range(16)]
        for id in many[:15]:
            s.done(s.act(id, "attach", droplet_id=2))
        t.check("a sixteenth", "15" in s.act(many[15], "attach", droplet_id=2, want=422).json["message"])
        s.send(s.event("resource.delete", START, resource=resource(2)))
        t.same("a dead droplet holds nothing", [x for x in s.volumes("?per_page=200") if x["droplet_ids"] == [2]], [])
        s.to("2026-03-01T00:00:05Z")
        s.droplet(2, time="2026-03-01T00:00:05Z")
        t.same("nor does one that comes after it", [x for x in s.volumes("?per_page=200") if x["droplet_ids"] == [2]], [])
        s.remove(many[0])

        # by name
        for query in ("", "?name=", "?region=nyc1"):
            t.same("DELETE without a name" + query, s.delete("/v2/volumes" + query, s.me).status, 422)
        s.make("one")
        s.make("one", region="lon1")
        t.same("two of a name", s.delete("/v2/volumes?name=one", s.me).status, 409)
        s.delete("/v2/volumes?name=one&region=lon1", s.me, want=204)
        s.delete("/v2/volumes/?name=one", s.me, want=204)
        s.delete("/v2/volumes?name=one", s.me, want=404)
        t.same("nothing else went", len(s.volumes("?per_page=200")), 16)


def known_from_events():
    """What events tell of is listed by every setting; only what the API made is the API's."""
    events = lambda s: [  # noqa: E731
        s.event("resource.create", START, resource=resource(1), kind="volume", sku="vol", quantity="9.5", region="nyc1", name="told", tags=["t"]),
        s.event("resource.create", START, resource=resource(2), kind="volume", quantity="3"),
        s.event("resource.create", START, resource=resource(3), kind="snapshot", sku="snap", quantity="2.25", region="nyc1"),
        s.event("resource.create", START, resource=resource(4), kind="snapshot", quantity="40", name="image", resource_id=555),
    ]
    with Volumes() as s:
        s.send(*events(s))
        one, two = sorted(s.volumes(), key=lambda v: v["id"])
        got = [(v["name"], v["size_gigabytes"], v["region"]["slug"], v["filesystem_type"], v["tags"], v["droplet_ids"]) for v in (one, two)]
        t.same("volumes", got, [("told", 10, "nyc1", "", ["t"], []), (resource(2), 3, "", "", [], [])])
        got = [(x["id"], x["name"], x["size_gigabytes"], x["min_disk_size"], x["resource_type"], x["regions"]) for x in s.snapshots()]
        t.same("snapshots", got, [("555", "image", 40, 40, "droplet", []), (resource(3), resource(3), 2.25, 3, "volume", ["nyc1"])])
        t.same("of droplets", [x["id"] for x in s.snapshots("?resource_type=droplet")], ["555"])
        t.same("by its number", s.get("/v2/snapshots/555", s.me, want=200).json["snapshot"]["name"], "image")
        for path, want in (("/v2/snapshots/" + resource(4), 404), ("/v2/volumes/snapshots/555", 404), ("/v2/volumes/snapshots/" + resource(3), 200)):
            t.same(path, s.get(path, s.me).status, want)

        # off: what is unknown is 404, all else says how it can be turned on
        vol, snap = "/v2/volumes/" + resource(1), "/v2/snapshots/" + resource(3)
        for method, path, body, want in [
            ("POST", "/v2/volumes", "x", 403),
            ("POST", "/v2/volumes", {"name": "Wrong"}, 403),
            ("DELETE", "/v2/volumes", None, 403),
            ("DELETE", "/v2/volumes?name=none", None, 404),
            ("DELETE", "/v2/volumes?name=told", None, 403),
            ("DELETE", vol, None, 403),
            ("DELETE", "/v2/volumes/" + NOBODY, None, 404),
            ("POST", vol + "/actions", "x", 403),
            ("POST", "/v2/volumes/%s/actions" % NOBODY, "x", 404),
            ("POST", "/v2/volumes/actions", {}, 403),
            ("POST", vol + "/snapshots", {}, 403),
            ("DELETE", snap, None, 403),
            ("DELETE", "/v2/volumes/snapshots/" + resource(3), None, 403),
            ("DELETE", "/v2/snapshots/" + NOBODY, None, 404),
        ]:
            a = s.ask_json(method, path, body)
            t.same("%s %s while it is off" % (method, path), a.status, want)
            t.check("it says how", want == 404 or (a.json["id"] == "forbidden" and "--volumes" in a.json["message"]), a.body)

        s.restart("--volumes", "record")
        t.same("listed when it is on", len(s.volumes()), 2)
        for method, path, body in [
            ("DELETE", vol, None),
            ("DELETE", snap, None),
            ("POST", vol + "/actions", {"type": "resize", "size_gigabytes": 20}),
            ("POST", vol + "/snapshots", {"name": "x"}),
            ("POST", "/v2/volumes", {"name": "copy", "snapshot_id": resource(3)}),
            ("POST", "/v2/volumes", {"name": "told", "size_gigabytes": 1, "region": "nyc1"}),
        ]:
            a = s.ask_json(method, path, body)
            t.same("%s %s" % (method, path), (a.status, a.json["id"]), (409, "conflict"))
        t.same("of a droplet's snapshot", s.make("d", want=404, snapshot_id=resource(4)).status, 404)
        t.same("wrong before busy", s.act(resource(1), "resize", want=422, size_gigabytes=1).status, 422)

        v = s.make("mine")
        snap = s.snap(v["id"])
        s.remove(s.make("gone")["id"])
        rows = s.cli("audit", "list", "--json").json["audit"]
        t.check("what was done is in the audit", any(x["action"] == "volume.create" and x["subject"] == v["id"] for x in rows), rows)
        for what, e, reason in [
            ("a life event", s.event("resource.change", START, resource=v["id"], quantity="1"), "managed"),
            ("a delete", s.event("resource.delete", START, resource=v["id"]), "managed"),
            ("an early create", s.event("resource.create", "2026-01-01T00:00:00Z", resource=v["id"], quantity="1"), "managed"),
            ("one of a snapshot", s.event("resource.delete", START, resource=snap["id"]), "managed"),
            ("a source of Billow's", s.event("resource.delete", START, source="billow:api", resource=v["id"]), "reserved"),
            ("another", s.event("resource.delete", START, source="billow:", resource=v["id"]), "reserved"),
        ]:
            got = s.send(e, want=422)
            t.same(what, (got["accepted"], [r["reason"].split(":")[0] for r in got["rejected"]]), (0, [reason]))
        for n in range(1, 40):
            e = s.event("fact.retract", START)
            e["data"] = {"source": "billow:api", "id": "%020d" % n}
            got = s.send(e, want=None)
            if got["rejected"] and not got["rejected"][0]["reason"].startswith("managed"):
                t.check("a retraction of what was made here", False, got)
        t.same("and all is as it was", (len(s.volumes()), len(s.snapshots())), (3, 3))
        got = s.send(s.event("usage", START, resource=v["id"], meter="none", quantity="1"), want=None)
        t.check("usage may name it", "managed" not in json.dumps(got), got)
        other = s.account()
        got = s.send(s.event("resource.create", START, other, resource=v["id"], kind="volume", quantity="1"))
        t.same("another customer's resource of that uuid is another's", got["accepted"], 1)
        s.restart("--volumes", "image", "--volumes-dir", os.path.join(s.folder, "images"))
        t.check("a volume of another driver", "record" in s.remove(v["id"], want=409).json["message"])
        s.restart()
        t.same("listed when it is off", len(s.volumes()), 3)
        s.stop()
        s.cli("verify")


def civo():
    with Volumes("--volumes", "record") as s:
        v = s.make(tags=["x"])
        s.droplet(5)
        key = s.token(s.urn, dialect="civo")
        rows = s.get("/v2/volumes", key, want=200).json
        want = {
            "id": v["id"], "name": "data", "instance_id": "", "cluster_id": "", "network_id": "", "mountpoint": "", "status": "available",
            "volume_type": "", "size_gb": 10, "bootable": False, "created_at": START,
        }  # fmt: skip
        t.same("a bare array", rows, [want])
        s.done(s.act(v["id"], "attach", droplet_id=5))
        one = s.get("/v2/volumes/" + v["id"], key, want=200).json
        t.same("attached", (one["status"], one["instance_id"]), ("attached", resource(5)))
        t.same("by region", [len(s.get("/v2/volumes?region=" + r, key, want=200).json) for r in ("NYC1", "lon1", "")], [1, 0, 1])
        t.same("unknown", s.get("/v2/volumes/" + NOBODY, key, want=404).json["code"], "database_volume_not_found")
        for method, path in (("POST", "/v2/volumes"), ("DELETE", "/v2/volumes"), ("DELETE", "/v2/volumes/" + v["id"]), ("PUT", "/v2/volumes/" + v["id"])):
            a = s.request(method, path, key, "{}")
            t.same("%s %s" % (method, path), (a.status, a.json["code"]), (403, "authentication_access_denied"))
        t.same("DigitalOcean's alone", s.get("/v2/volumes/%s/actions" % v["id"], key).status, 401)
        t.same("no key at all", s.get("/v2/volumes", None).json["id"], "unauthorized")
        t.same("in use", s.get("/v2/quota", key, want=200).json["disk_volume_count_usage"], 1)
        s.to("2026-03-01T05:00:00Z")
        charges = s.get("/v2/charges?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z", key, want=200).json
        t.same("charged", [(c["code"], c["size_gb"]) for c in charges if c["product_id"] == v["id"]], [("volume", 10)])


def money():
    """A month of life through the API is billed as the same life told by events."""
    steps = [
        ("2026-03-02T03:04:05Z", "make"),
        ("2026-03-05T10:00:00Z", "grow"),
        ("2026-03-09T00:30:00Z", "snap"),
        ("2026-03-20T23:59:59Z", "drop"),
        ("2026-03-28T12:00:01Z", "drop snap"),
    ]
    with Volumes("--volumes", "record") as s:
        told = s.account()
        token = s.token(told)
        create = {"region": "nyc1"}
        ids = {}
        for at, what in steps:
            s.to(at)
            if what == "make":
                ids["v"] = s.make("data")["id"]
                s.send(s.event("resource.create", at, told, resource=resource(1), kind="volume", sku="vol", quantity="10", name="data", **create))
            elif what == "grow":
                s.done(s.act(ids["v"], "resize", size_gigabytes=25))
                s.send(s.event("resource.change", at, told, resource=resource(1), quantity="25"))
            elif what == "snap":
                ids["s"] = s.snap(ids["v"], "snap")["id"]
                s.send(s.event("resource.create", at, told, resource=resource(2), kind="snapshot", sku="snap", quantity="25", name="snap", **create))
            elif what == "drop":
                s.remove(ids["v"])
                s.send(s.event("resource.delete", at, told, resource=resource(1)))
            else:
                s.delete("/v2/snapshots/" + ids["s"], s.me, want=204)
                s.send(s.event("resource.delete", at, told, resource=resource(2)))
        s.to("2026-04-03T00:00:00Z")
        s.cli("close", "2026-03")
        rows = []
        for who in (s.me, token):
            invoice = s.get("/v2/customers/my/invoices", who, want=200).json["invoices"][0]
            items = s.pages("/v2/customers/my/invoices/" + invoice["invoice_uuid"], who, "invoice_items")
            rows.append((invoice["amount"], [{k: v for k, v in x.items() if k not in ("resource_uuid", "resource_id")} for x in items]))
        t.same("the same to the cent, row by row", rows[0], rows[1])
        t.same("three rows", len(rows[0][1]), 3)
        # 10 GiB for 78.93 h (a begun hour counts: 79), 25 GiB for 374 h; 25 GiB of snapshot for 468 h
        want = round(0.10 * 10 * 79 / 672, 2) + round(0.10 * 25 * 374 / 672, 2) + round(0.06 * 25 * 468 / 672, 2)
        t.check("and what the book says, a cent of rounding aside", abs(float(rows[0][0]) - want) <= 0.02, (rows[0], want))
        s.stop()
        s.cli("verify")


creating()
snapshotting()
acting()
known_from_events()
civo()
money()
t.end()
