"""Figures work on light and dark ground, under a strict content security policy, with any name in them."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.pages.figures import COLOURS, draw_svg, legend, plot_rates, rows_by_name, rows_size, svg_file
from selfplay_gym.selfplay.pages.palette import palette
from selfplay_gym.selfplay.pages.wording import name_in_figure, short_name, width_of
from selfplay_gym.selfplay.stats import Estimate

TEXTS = ("ink", "muted", "accent", "good", "bad", "warn", *(f"series-{n}" for n in range(1, 9)))


def luminance(colour):
    """Relative luminance of sRGB, WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_stand_out_from_the_ground(scheme):
    of = {name: getattr(colours, scheme) for name, colours in palette().items()}
    for ground in ("ground", "surface"):
        assert {
            name: round(contrast(of[name], of[ground]), 2) for name in TEXTS if contrast(of[name], of[ground]) < 4.5
        } == {}
    assert contrast(of["between"], of["ground"]) > 2.7
    assert contrast(of["ink"], of["band"]) > 7
    assert len({of[f"series-{n}"] for n in range(1, 9)}) == 8


def rates(axes, name="a name"):
    for row, colour in enumerate(COLOURS):
        plot_rates(axes, [0, 1], [Estimate(0.5, 0.4, 0.7), Estimate(1.0, 0.8, 1.0)], f"{name} {row}", colour)
    axes.axvspan(0.2, 0.4, alpha=0.2)
    axes.set(title="Title", xlabel="x", ylabel="y")
    legend(axes, 3)


def test_a_figure_has_the_colours_of_the_page_and_no_style():
    svg = draw_svg(rates, "Some rates.")
    assert not re.search(r"<style|\sstyle=", svg)
    assert set(re.findall(r'(?:fill|stroke)="(.*?)"', svg)) >= {
        f"var(--series-{n}, {c})" for n, c in enumerate(COLOURS[:7], 1)
    }
    assert not re.search(r"\bwidth=|\bheight=", re.match(r"<svg [^>]*>", svg)[0])
    ElementTree.fromstring(svg)


def test_a_figure_as_a_file_needs_no_page():
    file = svg_file(draw_svg(rates, "Some rates."))
    assert "var(" not in file
    assert f'[stroke="{COLOURS[0]}"]{{stroke:{palette()["series-1"].dark}}}' in file
    ElementTree.fromstring(file)


def test_a_figure_without_names_is_refused():
    with pytest.raises(ValueError, match="title and y axis"):
        draw_svg(lambda axes: axes.set_xlabel("rounds"), "A figure.")


def rows(axes, names):
    rows_by_name(axes, names, "agents")
    axes.set(title="Title", xlabel="x")


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.text(max_size=40) | st.sampled_from(["$\\frac{", "_", "<b>&\"'", "\ud800", "\x00"]), min_size=1, max_size=4
    )
)
def test_any_name_may_stand_in_a_figure(names):
    svg = draw_svg(lambda axes: rows(axes, names), f"Of {names}.", rows_size(len(names)))
    texts = [text.text or "" for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert [text.strip() for text in texts if text.strip() in {name_in_figure(n, 30).strip() for n in names}]
    legended = draw_svg(lambda axes: rates(axes, names[0]), "Of one.")
    ElementTree.fromstring(legended)


@given(st.text(max_size=300), st.integers(1, 80))
def test_a_short_name_is_short_and_only_printable(name, longest):
    short = short_name(name, longest)
    assert len(short) <= longest
    assert short.isprintable()
    assert width_of(name_in_figure(name, 8)) <= 8.7  # with the blank before a line
    assert name_in_figure(name, 8).strip("") != ""


def test_both_ends_of_a_name_are_kept():
    assert short_name("runs/2026/solver-04-120", 11) == "runs/…4-120"
