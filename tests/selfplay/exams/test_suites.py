import json
import os

import pytest

from selfplay_gym.core.errors import ConfigError, UnknownNameError
from selfplay_gym.core.held_out import is_held_out
from selfplay_gym.core.math_language import key
from selfplay_gym.core.records import Outcome
from selfplay_gym.core.registries import make_verifier
from selfplay_gym.envs.sources import row_files
from selfplay_gym.selfplay.exams.suites import load_suite, load_suites, suite_names

GSM8K = {"question": "Ann has 3 apples and buys 1,200 more. How many?", "answer": "3+1200=<<3+1200=1203>>\n#### 1,203"}
MATH = {"problem": "What is $\\frac12+\\frac12$?", "answer": "1", "subject": "Algebra", "level": 3, "unique_id": "x"}
SVAMP = {
    "ID": "chal-1",
    "Body": "Each pack costs 76 dollars. There is a discount of 25 dollars",
    "Question": "What do you pay?",
    "Equation": "( 76.0 - 25.0 )",
    "Answer": 51.0,
    "Type": "Subtraction",
}


def _write(folder, name, rows):
    path = folder / name
    if path.suffix == ".json":
        path.write_text(json.dumps(rows))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", ["arithmetic", "equation", "composed", "mixed"])
def test_procedural_suites_are_held_out_and_seeded(name):
    suite = load_suite(name, limit=80)
    assert len(suite.questions) == 80
    assert all(is_held_out(key(question.text)) for question in suite.questions)
    assert load_suite(name, limit=80).digest == suite.digest
    assert load_suite(name, limit=80, seed=1).digest != suite.digest
    assert load_suite(name, limit=40).questions == suite.questions[:40]


def test_published_forms_are_read_from_local_files(tmp_path):
    gsm8k = load_suite(f"gsm8k:{_write(tmp_path, 'g.jsonl', [GSM8K])}")
    assert gsm8k.questions[0].reference == "1203"
    assert gsm8k.published
    math_500 = load_suite(f"math-500:{_write(tmp_path, 'm.jsonl', [MATH])}")
    assert (math_500.questions[0].level, math_500.questions[0].meta["kind"]) == (0.5, "Algebra")
    assert (
        load_suite(f"math-500:{_write(tmp_path, 'q.jsonl', [{**MATH, 'level': 'Level ?'}])}").questions[0].level is None
    )
    svamp = load_suite(f"svamp:{_write(tmp_path, 's.json', [SVAMP])}")
    assert svamp.questions[0].reference == "51"
    assert svamp.questions[0].text.endswith("25 dollars. What do you pay?")


def test_published_forms_are_read_through_the_datasets_library(tmp_path):
    pytest.importorskip("datasets")
    folder = tmp_path / "small"
    folder.mkdir()
    _write(folder, "test.jsonl", [GSM8K, {**GSM8K, "question": "And now?"}])
    suite = load_suite(f"gsm8k:{folder}")
    assert [question.reference for question in suite.questions] == ["1203", "1203"]
    with pytest.raises(ConfigError, match=r"no such file: .*nowhere"):
        load_suite(f"gsm8k:{tmp_path / 'nowhere'}")


def test_a_user_file_may_name_its_fields_in_several_ways(tmp_path):
    rows = [{"question": "1+1?", "answer": 2}, {"text": "2+2?", "reference": "4", "level": 0.5, "kind": "sum"}]
    suite = load_suite(f"jsonl:{_write(tmp_path, 'own.jsonl', rows)}", limit=5)
    assert [(q.text, q.reference, q.level) for q in suite.questions] == [("1+1?", "2", None), ("2+2?", "4", 0.5)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"question": "1+1?", "answer": "2"}\n\n{"question": "2+2?"}\n',
            "line 3 .* no answer.* It has question; expected",
        ),
        ('{"question": "1+1?", "answer": "2"}\n\nnot json\n', "line 3 .* is not JSON"),
        ("", "no questions"),
        ('{"question": "1+1?", "answer": "2"}\n[1]\n', "line 2 .* an object"),
        ('{"question": "1+1?", "answer": "2", "level": "hard"}\n', "line 1 .*hard"),
        ('{"question": "1+1?", "answer": "2"}\n' + "[" * 200_000, "line 2 .* is not JSON that can be read"),
        ('{"question": "1+1?", "answer": ' + "1" * 5000 + "}\n", "line 1 .* is not JSON that can be read"),
    ],
    ids=lambda value: value[-40:],
)
def test_a_bad_file_is_refused_with_its_reason(tmp_path, content, message):
    path = tmp_path / "bad.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match=message):
        load_suite(f"jsonl:{path}")


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    path = tmp_path / "marked.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"question": "1+1?", "answer": "2"}\r\n{"question": "2+2?", "answer": "4"}\r\n')
    assert [question.reference for question in load_suite(f"jsonl:{path}").questions] == ["2", "4"]
    listed = tmp_path / "marked.json"
    listed.write_bytes(b'\xef\xbb\xbf[{"question": "1+1?", "answer": "2"}]')
    assert [question.reference for question in load_suite(f"jsonl:{listed}").questions] == ["2"]


def test_a_row_of_another_form_is_told_which(tmp_path):
    with pytest.raises(ConfigError, match=r"row 1 .* no field 'answer'.* Read it with svamp:FILE"):
        load_suite(f"gsm8k:{_write(tmp_path, 's.json', [SVAMP])}")
    with pytest.raises(ConfigError, match=r"row 2 .* an object"):
        load_suite(f"svamp:{_write(tmp_path, 'list.json', [SVAMP, 7])}")
    with pytest.raises(ConfigError, match="expected a list"):
        load_suite(f"svamp:{_write(tmp_path, 'dict.json', SVAMP)}")
    with pytest.raises(ConfigError, match=r"no such file.*\.jsonl"):
        load_suite(f"gsm8k:{tmp_path / 'none.jsonl'}")


def test_a_file_is_called_the_same_wherever_it_lies(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = _write(tmp_path / "a", "own.jsonl", [GSM8K]), _write(tmp_path / "b", "own.jsonl", [GSM8K])
    assert load_suite(f"jsonl:{one}").name == load_suite(f"jsonl:{other}").name == "jsonl:own"
    assert not load_suite(f"jsonl:{one}").published
    with pytest.raises(ConfigError, match="rename"):
        load_suites(f"jsonl:{one},jsonl:{other}")


@pytest.mark.parametrize(("silent", "why"), [("", "Couldn't reach"), ("no route", r"does not answer \(no route\)")])
def test_without_a_network_the_hub_error_names_the_remedy(monkeypatch, silent, why):
    datasets = pytest.importorskip("datasets")

    def unreachable(*_, **__):
        raise ConnectionError("Couldn't reach 'openai/gsm8k' on the Hub")  # what it raises offline

    monkeypatch.setattr(datasets, "load_dataset", unreachable)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(row_files, "unreachable", lambda endpoint: silent)
    with pytest.raises(ConfigError, match=rf"{why}.*Without a network, .*gsm8k:FILE\.jsonl"):
        load_suite("gsm8k")


def test_a_reasoning_gym_suite_is_seeded_by_path():
    pytest.importorskip("reasoning_gym")
    one, two = load_suite("rg:chain_sum", limit=50), load_suite("rg:chain_sum", limit=50, seed=1)
    assert one.digest == load_suite("rg:chain_sum", limit=50).digest
    assert len({q.text for q in one.questions} & {q.text for q in two.questions}) < 5
    assert one.verifier == "rg:chain_sum"
    with pytest.raises(UnknownNameError, match="chain_sum"):
        load_suite("rg:chainsum")


@pytest.mark.parametrize("name", ["chain_sum", "pool_matrix", "syllogism", "prime_factorization"])
def test_a_reasoning_gym_suite_grades_its_own_answers_right_and_prose_wrong(name):
    pytest.importorskip("reasoning_gym")
    suite = load_suite(f"rg:{name}", limit=3)
    verifier = make_verifier(suite.verifier)
    for question in suite.questions:
        attempts = [rf"\boxed{{{question.reference}}}", "I would rather talk about the weather."]
        assert [v.outcome is Outcome.CORRECT for v in verifier.judge(question, attempts).verdicts] == [True, False]


def test_a_reasoning_gym_set_that_needs_a_configuration_says_so():
    pytest.importorskip("reasoning_gym")
    with pytest.raises(ConfigError, match="composite"):
        load_suite("rg:composite", limit=3)
    assert load_suite("rg:rush_hour", limit=2).questions[0].reference == "any answer that fits"


def test_names_are_expanded_and_typos_are_caught():
    suites = load_suites("builtin,arithmetic", limit=5)
    assert [suite.name for suite in suites][:3] == ["arithmetic", "equation", "composed"]
    assert len({suite.name for suite in suites}) == len(suites)
    with pytest.raises(UnknownNameError, match="arithmetic"):
        load_suites("arithmetics")
    with pytest.raises(ConfigError, match="limit"):
        load_suites("mixed", limit=0)
    with pytest.raises(ConfigError, match="no suite"):
        load_suites(" , ")
    assert "jsonl:" in suite_names()


def test_every_builtin_suite_accepts_its_own_references():
    for suite in load_suites("builtin", limit=10):
        verifier = make_verifier(suite.verifier)
        for question in suite.questions:
            if question.domain == "math":
                assert verifier.judge(question, [rf"\boxed{{{question.reference}}}"]).solve_rate == 1.0


@pytest.fixture
def unreachable(monkeypatch):
    """The library `datasets`, which must not be asked."""
    datasets = pytest.importorskip("datasets")

    def never(*_, **__):
        raise AssertionError("a local path was taken for a name on the Hub")

    monkeypatch.setattr(datasets, "load_dataset", never)


def test_what_lies_here_is_no_name_on_the_hub(tmp_path, unreachable):
    (tmp_path / "folder").mkdir()
    for name in ("plain", "text.txt", "binary.parquet", "wide.csv", "twice.csv"):
        (tmp_path / name).write_text(
            "question,question\n1,2,3\n" if name == "twice.csv" else "question,answer\n1,2,3\n"
        )
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "loop").symlink_to("loop")
    cases = {
        "folder": "is a folder without rows",
        "plain": "cannot be read by its ending, '';.*jsonl, .json, .csv, .parquet",
        "text.txt": "cannot be read by its ending, '.txt'",
        "binary.parquet": "is not Parquet",
        "wide.csv": "row 1 has 3 values for 2 columns",
        "twice.csv": "has one twice",
        "pipe.jsonl": "no plain file",
        "loop": "cannot look at",
        "none.csv": "no such file",
        "x" * 5000: "cannot look at",
    }
    for name, why in cases.items():
        with pytest.raises(ConfigError, match=f"(?s){why}"):
            load_suite(f"jsonl:{tmp_path / name}")


def test_tables_are_read_too(tmp_path, unreachable):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [
        {"question": 'What is "1,5"?\nExactly.', "answer": "3/2", "level": 0.5},
        {"question": "1+1?", "answer": "2"},
    ]
    (tmp_path / "q.CSV").write_text('question,answer,level\n"What is ""1,5""?\nExactly.",3/2,0.5\n\n1+1?,2,\n')
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "q.parquet")
    for name in ("q.CSV", "q.parquet"):
        found = load_suite(f"jsonl:{tmp_path / name}").questions
        assert [(one.text, one.reference, one.level) for one in found] == [
            ('What is "1,5"?\nExactly.', "3/2", 0.5),
            ("1+1?", "2", None),
        ]


def test_a_folder_of_rows_is_read_and_one_that_is_not_says_so(tmp_path):
    pytest.importorskip("datasets")
    (tmp_path / "bad.jsonl").write_text("{")
    with pytest.raises(ConfigError, match=r"cannot load the folder .*Give a file of it"):
        load_suite(f"jsonl:{tmp_path}")


def test_commas_separate_suites_but_not_within_quotes(tmp_path, unreachable):
    path = tmp_path / "we,ird (x:1.jsonl"
    path.write_text(json.dumps({"question": "1+1?", "answer": "2"}))
    first, second = load_suites(f'jsonl:"{path}",arithmetic', limit=1)
    assert first.questions[0].reference == "2"
    assert second.name == "arithmetic"
    with pytest.raises(UnknownNameError, match="in quotes if its name has commas"):
        load_suites("jsonl:we,ird.jsonl")  # nothing is fetched before all names are known
