"""What seals stored secrets: data keys, the ring of those in use, and the master key that wraps them."""
