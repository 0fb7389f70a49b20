#!/usr/bin/python3
"""Odd ends: what only shows when a request, a file or a command line is nearly right. The last line is the sum."""

import gzip
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Story, Tally  # noqa: E402

t = Tally()
BOOK = """\
currency: USD
grace: 48h
products: [{name: Droplets}]
skus:
  - {sku: s-1, product: Droplets, prices: [{from: 2020-01-01T00:00:00Z, amount: "1", per_hours: 1}]}
"""


def written(s, name, data):
    path = os.path.join(s.folder, name)
    with open(path, "wb") as f:
        f.write(data if isinstance(data, bytes) else data.encode("utf-8"))
    return path


def keys_of_civo():
    """No key at all is told in the older form; clients know the two apart."""
    with Story() as s:
        urn = s.cli("account", "add", "--name", "Ada", "--email", "ada@example.com").out.strip()
        for value in (None, "", "bearer ", "Basic x"):
            a = s.get("/v2/charges", headers={} if value is None else {"Authorization": value}, want=401)
            t.same("no key: %r" % value, a.json, {"result": "requires_authentication", "status": 401})
        for key in ("x", s.token(urn)):
            a = s.get("/v2/charges", key, want=401)
            t.same("a wrong key", a.json["code"], "authentication_invalid_key")


def broken_gzip():
    with Story() as s:
        for body in (gzip.compress(b"{}" * 500)[:-6], gzip.compress(b"{}") + b"junk", gzip.compress(b"{}")[:-8] + b"\0" * 8):
            a = s.post("/operator/v1/events", s.operator_token(), body, want=400)
            t.check("a broken gzip is named", "gzip" in a.json["detail"], a.json)
        path = written(s, "short.gz", gzip.compress(b"{}\n" * 500)[:-6])
        said = s.cli("import", path, code=1).err
        t.check("a gzip file that ends too soon is named", "could not be read: unexpected end of file." in said, said)


def files_of_others():
    with Story(start=False) as s:
        book = written(s, "bom.yaml", b"\xef\xbb\xbf" + BOOK.encode())
        s.cli("prices", "check", book, db=False)
        os.symlink("loop.db", os.path.join(s.folder, "loop.db"))
        said = s.cli("account", "list", "--db", os.path.join(s.folder, "loop.db"), db=False, code=1).err
        t.check("why a file cannot be opened", "could not be opened" in said, said)
        t.check("the help of a group", "account add" in s.cli("account", "--help", db=False).out)


for test in (keys_of_civo, broken_gzip, files_of_others):
    t.run(test.__name__, test)
t.end()
