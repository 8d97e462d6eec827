"""The console alone: everything that pages ask for comes from an API elsewhere, over HTTP."""
