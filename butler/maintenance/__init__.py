"""Looking after a repository: verify, repair, reap, the trash, moving a datastore."""
