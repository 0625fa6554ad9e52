"""The Prototypical Residual Network (Zhang, Wu, Wang, Chen, Jiang, CVPR 2023) in torch, one idea a file.

image ─► backbone ─► F_1 F_2 F_3 (strides 4, 8, 16) ─┬──────────────► fusion ─┐
         (frozen)    F_4 (stride 32)                 └► residual ─► D ► fusion ┴► joined ─► attention ─► fusion ─► decoder ─► map
                                                       to the nearest prototype                          F_4 ──────┘
A codebook also says by itself, after training, where a place is unlike any normal (evidence).
"""
