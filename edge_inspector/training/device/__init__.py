"""Anomalies made on the device that trains: the generator of ``training.synthesis``, batched in torch.

    stock.py      what anomalies are made from, uploaded once
    draws.py      random numbers of one step
    operators.py  geometry, blur, morphology, gradient: the one file that imports kornia
    variation.py  natural variation, as ``training.augment``
    noise.py      Perlin noise, as ``training.perlin``
    shapes.py     masks of simulated anomalies, as ``training.shapes``
    textures.py   sources of simulated anomalies, as ``training.textures``
    placing.py    regions of seen anomalies, as ``training.extended``
    synthesis.py  the equations, and a sample of each kind
    batches.py    batches of a run

A batch is not equal to the host's, pixel by pixel; its statistics are. Tensors are images float32 (n, 3, H, W) of whole grey levels 0..255,
masks float32 (n, 1, H, W) in 0..1, windows float32 (n, 4) as x, y, w, h in pixels. While samples are made an image is continued beyond its
window by its border, as if there were no padding; padding is put around it last. Nothing here waits for the device: how many samples are
made in which way is drawn on the host, which samples these are on the device.
"""
