#!/usr/bin/python3
"""More of the same stories over PostgreSQL: what stands beside billing."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from story import Tally  # noqa: E402
from story.postgres import Postgres, same_stories  # noqa: E402

DRIVERS = [
    ("drive_volumes.py", {}),
    ("drive_apps.py", {}),
    ("drive_apps_model.py", {}),
    ("drive_oauth.py", {}),
]
t = Tally()
with Postgres() as pg:
    same_stories(t, pg, DRIVERS)
t.end()
