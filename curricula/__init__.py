"""Decides how hard the next question is: one module per curriculum; `generators` write a question of that difficulty.

A new curriculum costs one new file here: a class with the decorator `@register_curriculum("name")`. The registry of
curricula imports every module of this room at its first look-up.
"""

from . import generators

__all__ = ["generators"]
