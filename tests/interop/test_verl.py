"""verl reads our parquet files, and its reward managers get from `compute_score` what the game pays."""

import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from selfplay_gym.core.errors import ConfigError, MissingExtraError, UnknownNameError
from selfplay_gym.interop.export import export
from selfplay_gym.interop.rows import row_of
from selfplay_gym.interop.verl import compute_score

parquet = pytest.importorskip("pyarrow.parquet")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("verl") / "out"
    export("arithmetic", "verl", place, limit=12, seed=3)
    return place


def rows_of(folder, split="train"):
    return parquet.read_table(folder / f"{split}.parquet").to_pylist()


def scored(row, text, **options):
    """What verl passes: by keyword, from the row."""
    return compute_score(
        data_source=row["data_source"],
        solution_str=text,
        ground_truth=row["reward_model"]["ground_truth"],
        extra_info=row["extra_info"],
        **options,
    )


def test_the_files_hold_what_verl_asks_for(folder):
    rows = rows_of(folder)
    assert {file.name for file in folder.iterdir()} >= {"train.parquet", "held_out.parquet", "reward.py"}
    assert len(rows) == len(rows_of(folder, "held_out")) == 12
    for index, row in enumerate(rows):
        assert row["data_source"] == "selfplay_gym/arithmetic"
        assert [turn["role"] for turn in row["prompt"]] == ["user"]
        assert row["extra_info"]["question"] in row["prompt"][0]["content"]
        assert row["reward_model"] == {"style": "rule", "ground_truth": row["extra_info"]["reference"]}
        assert (row["ability"], row["extra_info"]["split"], row["extra_info"]["index"]) == ("math", "train", index)
    asked = {row["extra_info"]["question"] for row in rows}
    assert asked.isdisjoint(row["extra_info"]["question"] for row in rows_of(folder, "held_out"))


def test_equal_arguments_give_equal_files(folder, tmp_path):
    export("arithmetic", "verl", tmp_path / "again", limit=12, seed=3)
    assert (tmp_path / "again" / "train.parquet").read_bytes() == (folder / "train.parquet").read_bytes()


def test_template_and_system_turn_are_options(tmp_path):
    export("arithmetic", "verl(template=r-zero, system=Be brief.)", tmp_path / "out", splits=["held_out"], limit=2)
    (turns, _) = [row["prompt"] for row in rows_of(tmp_path / "out", "held_out")]
    assert [turn["role"] for turn in turns] == ["system", "user"]
    assert turns[0]["content"] == "Be brief."
    assert "boxed" in turns[1]["content"]
    assert not (tmp_path / "out" / "train.parquet").exists()


def test_the_written_reward_file_is_the_reward(folder):
    spec = spec_from_file_location("reward", folder / "reward.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.compute_score is compute_score


def test_a_thousand_odd_texts_score_what_gymnasium_pays(texts):
    scores = []
    for one, text in texts.attempts():
        got = compute_score("x", text, one.question.reference, {**row_of(one.question), "verifier": one.verifier})
        scores.append(got["score"])
    assert scores == texts.rewards()
    assert 0.2 < sum(scores) / len(scores) < 0.8


def test_programs_are_judged_by_running_them(tmp_path):
    export("deduction", "verl", tmp_path / "out", splits=["held_out"], limit=3)
    for row in rows_of(tmp_path / "out", "held_out"):
        assert row["extra_info"]["verifier"] == "code"
        assert scored(row, rf"\boxed{{{row['reward_model']['ground_truth']}}}")["score"] == 1.0
        assert scored(row, "no idea") == {"score": 0.0, "acc": 0.0, "undecided": 0.0, "answered": 0.0}


def test_rows_of_others_need_an_answer_only():
    assert compute_score("openai/gsm8k", r"so \boxed{72}", "72")["score"] == 1.0
    assert compute_score("openai/gsm8k", "#### 71", "72", {"split": "test", "index": 4})["score"] == 0.0


@pytest.mark.parametrize(
    ("text", "reference", "extra"),
    [
        (None, "4", {}),
        (["4"], "4", {}),
        (4, "4", {}),
        ("4", "4", {"meta": "{broken"}),
        ("4", "4", {"meta": "[1]"}),
        (r"\boxed{4}", None, {}),
        (r"\boxed{4}", "\\frac{", {"question": 5, "level": "x"}),
    ],
)
def test_what_cannot_be_judged_is_undecided_and_raises_nothing(text, reference, extra):
    got = compute_score("x", text, reference, extra)
    assert (got["score"], got["undecided"]) == (0.0, 1.0)


def test_every_answer_has_the_same_keys_and_plain_numbers():
    answers = [compute_score("x", text, "4") for text in ("4", "no", None, r"\boxed{4}")]
    assert {tuple(answer) for answer in answers} == {("score", "acc", "undecided", "answered")}
    assert all(type(value) is float for answer in answers for value in answer.values())


def test_a_verifier_can_be_chosen_and_a_wrong_one_stops_the_run():
    assert compute_score("x", "the answer is 4", "4", {}, verifier="sympy(extract=strict)")["score"] == 0.0
    lenient = {"name": "sympy", "extract": "lenient"}
    assert compute_score("x", "the answer is 4", "4", {}, verifier=lenient)["score"] == 1.0
    with pytest.raises(UnknownNameError, match="sympy"):
        compute_score("x", "4", "4", verifier="simpy")
    for wrong in ("sympy(timeout_s=-1)", 5, ["sympy"], float("nan"), b"sympy", {}):
        with pytest.raises(ConfigError):
            compute_score("x", "4", "4", verifier=wrong)
        with pytest.raises(ConfigError):
            compute_score("x", "4", "4", {"verifier": wrong})


@pytest.mark.parametrize("extra", ["abc", 5, [1], None])
def test_what_is_no_row_says_nothing_about_it(extra):
    assert compute_score("x", r"\boxed{4}", "4", extra)["score"] == 1.0


def test_an_unknown_template_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="r-zer"):
        export("arithmetic", "verl(template=r-zer)", tmp_path / "out", limit=1)


HARD = [rf"\boxed{{\sum_{{n=1}}^{{{n}}} \sin(n^{{{n}}}) + x^{{{n}^{n}}}}}" for n in range(3, 9)]


def score_of(text):
    return compute_score("x", text, r"\frac{1}{2}+\sqrt{2}", {})["score"]


def test_threads_and_forked_processes_score_alike():
    """verl scores in a pool of threads, in several processes."""
    texts = [r"\boxed{\sqrt{2}+0.5}", r"\boxed{1.9}", *HARD] * 4
    alone = [score_of(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(score_of, texts)) == alone
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        assert list(pool.map(score_of, texts[:8])) == alone[:8]
    assert alone[:2] == [1.0, 0.0]


def test_missing_pyarrow_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"selfplay-gym\[verl\]"):
        export("arithmetic", "verl", tmp_path / "out", limit=2)
    assert list(tmp_path.iterdir()) == []


# --- with verl itself ---


@pytest.fixture(scope="module")
def verl():
    return pytest.importorskip("verl", reason="verl 0.9 is tested in an environment of its own: docs/interop_verl.md")


@pytest.fixture(scope="module")
def tokenizer():
    from selfplay_gym.agents.models.llm import LLMAgent

    return LLMAgent.from_pretrained("tiny").tokenizer


def test_verls_data_set_reads_the_files(verl, folder, tokenizer):
    from omegaconf import OmegaConf
    from verl.utils.dataset.rl_dataset import RLHFDataset, collate_fn

    config = OmegaConf.create({"max_prompt_length": 128, "filter_overlong_prompts": True, "cache_dir": str(folder)})
    data = RLHFDataset(data_files=str(folder / "train.parquet"), tokenizer=tokenizer, config=config)
    assert len(data) == 12
    batch = collate_fn([data[i] for i in range(12)])
    for got, row in zip(batch["raw_prompt"], rows_of(folder), strict=True):
        assert list(got) == row["prompt"]
    assert list(batch["data_source"]) == ["selfplay_gym/arithmetic"] * 12
    assert [one["index"] for one in batch["extra_info"]] == list(range(12))


def test_verls_naive_manager_pays_what_the_verifier_says(verl, folder, tokenizer):
    import asyncio

    import numpy as np
    import torch
    from omegaconf import OmegaConf
    from verl import DataProto
    from verl.experimental.reward_loop.reward_manager import get_reward_manager_cls
    from verl.trainer.ppo.reward import get_custom_reward_fn

    chosen = {"path": str(folder / "reward.py"), "name": "compute_score", "reward_kwargs": {"verifier": "sympy"}}
    config = OmegaConf.create({"reward": {"custom_reward_function": chosen}})
    reward = get_custom_reward_fn(config)

    async def paid(row, text):
        manager = get_reward_manager_cls("naive")(config, tokenizer, reward)
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        proto = DataProto.from_dict(
            tensors={"responses": ids, "attention_mask": torch.ones_like(ids)},
            non_tensors={name: np.array([row[name]], dtype=object) for name in row},
        )
        return await manager.run_single(proto)

    for row in rows_of(folder):
        truth = row["reward_model"]["ground_truth"]
        for text in (rf"I say \boxed{{{truth}}}", "I do not know", r"\boxed{-777}"):
            got = asyncio.run(paid(row, text))
            assert got["reward_score"] == scored(row, text)["score"] == float(truth in text)
            assert got["reward_extra_info"]["acc"] == got["reward_score"]


def test_verls_validation_reads_the_extra_numbers(verl):
    from verl.trainer.ppo.metric_utils import process_validation_metrics

    answers = [compute_score("x", text, "4") for text in (r"\boxed{4}", r"\boxed{5}", "no", None)]
    columns = {key: [answer[key] for answer in answers] for key in answers[0]}
    means = process_validation_metrics(["x"] * 4, ["a"] * 4, columns)
    shown = json.dumps(means, default=float)
    assert means["x"]["acc"]["mean@4"] == 0.25
    assert "answered" in shown
