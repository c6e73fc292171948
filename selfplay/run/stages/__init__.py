"""The stages that ship with the package, one file each, and only those: every module of this room registers itself.

The registry of stages imports them at its first look-up.
"""
