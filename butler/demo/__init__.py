"""A guided tour of Butler on real images: ``python -m butler.demo --out demo``."""
