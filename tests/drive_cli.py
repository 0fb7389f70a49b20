#!/usr/bin/env python3
"""Drives the command line as a person and as a script would: wrong lines, counts, exit statuses, files, and the same
commands alone and beside a running server. The last line is the sum."""
import concurrent.futures as futures
import fcntl
import gzip
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

BILLOW = os.environ['BILLOW']
ROOT = pathlib.Path(__file__).resolve().parent.parent
PRICES = str(ROOT / 'examples' / 'prices.yaml')
ENV = {k: v for k, v in os.environ.items() if not k.startswith('BILLOW_')}
NOW = '2026-02-01T00:00:00Z'
passed = failed = 0


def check(good, what, detail=''):
    global passed, failed
    if good:
        passed += 1
        return
    failed += 1
    print(f'FAIL {what}: {str(detail)[:1500]}')


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __repr__(self):
        return f'exit {self.status}, stdout {self.out!r}, stderr {self.err!r}'


def run(*args, stdin=b'', env=None, cwd=None):
    done = subprocess.run([BILLOW, *args], input=stdin, capture_output=True, env=env or ENV, cwd=cwd, timeout=120)
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def one_sentence(err):
    return err.startswith('billow: ') and err.count('\n') == 1 and err.endswith('\n') and len(err) > 20


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Database:
    """Commands against one file; each gets --db and --now."""

    def __init__(self, folder, name='t.db', now=NOW):
        self.path, self.now = os.path.join(folder, name), now

    def __call__(self, *args, now=None, **more):
        return run(*args, '--db', self.path, *(['--now', now or self.now] if (now or self.now) else []), **more)

    def account(self, name='Ann', *args):
        made = self('account', 'add', '--name', name, '--email', 'a@example.com', *args)
        assert made.status == 0, made
        return made.out.strip()


# ---- help, and lines that are wrong

def commands():
    listed = run('help').out
    return re.findall(r'^  ([a-z]+(?: [a-z]+)?) {2,}', listed, re.M)


def test_help():
    names = commands()
    check(len(names) >= 30, 'help lists the commands', names)
    for name in names:
        got = run(*name.split(), '--help')
        check(got.status == 0 and got.out.startswith(f'usage: billow {name}') and not got.err, f'{name} --help', got)
        check(max(map(len, got.out.splitlines())) <= 130, f'{name} --help fits', got.out)
    check(re.fullmatch(r'billow \d+\.\d+\.\d+\n', run('--version').out), '--version')
    check(run('--help').out == run('help').out, '--help is help')
    check(run('help', 'close').out == run('close', '--help').out, 'help of one')
    check(run('help', 'account').out.count('account') >= 4, 'help of a group')
    man = run('help', '--man').out
    for name in names:
        check(f'.SS billow {name}'.replace('-', '\\-') in man, f'the manual has {name}')


WRONG = [
    ('', ''),
    ('acount', 'account'),
    ('account', 'account add'),
    ('account ad', 'account add'),
    ('verfy', 'verify'),
    ('verify now', 'does not take'),
    ('account add', '--name'),
    ('account add --name A', '--email'),
    ('account add --name A --email', 'needs a value'),
    ('account add --name A --email --json', 'needs a value'),
    ('account add --name A --email e --emial x', '--email'),
    ('account add --name A --email e --name B', 'twice'),
    ('account add --name= --email e', 'needs a value'),
    ('account add --name A --email e --address US', 'KEY=VALUE'),
    ('account add --name A --email e --billing-from yesterday', 'time'),
    ('account add --name A --email e --billing-from 2026-02-30T00:00:00Z', 'time'),
    ('account add --name A --email e --opening-balance 1,5', 'decimal'),
    ('account add --name A --email e --org do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806', 'organization'),
    ('account add --name A --email e --now noon', '--now'),
    ('account add --name A --email e --json=yes', 'no value'),
    ('account show', 'URN'),
    ('account show nobody', 'URN'),
    ('account set nobody --name A', 'URN'),
    ('token add', 'one of'),
    ('token add --operator --account do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806', 'one of'),
    ('token add --account do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806 --dialect aws', 'do or civo'),
    ('token revoke', 'ID'),
    ('prices load', 'FILE'),
    ('prices load a b', 'does not take'),
    ('prices load a --adjust 12', '64'),
    ('import', 'FILE'),
    ('import - --format xml', 'ndjson or csv'),
    ('pay --account do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806 --amount 1', '--ref'),
    ('pay --account x --amount 1 --ref r', 'URN'),
    ('pay --account do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806 --amount ten --ref r', 'decimal'),
    ('pay --account do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806 --amount -1 --ref r', 'positive'),
    ('close', 'PERIOD'),
    ('close January', 'month'),
    ('close 2026-13', 'month'),
    ('close 2026-01 --jobs none', 'whole number'),
    ('invoice show --account do:team:4edf2241-158e-41ce-80a8-ebcf40f0d806 latest', 'preview'),
    ('verify --digest abc', '64'),
    ('backup', 'FILE'),
    ('serve --rate-limit fast', 'HOUR/MINUTE'),
    ('serve --rate-limit 0/5', 'HOUR/MINUTE'),
    ('serve --listen 8080', 'ADDR:PORT'),
    ('serve --listen 127.0.0.1:99999', 'ADDR:PORT'),
    ('serve --tls-cert a.pem', 'both'),
    ('serve --close never', 'auto'),
    ('serve --public-url example.com', 'http'),
    ('verify --db mysql://localhost/billow', 'postgresql://'),
    ('--frobnicate', '--frobnicate'),
    ('help nothing', 'nothing'),
    ('demo --db x', '--db'),
    ('prices check a --db x', '--db'),
]


def test_wrong(folder):
    for line, word in WRONG:
        got = run(*line.split(), cwd=folder)
        fine = got.status == 2 and word in got.err and not got.out
        check(fine and (not line or one_sentence(got.err)), f'billow {line}', got)
    check(os.listdir(folder) == [], 'nothing was made by wrong lines', os.listdir(folder))
    got = run('account', 'list', env={**ENV, 'BILLOW_NOW': 'soon'}, cwd=folder)
    check(got.status == 2 and 'BILLOW_NOW' in got.err, 'a wrong $BILLOW_NOW', got)


def test_missing(folder):
    reading = ['account list', 'token list', 'prices show', 'verify', 'audit list', 'period list', 'rejects list', 'org list',
               f'backup {folder}/b.db']
    for line in reading:
        got = run(*line.split(), '--db', f'{folder}/none.db')
        check(got.status == 1 and one_sentence(got.err) and 'no database at' in got.err, f'{line} without a database', got)
    check(os.listdir(folder) == [], 'reading makes no file', os.listdir(folder))
    got = run('account', 'add', '--name', 'A', '--email', 'e', '--db', f'{folder}/no/such/t.db')
    check(got.status == 1 and one_sentence(got.err), 'a folder that is not there', got)
    (pathlib.Path(folder) / 'text').write_text('not a database, but long enough to be one ' * 200)
    (pathlib.Path(folder) / 'short').write_text('hello\n')
    for name in ('text', 'short'):
        for line in ('account list', 'account add --name A --email e', 'serve --listen 127.0.0.1:0 --operator-listen 127.0.0.1:0'):
            got = run(*line.split(), '--db', f'{folder}/{name}')
            fine = f'{folder}/{name} is not a Billow database' in got.err and '--db' in got.err
            check(got.status == 1 and one_sentence(got.err) and fine, f'{line}: a file of another kind', got)


# ---- accounts and tokens

def test_accounts(folder):
    db = Database(folder)
    urn = db.account('Ann Ὀξύς', '--company', 'C', '--address', 'country=US', '--address', 'region=NY', '--tax-id', 'T1')
    check(re.fullmatch(r'do:team:[0-9a-f-]{36}', urn), 'account add prints the URN', urn)
    check(oct(os.stat(db.path).st_mode & 0o777) == '0o600', "the file is its owner's alone")
    shown = json.loads(db('account', 'show', urn, '--json').out)
    check(shown['company'] == 'C' and shown['address']['region'] == 'NY' and shown['tax_id'] == 'T1', 'account show', shown)
    check(json.loads(db('account', 'show', urn[8:], '--json').out) == shown, 'the bare UUID will do')
    check(db('account', 'set', urn, '--company', '', '--tax-exempt', '--address', 'city=Riga').status == 0, 'account set')
    shown = json.loads(db('account', 'show', urn, '--json').out)
    check(not shown['company'] and shown['tax_exempt'] is True and shown['address']['city'] == 'Riga', 'what was set', shown)
    check(db('account', 'set', urn, '--no-tax-exempt').status == 0, 'tax again')
    check(json.loads(db('account', 'show', urn, '--json').out)['tax_exempt'] is False, 'tax again, shown')
    check(db('account', 'set', urn, '--tax-exempt', '--no-tax-exempt').status == 2, 'both at once')
    got = db('account', 'set', urn)
    check(got.status == 1 and one_sentence(got.err), 'nothing to set', got)
    got = db('account', 'show', 'do:team:00000000-0000-4000-8000-000000000000')
    check(got.status == 1 and one_sentence(got.err), 'an unknown account', got)
    evil = db.account('\x1b[31mred\x07\u202eevil')
    got = db('account', 'list')
    check(not re.search('[\x00-\x09\x0b-\x1f\u202e]', got.out) and '?[31mred' in got.out, 'names cannot steer a terminal', got)
    check(len(json.loads(db('account', 'list', '--json').out)['accounts']) == 2, 'account list --json')
    org = db('org', 'add', '--name', 'Group').out.strip()
    check(re.fullmatch(r'do:teamgroup:[0-9a-f-]{36}', org), 'org add prints the URN', org)
    check(db('account', 'set', evil, '--org', org).status == 0, 'into an organization')
    check(json.loads(db('account', 'show', evil, '--json').out)['org'] == org, 'in the organization')
    for args, shape in [(('--account', urn), r'dop_v1_[0-9a-f]{64}'), (('--org', org), r'dop_v1_[0-9a-f]{64}'),
                        (('--account', urn, '--dialect', 'civo'), r'(?!dop_v1_)\S+'), (('--operator',), r'(?!dop_v1_)\S+'),
                        (('--operator', '--scope', 'events:write,operator:read', '--name', 'intake'), r'\S+')]:
        got = db('token', 'add', *args)
        check(got.status == 0 and re.fullmatch(shape + '\n', got.out), f'token add {args}', got)
    got = db('token', 'add', '--operator', '--scope', 'everything')
    check(got.status == 2 and one_sentence(got.err), 'an unknown scope', got)
    tokens = json.loads(db('token', 'list', '--json').out)['tokens']
    check(len(tokens) == 5 and 'dop_v1_' not in str(tokens), 'token list has no secrets', tokens)
    shown = db('token', 'list').out
    check(all(t['scope'] in shown for t in tokens), 'token list has whole scopes', shown)
    check(db('token', 'revoke', tokens[0]['id']).status == 0, 'token revoke')
    got = db('token', 'revoke', 'tok_none/../x')
    check(got.status == 1 and one_sentence(got.err), 'revoke what is not there', got)
    # a test database and a real one do not mix
    got = run('account', 'add', '--name', 'B', '--email', 'b', '--db', db.path)
    check(got.status == 1 and '--now' in got.err, 'a test database wants --now', got)
    got = run('account', 'list', '--db', db.path)
    check(got.status == 0, 'reading one does not', got)
    real = os.path.join(folder, 'real.db')
    check(run('account', 'add', '--name', 'B', '--email', 'b', '--db', real).status == 0, 'a real database')
    got = run('account', 'add', '--name', 'B', '--email', 'b', '--db', real, '--now', NOW)
    check(got.status == 1 and one_sentence(got.err), 'a real database refuses --now', got)
    got = run('account', 'list', env={**ENV, 'BILLOW_DB': real})
    check(got.status == 0 and got.out.count('do:team:') == 1, '$BILLOW_DB', got)


# ---- events

def event(urn, number, **more):
    data = {'meter': 'api_requests', 'quantity': str(number)}
    data.update(more.pop('data', {}))
    return {'specversion': '1.0', 'id': f'e{number}', 'source': 'test', 'type': 'usage', 'subject': urn,
            'time': '2026-01-10T00:00:00Z', 'data': data, **more}


def ndjson(events):
    return '\n'.join(json.dumps(e) if isinstance(e, dict) else e for e in events).encode()


def test_import(folder):
    db = Database(folder)
    urn = db.account()
    check(db('prices', 'load', PRICES).status == 0, 'prices load')
    path = os.path.join(folder, 'day.ndjson')
    # more than a batch, blank lines between, no line end at the end, two wrong ones far apart
    events = [event(urn, n) for n in range(10050)]
    events[3] = event(urn, 3, data={'meter': 'nothing'})
    events[10030] = '{"specversion": "1.0", "id": '
    body = b'\n\n' + ndjson(events[:5]) + b'\n \n' + ndjson(events[5:])
    pathlib.Path(path).write_bytes(body)
    got = db('import', path)
    check(got.status == 1 and got.out == 'accepted 10048  duplicate 0  void 0  rejected 2\n', 'import counts', got)
    lines = got.err.splitlines()
    check(len(lines) == 2 and lines[0].startswith(f'{path}:3 e3: ') and lines[1].startswith(f'{path}:10030 -: '),
          'rejected are told by their place', got.err)
    got = db('import', path, '--json')
    answer = json.loads(got.out)
    check(got.status == 1 and answer['duplicate'] == 10048 and [r['index'] for r in answer['rejected']] == [3, 10030],
          'again: all duplicates', answer)
    packed = os.path.join(folder, 'day.bin')
    pathlib.Path(packed).write_bytes(gzip.compress(ndjson([event(urn, 20000)])) + gzip.compress(b'\n' + ndjson([event(urn, 20001)])))
    got = db('import', packed)
    check(got.status == 0 and got.out.startswith('accepted 2 ') and not got.err, 'gzip by what it is, two members', got)
    pathlib.Path(packed).write_bytes(gzip.compress(ndjson([event(urn, n) for n in range(30000, 30400)]))[:-300])
    got = db('import', packed)
    check(got.status == 1 and 'could not be read' in got.err, 'a gzip file that ends too soon', got)
    got = db('import', '-', stdin=ndjson([event(urn, 20002)]))
    check(got.status == 0 and got.out.startswith('accepted 1 '), 'standard input', got)
    got = db('import', '-', stdin=gzip.compress(ndjson([event(urn, 20003)])))
    check(got.status == 0 and got.out.startswith('accepted 1 '), 'standard input, packed', got)
    got = db('import', '-', stdin=b'\n  \n')
    check(got.status == 0 and got.out == 'accepted 0  duplicate 0  void 0  rejected 0\n', 'nothing but blank lines', got)
    conflict = event(urn, 20002, data={'quantity': '1'})
    got = db('import', '-', stdin=ndjson([conflict]))
    check(got.status == 1 and re.match(r'-:0 e20002: conflict', got.err), 'a conflict', got)
    rows = ('id,source,type,subject,time,meter,quantity,resource,sku,name\r\n'
            f'c1,csv,usage,{urn},2026-01-11T00:00:00Z,api_requests,5,,,\r\n'
            f'c2,csv,resource.create,{urn},2026-01-11T00:00:00Z,,,4edf2241-158e-41ce-80a8-ebcf40f0d806,s-1vcpu-1gb,"a ""b"", c"\r\n'
            f'c3,csv,usage,{urn},2026-01-11T00:00:00Z,nothing,5,,,\r\n').encode()
    pathlib.Path(folder, 'rows.csv').write_bytes(rows)
    got = db('import', os.path.join(folder, 'rows.csv'))
    check(got.status == 1 and got.out.startswith('accepted 2 ') and 'rows.csv:2 c3: ' in got.err, 'CSV by name', got)
    got = db('import', '-', '--format', 'csv', stdin=gzip.compress(rows))
    check(got.status == 1 and 'duplicate 2' in got.out, 'CSV by option, packed', got)
    got = db('import', '-', '--format', 'csv', stdin=b'id,colour\n1,red\n')
    check(got.status == 1 and 'colour' in got.err, 'a column that is not known', got)
    got = db('import', os.path.join(folder, 'none'), path)
    check(got.status == 1 and 'could not be opened' in got.err, 'a file that is not there', got)
    got = db('import', folder)
    check(got.status == 1 and 'folder' in got.err, 'a folder', got)
    rejects = json.loads(db('rejects', 'list', '--json').out)['rejects']
    check(len(rejects) >= 3, 'rejects list', rejects)
    got = db('rejects', 'retry')
    check(got.status == 1 and 'rejected' in got.out, 'rejects retry, still wrong', got)
    # a person sees a bar, which is gone at the end
    pathlib.Path(path).write_bytes(ndjson([event(urn, 60000 + n, time='2026-01-12T00:00:00Z') for n in range(30000)]))
    ours, theirs = pty.openpty()
    seen = subprocess.run([BILLOW, 'import', path, '--db', db.path, '--now', NOW], stdout=subprocess.PIPE, stderr=theirs, env=ENV)
    os.close(theirs)
    bar = os.read(ours, 1 << 16).decode()
    os.close(ours)
    check(seen.stdout.startswith(b'accepted 30000 ') and re.search(r'\[#*-*\] +\d+ %  [0-9,]+ events, [0-9,]+ a second', bar)
          and bar.endswith('\r\x1b[K'), 'a bar on a terminal', (seen, bar))
    late = 'do:team:11111111-2222-4333-8444-555555555555'
    check(db('import', '-', stdin=ndjson([event(late, 1)])).status == 1, 'an event before its account')
    db.account('Late', '--urn', late)
    got = db('rejects', 'retry')
    check(re.match('accepted 1 ', got.out), 'rejects retry, now known', got)


# ---- money

def build(db, folder):
    urn = db.account('Payer', '--address', 'country=US', '--address', 'region=NY')
    check(db('prices', 'load', PRICES).status == 0, 'prices load')
    life = [{'specversion': '1.0', 'id': 'l1', 'source': 'test', 'type': 'resource.create', 'subject': urn,
             'time': '2026-01-01T00:00:00Z', 'data': {'resource': '4edf2241-158e-41ce-80a8-ebcf40f0d806',
                                                      'kind': 'droplet', 'sku': 's-1vcpu-1gb', 'name': 'web'}}]
    check(db('import', '-', stdin=ndjson(life)).status == 0, 'a life')
    return urn


CLOSE_KEYS = ['period', 'accounts', 'invoices', 'credit_notes', 'parked', 'total', 'digest']


def test_money(folder):
    db = Database(folder)
    urn = build(db, folder)
    got = db('close', '2026-02', now='2026-02-10T00:00:00Z')
    check(got.status == 1 and one_sentence(got.err), 'a month that is not over', got)
    got = db('close', '2026-01', now='2026-02-10T00:00:00Z', *['--json'])
    answer = json.loads(got.out)
    check(list(answer) == CLOSE_KEYS and got.out.count('\n') == 1, 'close --json', got)
    check(answer['total'] == '6.38' and answer['invoices'] == 1 and answer['parked'] == [], 'what it closed', answer)
    db.now = '2026-02-10T00:00:00Z'
    again = db('close', '2026-01', '--json')
    check(again.status == 0 and again.out == got.out, 'closing again says the same', again)
    text = db('close', '2026-01').out
    check(re.search(r'^total +6\.38$', text, re.M) and text.rstrip().endswith(answer['digest']), 'close, as text', text)
    periods = json.loads(db('period', 'list', '--json').out)['periods']
    check(periods[-1]['digest'] == answer['digest'], 'period list', periods)
    got = db('verify', '--json')
    check(got.status == 0 and list(json.loads(got.out)) == ['accounts', 'invoices', 'entries', 'facts', 'sum', 'digest']
          and json.loads(got.out)['sum'] == '0', 'verify --json', got)
    check(db('verify', '--digest', answer['digest']).status == 0, 'verify --digest')
    got = db('verify', '--digest', '0' * 64)
    check(got.status == 1 and one_sentence(got.err), 'verify with another digest', got)

    got = db('pay', '--account', urn, '--amount', '6.38', '--ref', 'p1')
    check(got.status == 0 and '0.00' in got.out, 'pay', got)
    got = db('pay', '--account', urn, '--amount', '6.38', '--ref', 'p1')
    check(got.status == 0 and 'before' in got.out, 'the same payment again', got)
    got = db('pay', '--account', urn, '--amount', '6.39', '--ref', 'p1')
    check(got.status == 1 and one_sentence(got.err), 'the same reference, another amount', got)
    got = db('pay', '--account', urn, '--amount', '6.385', '--ref', 'p2')
    check(got.status == 1 and one_sentence(got.err), 'more decimals than the currency has', got)
    check(db('refund', '--account', urn, '--amount', '1', '--ref', 'r1', '--note', 'sorry').status == 0, 'refund')
    check(db('chargeback', '--account', urn, '--amount', '2.00').status == 0, 'chargeback')
    check(db('credit', '--account', urn, '--amount', '0.50').status == 0, 'credit')
    check(db('credit', '--account', urn, '--amount', '5', '--expires', '2026-12-31T00:00:00Z').status == 0, 'a grant')
    got = db('credit', '--account', urn, '--amount', '5', '--expires', '2026-01-01T00:00:00Z')
    check(got.status == 1 and one_sentence(got.err), 'a grant that is past', got)
    check(db('adjust', '--account', urn, '--amount', '-1.25', '--note', 'rounding').status == 0, 'adjust')
    rows = json.loads(db('history', '--account', urn, '--json').out)['billing_history']
    check([r['type'] for r in rows] == ['Credit', 'Chargeback', 'Refund', 'Payment', 'Invoice'], 'history', rows)

    invoices = json.loads(db('invoice', 'list', '--account', urn, '--json').out)['invoices']
    check(len(invoices) == 1 and invoices[0]['amount'] == '6.38', 'invoice list', invoices)
    uuid = invoices[0]['invoice_uuid']
    shown = json.loads(db('invoice', 'show', '--account', urn, uuid, '--json').out)
    check(shown['summary']['amount'] == '6.38' and len(shown['invoice_items']) == 1, 'invoice show', shown)
    check('web (s-1vcpu-1gb)' in db('invoice', 'show', '--account', urn, uuid).out, 'invoice show, as text')
    check(db('invoice', 'show', '--account', urn, 'preview').status == 0, 'invoice show preview')
    files = os.path.join(folder, 'files')
    os.mkdir(files)
    for kind, magic in [('csv', 'product'), ('pdf', '%PDF-')]:
        got = db('invoice', kind, '--account', urn, uuid, cwd=files)
        name = got.out.rstrip('\n')
        check(got.status == 0 and re.fullmatch(rf'Invoice 2026 Jan \(\d+-1\)\.{kind}', name), f'invoice {kind}', got)
        check(pathlib.Path(files, name).read_bytes().startswith(magic.encode()), f'{kind} file')
        check(db('invoice', kind, '--account', urn, 'preview', f'mine.{kind}', cwd=files).status == 0, f'{kind} to a name')
    got = db('invoice', 'csv', '--account', urn, uuid, '-')
    check(got.out == pathlib.Path(files, f'Invoice 2026 Jan ({invoices[0]["invoice_id"]}).csv').read_text(), 'csv to stdout', got)
    got = db('invoice', 'csv', '--account', urn, '00000000-0000-4000-8000-000000000000', '-')
    check(got.status == 1 and one_sentence(got.err) and not got.out and '00000000-0000-4000' in got.err,
          'an invoice that is not there is named', got)

    copy = os.path.join(folder, 'copy.db')
    check(db('backup', 'copy.db', cwd=folder).status == 0 and os.path.exists(copy), 'backup by a relative name')
    got = db('backup', copy)
    check(got.status == 1 and 'exists' in got.err, 'backup does not write over', got)
    check(run('verify', '--db', copy, '--json').out == db('verify', '--json').out, 'the copy is the same')
    rows = json.loads(db('audit', 'list', '--json').out)['audit']
    actions, details = [r['action'] for r in rows], [r['detail'] for r in rows]
    check('6.38 USD, reference p1' in details and '0.50 USD' in details, 'amounts of the audit as people write them', details)
    check('prices.load' in actions and len(actions) > 8, 'audit list', actions)


def test_prices(folder):
    db = Database(folder)
    got = run('prices', 'check', PRICES)
    check(got.status == 0 and 'well' in got.out, 'prices check', got)
    text = pathlib.Path(PRICES).read_text()
    wrong = os.path.join(folder, 'wrong.yaml')
    pathlib.Path(wrong).write_text(text.replace('per_hours: 672', 'per_hour: 672', 1))
    for command in (('prices', 'check', wrong), ('prices', 'load', wrong, '--db', db.path, '--now', NOW)):
        got = run(*command)
        check(got.status == 1 and one_sentence(got.err) and 'per_hours' in got.err, f'{command[1]} of a wrong book', got)
    check(not os.path.exists(db.path), 'a wrong book makes no database')
    urn = build(db, folder)
    check(db('prices', 'show').out == text, 'prices show gives the text')
    check(json.loads(db('prices', 'show', '--json').out)['yaml'] == text, 'prices show --json')
    dearer = os.path.join(folder, 'dearer.yaml')
    pathlib.Path(dearer).write_text(text.replace('amount: "6.00"', 'amount: "7.00"'))
    got = db('prices', 'diff', dearer)
    check(got.status == 0 and 's-1vcpu-1gb' in got.out and '7' in got.out, 'prices diff', got)
    check(db('prices', 'diff', PRICES).out == '', 'no difference')
    db.now = '2026-02-10T00:00:00Z'
    check(db('close', '2026-01').status == 0, 'close')
    got = db('prices', 'load', dearer)
    digest = got.out.rstrip().split('\n')[-1]
    check(got.status == 1 and re.fullmatch('[0-9a-f]{64}', digest) and urn in got.out and '2026-01' in got.out,
          'a book that moves a closed month is shown first', got)
    check(db('prices', 'show').out == text, 'and not loaded')
    got = db('prices', 'load', dearer, '--adjust', '0' * 64)
    check(got.status == 1, 'another digest does not load it', got)
    got = db('prices', 'load', dearer, '--adjust', digest)
    check(got.status == 0, 'the digest loads it', got)
    preview = json.loads(db('invoice', 'show', '--account', urn, 'preview', '--json').out)
    check(preview['summary']['credits_and_adjustments']['amount'] == '1.00', 'the difference is on the next invoice', preview)
    # logos
    png = b'\x89PNG\r\n\x1a\n' + bytes(100)
    logo = text.replace('    terms_days: 14', '    terms_days: 14\n    logo: logo.png', 1)
    pathlib.Path(folder, 'logo.yaml').write_text(logo)
    got = db('prices', 'load', os.path.join(folder, 'logo.yaml'))
    check(got.status == 1 and 'logo.png' in got.err, 'a logo that is not there', got)
    pathlib.Path(folder, 'logo.png').write_bytes(b'GIF89a' + bytes(100))
    got = run('prices', 'check', os.path.join(folder, 'logo.yaml'))
    check(got.status == 1 and 'PNG' in got.err, 'a logo of another kind', got)
    pathlib.Path(folder, 'logo.png').write_bytes(png + bytes(300 * 1024))
    got = run('prices', 'check', os.path.join(folder, 'logo.yaml'))
    check(got.status == 1 and 'larger' in got.err, 'a logo too large', got)
    pathlib.Path(folder, 'logo.png').write_bytes(png)
    check(run('prices', 'check', 'logo.yaml', cwd=folder).status == 0, 'a logo beside the book')


# ---- beside a server, and one after the other

def serve(db, *args, now=None):
    ports = free_port(), free_port()
    process = subprocess.Popen([BILLOW, 'serve', '--db', db.path, '--listen', f'127.0.0.1:{ports[0]}', '--operator-listen',
                                f'127.0.0.1:{ports[1]}', '--quiet', *(['--now', now] if now else []), *args],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENV)
    for _ in range(400):
        if os.path.exists(db.path + '.sock') or process.poll() is not None:
            break
        time.sleep(0.05)
    return process


def stop(process, what):
    process.send_signal(signal.SIGTERM)
    try:
        err = process.communicate(timeout=15)[1].decode()
    except subprocess.TimeoutExpired:
        process.kill()
        err = 'did not end'
    check(process.returncode == 0, what, err)


def test_beside(folder):
    db = Database(folder, now=None)
    server = serve(db, now='2026-02-01T00:00:00Z')
    try:
        check(oct(os.stat(db.path + '.sock').st_mode & 0o777) == '0o600', "the socket is its owner's alone")
        test_beside_server(folder, db)
    finally:
        stop(server, 'SIGTERM ends the server')
    check(not os.path.exists(db.path + '.sock') or run('account', 'list', '--db', db.path).status == 0, 'afterwards alone')
    got = run('account', 'list', '--db', db.path)
    check(got.status == 0 and 'Payer' in got.out, 'the file is whole', got)


def test_beside_server(folder, db):
    urn = build(db, folder)
    got = db('close', '2026-01')
    check(got.status == 1 and one_sentence(got.err), "the server's clock: the grace has not passed", got)
    got = db('close', '2026-01', '--json', now='2026-02-03T00:00:00Z')
    check(got.status == 0 and json.loads(got.out)['total'] == '6.38', '--now moves the clock of the server', got)
    check(db('close', '2026-01').status == 0, 'and it stays there')
    check(db('verify').status == 0, 'verify')
    got = db('import', '-', stdin=ndjson([event(urn, n) for n in range(25000)]))
    check(got.status == 0 and got.out.startswith('accepted 25000 '), 'import beside a server', got)
    check(db('backup', os.path.join(folder, 'beside.db')).status == 0, 'backup')
    check(run('verify', '--db', os.path.join(folder, 'beside.db')).status == 0, 'of a server that runs')
    got = db('invoice', 'csv', '--account', urn, 'preview', '-')
    check(got.status == 0 and 'Correction of 2026-01' in got.out, 'csv through the socket', got)
    other = Database(folder, now=None)
    got = run('serve', '--db', other.path, '--listen', f'127.0.0.1:{free_port()}', '--operator-listen', f'127.0.0.1:{free_port()}',
              '--now', NOW)
    check(got.status == 1 and one_sentence(got.err), 'one server owns the file', got)
    taken = socket.create_server(('127.0.0.1', 0))
    busy, free = f'127.0.0.1:{taken.getsockname()[1]}', f'127.0.0.1:{free_port()}'
    for public, operators, option in [(busy, free, '--listen'), (free, busy, '--operator-listen')]:
        got = run('serve', '--db', os.path.join(folder, 'ports.db'), '--listen', public, '--operator-listen', operators)
        check(got.status == 1 and one_sentence(got.err) and got.err.endswith(f' give another with {option}.\n'), 'a port that is taken', got)
    taken.close()
    # an import from a slow pipe, in pieces
    pipe = subprocess.Popen([BILLOW, 'import', '-', '--db', db.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENV)
    for n in range(3):
        pipe.stdin.write(ndjson([event(urn, 50000 + n)]) + b'\n')
        pipe.stdin.flush()
        time.sleep(0.1)
    check(pipe.communicate()[0].startswith(b'accepted 3 '), 'a slow pipe')


def start(db, *args):
    return subprocess.Popen([BILLOW, *args, '--db', db.path, '--now', NOW], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV)


def test_waiting(db):
    """A file that another command holds is waited for, by commands and by a server; at last they say so."""
    with open(db.path + '.lock', 'r+') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        eight = [start(db, *(['account', 'list'] if n % 2 else ['org', 'add', '--name', f'o{n}'])) for n in range(8)]
        server = start(db, 'serve', '--quiet', '--listen', f'127.0.0.1:{free_port()}', '--operator-listen', f'127.0.0.1:{free_port()}')
        time.sleep(3)
        check(all(p.poll() is None for p in [*eight, server]), 'all wait while the file is held')
        fcntl.flock(lock, fcntl.LOCK_UN)
        errors = [p.communicate()[1] for p in eight]
        check(all(p.returncode == 0 for p in eight), 'and each has its turn', errors)
        for _ in range(400):
            if os.path.exists(db.path + '.sock') or server.poll() is not None:
                break
            time.sleep(0.05)
        check(run('account', 'list', '--db', db.path).status == 0, 'the server too')
        again = start(db, 'serve', '--listen', '127.0.0.1:0', '--operator-listen', '127.0.0.1:0')
        began = time.monotonic()
        err = again.communicate()[1].decode()
        check(again.returncode == 1 and one_sentence(err) and time.monotonic() - began < 15, 'a second server does not wait', err)
        stop(server, 'the server that waited ends')
        fcntl.flock(lock, fcntl.LOCK_EX)
        late = start(db, 'account', 'list')
        err = late.communicate(timeout=60)[1].decode()
        check(late.returncode == 1 and one_sentence(err) and db.path in err, 'a file that stays held', err)


def test_held(folder):
    db = Database(folder)
    db.account()
    with open(db.path + '.lock', 'r+') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        timer = threading.Timer(0.7, lambda: fcntl.flock(lock, fcntl.LOCK_UN))
        timer.start()
        got = db('account', 'list')
        timer.join()
        check(got.status == 0, 'a file that is let go', got)
    test_waiting(db)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(db.path + '.sock')
    check(db('account', 'list').status == 0, 'a socket that nobody answers')
    # many at once, each the owner in turn
    many = [subprocess.Popen([BILLOW, 'account', 'add', '--name', f'n{n}', '--email', 'e', '--db', db.path, '--now', NOW],
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENV) for n in range(4)]
    errors = [p.communicate()[1] for p in many]
    check(all(p.returncode == 0 for p in many), 'four writers at once', errors)
    got = run('account', 'list', '--db', db.path, stdin=b'')
    check(got.out.count('do:team:') == 5, 'all five are there', got)
    with open('/dev/full', 'w') as full:
        status = subprocess.run([BILLOW, 'account', 'list', '--db', db.path], stdout=full, stderr=subprocess.PIPE, env=ENV)
        check(status.returncode == 1 and one_sentence(status.stderr.decode()), 'an output that is full', status)
    for args in (['account', 'list'], ['account', 'list', '--json'], ['serve', '--help']):
        ours, theirs = os.pipe()
        os.close(ours)
        status = subprocess.run([BILLOW, *args, '--db', db.path], stdout=theirs, stderr=subprocess.PIPE, env=ENV)
        os.close(theirs)
        check(status.returncode == 1 and not status.stderr, 'a reader that has left is no news', status)


def test_demo(folder):
    keep = os.path.join(folder, 'kept')
    for args, kept in [((), False), (('--keep', keep), True)]:
        ports = free_port(), free_port()
        demo = subprocess.Popen([BILLOW, 'demo', '--listen', f'127.0.0.1:{ports[0]}', '--operator-listen',
                                 f'127.0.0.1:{ports[1]}', *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**ENV, 'TMPDIR': folder})
        text = ''
        for line in demo.stdout:
            text += line.decode()
            if text.splitlines()[-1].startswith('Ctrl-C'):
                break
        check('built in' in text, 'the demo says it is up', (text, demo.stderr.read() if not text else ''))
        path = re.search(r'BILLOW_DB=(\S+)', text)
        if path:
            got = run('verify', '--db', path[1])
            check(got.status == 0, 'the demo verifies', got)
            check(run('rejects', 'list', '--db', path[1]).out.count('conflict') == 1, 'with its conflict')
            note = run('account', 'list', '--db', path[1], '--json')
            check(len(json.loads(note.out)['accounts']) == 7, 'and its customers')
            shown = text[text.index('  export '):text.index('Ctrl-C')]
            pasted = subprocess.run(['sh', '-ec', shown], capture_output=True, env=ENV, cwd=folder, timeout=120)
            check(pasted.returncode == 0 and 'Sammy'.encode() in pasted.stdout and b'digest' in pasted.stdout,
                  'what it shows can be pasted into a shell', (shown, pasted))
        demo.send_signal(signal.SIGINT)
        demo.communicate(timeout=20)
        check(demo.returncode == 0, 'Ctrl-C ends it', demo.returncode)
        check(bool(path) and os.path.exists(path[1]) == kept, 'and the folder is gone, or kept')
    got = run('demo', '--keep', keep)
    check(got.status == 1 and one_sentence(got.err), 'a demo that is there already', got)


def test_readme(folder):
    """What the README lets a newcomer paste, pasted."""
    text = (ROOT / 'README.md').read_text()
    part = text.split('## A month by hand')[1].split('\n## ')[0]
    blocks = re.findall(r'```sh\n(.*?)```', part, re.S)
    check(len(blocks) == 2, 'the README has its two blocks', len(blocks))
    os.symlink(os.path.abspath(BILLOW), os.path.join(folder, 'billow'))
    ports = free_port(), free_port()
    script = '\n'.join(blocks).replace('$PWD/build', folder).replace('8080', str(ports[0]))
    script = script.replace('--quiet', f'--quiet --listen 127.0.0.1:{ports[0]} --operator-listen 127.0.0.1:{ports[1]}')
    script = script.replace('sleep 1', 'for i in $(seq 200); do [ -S $BILLOW_DB.sock ] && break; sleep 0.05; done')
    done = subprocess.run(['bash', '-e'], input=script.encode(), capture_output=True, cwd=ROOT, timeout=120,
                          env={**ENV, 'TMPDIR': folder})
    out = done.stdout.decode()
    said = [line for line in done.stderr.decode().splitlines() if line.startswith(('billow:', 'bash:', 'curl:'))]
    check(done.returncode == 0 and len(said) == 1 and 'is served' in said[0], 'every command of the README works',
          (done.returncode, done.stderr, out))
    for words in ('accepted 15 ', 'total         65.37', "the account's balance is 0.00", '1.46', '"account_balance":"0.00"',
                  '"invoices":[', 'credit 5.00', '.pdf'):
        check(words in out, f'the README shows {words}', out)
    for words in re.findall(r'over (\d+\.\d\d)|costs (\d+\.\d\d)|; (\d+\.\d\d) is', part):
        check(''.join(words) in out, f'the figure {words} of the README', out)


def story(test):
    with tempfile.TemporaryDirectory() as folder:
        try:
            test(folder)
        except Exception as error:  # one broken story must not hide the others
            check(False, test.__name__, repr(error))


def main():
    tests = [test_held, test_demo, test_money, test_prices, test_beside, test_accounts, test_import, test_wrong, test_missing,
             test_readme]
    if sys.argv[1:]:
        tests = [test for test in tests if test.__name__[5:] in sys.argv[1:]]
    else:
        test_help()
    with futures.ThreadPoolExecutor(3) as pool:  # they share nothing but the tally
        list(pool.map(story, tests))
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


sys.exit(main())
