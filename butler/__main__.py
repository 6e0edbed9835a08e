"""``python -m butler`` is ``butler``."""

from butler.cli import main

main()
