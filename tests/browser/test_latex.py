"""Formulas in hostile text, under the dashboard's own content policy: what is shown as one, and what stays text."""

import importlib.util
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the extra `watch` is not installed")

HERE = Path(__file__).parent


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


server = loaded(HERE / "review_server.py")
runs = loaded(HERE.parent / "data" / "review_run.py")

SHOWN = [
    (r"Let $x^2 = 4$ and $$\frac{1}{2}$$ then \(y\) and \[z\].", 4),
    (r"The answer is \boxed{\frac{3}{4}}.", 1),
    (r"\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}", 1),
    (r"$\sqrt{\overbrace{a+b}^{n}} \left( \frac12 \right)$", 1),
    (r"$\text{für } x \in \mathbb{R}$", 1),
    ("a $5$ note", 1),
    ("$x$ $y$\n$z$", 3),
]
TEXT = [
    "costs $5 and $6",
    "between $5 and US$7",
    "$5–$6",
    "$ x $",
    r"\$x\$",
    "$x\n\ny$",
    "$",
    "$$",
    r"\(",
    r"\boxed{",
    r"$\frac$",
    r"$\nosuchcommand{x}$",
    r"$x^{$",
    r"$\def\a{\a\a}\a$",
    r"$\gdef\a{x}\a$",
    r"$\newcommand{\a}{\a\a}\a$",
    r"$\let\a=\b$",
    r"$\href{javascript:alert(1)}{x}$",
    r"$\url{http://198.51.100.7}$",
    r"$\includegraphics{http://198.51.100.7/x.png}$",
    r"$\htmlStyle{position:fixed}{x}$",
    r"$\htmlClass{skip}{x}$",
    r"$\message{x}$",
    "$" + "{" * 400 + "}" * 400 + "$",
    "$" + r"\frac{1}{" * 90 + "1" + "}" * 90 + "$",
    "$" + r"\sqrt{" * 140 + "1" + "}" * 140 + "$",
    "$" + "x" * 1_100 + "$",
    "$" + r"\LaTeX" * 150 + "$",
    "$" * 20_000,
    r"\(" * 10_000,
    r"\boxed{" * 3_000,
    r"\begin{array}" * 1_500,
    "{{7*7}} <b>x</b> & <img src=x onerror=alert(1)>",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    runs.make_run(folder / "algebra")
    with server.served(folder) as found:
        yield found


@pytest.fixture
def shown(page_at, address):
    """`shown(text, kind)`: how many formulas stand in a text, and what is read of it; complaints fail."""
    page, complaints = page_at(768), []
    page.on("console", lambda said: complaints.append(said.text))
    page.goto(f"{address}/?token={server.TOKEN}")
    page.goto(page.url.replace("/now", "/review"))

    def found(text, kind=""):
        count, left = page.evaluate(
            """async ([text, kind]) => {
              const { showMath, showText } = await import("/static/review/latex.js");
              const box = document.createElement("div");
              const one = document.createElement("p");
              one.dataset.math = kind;
              one.textContent = text;
              box.append(one);
              document.body.append(box);
              showMath(box);
              const count = one.querySelectorAll(".katex").length;
              const left = one.textContent;
              showText(box);
              const same = one.textContent === text && one.childElementCount === 0;
              box.remove();
              return [same ? count : -1, left];
            }""",
            [text, kind],
        )
        assert complaints == []
        return count, left

    return found


def test_formulas_are_shown(shown):
    for text, count in SHOWN:
        assert shown(text)[0] == count, text


def test_everything_else_stays_the_text_it_is(shown):
    for text in TEXT:
        assert shown(text) == (0, text), text[:60]


def test_fenced_code_is_a_block_without_formulas(shown):
    for text, count, left in (
        ("Run $x$\n```python\na = '$b$'\n```\nand $y$", 2, "a = '$b$'"),
        ("```\n</code><img src=x onerror=alert(1)>", 0, "</code><img src=x onerror=alert(1)>"),
        ("```python block.", 0, "```python block."),
        ("$x$\n```\n```\n" * 300, 115, "$x$"),  # one budget for all of a text
    ):
        found, read = shown(text)
        assert found == count
        assert left in read
        assert ("```" in read) is (text == left)


def test_a_label_may_be_latex_without_delimiters(shown):
    for text, count in (
        (r"\frac{1}{2}", 1),
        ("x^2 + 1", 1),
        ("12", 0),
        ("neither", 0),
        ("a_b_c and more^", 0),
        ("$x$", 1),
    ):
        assert shown(text, "answer")[0] == count, text


def test_figures_in_formulas_have_their_width_without_inline_styles(page_at, address):
    page = page_at(768)
    page.goto(f"{address}/?token={server.TOKEN}")
    page.goto(page.url.replace("/now", "/review"))
    arrow, root = page.evaluate(
        """async () => {
          const { showMath } = await import("/static/review/latex.js");
          const main = document.getElementById("main");
          main.innerHTML = "<p data-math></p>";
          main.firstChild.textContent = "$\\\\vec{x}$ $\\\\sqrt{" + "x+".repeat(60) + "1}$";
          showMath(main);
          const [arrow, root] = main.querySelectorAll("svg");
          return [arrow.style.width, root.getBoundingClientRect().width];
        }"""
    )
    assert arrow.endswith("em")
    assert root > 34 * 16, "not cut by the width of the pages' own figures"
