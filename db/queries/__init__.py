"""Read models: what screens, exports and the HTTP interface show; every query does bounded work."""
