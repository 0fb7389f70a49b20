#!/usr/bin/env python3
"""The HTTP layer by itself: a small server (tests/unit/http_echo.c) says how it read each request. Every raw case is
followed by one more request on the same connection, so that a second reading of its bytes would show."""

import gzip
import json
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from story.tally import Tally  # noqa: E402

SANITIZERS = ("Sanitizer", "runtime error:")
ASAN = {"ASAN_OPTIONS": "detect_leaks=1:" + os.environ.get("ASAN_OPTIONS", "")}


def program():
    build = os.environ.get("BILLOW_BUILD") or os.path.dirname(os.environ.get("BILLOW", "build/billow"))
    return os.environ.get("HTTP_ECHO") or os.path.join(build, "tests", "unit", "http_echo")


class Echo:
    def __init__(self, **options):
        self.log = tempfile.TemporaryFile("w+")
        words = ["%s=%s" % o for o in options.items()]
        self.process = subprocess.Popen([program(), *words], stdout=subprocess.PIPE, stderr=self.log, text=True,
                                        env={**os.environ, **ASAN})
        self.port, self.tls_port = (int(w) for w in self.process.stdout.readline().split())

    def end(self, wait=15):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(wait)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = "did not end"
        self.process.stdout.close()
        self.log.seek(0)
        self.said = self.log.read()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.end()
        if code != 0 or any(w in self.said for w in SANITIZERS):
            raise AssertionError("the server ended with %s\n%s" % (code, self.said[-4000:]))


def connect(port, wait=10):
    s = socket.create_connection(("127.0.0.1", port), wait)
    s.settimeout(wait)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def read_all(s):
    """Everything until the end, and whether the end came."""
    got = bytearray()
    try:
        while True:
            piece = s.recv(1 << 20)
            if not piece:
                return bytes(got), True
            got += piece
    except ConnectionError:
        return bytes(got), True
    except OSError:
        return bytes(got), False


def answers(raw, no_body=False):
    found = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        status = int(lines[0].split()[1])
        headers = {k.lower(): v.strip() for k, v in (h.split(b":", 1) for h in lines[1:])}
        n = 0 if status < 200 or no_body else int(headers.get(b"content-length", b"0"))
        found.append((status, headers, raw[:n]))
        raw = raw[n:]
    return found


def read_one(f):
    line = f.readline()
    if not line:
        return 0, {}, b""
    headers = {}
    while True:
        h = f.readline().rstrip(b"\r\n")
        if not h:
            break
        k, v = h.split(b":", 1)
        headers[k.lower()] = v.strip()
    return int(line.split()[1]), headers, f.read(int(headers.get(b"content-length", b"0")))


def exchange(port, raw, pieces=None, wait=10):
    s = connect(port, wait)
    try:
        for part in pieces or [raw]:
            s.sendall(part)
            if pieces:
                time.sleep(0.0003)
    except OSError:
        pass
    got, ended = read_all(s)
    s.close()
    return answers(got), ended


H = b"Host: x\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CH = b"Transfer-Encoding: chunked\r\n"


def get(extra=b"", target=b"/a", version=b"HTTP/1.1"):
    return b"GET " + target + b" " + version + b"\r\n" + H + extra + b"\r\n"


def post(extra, body=b"", target=b"/a", version=b"HTTP/1.1"):
    return b"POST " + target + b" " + version + b"\r\n" + H + extra + b"\r\n" + body


def chunked(body, extra=b""):
    return post(CH + extra, body)


# what is refused: name, bytes, status
REFUSED = [
    ("length and chunked", post(b"Content-Length: 3\r\n" + CH, b"0\r\n\r\n"), 400),
    ("chunked and length", post(CH + b"Content-Length: 3\r\n", b"0\r\n\r\n"), 400),
    ("two different lengths", post(b"Content-Length: 3\r\nContent-Length: 4\r\n", b"abcd"), 400),
    ("two equal lengths", post(b"Content-Length: 3\r\nContent-Length: 3\r\n", b"abc"), 400),
    ("a list of lengths", post(b"Content-Length: 3, 3\r\n", b"abc"), 400),
    ("length +5", post(b"Content-Length: +5\r\n", b"abcde"), 400),
    ("length -5", post(b"Content-Length: -5\r\n", b"abcde"), 400),
    ("length 0x5", post(b"Content-Length: 0x5\r\n", b"abcde"), 400),
    ("length 5.0", post(b"Content-Length: 5.0\r\n", b"abcde"), 400),
    ("length of nothing", post(b"Content-Length:\r\n", b"abcde"), 400),
    ("length 1 2", post(b"Content-Length: 1 2\r\n", b"a" * 12), 400),
    ("length of 19 digits", post(b"Content-Length: 0000000000000000003\r\n", b"abc"), 400),
    ("length of 2^64 + 3", post(b"Content-Length: 18446744073709551619\r\n", b"abc"), 400),
    ("length in full-width digits", post("Content-Length: \uff13\r\n".encode(), b"abc"), 400),
    ("length beyond the limit", post(b"Content-Length: 1048577\r\n"), 413),
    ("length beyond a small limit", post(b"Content-Length: 11\r\n", target=b"/small"), 413),
    ("encoding xchunked", post(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"), 400),
    ("encoding gzip, chunked", post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"), 400),
    ("encoding chunked, identity", post(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"), 400),
    ("encoding identity", post(b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n", b"abc"), 400),
    ("encoding empty", post(b"Transfer-Encoding:\r\n", b"0\r\n\r\n"), 400),
    ("encoding chunked;q=1", post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n"), 400),
    ("encoding \"chunked\"", post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n"), 400),
    ("encoding twice", post(CH + CH, b"0\r\n\r\n"), 400),
    ("encoding with VT", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n"), 400),
    ("encoding with a blank before the colon", post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400),
    ("encoding with NUL", post(b"Transfer-Encoding: chunked\0\r\n", b"0\r\n\r\n"), 400),
    ("encoding folded", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"), 400),
    ("encoding in HTTP/1.0", post(CH, b"0\r\n\r\n", version=b"HTTP/1.0"), 400),
    ("length folded", post(b"Content-Length: 3\r\n 0\r\n", b"abc"), 400),
    ("length behind a blank line of one CR", post(b"\rContent-Length: 3\r\n", b"abc"), 400),
    ("blank before colon", get(b"X-A : b\r\n"), 400),
    ("tab before colon", get(b"X-A\t: b\r\n"), 400),
    ("blank before the first header's name", b"GET /a HTTP/1.1\r\n Host: x\r\n\r\n", 400),
    ("no name", get(b": b\r\n"), 400),
    ("no colon", get(b"X-A\r\n"), 400),
    ("name with a slash", get(b"X/A: b\r\n"), 400),
    ("name with UTF-8", get(b"X-\xc3\xa4: b\r\n"), 400),
    ("NUL in a name", get(b"X\0A: b\r\n"), 400),
    ("NUL in a value", get(b"X-A: b\0c\r\n"), 400),
    ("control in a value", get(b"X-A: b\x01c\r\n"), 400),
    ("DEL in a value", get(b"X-A: b\x7fc\r\n"), 400),
    ("obs-fold", get(b"X-A: b\r\n c\r\n"), 400),
    ("bare LF everywhere", b"GET /a HTTP/1.1\nHost: x\n\n", 400),
    ("bare LF behind the request line", b"GET /a HTTP/1.1\n" + H + b"\r\n", 400),
    ("bare LF in a value", get(b"X-A: b\nX-B: c\r\n"), 400),
    ("bare LF ends the head", b"GET /a HTTP/1.1\r\nHost: x\r\n\n" + SMUGGLED, 400),
    ("bare CR in a value", get(b"X-A: b\rX-B: c\r\n"), 400),
    ("bare CR ends lines", b"GET /a HTTP/1.1\rHost: x\r\r\n\r\n", 400),
    ("CR CR LF", b"GET /a HTTP/1.1\r\r\n" + H + b"\r\n", 400),
    ("no Host", b"GET /a HTTP/1.1\r\n\r\n", 400),
    ("two Hosts", get(H), 400),
    ("two Hosts in HTTP/1.0", get(H, version=b"HTTP/1.0"), 400),
    ("Host of nothing", b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", 400),
    ("Host with user", b"GET /a HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    ("Host list", b"GET /a HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    ("Host with UTF-8", b"GET /a HTTP/1.1\r\nHost: \xc3\xa4\r\n\r\n", 400),
    ("absolute form of another host", get(target=b"http://y/a"), 400),
    ("absolute form without a path", get(target=b"http://x"), 400),
    ("absolute form with user", get(target=b"http://u@x/a"), 400),
    ("absolute form of another scheme", get(target=b"ftp://x/a"), 400),
    ("authority form", get(target=b"x:80"), 400),
    ("asterisk", get(target=b"*"), 400),
    ("fragment", get(target=b"/a#b"), 400),
    ("raw UTF-8", get(target=b"/\xc3\xa4"), 400),
    ("NUL in the target", get(target=b"/a\0b"), 400),
    ("blank in the target", get(target=b"/a b"), 400),
    ("two blanks", b"GET  /a HTTP/1.1\r\n" + H + b"\r\n", 400),
    ("tabs as blanks", b"GET\t/a\tHTTP/1.1\r\n" + H + b"\r\n", 400),
    ("blank behind the version", b"GET /a HTTP/1.1 \r\n" + H + b"\r\n", 400),
    ("blank before the method", b" GET /a HTTP/1.1\r\n" + H + b"\r\n", 400),
    ("HTTP/0.9", b"GET /a\r\n\r\n", 400),
    ("HTTP/2.0", get(version=b"HTTP/2.0"), 400),
    ("HTTP/1.2", get(version=b"HTTP/1.2"), 400),
    ("HTTP/01.1", get(version=b"HTTP/01.1"), 400),
    ("HTTP/1.1.1", get(version=b"HTTP/1.1.1"), 400),
    ("http/1.1", get(version=b"http/1.1"), 400),
    ("preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("small letters", b"get /a HTTP/1.1\r\n" + H + b"\r\n", 400),
    ("CONNECT authority", b"CONNECT x:1 HTTP/1.1\r\n" + H + b"\r\n", 400),
    ("two blank lines before", b"\r\n\r\n" + get(), 400),
    ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500, 400),
    ("Expect of something else", get(b"Expect: 200-maybe\r\n"), 417),
    ("target above 8 KiB", get(target=b"/" + b"a" * 8192), 414),
    ("target without end", b"GET /" + b"a" * 9000, 414),
    ("head above 64 KiB", get(b"X-A: " + b"a" * 66000 + b"\r\n"), 431),
    ("head above 64 KiB in many lines", get(b"".join(b"X-%d: %s\r\n" % (i, b"a" * 1000) for i in range(70))), 431),
    ("101 headers", get(b"".join(b"X-%d: a\r\n" % i for i in range(100))), 431),
    ("headers without end", b"GET /a HTTP/1.1\r\n" + b"X: a\r\n" * 200, 431),
    ("chunk size 0x1", chunked(b"0x1\r\na\r\n0\r\n\r\n"), 400),
    ("chunk size +1", chunked(b"+1\r\na\r\n0\r\n\r\n"), 400),
    ("chunk size -1", chunked(b"-1\r\na\r\n0\r\n\r\n"), 400),
    ("chunk size of nothing", chunked(b"\r\na\r\n0\r\n\r\n"), 400),
    ("chunk size with a blank before", chunked(b" 1\r\na\r\n0\r\n\r\n"), 400),
    ("chunk size with a blank behind", chunked(b"1 \r\na\r\n0\r\n\r\n"), 400),
    ("chunk size of 64 bits and more", chunked(b"10000000000000001\r\na\r\n0\r\n\r\n"), 400),
    ("chunk size with zeros for ever", chunked(b"0" * 5000), 400),
    ("chunk size beyond the limit", chunked(b"100001\r\na"), 413),
    ("chunks beyond the limit", post(CH, b"8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n", target=b"/small"), 413),
    ("chunk longer than said", chunked(b"1\r\nab\r\n0\r\n\r\n"), 400),
    ("chunk shorter than said", chunked(b"3\r\na\r\n0\r\n\r\n" + SMUGGLED), 400),
    ("chunk size ends with LF", chunked(b"1\na\r\n0\r\n\r\n"), 400),
    ("chunk ends with LF", chunked(b"1\r\na\n0\r\n\r\n"), 400),
    ("chunk size ends with CR and something", chunked(b"1\rXa\r\n0\r\n\r\n"), 400),
    ("chunk ends with CR and something", chunked(b"1\r\na\rX0\r\n\r\n"), 400),
    ("extension with LF", chunked(b"1;a\nb\r\na\r\n0\r\n\r\n"), 400),
    ("extension with LF that hides a request", chunked(b"2;\nxx\r\n4c\r\n0\r\n\r\n" + SMUGGLED), 400),
    ("extension with CR", chunked(b"1;a\rb\r\na\r\n0\r\n\r\n"), 400),
    ("extension with NUL", chunked(b"1;a\0b\r\na\r\n0\r\n\r\n"), 400),
    ("extension for ever", chunked(b"1;" + b"a" * 20000 + b"\r\na\r\n0\r\n\r\n"), 400),
    ("trailer with LF", chunked(b"0\r\nX: a\n\r\n"), 400),
    ("trailer without colon", chunked(b"0\r\nXa\r\n\r\n"), 400),
    ("trailer folded", chunked(b"0\r\nX: a\r\n b\r\n\r\n"), 400),
    ("trailer with a blank before the colon", chunked(b"0\r\nX : a\r\n\r\n"), 400),
    ("trailers for ever", chunked(b"0\r\n" + b"X: aaaaaaaa\r\n" * 2000), 400),
    ("last chunk ends with LF", chunked(b"0\n\n"), 400),
    ("CR without LF at the end", chunked(b"0\r\n\rX"), 400),
    ("gzip that is cut", post(b"Content-Length: 40\r\n", gzip.compress(bytes(range(256)) * 4)[:40]), 400),
    ("gzip with rubbish behind", post(b"Content-Length: %d\r\n" % (len(gzip.compress(b"abc")) + 4), gzip.compress(b"abc") + b"XXXX"), 400),
    ("gzip bomb", post(b"Content-Length: %d\r\n" % len(gzip.compress(b"\0" * (8 << 20))), gzip.compress(b"\0" * (8 << 20))), 413),
    ("early answer", post(b"Content-Length: 65537\r\n", target=b"/early"), 401),
    ("early answer to chunks", post(CH, target=b"/early"), 401),
    ("early answer to an expectation", post(b"Content-Length: 5\r\nExpect: 100-continue\r\n", target=b"/early"), 401),
]

# what is read, and as what: name, bytes, (what the server must have understood)
READ = [
    ("plain", get(), {"method": "GET", "path": "/a", "query": "", "length": 0}),
    ("a method of nobody's", b"BREW /a HTTP/1.1\r\n" + H + b"\r\n", {"method": "BREW", "path": "/a", "length": 0}),
    ("CONNECT is but a word", b"CONNECT /a HTTP/1.1\r\n" + H + b"Content-Length: 5\r\n\r\nhello", {"method": "CONNECT", "body": "hello"}),
    ("query", get(target=b"/a?b=c?d&e"), {"path": "/a", "query": "b=c?d&e"}),
    ("escapes are left", get(target=b"/%2e%2e/a%00?b=%zz"), {"path": "/%2e%2e/a%00", "query": "b=%zz"}),
    ("absolute form", get(target=b"http://x/a?b"), {"path": "/a", "query": "b"}),
    ("absolute form in capitals", get(target=b"HTTP://X/a"), {"path": "/a"}),
    ("one blank line before", b"\r\n" + get(), {"path": "/a"}),
    ("names become small", get(b"X-Aa: Bb\r\n"), {"headers": [["host", "x"], ["x-aa", "Bb"]]}),
    ("values are trimmed", get(b"X-A: \t b \t \r\nX-B:\r\n"), {"headers": [["host", "x"], ["x-a", "b"], ["x-b", ""]]}),
    ("values may hold UTF-8", get(b"X-A: \xc3\xa4\r\n"), {"headers": [["host", "x"], ["x-a", "\u00c3\u00a4"]]}),
    ("100 headers", get(b"".join(b"X-%d: a\r\n" % i for i in range(99))), {"path": "/a"}),
    ("target of 8 KiB", get(target=b"/" + b"a" * 8191), {"path": "/" + "a" * 8191}),
    ("a length", post(b"Content-Length: 5\r\n", b"hello"), {"method": "POST", "body": "hello"}),
    ("a length with zeros", post(b"Content-Length: 0005\r\n", b"hello"), {"body": "hello"}),
    ("a length of zero", post(b"Content-Length: 0\r\n"), {"length": 0}),
    ("the limit", post(b"Content-Length: 10\r\n", b"0123456789", target=b"/small"), {"body": "0123456789"}),
    ("GET with a body", b"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", {"method": "GET", "body": "hello"}),
    ("a body that looks like a request", post(b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED), {"length": len(SMUGGLED)}),
    ("chunks", chunked(b"5\r\nhello\r\n1;a=b\r\n \r\n00005\r\nworld\r\n0\r\n\r\n"), {"body": "hello world"}),
    ("chunks, hex in both cases", chunked(b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"), {"length": 21}),
    ("Chunked in capitals", post(b"TRANSFER-ENCODING: Chunked\r\n", b"1\r\na\r\n0\r\n\r\n"), {"body": "a"}),
    ("no chunk but the last", chunked(b"0\r\n\r\n"), {"length": 0}),
    ("trailers are dropped", chunked(b"1\r\na\r\n0\r\nContent-Length: 9\r\nX: y\r\n\r\n"), {"body": "a", "headers": [["host", "x"], ["transfer-encoding", "chunked"]]}),
    ("an extension in quotes", chunked(b'1;a="b;c"\r\na\r\n0;x\r\n\r\n'), {"body": "a"}),
    ("gzip", post(b"Content-Length: %d\r\n" % len(gzip.compress(b"hello")), gzip.compress(b"hello")), {"body": "hello"}),
    ("gzip in two members", post(b"Content-Length: %d\r\n" % len(gzip.compress(b"hello ") + gzip.compress(b"world")), gzip.compress(b"hello ") + gzip.compress(b"world")), {"body": "hello world"}),
    ("gzip of nothing", post(b"Content-Length: %d\r\n" % len(gzip.compress(b"")), gzip.compress(b"")), {"length": 0}),
    ("Content-Encoding means nothing", post(b"Content-Encoding: gzip\r\nContent-Length: 5\r\n", b"hello"), {"body": "hello"}),
    ("deflate is not known", post(b"Content-Length: %d\r\n" % len(zlib.compress(b"hello")), zlib.compress(b"hello")), {"length": len(zlib.compress(b"hello"))}),
    ("upgrade is passed over", get(b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), {"path": "/a"}),
    ("upgrade with a body", post(b"Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 5\r\n", b"hello"), {"body": "hello"}),
    ("HTTP/1.0 that stays", get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0"), {"path": "/a"}),
    ("HTTP/1.0 passes over Expect", post(b"Connection: keep-alive\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", b"hello", version=b"HTTP/1.0"), {"body": "hello"}),
    ("other methods", b"PATCH /a HTTP/1.1\r\n" + H + b"\r\n", {"method": "PATCH"}),
    ("Host with a port", b"GET /a HTTP/1.1\r\nHost: x.example:8080\r\n\r\n", {"path": "/a"}),
    ("Host in brackets", b"GET /a HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", {"path": "/a"}),
    ("a small body is read first", post(b"Content-Length: 5\r\n", b"hello", target=b"/early"), {"body": "hello"}),
    ("from the pool", post(b"Content-Length: 5\r\n", b"hello", target=b"/pool"), {"body": "hello"}),
    ("from a thread", get(target=b"/thread?5"), {"path": "/thread"}),
]


def refused(tally, port):
    for name, raw, status in REFUSED:
        got, ended = exchange(port, raw + SMUGGLED)
        fine = [a[0] for a in got] == [status] and got[0][1].get(b"connection") == b"close"
        tally.check("refused: " + name, fine and ended, (ended, [(a[0], a[2][:300]) for a in got]))
        if len(raw) < 200:
            got, ended = exchange(port, b"", [raw[i : i + 1] for i in range(len(raw))] + [SMUGGLED])
            tally.check("refused byte by byte: " + name, [a[0] for a in got] == [status] and ended, [a[0] for a in got])


def understood(got, want):
    if len(got) != 2 or got[0][0] != 200 or got[1][0] != 200:
        return False
    first, second = json.loads(got[0][2]), json.loads(got[1][2])
    return all(first[k] == v for k, v in want.items()) and second["path"] == "/next" and second["length"] == 0


def read(tally, port):
    for name, raw, want in READ:
        got, ended = exchange(port, raw + NEXT)
        tally.check("read: " + name, ended and understood(got, want), [(a[0], a[2][:500]) for a in got])
        if len(raw) < 200:
            whole = raw + NEXT
            got, ended = exchange(port, b"", [whole[i : i + 1] for i in range(len(whole))])
            tally.check("read byte by byte: " + name, ended and understood(got, want), [(a[0], a[2][:500]) for a in got])


def connection(tally, port):
    got, ended = exchange(port, get(version=b"HTTP/1.0") + SMUGGLED)
    tally.check("HTTP/1.0 ends", len(got) == 1 and ended and got[0][1][b"connection"] == b"close")
    got, ended = exchange(port, get(b"Connection: close\r\n") + SMUGGLED)
    tally.check("connection: close ends", len(got) == 1 and ended and got[0][1][b"connection"] == b"close")
    got, ended = exchange(port, get(target=b"/last") + SMUGGLED)
    tally.check("the application may end it", len(got) == 1 and ended and got[0][1][b"connection"] == b"close")
    got, ended = exchange(port, get(b"Connection: keep-alive\r\n", version=b"HTTP/1.0") + get(version=b"HTTP/1.0"))
    tally.check("HTTP/1.0 is told that it stays", len(got) == 2 and got[0][1].get(b"connection") == b"keep-alive")
    got, ended = exchange(port, b"".join(get(target=b"/%d" % i) for i in range(500)) + NEXT)
    paths = [json.loads(a[2])["path"] for a in got]
    tally.same("500 pipelined requests in order", paths, ["/%d" % i for i in range(500)] + ["/next"])
    got, ended = exchange(port, get(target=b"/thread?50") + get(target=b"/b") + get(target=b"/thread?1") + NEXT)
    paths = [json.loads(a[2])["path"] for a in got]
    tally.same("a slow one holds those behind it", paths, ["/thread", "/b", "/thread", "/next"])
    body = os.urandom(300000)
    one = post(b"Content-Length: 300000\r\n", body, target=b"/thread?20")
    got, ended = exchange(port, one * 5 + NEXT)
    tally.same("bodies sent ahead", [json.loads(a[2])["length"] for a in got], [300000] * 5 + [0])
    s = connect(port)
    s.sendall(get(target=b"/thread?100") + get(target=b"/b"))
    s.shutdown(socket.SHUT_WR)
    raw, ended = read_all(s)
    tally.check("who says no more is still answered, twice", [a[0] for a in answers(raw)] == [200, 200] and ended, raw)
    s.close()
    s = connect(port)
    s.sendall(b"HEAD /a HTTP/1.1\r\n" + H + b"\r\n" + b"HEAD /last HTTP/1.1\r\n" + H + b"\r\n")
    raw, ended = read_all(s)
    heads = answers(raw, no_body=True)
    tally.check("HEAD has a length and no body", len(heads) == 2 and all(int(a[1][b"content-length"]) > 50 for a in heads) and raw.endswith(b"\r\n\r\n"), raw)
    s.close()
    got, ended = exchange(port, get(target=b"/evil") + NEXT)
    tally.check("a header that breaks its line is dropped", len(got) == 2 and b"x-more" not in got[0][1] and b"x-evil" not in got[0][1])
    s = connect(port)
    f = s.makefile("rb")
    s.sendall(post(b"Content-Length: 5\r\nExpect: 100-continue\r\n"))
    tally.check("100-continue", f.readline() == b"HTTP/1.1 100 Continue\r\n" and f.readline() == b"\r\n")
    s.sendall(b"hello")
    tally.check("and the body behind it", json.loads(read_one(f)[2])["body"] == "hello")
    s.sendall(post(b"Content-Length: 2000000\r\nExpect: 100-continue\r\n"))
    tally.same("413 instead of 100", read_one(f)[0], 413)
    s.close()
    s = connect(port)
    s.sendall(get(target=b"/big?8000000"))
    raw, ended = b"", False
    while len(raw) < 8000000:
        raw += s.recv(1 << 20)
    tally.check("an answer of 8 MB is whole", len(answers(raw)[0][2]) == 8000000)
    s.close()
    body = os.urandom(20 << 20)
    s = connect(port)
    f = s.makefile("rb")
    s.sendall(post(b"Content-Length: %d\r\n" % len(body), target=b"/large") + body)
    status, _, text = read_one(f)
    tally.check("a body of 20 MiB is whole", status == 200 and json.loads(text)["length"] == len(body))
    packed = gzip.compress(bytes(20 << 20))
    s.sendall(post(b"Content-Length: %d\r\n" % len(packed), target=b"/large") + packed)
    status, _, text = read_one(f)
    tally.check("20 MiB of zeros in gzip", status == 200 and json.loads(text)["length"] == 20 << 20)
    s.sendall(post(CH, b"".join(b"%x\r\n%s\r\n" % (len(body[i : i + 9999]), body[i : i + 9999]) for i in range(0, len(body), 9999)) + b"0\r\n\r\n", target=b"/large"))
    tally.check("20 MiB in chunks", json.loads(read_one(f)[2])["length"] == len(body))
    s.close()


def together(tally, port):
    """Requests that were read in one wake of the loop share what `before_wait` ends."""
    s = connect(port)
    s.sendall(get())
    f = s.makefile("rb")
    before = json.loads(read_one(f)[2])
    s.sendall(get() * 40)
    seen = [json.loads(read_one(f)[2]) for _ in range(40)]
    s.close()
    waits = seen[-1]["waits"] - before["waits"]
    tally.check("requests of one wake are one batch", 1 <= waits <= 20 and seen[-1]["calls"] == before["calls"] + 40, waits)


def gone(tally, port):
    """Clients that leave at every moment, some with a reset."""
    rnd = random.Random(7)
    for i in range(300):
        s = connect(port)
        raw = rnd.choice([get(target=b"/thread?30"), get(target=b"/pool"), get(target=b"/big?300000"),
                          post(b"Content-Length: 900000\r\n", b"a" * 500000), post(CH, b"5\r\nhel"),
                          post(b"Content-Length: %d\r\n" % len(BOMB), BOMB, target=b"/large"), get() * 50, b"GET /a HT"])
        s.sendall(raw)
        if rnd.random() < 0.5:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        if rnd.random() < 0.3:
            time.sleep(0.002)
        s.close()
    got, ended = exchange(port, NEXT)
    tally.check("after 300 that left", got[0][0] == 200 and ended)


BOMB = gzip.compress(bytes(4 << 20))


def parallel(tally, port):
    good, lock = [], threading.Lock()

    def client(i):
        s = connect(port, 60)
        f = s.makefile("rb")
        n = 0
        for k in range(10):
            target = [b"/thread?1", b"/pool", b"/a"][(i + k) % 3]
            s.sendall(post(b"Content-Length: 8\r\n", b"%08d" % (i * 100 + k), target=target))
            status, _, text = read_one(f)
            n += status == 200 and json.loads(text)["body"] == "%08d" % (i * 100 + k)
        s.close()
        with lock:
            good.append(n)

    threads = [threading.Thread(target=client, args=(i,)) for i in range(200)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    tally.same("200 at once, each gets its own answers", sum(good), 2000)


def rubbish(tally, port):
    """Sound requests with a few bytes changed: whatever happens, it is answered or ended, and the server lives."""
    rnd = random.Random(11)
    seeds = [c[1] for c in REFUSED + READ if len(c[1]) < 400]
    stuck = 0
    for i in range(1500):
        raw = bytearray(rnd.choice(seeds) + rnd.choice([b"", NEXT, SMUGGLED]))
        for _ in range(rnd.randrange(1, 4)):
            at = rnd.randrange(len(raw))
            what = rnd.randrange(4)
            if what == 0:
                raw[at] = rnd.randrange(256)
            elif what == 1:
                raw[at:at] = rnd.choice([b"\r", b"\n", b"\r\n", b" ", b"\0", b":", b"\t", b"0", b"chunked"])
            elif what == 2:
                del raw[at : at + rnd.randrange(1, 5)]
            else:
                raw[at:at] = raw[max(0, at - 20) : at]
            if not raw:
                raw = bytearray(b"\0")
        s = connect(port)
        try:
            s.sendall(bytes(raw))
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        got, ended = read_all(s)
        stuck += not ended
        for a in answers(got):
            stuck += a[0] not in (100, 200, 400, 401, 413, 414, 417, 431)
        s.close()
    got, ended = exchange(port, NEXT)
    tally.check("after 1500 spoilt requests", got[0][0] == 200 and stuck == 0, stuck)


def took(f):
    begin = time.monotonic()
    result = f()
    return result, time.monotonic() - begin


def slow(tally):
    with Echo(head=800, idle=1500, grace=700, rate=1000, write=900) as e:
        def after(raw, every=None, drip=b"a", seconds=6.0):
            s = connect(e.port)
            s.sendall(raw)
            begin = time.monotonic()
            s.settimeout(0.1 if every is None else every)
            got = b""
            while time.monotonic() - begin < seconds:
                try:
                    piece = s.recv(65536)
                    if not piece:
                        break
                    got += piece
                except TimeoutError:
                    if every is not None:
                        try:
                            s.sendall(drip)
                        except OSError:
                            break
                except OSError:
                    break
            s.close()
            return [a[0] for a in answers(got)], time.monotonic() - begin

        def within(name, result, statuses, least, most):
            tally.check(name, result[0] == statuses and least <= result[1] <= most, result)

        within("a head that stops", after(b"GET /a HT"), [408], 0.7, 2.0)
        within("a head that drips", after(b"GET /a HTTP/1.1\r\nX: ", 0.1), [408], 0.7, 2.0)
        within("a connection that says nothing", after(b""), [], 1.4, 2.6)
        within("idle behind an answer", after(get()), [200], 1.4, 2.6)
        within("one blank line is no life", after(b"\r\n"), [], 1.4, 3.2)
        within("a body that stops", after(post(b"Content-Length: 1000\r\n", b"a")), [408], 0.6, 1.8)
        within("a body that drips", after(post(b"Content-Length: 1000\r\n", b"a"), 0.1), [408], 0.6, 1.8)
        within("a body that stops behind much", after(post(b"Content-Length: 900000\r\n", b"a" * 500000)), [408], 0.6, 2.6)
        statuses = after(post(b"Content-Length: 6000\r\n", b""), 0.1, b"a" * 400)[0]
        tally.same("a body that is slow enough", statuses[:1], [200])
        within("chunks that drip", after(post(CH), 0.1, b"1\r\na\r\n"), [408], 0.6, 1.8)
        s = connect(e.port)
        s.sendall(get(target=b"/big?30000000"))
        exchange(e.port, NEXT, wait=60)  # it is made, and partly sent
        time.sleep(2)
        s.settimeout(3)
        got, ended = read_all(s)
        tally.check("an answer nobody reads is given up", ended and len(got) < 30000000, len(got))
        s.close()
        s = connect(e.port)
        s.sendall(get(target=b"/big?8000000"))
        got, begin = b"", time.monotonic()
        while len(got) < 8000000:
            piece = s.recv(300000, socket.MSG_WAITALL)
            if not piece:
                break
            got += piece
            time.sleep(0.06)
        tally.check("an answer read slowly is not", len(got) > 8000000 and time.monotonic() - begin > 1.2, len(got))
        s.close()


def caps(tally):
    with Echo(connections=20, per_peer=10, bodies=1500000) as e:
        held = [connect(e.port) for _ in range(10)]
        for s in held:
            s.sendall(get())
        tally.check("as many as an address may have", all(read_one(s.makefile("rb"))[0] == 200 for s in held))
        s = connect(e.port)
        tally.same("one more is ended", read_all(s), (b"", True))
        s.close()
        held.pop().close()
        time.sleep(0.2)
        s = connect(e.port)
        s.sendall(NEXT)
        tally.same("and its place is used again", answers(read_all(s)[0])[0][0], 200)
        s.close()
        for s in held:
            s.close()
        time.sleep(0.2)
        parts = [connect(e.port) for _ in range(3)]
        for s in parts:
            s.sendall(post(b"Content-Length: 900000\r\n", b"a" * 800000))
        time.sleep(0.4)
        done = []
        for s in parts:
            try:
                s.sendall(b"a" * 100000)
            except OSError:
                pass
        for s in parts:
            done.append(read_one(s.makefile("rb"))[0])
            s.close()
        tally.check("bodies beyond what the server may hold", sorted(set(done)) == [200, 503], done)


def unix(tally, folder):
    path = os.path.join(folder, "s.sock")

    def ask():
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10)
        s.connect(path)
        s.sendall(NEXT)
        got = read_all(s)[0]
        s.close()
        return json.loads(answers(got)[0][2])

    with Echo(unix=path) as e:
        said = ask()
        tally.check("the Unix socket", said["peer"] == "unix" and said["tag"] == 3)
        tally.same("is for its owner alone", os.stat(path).st_mode & 0o777, 0o600)
        second = subprocess.run([program(), "unix=" + path], capture_output=True, text=True, timeout=20)
        tally.check("two servers do not share it", second.returncode == 1 and "listened" in second.stderr, second.stderr)
        e.process.kill()
        e.process.wait()
        tally.check("a killed server leaves it behind", os.path.exists(path))
        with Echo(unix=path):
            tally.same("and the next one takes it", ask()["tag"], 3)
        e.end = lambda: 0
        e.said = ""
    tally.check("in the end it is gone", not os.path.exists(path))
    open(path, "w").close()
    other = subprocess.run([program(), "unix=" + path], capture_output=True, text=True, timeout=20)
    tally.check("a file that is no socket is left alone", other.returncode == 1 and os.path.exists(path), other.stderr)


def tls(tally, folder):
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    context = ssl.create_default_context(cafile=cert)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with Echo(cert=cert, key=key, head=1000, write=5000) as e:
        def open_link(c=context):
            return c.wrap_socket(connect(e.tls_port), server_hostname="localhost")

        link = open_link()
        f = link.makefile("rb")
        for _ in range(3):
            link.sendall(get(target=b"/thread?3"))
            said = json.loads(read_one(f)[2])
        tally.check("TLS", said["tls"] and said["tag"] == 2)
        tally.same("ALPN", link.selected_alpn_protocol(), "http/1.1")
        body = os.urandom(900000)
        link.sendall(post(b"Content-Length: 900000\r\n", body))
        tally.same("a large body", json.loads(read_one(f)[2])["length"], 900000)
        link.sendall(get(target=b"/big?5000000"))
        tally.same("a large answer", len(read_one(f)[2]), 5000000)
        link.sendall(get(target=b"/last"))
        tally.same("the last answer", read_one(f)[0], 200)
        tally.same("ends with a goodbye", f.read(), b"")  # a cut without one raises
        link.close()
        link = open_link()
        link.sendall(get(b"X-A : b\r\n") + SMUGGLED)
        got, ended = read_all(link)
        tally.check("refused over TLS", [a[0] for a in answers(got)] == [400] and ended)
        link.close()
        link = open_link()
        link.sendall(b"".join(get(target=b"/%d" % i) for i in range(50)) + NEXT)
        got, ended = read_all(link)
        tally.check("pipelined over TLS", len(answers(got)) == 51 and ended)
        link.close()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            c = ssl.create_default_context(cafile=cert)
            c.minimum_version = c.maximum_version = version
            link = open_link(c)
            link.sendall(NEXT)
            tally.check(str(version), len(answers(read_all(link)[0])) == 1)
            link.close()
        c = ssl.create_default_context(cafile=cert)
        c.set_alpn_protocols(["h2"])
        try:
            open_link(c)
            refused_it = False
        except (ssl.SSLError, OSError):
            refused_it = True
        tally.check("ALPN without http/1.1 is refused", refused_it)
        s = connect(e.tls_port)
        (got, ended), seconds = took(lambda: read_all(s))
        tally.check("a handshake that does not begin", ended and 0.8 < seconds < 2.2, seconds)
        s.close()
        s = connect(e.tls_port)
        s.sendall(get())
        tally.check("plain HTTP to the TLS port", read_all(s)[1])
        s.close()
        s = connect(e.tls_port)
        s.sendall(b"\x16\x03\x01\x02\x00" + os.urandom(512))
        tally.check("a broken hello", read_all(s)[1])
        s.close()


def stopping(tally):
    e = Echo(drain=4000)
    idle, busy, half = connect(e.port), connect(e.port), connect(e.port)
    idle.sendall(get())
    read_one(idle.makefile("rb"))
    busy.sendall(get(target=b"/thread?900"))
    half.sendall(post(b"Content-Length: 5\r\n", b"hel"))
    time.sleep(0.2)
    begin = time.monotonic()
    e.process.send_signal(signal.SIGTERM)
    tally.check("an idle connection ends at once", read_all(idle)[1] and time.monotonic() - begin < 0.6)
    try:
        late = connect(e.port, 1)
        late.close()
        refused_it = False
    except OSError:
        refused_it = True
    tally.check("nobody new is let in", refused_it)
    half.sendall(b"lo")
    status, headers, body = read_one(half.makefile("rb"))
    tally.check("a request half there is read to its end", status == 200 and headers[b"connection"] == b"close", status)
    status, headers, body = read_one(busy.makefile("rb"))
    tally.check("what is under way is answered", status == 200 and headers[b"connection"] == b"close", (status, headers))
    for s in (idle, busy, half):
        s.close()
    code = e.process.wait(10)
    tally.check("and the server ends well", e.end() == 0 == code and not any(w in e.said for w in SANITIZERS), e.said)
    e = Echo(drain=1000)
    stuck = connect(e.port)
    stuck.sendall(get(target=b"/thread?2500"))
    lazy = connect(e.port)
    lazy.sendall(post(b"Content-Length: 5\r\n", b"hel"))
    time.sleep(0.2)
    code, seconds = took(lambda: (e.process.send_signal(signal.SIGINT), e.process.wait(10))[1])
    tally.check("it does not wait for ever", code == 0 and 0.8 < seconds < 2.4, (code, seconds))
    e.end()
    tally.check("nor break", not any(w in e.said for w in SANITIZERS), e.said)
    stuck.close()
    lazy.close()


def main():
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        def run(name, f, *args):
            begin = time.monotonic()
            tally.run(name, f, *args)
            if os.environ.get("VERBOSE"):
                print("%-12s %5.1f s" % (name, time.monotonic() - begin), flush=True)

        def one(name, f):
            def within():
                with Echo() as e:
                    f(tally, e.port)
            run(name, within)

        one("refused", refused)
        one("read", read)
        one("connection", connection)
        one("together", together)
        one("gone", gone)
        one("parallel", parallel)
        one("rubbish", rubbish)
        run("slow", slow, tally)
        run("caps", caps, tally)
        run("unix", unix, tally, folder)
        run("tls", tls, tally, folder)
        run("stopping", stopping, tally)
    tally.end()


if __name__ == "__main__":
    main()
