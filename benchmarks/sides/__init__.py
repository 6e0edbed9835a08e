"""How each side is set up: made with the survey's units in it, and filled with its raws.

``make(place)`` and ``fill(place)`` are called once a run; workloads begin with copies.
"""
