"""The audit log's own rules: the hash chain, its signatures, and how it is verified."""
