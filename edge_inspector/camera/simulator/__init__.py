"""The line simulator: what a part is (``spec``), its look (``ring``, ``texture``, ``shapes``, ``defects``, ``render``), and its ``belt``.

Everything follows from (product, seed, number): the same three give the same image, bit for bit, in any process of one machine.
"""
