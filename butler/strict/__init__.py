"""One strict reader for what people write: configuration and cameras, as YAML.

`read_yaml` takes a file apart, `read` checks what it says against a type, and
`json_schema` tells editors what that type allows. A type is a
`msgspec.Struct` whose docstring describes its keys; nothing is said twice.
"""

from __future__ import annotations

from butler.strict.documents import MAX_YAML_BYTES, Document, parse_yaml, read_yaml
from butler.strict.reading import ONE_OR_MORE, After, Before, Chosen, is_record, keys_of, read
from butler.strict.wording import KeyPath, shown

__all__ = [
    "MAX_YAML_BYTES",
    "ONE_OR_MORE",
    "After",
    "Before",
    "Chosen",
    "Document",
    "KeyPath",
    "is_record",
    "keys_of",
    "parse_yaml",
    "read",
    "read_yaml",
    "shown",
]
