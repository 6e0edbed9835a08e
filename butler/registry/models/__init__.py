"""The views of the common schema as classes; `butler.models` is where they are found."""
