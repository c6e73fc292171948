"""Pieces of HTML: fenced code is shown as code, whatever stands in it, and no text gets out of its place."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfplay_gym.core.records import Question, TaskSpec
from selfplay_gym.core.registries import make_generator
from selfplay_gym.core.seeding import python_stream
from selfplay_gym.envs.views.rendering.pieces import bar, split_code, with_code

TEXTS = st.lists(
    st.sampled_from(["```", "````", "`", "\n", "\n```", "python", "   ", "\t", "</pre>", "</code>", "<script>", "&lt;"])
    | st.text(max_size=5)
).map("".join)


class Read(HTMLParser):
    """The text of a piece, and that of its blocks of code; any other tag fails."""

    def __init__(self, piece):
        super().__init__(convert_charrefs=True)
        self.open, self.text, self.code = [], "", []
        self.feed(piece)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert (tag, attrs) in [("pre", []), ("code", [])]
        self.open.append(tag)
        if tag == "code":
            self.code.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.open:
            assert self.open == ["pre", "code"]
            self.code[-1] += data

    def handle_comment(self, data):
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


@settings(deadline=None)
@given(TEXTS)
def test_whatever_is_written_is_read(text):
    parts = list(split_code(text))
    read = Read(with_code(text))
    assert read.text == "".join(part for _, part in parts)
    assert read.code == [part for is_code, part in parts if is_code]
    assert all(part in text for _, part in parts)


@settings(deadline=None)
@given(TEXTS.filter(lambda text: "```" not in text))
def test_a_text_without_fences_is_one_piece_of_prose(text):
    assert list(split_code(text)) == ([(False, text)] if text else [])


@settings(deadline=None)
@given(TEXTS.map(lambda text: text.replace("```", "")), TEXTS.map(lambda text: text.replace("```", "")))
def test_code_between_fences_is_what_was_put_there(before, code):
    assert list(split_code(f"{before}\n```python\n{code}\n```\nafter")) == [
        (False, f"{before}\n"),
        (True, code),
        (False, "after"),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("```\n```", [(True, "")]),
        ("```py\r\nx\r\n```\r\ny", [(True, "x\r"), (False, "y")]),
        ("a\n```\nx", [(False, "a\n"), (True, "x")]),
        ("````\n```\nx\n```\n````", [(True, "```\nx\n```")]),
        ("Answer with one ```python block.", [(False, "Answer with one ```python block.")]),
        ("```python block.\n", [(False, "```python block.\n")]),
        ("    ```\nx", [(False, "    ```\nx")]),
    ],
)
def test_fences_are_lines(text, parts):
    assert list(split_code(text)) == parts


@pytest.mark.parametrize("kind", ["deduction", "abduction"])
def test_questions_about_programs_show_no_fences(kind):
    question = make_generator("deduction" if kind == "deduction" else "code").generate(
        TaskSpec(0.5, None if kind == "deduction" else kind), python_stream(0, "test")
    )
    assert isinstance(question, Question)
    read = Read(with_code(question.text))
    assert "```" not in read.text
    assert read.code[0].startswith("def ")


def test_a_bar_is_as_long_as_its_share():
    assert "width:25%" in bar(0.25)
    assert "width:16em" in bar(1.0, "16em")
