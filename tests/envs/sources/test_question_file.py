"""Questions from a file: marks of encodings, and lines nobody can read."""

import pytest

from selfplay_gym.core.errors import ConfigError
from selfplay_gym.envs.sources.file import read_questions

ROW = b'{"question": "1+1?", "answer": "2"}'


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + ROW + b"\r\n" + ROW)
    assert [question.reference for question in read_questions(path)] == ["2", "2"]


@pytest.mark.parametrize(
    "line", ["[" * 200_000, '{"a":' * 50_000, "1" * 5000, "not json"], ids=["deep", "keys", "long", "words"]
)
def test_a_line_nobody_can_read_is_named(tmp_path, line):
    path = tmp_path / "q.jsonl"
    path.write_text(ROW.decode() + "\n" + line)
    with pytest.raises(ConfigError, match=r"line 2: not JSON"):
        read_questions(path)
