"""What an answer names: the left side of an assignment."""

from __future__ import annotations

from .tree import SCALARS, Node, walk


def name_of(tree: Node) -> str | None:
    """The name on the left of an assignment: x, W(n), AB, A:B, angle ABC, (x, y), words."""
    kind = tree[0]
    if kind == "sym":
        return str(tree[1])
    if kind == "call":
        return f"{tree[1]}()"
    if kind == "mul":
        parts = [name_of(part) for part in tree[1:]]
        upper = all(part and (part[0].isupper() or part in ("angle", "triangle") or len(part) > 1) for part in parts)
        if upper and len(parts) == 2 and all(part[0] == "sym" and len(part[1]) == 1 for part in tree[1:]):
            parts.sort(key=str)  # AB and BA are one length
        return "".join(str(part) for part in parts) if upper else None
    if kind == "div" and all(part[0] == "mul" and part[1] == ("sym", "d") for part in tree[1:]):
        return "/".join(f"d{name_of(part[2])}" for part in tree[1:])
    if kind == "ratio":
        parts = [name_of(part) for part in tree[1:]]
        return ":".join(str(part) for part in parts) if all(parts) else None
    if kind == "seq":
        parts = [name_of(part) for part in tree[3]]
        return f"({','.join(str(part) for part in parts)})" if all(parts) else None
    if kind == "fn" and tree[1] in ("abs", "norm", "det", "arg", "Re", "Im", "max", "min", "gcd", "lcm"):
        return None if any(node[0] == "num" for node in walk(tree)) else repr(tree)
    return None


def assignment(tree: Node) -> tuple[str, Node, Node] | None:
    """(name, named, value) if the tree names something: x = 5, 5 = x, x = 2 + 3 = 5, x ∈ S, W(n) = 1.

    A calculation without a name, 2 + 3 = 5, has the name "".
    """
    if tree[0] != "rel":
        return None
    ops, parts = tree[1], tree[2]
    if ops == ("in",):
        name = name_of(parts[0])
        return None if name is None else (name, parts[0], parts[1])
    if set(ops) != {"="} and ops != ("equiv",):
        return None
    for part in parts[:-1]:
        name = name_of(part)
        if name is not None and (part is parts[0] or is_constant(parts[0])):
            return name, part, parts[-1]
    if all(is_constant(part) for part in parts):
        return "", parts[0], parts[-1]
    flipped = name_of(parts[-1])
    return (flipped, parts[-1], parts[0]) if flipped is not None and is_constant(parts[0]) else None


def is_constant(tree: Node) -> bool:
    return tree[0] in SCALARS and not any(node[0] in ("sym", "call") for node in walk(tree))
