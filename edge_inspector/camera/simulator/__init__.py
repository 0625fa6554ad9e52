"""The line simulator: what a part is (``spec``), how it looks (``ring``, ``texture``, ``defects``, ``render``), and the belt it lies on (``belt``).

Everything follows from (product, seed, number): the same three give the same image, bit for bit, in any process of one machine.
"""
