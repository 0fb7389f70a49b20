#!/usr/bin/env python3
"""Runs every test of a finished build and counts: the unit tests and corpus replays through meson, then each
executable tests/drive_*.py. Arguments are words that a test's name must contain (none: all).

A driver gets $BILLOW (the program) and $BILLOW_BUILD (its build folder). It may end with a line of its own,
`N passed, N failed`; otherwise it counts as one test, by its exit status. The last line printed is the sum."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ['BILLOW_BUILD'])
DRIVER_SECONDS = 900
SUM = re.compile(r'^(\d+) passed, (\d+) failed$')


def meson_tests(words):
    listed = json.loads(subprocess.run(['meson', 'introspect', '--tests', str(BUILD)], check=True, capture_output=True,
                                       text=True).stdout)
    names = [test['name'] for test in listed if not words or any(word in test['name'] for word in words)]
    if not names:
        return 0, 0
    log = BUILD / 'meson-logs' / 'testlog.json'
    log.unlink(missing_ok=True)
    run = subprocess.run(['meson', 'test', '-C', str(BUILD), '--no-rebuild', *names], stdin=subprocess.DEVNULL,
                         capture_output=True, text=True)
    passed = failed = 0
    if not log.exists():
        print(run.stdout + run.stderr)
        return 0, 1
    for line in log.read_text().splitlines():
        test = json.loads(line)
        out = test.get('stdout') or ''
        good = len(re.findall(r'^ok \d+', out, re.M))
        bad = len(re.findall(r'^not ok \d+', out, re.M))
        well = test['result'] in ('OK', 'SKIP')
        if well and good + bad == 0:
            good = 1
        if not well and bad == 0:
            bad = 1  # it crashed, timed out, or a sanitizer ended it
        passed, failed = passed + good, failed + bad
        print(f'{"ok  " if well else "FAIL"} {test["name"]:<28} {good:5} passed {bad:5} failed {test["duration"]:8.2f} s')
        if not well:
            print(out[-6000:])
            print((test.get('stderr') or '')[-6000:])
    return passed, failed


def driver(path):
    begin = time.monotonic()
    try:
        run = subprocess.run([str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             text=True, errors='replace', timeout=DRIVER_SECONDS, cwd=HERE.parent)
        out, status = run.stdout, run.returncode
    except subprocess.TimeoutExpired as late:
        out, status = (late.stdout or b'').decode(errors='replace') + '\ntook too long', 1
    except OSError as error:
        out, status = str(error), 1
    lines = out.rstrip().splitlines()
    found = SUM.match(lines[-1].strip()) if lines else None
    good, bad = (int(found[1]), int(found[2])) if found else (int(status == 0), 0)
    if status != 0 and bad == 0:
        bad = 1
    if status == 0 and bad == 0 and good == 0:
        bad = 1  # a driver that tried nothing proves nothing
    took = time.monotonic() - begin
    print(f'{"FAIL" if bad else "ok  "} {path.name:<28} {good:5} passed {bad:5} failed {took:8.2f} s'
          + ('\n' + out[-12000:] if bad else ''), flush=True)
    return good, bad


def main():
    words = sys.argv[1:]
    passed, failed = meson_tests(words)
    drivers = [path for path in sorted(HERE.glob('drive_*.py'))
               if os.access(path, os.X_OK) and (not words or any(word in path.name for word in words))]
    sys.stdout.flush()
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:  # each has folders and ports of its own
        for good, bad in pool.map(driver, drivers):
            passed, failed = passed + good, failed + bad
    print(f'{passed} passed, {failed} failed')
    return 1 if failed or not passed else 0


if __name__ == '__main__':
    sys.exit(main())
