"""The HTTP interface: routes, strict parsing, credentials, event streams."""
