"""Counts what held and what did not."""

import sys
import traceback


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, truth, detail=""):
        if truth:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL %s%s" % (what, "\n  " + str(detail).replace("\n", "\n  ") if detail != "" else ""))
        return bool(truth)

    def same(self, what, got, want):
        return self.check(what, got == want, "got  %r\nwant %r" % (got, want))

    def run(self, what, f, *args):
        """One test that passes when it does not raise."""
        try:
            f(*args)
        except Exception:
            return self.check(what, False, traceback.format_exc().rstrip())
        return self.check(what, True)

    def end(self):
        print("%d passed, %d failed" % (self.passed, self.failed))
        sys.exit(1 if self.failed else 0)
