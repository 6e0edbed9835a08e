"""Caring for a repository: comparing, repairing, clearing up what died, emptying the trash, moving files."""
