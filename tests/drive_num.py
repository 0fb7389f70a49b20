#!/usr/bin/python3
"""Exact numbers against Python's own: num_oracle computes a program of sums, products and roundings, and so do
fractions.Fraction and integers without a limit. Overflow must be answered exactly when the value in lowest terms
leaves 512 bits over 256, whatever the way there."""
import os
import subprocess
import sys
from fractions import Fraction

from hypothesis import HealthCheck, given, settings, strategies as st

ORACLE = os.path.join(os.environ['BILLOW_BUILD'], 'tests', 'unit', 'num_oracle')
MOST_AMOUNT = 10**15


class Overflow(Exception):
    pass


def fits(value):
    if abs(value.numerator) >= 1 << 512 or value.denominator >= 1 << 256:
        raise Overflow
    return value


def rounded(value, how):
    """To an integer: half away from zero, toward zero, up or down."""
    size = abs(value)
    if how == 'half':
        whole = (2 * size.numerator + size.denominator) // (2 * size.denominator)
    elif how == 'cut':
        whole = size.numerator // size.denominator
    elif how == 'ceil':
        return -((-value.numerator) // value.denominator)
    else:
        return value.numerator // value.denominator
    return -whole if value < 0 else whole


def decimal_text(pico):
    sign, pico = ('-' if pico < 0 else ''), abs(pico)
    rest = f'{pico % 10**12:012d}'.rstrip('0')
    return f'{sign}{pico // 10**12}' + ('.' + rest if rest else '')


def expected(program):
    stack, out = [], []
    try:
        for word in program:
            if word == '+':
                b, a = stack.pop(), stack.pop()
                stack.append(fits(a + b))
            elif word == '-':
                b, a = stack.pop(), stack.pop()
                stack.append(fits(a - b))
            elif word == 'x':
                b, a = stack.pop(), stack.pop()
                stack.append(fits(a * b))
            elif word == '?':
                out.append(str((stack[-2] > stack[-1]) - (stack[-2] < stack[-1])))
            elif word[0] in '*/i':
                op, number = word.lstrip('i')[0], Fraction(word.lstrip('i')[1:])
                stack[-1] = fits(stack[-1] * number if op == '*' else stack[-1] / number)
            elif word.startswith('round'):
                minor = rounded(stack[-1] * 10**int(word[5]), 'half')
                if abs(minor) > MOST_AMOUNT:
                    raise Overflow
                out.append(str(minor))
            elif word in ('show', 'cut'):
                pico = rounded(stack[-1] * 10**12, 'half' if word == 'show' else 'cut')
                if abs(pico) >= 1 << 127:
                    raise Overflow
                out.append(decimal_text(pico))
            elif word in ('ceil', 'floor'):
                whole = rounded(stack[-1], word)
                if abs(whole) >= 1 << 63:
                    raise Overflow
                out.append(str(whole))
            else:
                stack.append(Fraction(word))
        return ' '.join(out + ['.'])
    except Overflow:
        return ' '.join(out + ['overflow'])


class Oracle:
    def __init__(self):
        self.process = subprocess.Popen([ORACLE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, program):
        self.process.stdin.write(' '.join(program) + '\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()


oracle = Oracle()

# Small ones, round ones, those at the digits' limit, and the primes that make denominators differ.
pico = st.one_of(st.integers(0, 10**4), st.integers(0, 10**27 - 1), st.sampled_from([1, 10**27 - 1, 10**12, 5 * 10**11]),
                 st.integers(0, 10**6).map(lambda n: n * 10**10), st.integers(0, 10**15 - 1).map(lambda n: n * 10**12))
size = pico.map(decimal_text)
decimal = st.tuples(st.sampled_from(['', '', '-']), size).map(lambda pair: pair[0] + pair[1] if pair[1] != '0' else '0')
nonzero = decimal.filter(lambda text: text != '0')
integer = st.one_of(st.sampled_from([1, -1, 672, 3600, 2419200, 2**63 - 1, -2**63 + 1]),
                    st.integers(-10**6, 10**6), st.integers(-2**63, 2**63 - 1)).filter(bool).map(str)
answers = st.sampled_from(['round0', 'round2', 'round3', 'round4', 'show', 'cut', 'ceil', 'floor'])


@st.composite
def programs(draw):
    words, deep = [draw(decimal)], 1
    for _ in range(draw(st.integers(0, 30))):
        kind = draw(st.integers(0, 9))
        if kind <= 1 and deep < 30:
            words.append(draw(decimal))
            deep += 1
        elif kind == 2:
            words.append('*' + draw(decimal))
        elif kind == 3:
            words.append('/' + draw(nonzero))
        elif kind == 4:
            words.append(draw(st.sampled_from(['i*', 'i/'])) + draw(integer))
        elif kind <= 7 and deep >= 2:
            words.append(draw(st.sampled_from(['+', '-', '+', '-', 'x'])))
            deep -= 1
        elif kind == 8 and deep >= 2:
            words.append('?')
        else:
            words.append(draw(answers))
    return words + ['show']


@st.composite
def charges(draw):
    """What rating does: prices by the hour, many stretches, a sum over them, rounded."""
    words = ['0']
    for _ in range(draw(st.integers(1, 40))):
        words += [draw(size), 'i/' + draw(st.sampled_from(['672', '1', '24', '730', '744'])), 'i/3600',
                  'i*' + str(draw(st.integers(1, 2678400))), '*' + draw(size), '+']
    return words + ['round2', 'show', 'cut', 'ceil']


quick = settings(max_examples=400, deadline=None, database=None, derandomize=True,
                 suppress_health_check=list(HealthCheck))


@quick
@given(programs())
def any_program(program):
    assert oracle.ask(program) == expected(program), ' '.join(program)


@quick
@given(charges())
def charges_add_up(program):
    assert oracle.ask(program) == expected(program), ' '.join(program)


@quick
@given(decimal, decimal)
def two_numbers(a, b):
    for op in '+-x?':
        program = [a, b, op, 'show']
        assert oracle.ask(program) == expected(program), ' '.join(program)


def growing_until_overflow():
    """The last that fits and the first that does not, by each way to grow."""
    for words in (['i*9223372036854775807'], ['i/9223372036854775807'], ['*999999999999999.999999999999'],
                  ['/0.000000000007'], ['i*2'], ['i/2'], ['*0.000000000001'], ['/3.000000000001', '1', '+']):
        program = ['1'] + words * 3
        while expected(program).endswith('.'):
            assert oracle.ask(program) == expected(program), ' '.join(program)
            program = program + words
        assert oracle.ask(program) == 'overflow', ' '.join(program)


def main():
    passed = failed = 0
    for test in (any_program, charges_add_up, two_numbers, growing_until_overflow):
        try:
            test()
            passed += 1
        except Exception as error:  # a driver counts and goes on
            print(f'{test.__name__}: {error!r}'[:3000])
            failed += 1
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
