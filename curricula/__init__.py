"""Decides how hard the next question is: one module per curriculum; `generators` write a question of that difficulty.

A new curriculum costs one new file here: a class with the decorator `@register_curriculum("name")`.
"""

import importlib
import pkgutil

from . import generators

__all__ = ["generators"]

# All modules are imported so that they register themselves. They need the standard library and `core` only, and load
# in about 2 ms. Heavier ones are registered as "module:attribute", which is imported when it is first asked for.
for _module in pkgutil.iter_modules(__path__):
    if not _module.ispkg:
        importlib.import_module(f"{__name__}.{_module.name}")
