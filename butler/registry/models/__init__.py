"""The views of the common schema as classes; `butler.models` is their door."""
