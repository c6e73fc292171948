"""The stages that ship with the package, one file each, and only those: every module of this room registers itself.

The registry of stages comes in at its first look-up.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
