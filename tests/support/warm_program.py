"""Read last by the process that others are forked from: what each of them would do again at its start is done."""

import gc

from sqlalchemy.orm import configure_mappers

configure_mappers()
# What was read stays as it is: none of the forked processes looks through all of it for what is unused.
gc.collect()
gc.freeze()
