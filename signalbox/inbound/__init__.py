"""What comes in over HTTP, before any route sees it: limits of connections, and where a request really comes from."""
