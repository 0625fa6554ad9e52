"""Labels: what a person marks on an image, and the masks made of it.

``shapes`` are the marks (polygon, box, scribble, click), ``propose`` turns them into a mask (``cut`` inside a box, ``grow`` from a seed,
the anomaly map where there is one), ``record`` is the typed label, ``hints`` degrades exact masks to marks, ``contours`` turns masks into
polygons and back, ``coco``, ``labelme`` and ``folders`` are the formats. Free of torch.
"""
