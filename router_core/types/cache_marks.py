"""How often each part of the cache was purged: what was kept before a purge is out of reach behind it."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["NO_MARKS", "CacheMarks"]

# By account and use case; each may be empty, for all of them.
CacheMarks = Mapping[tuple[str, str], int]
NO_MARKS: CacheMarks = MappingProxyType({})
