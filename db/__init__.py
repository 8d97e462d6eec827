"""The store: models, engine, migrations and the SQL side of the ports in :mod:`router_core.ports`."""
