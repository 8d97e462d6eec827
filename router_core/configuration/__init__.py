"""The routing configuration as a document: read, checked, compared, kept in versions."""
