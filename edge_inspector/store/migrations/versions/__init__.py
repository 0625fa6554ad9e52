"""One file a schema change, oldest first; never edited once released."""
