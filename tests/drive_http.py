#!/usr/bin/env python3
"""HTTP as it must not be read in two ways: raw bytes to a running server, each with the status it must get and whether
the connection must end; slow clients, sizes, gzip, TLS, many clients, and a stop that finishes what is under way."""

import gzip
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story.server import Story  # noqa: E402
from story.tally import Tally  # noqa: E402

HOST = b"Host: x\r\n"
OK = b"GET /healthz HTTP/1.1\r\n" + HOST
POST = b"POST /operator/v1/events HTTP/1.1\r\n" + HOST
TAKEN = b"POST /operator/v1/accounts HTTP/1.1\r\n" + HOST  # its body is read whoever asks
END = b"\r\n"

# name, bytes, statuses that are right (0: closed without an answer), must the connection end
CASES = [
    ("plain", OK + END, {200}, False),
    ("HTTP/1.0", b"GET /healthz HTTP/1.0\r\n\r\n", {200}, True),
    ("HTTP/1.0 keep-alive", b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {200}, False),
    ("connection close", OK + b"Connection: close\r\n" + END, {200}, True),
    ("blank line before", b"\r\n" + OK + END, {200}, False),
    ("length and chunked", POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}, True),
    ("chunked and length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", {400}, True),
    ("two lengths", POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", {400}, True),
    ("one length twice", POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", {400}, True),
    ("length list", POST + b"Content-Length: 3, 3\r\n\r\nabc", {400}, True),
    ("length +3", POST + b"Content-Length: +3\r\n\r\nabc", {400}, True),
    ("length -3", POST + b"Content-Length: -3\r\n\r\nabc", {400}, True),
    ("length 0x3", POST + b"Content-Length: 0x3\r\n\r\nabc", {400}, True),
    ("length empty", POST + b"Content-Length: \r\n\r\nabc", {400}, True),
    ("length with blank inside", POST + b"Content-Length: 3 0\r\n\r\nabc", {400}, True),
    ("length beyond 64 bits", POST + b"Content-Length: 99999999999999999999\r\n\r\nabc", {400, 413}, True),
    ("length of 1 GiB", POST + b"Content-Length: 1073741824\r\n\r\nabc", {413}, True),
    ("xchunked", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400}, True),
    ("chunked twice", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}, True),
    ("gzip, chunked", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400}, True),
    ("chunked, identity", POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", {400}, True),
    ("encoding with a tab", POST + b"Transfer-Encoding:\tchunked\x0b\r\n\r\n0\r\n\r\n", {400}, True),
    ("encoding in HTTP/1.0", b"POST /operator/v1/events HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}, True),
    ("blank before colon", OK + b"X-A : b\r\n" + END, {400}, True),
    ("tab before colon", OK + b"X-A\t: b\r\n" + END, {400}, True),
    ("no name", OK + b": b\r\n" + END, {400}, True),
    ("no colon", OK + b"X-A\r\n" + END, {400}, True),
    ("name in quotes", OK + b'"X-A": b\r\n' + END, {400}, True),
    ("name beyond ASCII", OK + b"X-\xc3\xa4: b\r\n" + END, {400}, True),
    ("NUL in a value", OK + b"X-A: b\x00c\r\n" + END, {400}, True),
    ("NUL in a name", OK + b"X-\x00A: b\r\n" + END, {400}, True),
    ("control in a value", OK + b"X-A: b\x07c\r\n" + END, {400}, True),
    ("DEL in a value", OK + b"X-A: b\x7fc\r\n" + END, {400}, True),
    ("folded line", OK + b"X-A: b\r\n c\r\n" + END, {400}, True),
    ("folded line with tab", OK + b"X-A: b\r\n\tc\r\n" + END, {400}, True),
    ("bare LF", b"GET /healthz HTTP/1.1\nHost: x\n\n", {400}, True),
    ("bare LF in a header", OK + b"X-A: b\nX-B: c\r\n" + END, {400}, True),
    ("bare CR in a value", OK + b"X-A: b\rc\r\n" + END, {400}, True),
    ("no Host", b"GET /healthz HTTP/1.1\r\n\r\n", {400}, True),
    ("two Hosts", OK + HOST + END, {400}, True),
    ("Host with blank", b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", {400}, True),
    ("Host with slash", b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", {400}, True),
    ("absolute form", b"GET http://x/healthz HTTP/1.1\r\n" + HOST + END, {200}, False),
    ("absolute form of another host", b"GET http://y/healthz HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("asterisk form", b"OPTIONS * HTTP/1.1\r\n" + HOST + END, {400, 404, 405}, True),
    ("HTTP/0.9", b"GET /healthz\r\n\r\n", {400}, True),
    ("HTTP/2.0", b"GET /healthz HTTP/2.0\r\n" + HOST + END, {400}, True),
    ("HTTP/1.2", b"GET /healthz HTTP/1.2\r\n" + HOST + END, {400}, True),
    ("HTTP/1.10", b"GET /healthz HTTP/1.10\r\n" + HOST + END, {400}, True),
    ("http in small letters", b"GET /healthz http/1.1\r\n" + HOST + END, {400}, True),
    ("method in small letters", b"get /healthz HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("unknown method", b"BREW /healthz HTTP/1.1\r\n" + HOST + END, {405}, False),
    ("two blanks", b"GET  /healthz HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("blank in the target", b"GET /heal thz HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("tab as blank", b"GET\t/healthz\tHTTP/1.1\r\n" + HOST + END, {400}, True),
    ("target without slash", b"GET healthz HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("fragment in the target", b"GET /healthz#a HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("raw UTF-8 in the target", b"GET /\xc3\xa4 HTTP/1.1\r\n" + HOST + END, {400}, True),
    ("bad escape", b"GET /v2/customers/my/invoices/%zz HTTP/1.1\r\n" + HOST + END, {400, 401, 404}, False),
    ("escaped NUL", b"GET /v2/customers/my/invoices/%00 HTTP/1.1\r\n" + HOST + END, {400, 401, 404}, False),
    ("unknown expectation", OK + b"Expect: 200-maybe\r\n" + END, {417}, True),
    ("TLS hello to plain", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n", {400, 0}, True),
    ("long target", b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + END, {414}, True),
    ("long head", OK + b"X-A: " + b"a" * 70000 + b"\r\n" + END, {431}, True),
    ("many fields", OK + b"".join(b"X-%d: a\r\n" % i for i in range(120)) + END, {431}, True),
    ("chunk size 0x1", TAKEN + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", {400}, True),
    ("chunk size -1", TAKEN + b"Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n", {400}, True),
    ("chunk size beyond 64 bits", TAKEN + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n", {400, 413}, True),
    ("chunk without end", TAKEN + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", {400}, True),
    ("chunk of bare LF", TAKEN + b"Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n", {400}, True),
]


def connect(port):
    s = socket.create_connection(("127.0.0.1", port), 15)
    s.settimeout(15)
    return s


def read_answer(f):
    """status, headers, body; (0, {}, b"") when the connection ended first."""
    try:
        line = f.readline()
    except OSError:
        return 0, {}, b""
    if not line:
        return 0, {}, b""
    headers = {}
    while True:
        h = f.readline().rstrip(b"\r\n")
        if not h:
            break
        k, v = h.split(b":", 1)
        headers[k.strip().lower().decode()] = v.strip().decode()
    return int(line.split()[1]), headers, f.read(int(headers.get("content-length", "0")))


def ended(s, f):
    """Nothing more is answered to a request sent now."""
    try:
        s.sendall(OK + END)
        s.shutdown(socket.SHUT_WR)
        return f.read(1) == b""
    except OSError:
        return True


def strictness(tally, port, operator):
    for name, raw, right, must_end in CASES:
        s = connect(operator if raw.startswith(b"POST /operator") else port)
        f = s.makefile("rb")
        try:
            s.sendall(raw)
        except OSError:
            pass
        status, headers, body = read_answer(f)
        fine = status in right and (status == 0 or "json" in headers.get("content-type", "json"))
        tally.check(name, fine, "%d %s" % (status, body[:200]))
        if must_end:
            tally.check(name + ": the connection ends", status == 0 or ended(s, f))
        s.close()


def one_request_each(tally, port):
    s = connect(port)
    f = s.makefile("rb")
    s.sendall(OK + END + b"HEAD /healthz HTTP/1.1\r\n" + HOST + END + OK + b"Connection: close\r\n" + END)
    first = read_answer(f)
    line = f.readline()
    head = {}
    while True:
        h = f.readline().rstrip(b"\r\n")
        if not h:
            break
        head[h.split(b":")[0].lower()] = h
    last = read_answer(f)
    tally.check("pipelined requests are answered in order", first[0] == 200 and b"200" in line and last[0] == 200)
    tally.check("HEAD has a length and no body", b"content-length" in head and last[2] == first[2])
    s.close()
    s = connect(port)
    f = s.makefile("rb")
    s.sendall(OK + b"X-A : b\r\n" + END + OK + END)
    status = read_answer(f)[0]
    tally.check("behind an error nothing is read", status == 400 and f.read() == b"")
    s.close()


def slowly(tally, port):
    s = connect(port)
    for i in range(len(OK + END)):
        s.sendall((OK + END)[i : i + 1])
    tally.same("byte by byte is read", read_answer(s.makefile("rb"))[0], 200)
    s.close()
    s = connect(port)
    s.sendall(b"GET /healthz HT")
    begin = time.monotonic()
    status = read_answer(s.makefile("rb"))[0]
    took = time.monotonic() - begin
    tally.check("a head that does not end is given up in 10 s", status in (0, 408) and 8 < took < 14, (status, took))
    s.close()


def bodies(tally, s):
    token = s.cli("token", "add", "--operator").out.strip()
    event = json.dumps({"specversion": "1.0", "id": "a", "source": "b", "type": "usage", "subject": "do:team:none"}).encode()
    auth = {"Content-Type": "application/x-ndjson"}

    def post(body, **more):
        return s.ask("POST", "/operator/v1/events", token=token, body=body, operator=True, headers={**auth, **more})

    tally.same("a plain body", post(event).status, 422)
    tally.same("a gzip body", post(gzip.compress(event)).status, 422)
    tally.same("Content-Encoding alone means nothing", post(event, **{"Content-Encoding": "gzip"}).status, 422)
    tally.same("gzip that is cut", post(gzip.compress(event * 50)[:-20]).status, 400)
    tally.same("gzip that grows too large", post(gzip.compress(b" " * (64 << 20))).status, 413)
    tally.same("nothing at all", post(b"").status, 200)
    raw = connect(s.operator_port)
    raw.sendall(POST + b"Authorization: Bearer " + token.encode() + b"\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
    f = raw.makefile("rb")
    tally.check("100-continue is answered", b"100" in f.readline() and f.readline() == b"\r\n")
    for i in range(0, len(event), 7):
        raw.sendall(b"%x;ext=1\r\n%s\r\n" % (len(event[i : i + 7]), event[i : i + 7]))
    raw.sendall(b"0\r\nTrailer: dropped\r\n\r\n")
    status, _, body = read_answer(f)
    tally.check("a chunked body arrives whole", status == 422 and json.loads(body)["rejected"][0]["id"] == "a", body)
    raw.sendall(OK + END)
    tally.same("and the connection goes on", read_answer(f)[0], 200)
    raw.close()


def before_the_body(tally, s):
    """Who has no right, or asks for what is not there, is answered before a large body is read."""
    token = s.cli("token", "add", "--operator", "--scope", "operator:read").out.strip().encode()
    for name, line, extra, right in [
        ("no token", b"POST /operator/v1/events", b"", 401),
        ("a wrong token", b"POST /operator/v1/events", b"Authorization: Bearer dop_v1_x\r\n", 401),
        ("a token of another scope", b"POST /operator/v1/events", b"Authorization: Bearer " + token + b"\r\n", 403),
        ("no such path", b"POST /operator/v1/nothing", b"Authorization: Bearer " + token + b"\r\n", 404),
        ("no such method", b"PUT /operator/v1/events", b"Authorization: Bearer " + token + b"\r\n", 405),
    ]:
        for body in (b"Content-Length: 1000000\r\n", b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"):
            raw = connect(s.operator_port)
            raw.sendall(line + b" HTTP/1.1\r\n" + HOST + extra + body + END)
            f = raw.makefile("rb")
            status, headers, text = read_answer(f)
            tally.check("before the body: " + name, status == right and headers.get("connection") == "close", (status, text))
            raw.close()


def methods(tally, s):
    """A method that a path does not answer, known to the world or not: 405, with those it does in Allow."""
    account = s.cli("account", "add", "--name", "Methods", "--email", "m@example.com").out.strip()
    token = {None: None,
             "do": s.cli("token", "add", "--account", account).out.strip(),
             "civo": s.cli("token", "add", "--account", account, "--dialect", "civo").out.strip(),
             "operator": s.cli("token", "add", "--operator").out.strip()}
    for path, port, who, allow, keys in [
        ("/healthz", s.port, None, "GET, HEAD", ("id", "message")),
        ("/readyz", s.port, None, "GET, HEAD", ("id", "message")),
        ("/healthz", s.operator_port, None, "GET, HEAD", ("title", "detail")),
        ("/readyz/", s.operator_port, None, "GET, HEAD", ("title", "detail")),
        ("/metrics", s.operator_port, None, "GET, HEAD", ("title", "detail")),
        ("/v2/customers/my/balance", s.port, "do", "GET, HEAD", ("id", "message")),
        ("/v2/charges", s.port, "civo", "GET, HEAD", ("code", "reason")),
        ("/operator/v1/events", s.operator_port, "operator", "POST", ("title", "detail")),
        ("/operator/v1/prices", s.operator_port, "operator", "PUT, GET, HEAD", ("title", "detail")),
    ]:
        for method in ("DELETE", "OPTIONS", "TRACE", "CONNECT", "PATCH", "BREW", "ABCDEFGHIJKLMNOP"):
            raw = connect(port)
            right = "" if who is None else "Authorization: Bearer %s\r\n" % token[who]
            raw.sendall(("%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: 2\r\n\r\n{}" % (method, path, right)).encode())
            f = raw.makefile("rb")
            status, headers, body = read_answer(f)
            tally.check(f"{method} {path}", status == 405 and headers.get("allow") == allow
                        and all(k in json.loads(body) for k in keys), (status, headers, body))
            raw.sendall(OK + END)
            tally.same("and the connection goes on", read_answer(f)[0], 200)
            raw.close()
    for method, path, right in (("BREW", "/nothing", 401), ("BREW", "/v2/customers/my/balance", 401)):
        raw = connect(s.port)
        raw.sendall(("%s %s HTTP/1.1\r\nHost: x\r\n\r\n" % (method, path)).encode())
        tally.same(f"{method} {path} without a token", read_answer(raw.makefile("rb"))[0], right)
        raw.close()


def many(tally, port):
    got = []

    def client():
        s = connect(port)
        f = s.makefile("rb")
        for _ in range(20):
            s.sendall(OK + END)
            got.append(read_answer(f)[0])
        s.close()

    threads = [threading.Thread(target=client) for _ in range(100)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    tally.check("100 clients at once", got == [200] * 2000, len(got))


def tls(tally, folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    with Story(serve=["--tls-cert", cert, "--tls-key", key], start=False) as s:
        s.ask = lambda *a, **k: type("A", (), {"status": 200})()  # readiness is asked for below, over TLS
        s.start()
        context = ssl.create_default_context(cafile=cert)
        for _ in range(100):
            try:
                link = context.wrap_socket(connect(s.port), server_hostname="localhost")
                break
            except OSError:
                time.sleep(0.05)
        f = link.makefile("rb")
        for _ in range(3):
            link.sendall(OK + END)
            status, headers, _ = read_answer(f)
        tally.check("TLS answers and goes on", status == 200 and "strict-transport-security" in headers, (status, headers))
        tally.check("by TLS 1.2 or 1.3", link.version() in ("TLSv1.2", "TLSv1.3"), link.version())
        link.close()
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
        try:
            old.wrap_socket(connect(s.port))
            refused = False
        except (ssl.SSLError, OSError):
            refused = True
        tally.check("TLS 1.1 is refused", refused)


def stopping(tally, s):
    token = s.cli("token", "add", "--operator").out.strip()
    raw = connect(s.operator_port)
    body = b"\n".join(b'{"x":%d}' % i for i in range(20000))
    raw.sendall(POST + b"Authorization: Bearer " + token.encode() + b"\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n" % len(body))
    raw.sendall(body[:1000])
    s.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    raw.sendall(body[1000:])
    status, headers, _ = read_answer(raw.makefile("rb"))
    tally.check("what was under way is answered", status == 422 and headers.get("connection") == "close", (status, headers))
    raw.close()
    tally.same("and the server ends with 0", s.process.wait(12), 0)
    s.process = None


def main():
    tally = Tally()
    with Story() as s:
        tally.run("strictness", strictness, tally, s.port, s.operator_port)
        tally.run("one request each", one_request_each, tally, s.port)
        tally.run("bodies", bodies, tally, s)
        tally.run("before the body", before_the_body, tally, s)
        tally.run("methods", methods, tally, s)
        tally.run("many", many, tally, s.port)
        tally.run("slowly", slowly, tally, s.port)
        tally.run("stopping", stopping, tally, s)
        tally.run("tls", tls, tally, s.folder)
    tally.end()


if __name__ == "__main__":
    main()
