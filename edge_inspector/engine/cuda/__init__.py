"""What an engine needs of a CUDA device, over one of two Python bindings: device memory, pinned and mapped host memory, streams, events.

Both retain the device's primary context, the one that TensorRT uses too, and never make another.
"""
