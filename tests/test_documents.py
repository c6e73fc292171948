"""README blocks and examples run as they stand, links lead somewhere, and settings are those that exist."""

import ast
import builtins
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import pytest

import selfplay_gym
from selfplay_gym.cli import app
from selfplay_gym.core.errors import UnknownNameError
from selfplay_gym.selfplay.run.schedule.parts import Schedule
from selfplay_gym.selfplay.settings.compose import compose
from selfplay_gym.selfplay.settings.config import RunConfig
from selfplay_gym.selfplay.settings.tree import parse_assignments

ROOT = Path(selfplay_gym.__file__).parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.M | re.S)


def run(*arguments, timeout=120, cwd=ROOT):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if BLOCK.search(page.read_text(encoding="utf-8"))],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))), encoding="utf-8")
    run(str(script), cwd=tmp_path, timeout=300)


@pytest.mark.parametrize("page", [page for page in PAGES if len(BLOCK.findall(page.read_text(encoding="utf-8"))) > 1])
def test_every_block_of_a_page_stands_alone(page):
    """A reader copies one block: every name that it uses is made or imported there."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        tree = ast.parse(block)
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        made = {node.id for node in names if not isinstance(node.ctx, ast.Load)} | {*dir(builtins), "__file__"}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                made |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                made.add(node.name)
            elif isinstance(node, ast.arg):
                made.add(node.arg)
            elif isinstance(node, ast.ExceptHandler) and node.name:
                made.add(node.name)
        assert sorted({node.id for node in names} - made) == [], block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if not t.startswith(("http", "mailto:")) and not (page.parent / t).exists()]
    assert missing == []


OUTSIDE = re.compile(r"https?:/*[^\s<>\"'`)\]|]*", re.I)
HOSTS = {
    *("arxiv.org", "download.pytorch.org", "github.com", "semver.org"),
    *("localhost", "127.0.0.1", "example.org"),
}
"""Where links of our pages lead: a new host is written down here by whoever has looked at it."""
LOCAL = {"localhost", "127.0.0.1", "example.org"}
"""Servers of the reader's own, and the name that is kept for examples."""
ARXIV = re.compile(r"arxiv[\s:]+(?:preprint\s+)?([0-9][\w.]*[0-9])", re.I)
ARXIV_ID = re.compile(r"(?:0[7-9]|1[0-4])(?:0[1-9]|1[0-2])\.[0-9]{4}|(?:1[5-9]|[2-9][0-9])(?:0[1-9]|1[0-2])\.[0-9]{5}")
"""YYMM and a number, of four figures up to 2014 and of five since."""
PAPER = re.compile(r"\[arXiv ([^\]]+)\]\(https://arxiv\.org/abs/([^)]+)\)")
TEXTS = [*PAGES, *(ROOT / name for name in ("CHANGELOG.md", "SECURITY.md", "CITATION.cff", "pyproject.toml"))]


def outside_links(text):
    """Addresses in a text, without the stop behind a sentence."""
    return [found.rstrip(".,;:!?*") for found in OUTSIDE.findall(text)]


def wrong_with(link):
    """What is wrong with an address, as far as that can be known without a network; "" for nothing."""
    parts = urlsplit(link)
    host = parts.hostname or ""
    if not host or "…" in host:
        return "no host"
    if host not in HOSTS:
        return "a host that nobody has looked at, see HOSTS"
    if host in LOCAL:
        return ""
    if parts.scheme != "https" or not link.startswith("https://"):
        return "not https"
    if re.search(r"[<>{}…\\^]|//|\.\./|(?i:todo|xxx|your[-_]|placeholder|changeme)", link.removeprefix("https://")):
        return "a placeholder, or a path of another form"
    if host == "arxiv.org" and not (parts.path.startswith("/abs/") and ARXIV_ID.fullmatch(parts.path[5:])):
        return "not the abstract of a paper"
    return ""


def spelling(link):
    """Equal for addresses that lead to one page."""
    parts = urlsplit(link)
    path = parts.path.rstrip("/").removesuffix(".git").removesuffix("/index.html")
    return parts.netloc.lower().removeprefix("www."), path.lower(), parts.query, parts.fragment


def wrong_papers(text):
    """Numbers of papers that arXiv cannot have given, and those whose link leads to another paper."""
    ids = [found for found in ARXIV.findall(text) if not ARXIV_ID.fullmatch(found)]
    return ids + [shown for shown, linked in PAPER.findall(text) if shown != linked]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_to_the_outside_are_whole_safe_and_no_placeholders(page):
    text = page.read_text(encoding="utf-8")
    assert {link: why for link in outside_links(text) if (why := wrong_with(link))} == {}
    assert wrong_papers(text) == []


def test_a_page_of_others_is_spelled_in_one_way():
    spelled = {}
    for page in TEXTS:
        for link in outside_links(page.read_text(encoding="utf-8")):
            spelled.setdefault(spelling(link), set()).add(link)
    assert [sorted(ways) for ways in spelled.values() if len(ways) > 1] == []
    assert len(spelled) > 10


def test_the_papers_that_the_source_names_can_exist():
    rooms = ("core", "envs", "agents", "verifiers", "curricula", "selfplay", "interop", "cli", "benchmarks")
    found = {
        path: wrong_papers(path.read_text(encoding="utf-8")) for room in rooms for path in (ROOT / room).rglob("*.py")
    }
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    assert len(found) > 100


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("http://arxiv.org/abs/2508.05004", "https"),
        ("HTTPS://arxiv.org/abs/2508.05004", "https"),
        ("https:/arxiv.org/abs/2508.05004", "no host"),
        ("https://", "no host"),
        ("https://arxiv.org/pdf/2508.05004", "abstract"),
        ("https://arxiv.org/abs/2508.0500", "abstract"),
        ("https://arxiv.org/abs/2513.05004", "abstract"),
        ("https://arxiv.org/abs/1412.12345", "abstract"),
        ("https://arxiv.org/abs/2508.05004v2", "abstract"),
        ("https://github.com/OWNER/TODO", "placeholder"),
        ("https://github.com/your-name/x", "placeholder"),
        ("https://github.com//x", "placeholder"),
        ("https://github.com/x/{name}", "placeholder"),
        ("https://githib.com/x", "nobody has looked"),
        ("https://example.com/x", "nobody has looked"),
        ("https://github.com/x/y#z", ""),
        ("https://arxiv.org/abs/1412.1234", ""),
        ("http://localhost:8000/v1", ""),
    ],
)
def test_a_wrong_link_is_noticed(link, why):
    assert (why in wrong_with(link)) if why else wrong_with(link) == ""
    assert outside_links(f"See ({link}), and `{link}`. [it]({link})") == [link] * 3


def test_two_spellings_and_wrong_papers_are_noticed():
    assert (
        len({spelling(f"https://{way}") for way in ("github.com/A/b", "www.github.com/a/b/", "github.com/a/b.git")})
        == 1
    )
    assert spelling("https://github.com/a/b") != spelling("https://github.com/a/c")
    assert wrong_papers("arXiv 2508.05004, arXiv:1407.5042; arxiv 2508.0500 and arXiv 2513.05004v1.") == [
        "2508.0500",
        "2513.05004v1",
    ]
    assert wrong_papers("[arXiv 2508.05004](https://arxiv.org/abs/2508.05005)") == ["2508.05004"]


TOML = re.compile(r"^```toml\n(.*?)^```", re.M | re.S)
ASSIGNMENT = re.compile(r"--set(?:\s+|=)(?:'([^']+)'|([^\s`|;,]+))")
OF_THEIR_TIME = {"log.md"}
"""Pages that keep the settings as they were called on the day of an entry."""
PLACEHOLDER = "PATH=VALUE"


def assignments(page):
    """The settings that the commands of a page give after `--set`."""
    found = [quoted or bare for quoted, bare in ASSIGNMENT.findall(page.read_text(encoding="utf-8"))]
    return [one for one in found if one != PLACEHOLDER and "=" in one and not one.endswith("…")]


SETTING_PAGES = [page for page in PAGES if page.name not in OF_THEIR_TIME and assignments(page)]


@pytest.mark.parametrize("page", SETTING_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_settings_of_a_page_exist_and_take_their_values(page):
    for assignment in assignments(page):
        assert parse_assignments(RunConfig, [assignment]), assignment


def test_the_pages_with_settings_are_found():
    assert {"README.md", "settings.md", "guard.md"} <= {page.name for page in SETTING_PAGES}


def test_a_setting_of_former_times_is_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Try `--set solver_steps=3`, or --set 'roles.*.steps=3'.", encoding="utf-8")
    assert assignments(page) == ["solver_steps=3", "roles.*.steps=3"]
    with pytest.raises(UnknownNameError):
        parse_assignments(RunConfig, assignments(page))


def test_the_settings_file_in_the_page_can_be_read(tmp_path):
    block, _ = TOML.findall((ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))
    (tmp_path / "run.toml").write_text(block, encoding="utf-8")
    config = compose(file=tmp_path / "run.toml")
    assert config.rounds == 2
    assert {role.max_new_tokens for role in config.roles.values()} == {64}
    assert config.roles["solver"].grpo.learning_rate == 2e-4
    assert dict(config.questions.sources) == {"challenger": 0.8, "procedural": 0.2}


def test_the_schedule_in_the_page_can_be_played(tmp_path):
    _, block = TOML.findall((ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))
    (tmp_path / "run.toml").write_text(block, encoding="utf-8")
    schedule = Schedule.of(compose(file=tmp_path / "run.toml"))
    assert [part.name for part in schedule.parts] == ["warm_up", "self_play"]
    assert [type(part.ending).__name__ for part in schedule.parts] == ["Rounds", "Plateau"]


SHELL = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
INDENTED = re.compile(r"^    (selfplay-gym (?:.*\\\n)*.*)$", re.M)
NOT_RUN = re.compile(r"# (takes|needs) ")
"""How a block begins that trains for minutes or wants more than the package: readers see why, tests leave it out."""
PLACEHOLDER_NUMBER = re.compile(r"'[A-Z]+' is not a valid")
STANDS_ALONE = {"&&", "||", "|", ";", "&", ">", "<", "…"}


def shell_blocks(page):
    """The shell blocks of a page."""
    return SHELL.findall(page.read_text(encoding="utf-8"))


def commands(page):
    """The arguments of every `selfplay-gym` that a page shows, in blocks or indented, up to what ends a command."""
    text = page.read_text(encoding="utf-8")
    for line in [*INDENTED.findall(text), *"\n".join(shell_blocks(page)).replace("\\\n", " ").splitlines()]:
        lexer = shlex.shlex(line.replace("\\\n", " "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words = list(lexer)
        while "selfplay-gym" in words:
            words = words[words.index("selfplay-gym") + 1 :]
            ends = [place for place, word in enumerate(words) if word in STANDS_ALONE or word.endswith(";")]
            yield words[: ends[0]] if ends else words


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_commands_of_a_page_are_understood(page):
    """By the command line itself, up to the point where it would begin to work."""
    for command, *arguments in commands(page):
        try:
            app.commands[command].make_context(command, list(arguments))
        except click.BadParameter as error:
            if not PLACEHOLDER_NUMBER.search(error.message):
                raise


def test_commands_are_found_and_wrong_ones_noticed(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "    selfplay-gym exam tiny --samples N   # more\n\n"
        "```sh\nselfplay-gym list presets; selfplay-gym exam \\\n  --sampels 2\n```\n",
        encoding="utf-8",
    )
    assert list(commands(page)) == [["exam", "tiny", "--samples", "N"], ["list", "presets"], ["exam", "--sampels", "2"]]
    with pytest.raises(click.NoSuchOption, match="--sampels"):
        test_the_commands_of_a_page_are_understood(page)


RUNNABLE = [page for page in PAGES if any(not NOT_RUN.match(block) for block in shell_blocks(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_shell_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    """In an empty folder, with this Python's package as `selfplay-gym`."""
    command = tmp_path / "bin" / "selfplay-gym"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m selfplay_gym.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = "\n".join(block for block in shell_blocks(page) if not NOT_RUN.match(block))
    (tmp_path / "home").mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
        cwd=tmp_path / "home",
        env={**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.returncode == 0, done.stderr


def test_few_blocks_are_left_out():
    """Those that train for minutes, or want a GPU or a package: fewer than those that run."""
    left = [block for page in PAGES for block in shell_blocks(page) if NOT_RUN.match(block)]
    run_ = [block for page in PAGES for block in shell_blocks(page) if not NOT_RUN.match(block)]
    assert len(RUNNABLE) > 3
    assert len(left) < len(run_)


def settings_page(text):
    """A page with its tables made anew, in a process of its own: other tests register names of theirs."""
    command = [sys.executable, "docs/make_settings.py", "--print"]
    return subprocess.run(command, input=text, capture_output=True, encoding="utf-8", check=True, cwd=ROOT).stdout


def test_the_page_of_settings_is_up_to_date():
    text = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert "| `roles.*.grpo.learning_rate` | number |" in text
    assert text == settings_page(text), "docs/settings.md is out of date; run: make settings"
    assert text == settings_page(text.replace("Step size of AdamW", "Something else"))


def test_the_page_of_commands_is_up_to_date():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert "| `--preset TEXT` | `tiny` |" in text
    assert text == run("docs/make_commands.py", "--print"), "docs/commands.md is out of date; run: make settings"


EXAMPLES = {
    "play_math.py": ["--episodes", "1"],
    "bench_agents.py": ["--items", "8", "--samples", "2", "--output", "{tmp}/bench.html"],
    "train_with_trl.py": ["--steps", "1", "--prompts", "2", "--samples", "4"],
    "sb3_teacher.py": ["--steps", "512", "--episodes", "2", "--output", "{tmp}/teacher.zip"],
}


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "examples").glob("*.py")))
def test_an_example_runs_and_says_something(name, tmp_path):
    arguments = [argument.format(tmp=tmp_path) for argument in EXAMPLES.get(name, [])]
    assert run(f"examples/{name}", *arguments).strip()
