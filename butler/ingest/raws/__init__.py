"""Raw files, ingested by what their headers say: some named ones, or a night's folder."""
