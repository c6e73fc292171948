"""The site of docs/ without building it: every page is in the navigation, and docstrings become what autodoc reads."""

import sys
import tomllib
from pathlib import Path

import pytest

import selfplay_gym

ROOT = Path(selfplay_gym.__file__).parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def parts():
    """The modules of docs/site, which are no package."""
    sys.path.insert(0, str(DOCS / "site"))
    import docstrings
    import navigation

    sys.path.remove(str(DOCS / "site"))
    return docstrings, navigation


def test_every_page_is_in_the_navigation(parts):
    _, navigation = parts
    found = navigation.missing(DOCS)
    assert not found, "\n" + "\n".join(found)


def test_a_page_that_is_in_no_navigation_is_named_with_the_line_to_add(parts, tmp_path):
    _, navigation = parts
    (tmp_path / "guides").mkdir()
    (tmp_path / "index.md").write_text("# Top\n\n- [One](one.md)\n- [Deep](guides/inner.md)\n", encoding="utf-8")
    (tmp_path / "guides" / "README.md").write_text("See [it](here.md), and [out](../two.md).", encoding="utf-8")
    for name in ("one.md", "two.md", "guides/inner.md", "guides/here.md"):
        (tmp_path / name).write_text("# Page\n", encoding="utf-8")
    assert navigation.missing(tmp_path) == [
        "docs/guides/README.md is in no navigation: add a line `- [Title](guides/README.md): what` to docs/index.md",
        "docs/guides/inner.md is in no navigation: add a line `- [Title](inner.md): what` to docs/guides/README.md",
        "docs/two.md is in no navigation: add a line `- [Title](two.md): what` to docs/index.md",
    ]


def test_tables_of_contents_follow_the_sections(parts):
    _, navigation = parts
    source = ["# Top\n\n[A](a.md#part) first.\n\n## Later\n\n- [A](a.md)\n- [B](b.md)\n- [C](https://x.org/c.md)\n"]
    navigation.prepare(None, "index", source)
    assert source[0].endswith(
        "\n\n```{toctree}\n:hidden:\n\na\n```\n\n```{toctree}\n:hidden:\n:caption: Later\n\nb\n```\n"
    )


def test_links_out_of_the_pages_lead_to_the_repository(parts):
    _, navigation = parts
    text = "[a](../core/records.py#L3), [b](../envs.md), [c](https://x.org), [d](../../README.md)"
    assert navigation.outward("guides/x", text) == (
        "[a](../core/records.py#L3), [b](../envs.md), [c](https://x.org), "
        "[d](https://github.com/selfplay-gym/selfplay-gym/blob/main/README.md)"
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Of `n` and `a`s, *not* |x|, end_.", r"Of ``n`` and ``a``\ s, \*not\* \|x\|, end\_."),
        ("A `b_`, snake_case stays.", "A ``b_``, snake_case stays."),
        ("Text.\n\n    code *here*\n\n    more\n\nEnd.", "Text.\n\n::\n\n    code *here*\n\n    more\n\nEnd."),
        (
            "Args:\n    a: of `x`\n        and *y*.\n    b: two.",
            "Args:\n    a: of ``x``\n        and \\*y\\*.\n    b: two.",
        ),
        ("Text.\n\n  - one\n  - two", "Text.\n\n::\n\n  - one\n  - two"),
    ],
)
def test_a_docstring_is_read_as_it_is_meant(parts, written, read):
    docstrings, _ = parts
    assert docstrings.converted(written.splitlines()) == read.splitlines()


def test_every_question_has_an_answer_with_a_link_and_a_search():
    text = (DOCS / "faq.md").read_text(encoding="utf-8")
    answers = {part.partition("\n")[0]: part.partition("\n")[2] for part in text.split("\n### ")[1:]}
    searches = tomllib.loads((ROOT / "tests" / "data" / "searches.toml").read_text(encoding="utf-8"))
    assert len(answers) == 44
    assert list(answers) == list(searches)
    assert [question for question, answer in answers.items() if "](" not in answer] == []
    assert [question for question, answer in answers.items() if len(answer.split()) > 90] == []
