"""The write-ahead journal: nothing that was acknowledged is lost, whatever becomes of the process or the store."""
