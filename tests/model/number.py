"""Exact decimals. Everything is a Fraction until a line is rounded."""

from fractions import Fraction


class Num(str):
    """A number that is written into JSON with exactly these digits."""


def frac(v):
    """A decimal given as text, integer or Num."""
    return Fraction(str(v))


def round_half_away(v, digits=0):
    """Nearest multiple of 10^-digits, as an integer count of it; ties go away from zero."""
    v = Fraction(v) * 10**digits
    n, d = abs(v.numerator), v.denominator
    q = (2 * n + d) // (2 * d)
    return -q if v < 0 else q


def cut(v, digits):
    """Towards zero, to so many fractional digits."""
    q = abs(v.numerator) * 10**digits // v.denominator
    return Fraction(-q if v < 0 else q, 10**digits)


def money(minor, digits=2):
    """Minor units as the wire shows them."""
    sign = "-" if minor < 0 else ""
    if digits == 0:
        return sign + str(abs(minor))
    whole, rest = divmod(abs(minor), 10**digits)
    return "%s%d.%0*d" % (sign, whole, digits, rest)


def minor(text, digits=2):
    v = Fraction(text) * 10**digits
    assert v.denominator == 1, text
    return v.numerator


def plain(v):
    """A decimal without exponent and without needless digits: 10, 0.5, 1.25."""
    v = Fraction(v)
    n = 0
    while (v * 10**n).denominator != 1:
        n += 1
        assert n <= 40, v
    whole = abs((v * 10**n).numerator)
    t = str(whole)
    if n:
        t = t.rjust(n + 1, "0")
        t = t[:-n] + "." + t[-n:]
    return ("-" if v < 0 else "") + t
