"""Putting datasets so that nothing can be half done: objects, files, and raw files by their headers."""
