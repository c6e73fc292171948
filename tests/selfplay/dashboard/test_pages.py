"""The pages of finished, running, killed, damaged and hostile runs."""

import json
import os
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from selfplay_gym.selfplay.dashboard.app import create_app
from selfplay_gym.selfplay.dashboard.pages import PAGES
from selfplay_gym.selfplay.dashboard.reading.run_reader import RunReader
from selfplay_gym.selfplay.dashboard.runs import Library
from selfplay_gym.selfplay.report.questions import read_questions
from selfplay_gym.selfplay.report.summary_data import read_run_summary
from selfplay_gym.selfplay.storage.run_folder import RunFolder

HOSTILE = [
    "<script>window.hit = 1</script>",
    "</script><script>hit()</script>",
    "<img src=x onerror=hit()>",
    "<svg/onload=hit()>",
    "\"><b onmouseover='hit()'>",
    "' autofocus onfocus=hit() x='",
    "</p></div></main><h1>mine</h1>",
    "<!-- <style>*{display:none}</style>",
    "```python\n</code></pre><script>hit()</script>\n```\n<img src=x onerror=hit()>",
    "javascript:hit()",
    "data:text/html,<script>hit()</script>",
    "{{ 7 * 7 }}{% raw %}",
    "${hit()} #{hit} <%= hit %>",
    "&lt;script&gt;&#x3c;script&#x3e;",
    "\u202egnihton\u202c \u2066x\u2069",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "\x00\x01\x7f\x9b",
    "a\ud800b\udfff",
    "\ufffe\uffff\U0010ffff",
    "Z\u0335\u0321\u0327" * 400,
    "x" * 1_000_000,
    "\n" * 5_000,
    "$" * 10_000,
    "\\def\\x{\\x\\x}\\x" * 200,
    "\\frac{" * 3_000,
    "👩‍👩‍👧‍👦" * 500,
    "data: x\n\nevent: part\ndata: {}\n\n",
    "\u2028\u2029\u0085",
    "]]><![CDATA[",
    "../../../../etc/passwd",
    "%3Cscript%3E",
    "con" + "\u0000" + ".txt",
    "<a href=//evil.example>x</a>",
    "<iframe srcdoc='<script>hit()</script>'>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<base href=//evil.example>",
    "<form action=//evil.example><input name=token>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<math><mtext></mtext><mglyph><svg><mtext><style><path id='</style><img onerror=hit() src>'>",
    "",
    " ",
]


NAMES = [text for text in HOSTILE if text.strip() and len(text) < 60 and not set(text) & set("/\0\n")]


class Reader(HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.addresses = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.addresses += [value for name, value in attrs if name in ("src", "href", "action", "data-events")]


def assert_harmless(text):
    """Nothing in a page runs, styles itself, or leads elsewhere."""
    page = Reader(text)
    assert page.tags.count("script") == 1
    assert not {"style", "img", "iframe", "base", "object", "embed", "math"} & set(page.tags)
    assert [name for name in page.attributes if name.startswith("on") or name in ("style", "srcdoc", "autofocus")] == []
    assert all(
        address.startswith("/") and not address.startswith("//") for address in page.addresses if address[:1] != "#"
    )
    text.encode("utf-8")


def opened(*folders):
    """A browser that was let in."""
    client = TestClient(create_app(folders, "token"), base_url="http://127.0.0.1")
    client.get("/?token=token")
    return client


def keys(client):
    """The runs by name."""
    return {place.name: key for key, place in client.app.state.library.runs().items()}


def all_pages(client, key):
    """Every page of a run."""
    answers = {name: client.get(f"/run/{key}/{name}") for name in PAGES}
    answers["compare"] = client.get("/compare", params={"run": key})
    assert {answer.status_code for answer in answers.values()} == {200}
    return {name: answer.text for name, answer in answers.items()}


@pytest.fixture
def run(finished_run, tmp_path):
    """A finished run that may be changed."""
    return Path(shutil.copytree(finished_run.path, tmp_path / "run"))


def test_the_pages_say_what_the_report_says(finished_run):
    client = opened(finished_run.path)
    (key,) = keys(client).values()
    pages = all_pages(client, key)
    summary = read_run_summary(RunFolder.open(finished_run.path))
    (_, base), *_, (last, exam) = summary.exams
    accuracies = f"{100 * base.accuracy.value:.1f} → {100 * exam.accuracy.value:.1f} %"
    assert accuracies in pages["now"]
    assert f"Finished: after round {last} of {summary.config.rounds}" in pages["now"]
    rates = [q.right_by_rate.values() for q in read_questions(RunFolder.open(finished_run.path))]
    right, known = (sum(pair[at] for one in rates for pair in one) for at in (0, 1))
    assert f"{100 * right / known:.1f} %" in pages["labels"]
    for role in summary.config.players:
        assert f">{role.capitalize()}<" in pages["curves"]
    assert "Asked labels right by solve rate" in pages["labels"]
    assert "all stages" in pages["resources"]


def test_every_curve_has_a_point_per_step(finished_run):
    reader = RunReader(finished_run.path)
    reader.begin()
    summary = read_run_summary(RunFolder.open(finished_run.path))
    for role, steps in reader.metrics.roles.items():
        rewards = [value for _, value in steps.curves["mean_reward"].points()]
        assert rewards == pytest.approx([step["mean_reward"] for step in summary.steps(role)])
        assert [number for _, number in steps.starts.items()] == sorted({step["round"] for step in summary.steps(role)})


def test_looking_writes_nothing(run):
    def look():
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in [run, *run.rglob("*")]}

    before = look()
    client = opened(run)
    all_pages(client, keys(client)["run"])
    client.app.close()
    assert look() == before


@pytest.mark.parametrize("stage", ["train(challenger)", "attempt", "label"])
def test_a_run_that_was_stopped_is_shown(stopped_run, stage):
    folder = stopped_run(stage)
    client = opened(folder.path)
    (key,) = keys(client).values()
    assert "Last questions" in all_pages(client, key)["now"]


def test_an_empty_folder_a_file_and_one_that_is_not_there(tmp_path):
    assert "No run here yet" in opened(tmp_path).get("/").text
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").write_text("", encoding="utf-8")
    client = opened(tmp_path / "run", tmp_path / "later")
    assert set(keys(client)) == {"run", "later"}
    for key in keys(client).values():
        all_pages(client, key)


def test_many_runs_stand_in_the_order_people_count_in(tmp_path):
    for name in ("run-10", "run-2", "deep/er/run-1", "run-1/checkpoints/inner"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "config.toml").touch()
    (tmp_path / "run-1" / "metrics.jsonl").touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    client = opened(tmp_path)
    assert list(keys(client)) == ["deep/er/run-1", "run-1", "run-2", "run-10"]
    assert len(set(keys(client).values())) == 4
    answer = client.get("/compare", params={"run": list(keys(client).values())})
    assert answer.text.count("checked") == 4


def hostile_run(folder, texts=HOSTILE):
    """A run in which every text is one of a model, or of somebody who wants something."""
    folder.mkdir()
    write(folder / "config.toml", ['rounds = 3\nstages = ["generate"]\nenv = "<script>"'])
    write(folder / "state.json", [json.dumps({"round": 1, "phase": texts[0]})])
    row = {"round": 1, "phase": texts[1]}
    rows = list(enumerate(texts))
    questions = [
        {**row, "index": i, "text": t, "author": t, "source": t, "dropped": t or None, "level": 0.5} for i, t in rows
    ]
    attempts = [{**row, "index": i, "attempts": [text] * 9} for i, text in rows]
    labels = [{**row, "index": i, "label": t, "answers": [t, None], "solve_rate": 0.5, "kind": t} for i, t in rows]
    steps = [{**row, "role": t, "step": 0, "mean_reward": 1e300, "reward_terms": {t: -1e300}} for t in texts]
    kinds = {text: {"asked": 1, "kept": 1} for text in texts}
    sources = {text: {"written": 1, "asked": 1, "label_sources": {text: 1}} for text in texts}
    labelling = {**row, "written": 1, "asked": 40, "histogram": [1] * 10, "by_kind": kinds, "by_source": sources}
    events = [{**row, "event": text, "name": text, "role": text, "why": text, "value": 1, "limit": 2} for text in texts]
    asked = [
        {"index": i, "question": t, "attempts": [t], "votes": {t: 3}, "label": t, "solve_rate": 1} for i, t in rows
    ]
    live = [{**row, "time": 1e9, "kind": "attempts", **one} for one in asked]
    live += [{**row, "time": 1e9, "kind": "alarm", "message": text} for text in texts]
    live += [{**row, "time": 1e300, "kind": "resources", "cpu_percent": 1e300, "gpu": [{"name": t}]} for t in texts]
    logs = {"questions": questions, "attempts": attempts, "labels": labels, "metrics": [*steps, labelling]}
    for name, found in {**logs, "guard": events, "live": live}.items():
        write(folder / f"{name}.jsonl", [json.dumps(one) for one in found])


def write(path, lines):
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def test_texts_of_a_model_stay_texts(tmp_path):
    hostile_run(tmp_path / "run")
    client = opened(tmp_path / "run")
    for name, text in all_pages(client, keys(client)["run"]).items():
        assert_harmless(text)
        assert len(text) < 1_000_000, name


@pytest.mark.parametrize("name", NAMES)
def test_a_run_may_have_any_name(tmp_path, name):
    try:
        folder = tmp_path / os.fsdecode(name.encode("utf-8", "surrogatepass"))
        folder.mkdir()
    except OSError:
        pytest.skip("no name for a folder here")
    (folder / "config.toml").touch()
    client = opened(tmp_path)
    ((_, key),) = keys(client).items()
    assert key.isascii()
    assert_harmless(client.get("/", follow_redirects=True).text)
    assert_harmless(client.get("/compare").text)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_damaged_folder_is_shown_as_far_as_it_can_be_read(finished_run, tmp_path_factory, data):
    """Any stretch of any file is overwritten or cut out."""
    run = Path(shutil.copytree(finished_run.path, tmp_path_factory.mktemp("damaged") / "run"))
    for path in sorted(run.glob("*.json*")):
        content = path.read_bytes()
        if content and data.draw(st.booleans(), path.name):
            begin = data.draw(st.integers(0, len(content) - 1))
            end = min(len(content), begin + data.draw(st.integers(0, 200)))
            path.write_bytes(content[:begin] + data.draw(st.binary(max_size=50)) + content[end:])
    client = opened(run)
    for text in all_pages(client, keys(client)["run"]).values():
        assert_harmless(text)


def test_damage_is_counted_on_the_page(run):
    with (run / "labels.jsonl").open("ab") as log:
        log.write(b"\xff\xfe not a row\n[]\n")
    client = opened(run)
    assert "2 lines of labels.jsonl could not be read" in all_pages(client, keys(client)["run"])["labels"]


@pytest.mark.parametrize(("name", "status"), [("run", 200), ("nothing", 404), ("now", 404)])
def test_a_run_that_is_not_there_is_said_to_be_not_there(run, name, status):
    client = opened(run)
    key = keys(client).get(name, name)
    assert client.get(f"/run/{key}/now").status_code == status
    assert client.get(f"/run/{key}/nothing").status_code == 404


def test_a_folder_that_may_not_be_entered_is_no_run(tmp_path, monkeypatch):
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.toml").write_text("seed = 0\n", encoding="utf-8")
    real = Path.is_file

    def is_file(path):  # the tests may run as root, who may enter every folder
        if path.parent.name == "theirs":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "is_file", is_file)
    assert [place.name for place in Library([tmp_path]).runs().values()] == ["mine"]


BOUNDS = [
    "NaN",
    "Infinity",
    "1e400",
    "1e308",
    "1e99",
    "-1e99",
    "9" * 400,
    "9" * 5000,
    str(2**53),
    str(-(2**53)),
    "1e-320",
]


@pytest.mark.parametrize("number", BOUNDS)
def test_no_number_in_a_row_takes_a_page_down(tmp_path, number):
    """Each row twice: with the number in every place, and in the one that counts rounds."""
    folder = tmp_path / "run"
    folder.mkdir()
    rate = f'{{"value": {number}, "low": {number}, "high": {number}}}'
    measures = ", ".join(f'"{name}": {number}' for name in ("mean_reward", "kl", "entropy", "loss", "solve_rate"))
    logs = {
        "metrics": [
            f'{{"round": 1, "role": "solver", {measures}, "reward_terms": {{"a": {number}}}}}',
            f'{{"round": {number}, "role": "solver", "kl": 0.1}}',
            f'{{"round": {number}, "written": 4, "label_accuracy": 0.5, "kept_label_accuracy": 0.5}}',
            f'{{"round": 1, "written": 4, "label_accuracy": {number}, "kept_share": {number}, "histogram": [1, 2]}}',
            f'{{"round": 1, "exam": {{"summary": {{"questions": 1, "samples": 1, "accuracy": {rate}}}}}}}',
            f'{{"round": 1, "tokens_counted": {number}, "by_role": {{"solver": {{"counted": {number}}}}}}}',
        ],
        "guard": [f'{{"round": 1, "validation_loss": {number}}}', f'{{"event": "x", "value": {number}}}'],
        "timings": [f'{{"round": 1, "phase": "label", "seconds": {number}, "cpu_s": {number}}}'],
        "questions": [f'{{"round": {number}, "index": {number}, "text": "a", "level": 0.1}}'],
        "attempts": [f'{{"round": {number}, "index": 1, "attempts": ["a"]}}'],
        "labels": [f'{{"round": 1, "solve_rate": {number}}}', f'{{"round": {number}, "solve_rate": 0.5}}'],
        "live": [
            f'{{"kind": "phase", "time": {number}, "phase": "label", "round": 1, "step": 1, "total": 2}}',
            f'{{"kind": "phase", "time": 1, "phase": "label", "round": {number}, "step": {number}, "total": {number}}}',
            f'{{"kind": "step", "time": 1, "phase": "label", "number": 0, "total": 1, "measures": {{{measures}}}}}',
            f'{{"kind": "resources", "time": {number}, "cpu_percent": {number}, "tokens_per_s": {number}}}',
        ],
    }
    for name, lines in logs.items():
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "config.toml").write_text("rounds = 3\n", encoding="utf-8")
    app = create_app([folder], "token")
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    client.get("/?token=token")
    (key,) = app.state.library.runs()
    for address in (*(f"/run/{key}/{name}" for name in PAGES), "/compare"):
        assert client.get(address).status_code == 200
    assert app.state.hub.reader(app.state.library.find(key)).failed is None
    app.close()


def test_names_on_every_page_are_without_what_turns_lines_round(tmp_path):
    odd = "a\u202eb\x1b[2Jc"
    for name in (odd, f"{odd}2"):
        (tmp_path / name).mkdir()
        steps = [{"round": n, "role": odd, "kl": 0.1 * n, "reward_terms": {odd: 0.5}, "phase": odd} for n in (1, 2)]
        kinds = {"by_kind": {odd: {"asked": 1}}, "by_source": {odd: {"written": 1, "label_sources": {odd: 1}}}}
        rows = [*steps, *({"round": n, "written": 4, "label_accuracy": 0.5, **kinds} for n in (1, 2))]
        rows.append({"round": 1, "phase": odd, "tokens_counted": 4, "by_role": {odd: {"counted": 4}}})
        label = {"round": 1, "index": 0, "phase": odd, "label": odd, "answers": [odd], "kind": odd}
        question = {"round": 1, "index": 0, "phase": odd, "text": odd, "author": odd, "source": odd, "dropped": odd}
        guard = {"round": 1, "phase": odd, "event": odd, "name": odd, "role": odd, "why": odd, "value": 1.0}
        gpu = {"name": odd, "percent": 1.0, "memory_mb": 1.0}
        live = [
            {"kind": "phase", "time": 1.0, "phase": odd, "round": 1},
            {"kind": "alarm", "time": 1.0, "message": odd},
            *({"kind": "resources", "time": float(n), "cpu_percent": 1.0, "gpu": [gpu]} for n in (1, 2)),
            {"kind": "end", "time": 1.0, "reason": odd},
        ]
        logs = {"metrics": rows, "labels": [label], "questions": [question], "guard": [guard], "live": live}
        logs |= {"timings": [{"phase": odd, "seconds": 1.0}], "attempts": [{"round": 1, "index": 0, "attempts": [odd]}]}
        for log, lines in logs.items():
            text = "".join(json.dumps(line) + "\n" for line in lines)
            (tmp_path / name / f"{log}.jsonl").write_text(text, encoding="utf-8")
        (tmp_path / name / "config.toml").write_text("rounds = 3\n", encoding="utf-8")
    app = create_app([tmp_path], "token")
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    client.get("/?token=token")
    (key, _) = app.state.library.runs()
    for address in ("/", "/compare", *(f"/run/{key}/{name}" for name in PAGES)):
        text = client.get(address).text
        found = {one for one in ("\u202e", "\x1b") if one in text}
        assert found == set(), (address, text[max(0, text.index(next(iter(found))) - 80) :][:160])
    app.close()
