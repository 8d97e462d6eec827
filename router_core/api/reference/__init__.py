"""The description of the interface, answered as a document and as a page."""

from router_core.api.reference.description import ApiDescription

__all__ = ["ApiDescription"]
