"""Writes the record side: one transaction brings audit rows, ledger, usage and metrics of a batch into the store."""
