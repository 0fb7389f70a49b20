"""Instants as integers. `us` counts microseconds since 1970, `s` seconds, a period is (year, month)."""

import datetime
import re

EPOCH = datetime.datetime(1970, 1, 1)
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):(\d\d))$"
)


def us(text):
    """RFC 3339 text to microseconds; what is finer is cut, not rounded."""
    m = _RFC3339.match(text)
    if not m:
        raise ValueError("not a time: %r" % text)
    y, mo, d, h, mi, sec, frac, _z, sign, oh, om = m.groups()
    at = datetime.datetime(int(y), int(mo), int(d), int(h), int(mi), int(sec))
    delta = at - EPOCH
    n = (delta.days * 86400 + delta.seconds) * 1000000
    if frac:
        n += int((frac + "000000")[:6])
    if sign:
        offset = (int(oh) * 60 + int(om)) * 60 * 1000000
        n += -offset if sign == "+" else offset
    return n


def s(text):
    return us(text) // 1000000


def text(sec):
    """Seconds as the wire shows them."""
    return (EPOCH + datetime.timedelta(seconds=sec)).strftime("%Y-%m-%dT%H:%M:%SZ")


def text_us(n):
    whole, frac = divmod(n, 1000000)
    return text(whole) if frac == 0 else text(whole)[:-1] + ".%06dZ" % frac


def csv_text(sec):
    return (EPOCH + datetime.timedelta(seconds=sec)).strftime("%Y-%m-%d %H:%M:%S +0000")


def date(sec):
    return (EPOCH + datetime.timedelta(seconds=sec)).strftime("%Y-%m-%d")


def period_of(sec):
    at = EPOCH + datetime.timedelta(seconds=sec)
    return (at.year, at.month)


def next_period(p):
    return (p[0] + 1, 1) if p[1] == 12 else (p[0], p[1] + 1)


def start(p):
    """First second of a period."""
    return int((datetime.datetime(p[0], p[1], 1) - EPOCH).total_seconds())


def end(p):
    """The second after its last one."""
    return start(next_period(p))


def period_text(p):
    return "%04d-%02d" % p


def period_parse(t):
    return (int(t[:4]), int(t[5:7]))


def periods(first, last):
    """All periods from first to last, both included."""
    while first <= last:
        yield first
        first = next_period(first)
