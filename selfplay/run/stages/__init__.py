"""The stages that ship with the package, one file each, and only those: every module of this room registers itself.

`selfplay.run.train` comes in, so that names in `RunConfig.stages` are found.
"""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
