"""Charts of any numbers are well-formed, stay in their frame, and show the peaks."""

import math
import re
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.selfplay.dashboard.views.svg import HEIGHT, WIDTH, Chart, Line

NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-10, 10).map(float)
POINTS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30)


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.text(max_size=20), POINTS), max_size=4),
    st.sampled_from(["%", "share", "tokens"]),
    st.sampled_from([None, 1.0]),
    st.text(max_size=20),
)
def test_any_numbers_make_a_chart_within_its_frame(lines, unit, columns, title):
    chart = Chart(title, unit, [Line(label, points, "1") for label, points in lines], (), "x", (0.2, 0.4), columns)
    clean = "".join(c for c in str(chart.svg) if c.isprintable())
    assert "nan" not in re.sub(r'aria-label="[^"]*"', "", clean)
    assert all(-1 <= value <= most + 1 for value, most in marks_of(clean))


def marks_of(text):
    root = ElementTree.fromstring(text)
    for element in root.iter():
        for names, most in ((("x", "cx"), WIDTH), (("y", "cy"), HEIGHT)):
            for name in names:
                if name in element.attrib:
                    yield float(element.attrib[name]), most


def test_a_long_curve_is_drawn_with_few_points_and_its_peak():
    points = [(float(x), math.sin(x / 50)) for x in range(20_000)]
    points[12_345] = (12_345.0, 9.0)
    svg = str(Chart("t", "u", [Line("l", points, "1")]).svg)
    (path,) = re.findall(r'class="line s1" d="M([^"]*)"', svg)
    drawn = [tuple(map(float, pair.split())) for pair in path.split("L")]
    assert len(drawn) <= 2 * WIDTH
    assert sum(y < 40 for _, y in drawn) == 1


def test_what_is_seen_is_also_said():
    line = Line("right", [(0.0, 0.25), (1.0, 0.5)], "1")
    assert Chart("Labels", "%", [line]).described == "Labels: right from 25.0 % to 50.0 %."
    assert Chart("Labels", "%", []).described == "Labels: nothing yet."


def test_names_are_escaped():
    chart = Chart("<b>", "%", [Line('"><script>', [(0.0, 0.5)], "1")], [(0.0, "<i>")], "</svg>")
    assert not {"<b>", "<script>", "<i>"} & set(re.findall(r"<[^ />]*>", str(chart.svg)))
    ElementTree.fromstring(str(chart.svg))


def test_nothing_in_a_figure_turns_its_line_round_or_steers_a_terminal():
    odd = "a\u202eb\x1b[2Jc"
    chart = Chart(odd, "mean", [Line(odd, [(0.0, 1.0), (1.0, 2.0)], "1")], [(0.0, odd)], odd)
    assert not set(chart.svg) & {"\u202e", "\x1b"}
    assert chart.svg.count("�") >= 2 * 4
