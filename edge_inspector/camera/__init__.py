"""Cameras: one protocol (base.py), one file a driver, chosen by name through registry.py.

triggered.py   what folder, simulated and video files share: a trigger says when, a row of pictures says what
streaming.py   what basler and genicam share: buffers to grabs, and the account of triggers
               nodes.py (features by name), sfnc.py (settings to features), pixels.py, counting.py, stamps.py
"""
