"""What the protocols of other vendors share here: how a request is served, its headers, its errors."""
