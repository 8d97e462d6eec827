"""Provider adapters: the official SDK objects on one fast connection pool. Importing this loads neither SDK."""

from router_core.providers.fake import FakeAdapter, FakeAdapterSource, Hold
from router_core.providers.registry import AdapterRegistry

__all__ = ["AdapterRegistry", "FakeAdapter", "FakeAdapterSource", "Hold"]
