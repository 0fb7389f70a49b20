"""An independent model of the bill, in exact fractions, to hold the program against.

It is slow and plain on purpose: what the program computes in closed form over carried state, this package
computes from all facts, from the beginning, each time it is asked. `world.World` is the whole service in
memory; `generate` makes random histories; `check` holds the model against published numbers and against
itself, second by second. """

from .rate import bill
from .views import civo_rows, insights
from .world import World

__all__ = ["World", "bill", "civo_rows", "insights", "history"]


def history(world, account):
    """Billing history of an account, newest first, as the wire shows it."""
    return world.history(account)
