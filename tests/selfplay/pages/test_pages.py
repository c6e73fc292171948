"""One frame for every page: it needs nothing from outside, escapes what it is given, and describes each figure."""

import re

import pytest
from jinja2 import UndefinedError

from selfplay_gym.core.registries import make_agent
from selfplay_gym.selfplay.bench.pairs import pair_table, play_pair
from selfplay_gym.selfplay.bench.policies import bench_policies
from selfplay_gym.selfplay.pages.figures import draw_svg, legend
from selfplay_gym.selfplay.pages.headline import Headline
from selfplay_gym.selfplay.pages.html_page import Section, code_shown, figures, page, paragraph, render
from selfplay_gym.selfplay.pages.tables import finite, html_table, markdown_table, shortened
from selfplay_gym.selfplay.pages.terminal_table import TerminalTable


def pair_page():
    pair = play_pair(make_agent("generator"), make_agent("noisy"), proposals=8, names=("<b>asks</b>", "answers"))
    return pair_table([pair], seed=0).to_html()


def policy_page():
    return bench_policies(["random"], "SelfPlayTeacher-v0", episodes=2).table().to_html()


@pytest.mark.parametrize("made", [pair_page, policy_page])
def test_a_page_stands_alone(made):
    text = made()
    assert text.startswith("<!doctype html>")
    assert 'name="viewport"' in text
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", text)
    assert not re.search(r"<(script|img|link|iframe)\b|@import", text)
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    for svg in re.findall(r"<svg [^>]*>", text):
        assert len(re.search(r'aria-label="([^"]*)"', svg)[1]) > 20
    assert made() == text


def test_names_are_only_text():
    assert "<b>asks" not in pair_page()
    assert "&lt;b&gt;asks" in pair_page()
    assert "<i>" not in page(
        "<i>",
        Headline("open", "<i>", "<i>"),
        [Section("<i>", [html_table(["<i>"], [["<i>"]], label='"<i>'), paragraph("<i>")])],
        facts="<i>",
        notes=["<i>"] * 7,
        origin="<i>",
    )


def test_fenced_code_is_code_in_cells_and_templates():
    table = html_table(["a/b"], [["name", "Run\n```python\nx < 1\n```\nnow"]], label="```\nx\n```")
    assert "Run\n<pre><code>x &lt; 1</code></pre>now</td>" in table
    assert 'aria-label="```\nx\n```"' in table
    assert code_shown("```\n</code><b>\n```") == "<pre><code>&lt;/code&gt;&lt;b&gt;</code></pre>"


def test_fenced_code_is_code_on_a_dashboard():
    pytest.importorskip("starlette", reason="the extra `watch` is not installed")
    from selfplay_gym.selfplay.dashboard.render import environment

    asked = {"text": "```\n<b>\tx\n```", "attempts": ["so\n```\n<i>\n```"], "label": None, "level": None, "right": None}
    one = {**asked, "round": 1, "index": 0, "source": "", "dropped": None, "solve_rate": None, "kept": None}
    part = environment().get_template("parts/asked.html.j2").render(asked=[{"of": one, "answers": []}], live=True)
    assert "<pre><code>&lt;b&gt;\tx</code></pre>" in part
    assert "so\n<pre><code>&lt;i&gt;</code></pre>" in part


def test_a_template_may_not_forget_a_value():
    with pytest.raises(UndefinedError):
        render("page.html.j2", title="x")


def a_line(axes, name="a line"):
    axes.plot([0, 1], label=name)
    axes.set(title="Title", xlabel="x", ylabel="y")
    legend(axes)


def test_equal_figures_are_equal_bytes_and_different_ones_share_no_id():
    one, again, other = (draw_svg(a_line, f"A line that rises, {name}.") for name in "aab")
    assert one == again
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, other)]
    assert not ids[0] & ids[1]
    assert figures([one, other]).count("<figure>") == 2


@pytest.mark.parametrize(
    "cell", ["v [1.0.1, 2]", "1 [+, -]", "1 [., 2]", "1 [--1, 2]", "band=[0.25, 0.75]", "1 [²,  3]", ""]
)
def test_what_is_no_interval_stays_whatever_it_looks_like(cell):
    from rich.console import Console

    assert shortened([["a", cell]]) == [["a", cell]]
    console = Console(width=80)
    with console.capture() as printed:
        console.print(TerminalTable("t", ["a", "b"], [[cell, cell]], width=80))
    assert printed.get().count(cell) >= 2


def test_tables_say_the_same_in_every_form():
    header, cells = ["who", "score"], [["a|b", "50.0 [41.9, 57.3]"]]
    assert markdown_table(header, cells)[2] == r"| a\|b | 50.0 [41.9, 57.3] |"
    assert '<th scope="row" class="text">a|b</th><td>50.0 [41.9, 57.3]</td>' in html_table(header, cells)
    assert shortened(cells) == [["a|b", "50.0 [41,58]"]]
    names = [["band=[0.25, 0.75]", "2 [0.25, 0.75]", "50.0 [41.9, 57.3]"]]
    assert shortened(names, 2) == [[*names[0][:2], "50.0 [41,58]"]]
    assert finite({"a": [float("nan"), 1.0], 2: (float("inf"),)}) == {"a": [None, 1.0], "2": [None]}
