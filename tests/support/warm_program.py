"""Read by the process that others are forked from: what each of them would read and do at its start is done."""

import gc
import sys
from importlib import import_module
from typing import Final

from sqlalchemy.orm import configure_mappers

PROGRAM: Final = (
    "signalbox.cli", "signalbox.serving", "signalbox.commands.up", "signalbox.commands.console",
    "signalbox.commands.administer", "signalbox.commands.alerts", "signalbox.commands.audit_export",
    "signalbox.commands.breakers", "signalbox.commands.budgets", "signalbox.commands.check",
    "signalbox.commands.drills", "signalbox.commands.leases", "signalbox.commands.prices",
    "signalbox.commands.providers", "signalbox.commands.replay", "signalbox.commands.topups",
    "signalbox.commands.usage", "console.assembly", "db.migrate", "genai_prices.data", "openai", "anthropic",
    "pandas", "plotly.graph_objects",
)  # fmt: skip

# Where bytecode is kept aside, what only the program reads is kept there too.
sys.dont_write_bytecode = sys.dont_write_bytecode and sys.pycache_prefix is None
# What is read stays as it is: none of the forked processes looks through all of it for what is unused.
gc.disable()
for name in PROGRAM:
    import_module(name)
configure_mappers()
gc.freeze()
gc.enable()
