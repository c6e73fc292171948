"""Questions from a file: marks of encodings, and lines nobody can read."""

import pytest

from selfplay_gym import make_source
from selfplay_gym.core.errors import ConfigError
from selfplay_gym.core.protocols import Draw
from selfplay_gym.envs.sources import data_sets
from selfplay_gym.envs.sources.file import read_questions
from selfplay_gym.selfplay.exams.suites import load_suite

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


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"question": "1+1?", "answer": "2", "answer": "3"}', "the key 'answer' stands there twice"),
        ('{"question": "1+1?", "question": "1+2?", "answer": "3"}', "the key 'question' stands there twice"),
        ('{"question": "1+1?", "answer": "2", "meta": {"a": [{"b": 1, "b": 1}]}}', "the key 'b' stands there twice"),
        (r'{"question": "1+1? \ud800", "answer": "2"}', "half a surrogate pair"),
        (r'{"question": "1+1?", "answer": "\uDFFF"}', "half a surrogate pair"),
        (r'{"question": "1+1?", "answer": "2", "meta": {"\udc00\ud800": 1}}', "half a surrogate pair"),
    ],
)
def test_a_key_that_stands_there_twice_and_what_is_no_character_are_refused_with_their_place(tmp_path, line, why):
    path = tmp_path / "q.jsonl"
    path.write_text(f"{ROW.decode()}\n{line}\n")
    with pytest.raises(ConfigError, match=rf"q\.jsonl, line 2: .*{why}"):
        read_questions(path)
    with pytest.raises(ConfigError, match=rf"line 2 of .*q\.jsonl.*{why}"):
        data_sets.read_questions("jsonl", str(path))
    (tmp_path / "q.json").write_text(f"[{line}]")
    with pytest.raises(ConfigError, match=rf"q\.json.*{why}"):
        data_sets.read_questions("jsonl", str(tmp_path / "q.json"))


def test_whole_characters_outside_the_first_plane_are_read(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text(r'{"question": "\ud83d\ude00 \\ud800?", "answer": "\u00e9"}')
    (question,) = read_questions(path)
    assert (question.text, question.reference) == ("\U0001f600 \\ud800?", "é")


@pytest.mark.parametrize(
    "value",
    ['"answer": NaN', '"answer": -Infinity', '"answer": 1e400', '"answer": "2", "level": NaN']
    + [f'"answer": "2", "meta": {meta}' for meta in ('{"a": NaN}', '{"a": [1, {"b": 1e400}]}', '{"a": -Infinity}')],
)
def test_a_number_that_is_not_finite_is_refused_with_its_place(tmp_path, value):
    line = f'{{"question": "1+1?", {value}}}'
    path = tmp_path / "q.jsonl"
    path.write_text(f"{ROW.decode()}\n\n{line}\n")
    with pytest.raises(ConfigError, match=r"q\.jsonl, line 3: not JSON .*NaN, Infinity and numbers too large"):
        read_questions(path)
    with pytest.raises(ConfigError, match=r"line 3 of .*q\.jsonl.*NaN, Infinity and numbers too large"):
        data_sets.read_questions("jsonl", str(path))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ('"level": true', r"line 2: level must be in \[0, 1\], got True"),
        ('"domain": "mth"', r"unknown domain 'mth'\. Did you mean 'math'\?.*line 2"),
    ],
)
def test_a_wrong_field_is_refused_with_its_place(tmp_path, value, message):
    path = tmp_path / "q.jsonl"
    path.write_text(f'{ROW.decode()}\n{{"question": "1+1?", "answer": "2", {value}}}\n')
    with pytest.raises(ConfigError, match=message):
        read_questions(path)


TABLES = [[1, 5, 2, 8], [0, 3, 0, 0, 4], [20, 1, 1], [3, 3, 3, 3], [0, 0, 7], [40, 40]]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("shuffle", [True, False])
def test_every_row_comes_once_whatever_the_shares(tmp_path, table, shuffle):
    path = tmp_path / "q.jsonl"
    path.write_text("".join(f'{{"question": "{i}?", "answer": "{i}"}}\n' for i in range(20)))
    once, again, published = (
        make_source("file", path=str(path), shuffle=shuffle),
        make_source("file", path=str(path), shuffle=shuffle, repeat=True),
        make_source("open", data=f"jsonl:{path}"),
    )
    given = {id(source): [] for source in (once, again, published)}
    for number, n in enumerate(table, 1):
        for source in (once, again, published):
            before = given[id(source)]
            found = source.draw(n, Draw(3, round=number, counts=lambda before=before: [len(page) for page in before]))
            before.append([question.text for question in found])
    texts = [text for page in given[id(once)] for text in page]
    assert len(texts) == len(set(texts)) == min(20, sum(table))
    for source in (again, published):
        texts = [text for page in given[id(source)] for text in page]
        assert len(texts) == sum(table)
        assert texts == [texts[i % 20] for i in range(len(texts))]
        assert len(set(texts[:20])) == min(20, len(texts))


@pytest.mark.parametrize("table", [[1, 5, 2, 8], [1] * 30, [7, 0, 7]])
def test_every_data_set_of_several_gives_each_row_once(tmp_path, table):
    names = []
    for name in "abc":
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(f'{{"question": "{name}{i}?", "answer": "{i}"}}\n' for i in range(40)))
        names.append(f"jsonl:{path}")
    source, counts, texts = make_source("open", data=names), [], []
    for number, n in enumerate(table, 1):
        texts += [q.text for q in source.draw(n, Draw(3, round=number, counts=lambda: counts))]
        counts.append(n)
    assert len(texts) == len(set(texts)) == sum(table)


@pytest.mark.parametrize("name", ["rows.csv", "rows.PARQUET", "rows.json"])
def test_other_files_are_sent_where_they_are_read(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xd4question,answer\n")
    with pytest.raises(ConfigError, match=r"is no JSONL, .*open\(data=jsonl:FILE\)"):
        read_questions(tmp_path / name)


@pytest.mark.parametrize(
    "line", ["question,answer", '"1+1, is?",2', "question;answer", "question\tanswer", "\ufeffa,b"]
)
def test_a_table_that_is_called_jsonl_is_answered_with_the_way_to_read_it(tmp_path, line):
    path = tmp_path / "q.jsonl"
    path.write_text(f"{line}\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"line 1.*looks like CSV: name it \.csv and take open\(data=jsonl:FILE\)"):
        read_questions(path)
    with pytest.raises(
        ConfigError, match=r"line 1.*looks like CSV, which is read from a file whose name ends in \.csv"
    ):
        data_sets.read_questions("jsonl", str(path))


@pytest.mark.parametrize("line", ['{"question": "1+1, or?",', "[1, 2", "words"])
def test_broken_json_is_no_table(tmp_path, line):
    path = tmp_path / "q.jsonl"
    path.write_text(f"{line}\n")
    for read in (lambda: read_questions(path), lambda: data_sets.read_questions("jsonl", str(path))):
        with pytest.raises(ConfigError, match="not JSON") as caught:
            read()
        assert "CSV" not in str(caught.value)


@pytest.mark.parametrize("mark", [";", "\t"])
def test_columns_that_no_comma_separates_are_said_to_be_one(tmp_path, mark):
    path = tmp_path / "q.csv"
    path.write_text(f"question{mark}answer\n1+1?{mark}2\n")
    with pytest.raises(ConfigError, match=r"is no question with an answer.*columns must be separated by commas"):
        data_sets.read_questions("jsonl", str(path))


@pytest.mark.parametrize("source", ['"a,b.csv', "'a", '"'])
def test_a_source_whose_quote_is_not_closed_is_refused(source):
    for read in (lambda: load_suite(f"jsonl:{source}"), lambda: make_source(f"open(data=[jsonl:{source}])")):
        with pytest.raises(ConfigError, match="is not closed"):
            read()
    with pytest.raises(ConfigError, match="is not closed"):
        make_source("open", data=f"jsonl:{source}")


def test_a_source_may_stand_in_quotes(tmp_path):
    path = tmp_path / "a,b.jsonl"
    path.write_bytes(ROW)
    assert len(load_suite(f'jsonl:"{path}"').questions) == 1
    for text in (f'open(data=jsonl:"{path}")', f'open(data="jsonl:{path}")', f'file(path="{path}")'):
        assert make_source(text)
    with pytest.raises(ConfigError, match="in quotes"):
        make_source(f"file({path})")
