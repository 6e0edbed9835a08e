"""Files that an editor opens: JSON, YAML, text; and bytes as they are."""
