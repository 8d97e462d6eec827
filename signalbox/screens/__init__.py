"""What the console's screens ask for: in this process, or over HTTP of an API elsewhere."""
