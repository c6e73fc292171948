"""Sampling and learning on a GPU: what is computed there is what a CPU computes, and everything finds its tensors.

    pytest -m gpu -k "not pretended" tests/agents/test_on_a_gpu.py     under a minute on one GPU

Each test compares with the same model on the CPU, whose own tests say that it is right.
"""

from __future__ import annotations

import copy
import runpy
from pathlib import Path

import pytest
import torch

from selfplay_gym.agents.inference.interface.samples import SamplingSettings
from selfplay_gym.agents.inference.logprobs import completion_logps
from selfplay_gym.agents.inference.sampling import LOOK_EVERY, draw
from selfplay_gym.agents.models.correctness_head import CorrectnessHead
from selfplay_gym.agents.models.llm import LLMAgent
from selfplay_gym.agents.models.tiny import build_tokenizer
from selfplay_gym.agents.roles.segments import Segment, lay_out, segment_logps
from selfplay_gym.agents.roles.weight_sharing import build_agents, build_trainers
from selfplay_gym.agents.training.objectives import CrossEntropy
from selfplay_gym.agents.training.preferences.objective import DirectPreference, Preference, gaps_of
from selfplay_gym.agents.training.sft import SFTConfig, train_sft
from selfplay_gym.agents.training.trainer import GRPOConfig, GRPOTrainer

PRETENDED = runpy.run_path(str(Path(__file__).with_name("pretended_device.py")))
PROMPTS = ["What is 1+2?", "Solve 3x+4=19.", "What is 1+2?", "and a longer one, to pad the others"]
PAIRS = [("What is 1+2?", "3"), ("What is 2+2?", "It is 4"), ("Solve 3x=6.", "x is 2")]
SETTINGS = SamplingSettings(max_new_tokens=12)


@pytest.fixture
def gpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return "cuda"


@pytest.fixture(params=["pretended", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request):
    """A GPU, and on every machine a device that is not there (`pretended_device.py`)."""
    if request.param == "cuda":
        yield request.getfixturevalue("gpu")
        return
    with PRETENDED["pretended"]():
        yield str(PRETENDED["DEVICE"])


def varied(prompts, groups):
    return [[float(text.count("1") + text.count("a") + i % 2) for i, text in enumerate(group)] for group in groups]


def twins_on(device, make_agent, kind="qwen3"):
    """The same agent on the device and on the CPU."""
    here = make_agent(kind, settings=SETTINGS)
    return LLMAgent(copy.deepcopy(here.model).to(device), build_tokenizer(), SETTINGS), here


@pytest.fixture
def twins(make_agent, device):
    return lambda kind="qwen3": twins_on(device, make_agent, kind)


@pytest.fixture
def gpu_twins(make_agent, gpu):
    return lambda kind="qwen3": twins_on(gpu, make_agent, kind)


def logps_of(agent, samples, decoder, **options):
    owner = torch.arange(len(samples.tokens), device=samples.tokens.device) // samples.n
    prompts, lengths = samples.prompt_ids, samples.lengths
    return completion_logps(agent.model, decoder, prompts, owner, samples.tokens, lengths, **options)


def on_cpu(samples):
    return samples.to(torch.device("cpu"))


def gradients_of_a_step(agent, **settings):
    """What one step hands to the optimiser, and its metrics."""
    reference = LLMAgent(copy.deepcopy(agent.model), agent.tokenizer, SETTINGS) if "kl_weight" in settings else None
    trainer = GRPOTrainer(agent, GRPOConfig(max_new_tokens=12, **settings), reference=reference)
    caught = {}
    trainer.optimizer.step = lambda: caught.update({n: p.grad.cpu() for n, p in trainer.parameters.items()})
    metrics = trainer.step(PROMPTS, varied, samples=4, seed=0)
    return caught, metrics


def assert_near(ours, theirs, tolerance):
    scale = max(float(tensor.norm()) for tensor in theirs.values())
    for name, tensor in ours.items():
        assert float((tensor.float() - theirs[name].float()).norm()) <= tolerance * scale, name


# --- sampling ---


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        ("qwen2", True),
        ("gpt_neox", False),
        *(pytest.param(*more, marks=pytest.mark.gpu) for more in (("qwen3", True), ("llama", True), ("llama", False))),
    ],
)
def test_completions_are_those_of_generate_and_their_log_probabilities_those_of_the_cpu(twins, kind, packed):
    there, here = twins(kind)
    if not packed:
        for agent in (there, here):
            agent.decoder = agent.sampler.decoder = None
    greedy = there.with_settings(temperature=0).sample(PROMPTS)
    for prompt, row, length in zip(PROMPTS, greedy.tokens.tolist(), greedy.lengths.tolist(), strict=True):
        ids = torch.tensor([there.prompt_ids(prompt)], device=greedy.tokens.device)
        theirs = there.model.generate(
            ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=12, pad_token_id=0
        )
        assert row[:length] == theirs[0, ids.shape[1] :].tolist()[:length]
    drawn = there.sample(PROMPTS, n=5, seed=3)
    assert torch.equal(drawn.tokens, there.sample(PROMPTS, n=5, seed=3).tokens)
    with torch.no_grad():
        again = logps_of(there, drawn, there.decoder)
        expected = logps_of(here, on_cpu(drawn), here.decoder)
    torch.testing.assert_close(drawn.logps, again, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(again.cpu(), expected, atol=1e-4, rtol=1e-4)


def test_sampling_is_waited_for_at_its_looks_alone(make_agent):
    """The host asks now and then whether all rows are done, and nothing else while none is."""
    with PRETENDED["pretended"]() as device:
        agent, _ = twins_on(PRETENDED["DEVICE"], make_agent)
        agent.sampler.stop_ids = ()
        asked = []
        for length in (4, 12):
            device.asked.clear()
            agent.with_settings(max_new_tokens=length).sample(PROMPTS, n=4, seed=0)
            asked.append(device.asked.total())
    assert asked[1] - asked[0] == (12 - 4) // LOOK_EVERY


@pytest.mark.gpu
def test_no_token_without_probability_is_drawn(gpu):
    """A prefix sum in parallel need not rise: rounding may open a gap at a token that cannot be drawn."""
    logits = torch.randn(512, 50_000, generator=torch.Generator().manual_seed(0)).to(gpu)
    logits[:, 1::2] = -torch.inf
    for seed in range(8):
        noise = torch.rand(512, generator=torch.Generator().manual_seed(seed)).to(gpu)
        token, logp = draw(logits, SamplingSettings(), noise)
        assert not bool((token % 2).any())
        assert bool(logp.isfinite().all())
        token, _ = draw(logits, SamplingSettings(top_p=0.5), noise)
        place = (logits.gather(1, token[:, None]) < logits).sum(1)
        assert int(place.max()) < 12_500


@pytest.mark.gpu
def test_bfloat16_samples_what_it_learns_from(gpu_twins):
    there, _ = gpu_twins("llama")
    there = LLMAgent(there.model.to(torch.bfloat16), there.tokenizer, SETTINGS)
    assert there.decoder is not None
    drawn = there.sample(PROMPTS, n=8, seed=0)
    with torch.no_grad():
        packed, plain = (logps_of(there, drawn, decoder) for decoder in (there.decoder, None))
    assert float((packed - plain).abs().mean()) < 0.1
    assert float((drawn.logps - packed).abs().mean()) < 0.1


# --- learning ---


@pytest.mark.parametrize(
    "settings",
    [
        {"kl_weight": 0.1, "epochs": 2, "micro_batch_tokens": 64},
        pytest.param({}, marks=pytest.mark.gpu),
        pytest.param({"gradient_checkpointing": True, "loss_type": "gspo"}, marks=pytest.mark.gpu),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_gradients_are_those_of_the_cpu(twins, packed, settings):
    there, here = twins("llama")
    if not packed:
        for agent in (there, here):
            agent.decoder = agent.sampler.decoder = None
    drawn = on_cpu(there.sample(PROMPTS, n=4, seed=0))
    assert torch.equal(drawn.tokens, here.sample(PROMPTS, n=4, seed=0).tokens), "both learn from the same samples"
    ours, measured = gradients_of_a_step(there, **settings)
    theirs, expected = gradients_of_a_step(here, **settings)
    assert_near(ours, theirs, 1e-4)
    assert measured.loss == pytest.approx(expected.loss, abs=1e-4)
    assert measured.entropy == pytest.approx(expected.entropy, abs=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("autocast", ["bfloat16", "float16"])
def test_gradients_in_16_bits_point_the_same_way(gpu_twins, autocast):
    there, here = gpu_twins("llama")
    ours, metrics = gradients_of_a_step(there, autocast=autocast)
    theirs, _ = gradients_of_a_step(here)
    one, other = (torch.cat([found[name].flatten() for name in theirs]) for found in (ours, theirs))
    assert metrics.updates == 1
    assert float(torch.nn.functional.cosine_similarity(one, other, 0)) > 0.95


@pytest.mark.gpu
def test_a_step_in_bfloat16_moves_the_weights(gpu_twins):
    there, _ = gpu_twins("llama")
    agent = LLMAgent(there.model.to(torch.bfloat16), there.tokenizer, SETTINGS)
    trainer = GRPOTrainer(agent, GRPOConfig(max_new_tokens=12, learning_rate=1e-2))
    metrics = trainer.step(PROMPTS, varied, samples=4, seed=0)
    assert (metrics.updates, metrics.skipped) == (1, 0)
    assert metrics.update_norm > 0


@pytest.mark.gpu
@pytest.mark.parametrize("sharing", ["copies", "lora", "prompt", "tokens"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_roles_learn_are_saved_and_load_again(gpu, tmp_path, make_agent, sharing, dtype):
    make_agent("llama").save_pretrained(tmp_path / "base")
    options = {"device": gpu, "dtype": dtype, "max_new_tokens": 12}
    agents = build_agents(tmp_path / "base", sharing, **options)
    trainers = build_trainers(agents, dict.fromkeys(agents, GRPOConfig(max_new_tokens=12, learning_rate=1e-2)))
    for trainer in trainers.values():
        metrics = trainer.step(PROMPTS, varied, samples=4, seed=0)
        assert (metrics.updates, metrics.skipped) == (1, 0)
        assert metrics.update_norm > 0
    folders = {role: tmp_path / ("both" if sharing in ("prompt", "tokens") else role) for role in agents}
    for role, folder in folders.items():
        agents[role].save_pretrained(folder)
    again = build_agents(tmp_path / "base", sharing, checkpoints=folders, **options)
    state = trainers["solver"].tensors()
    twin = build_trainers(again, dict.fromkeys(again, GRPOConfig(max_new_tokens=12, learning_rate=1e-2)))
    for role in again:
        twin[role].load_tensors(trainers[role].tensors())
        one, other = (found[role].sample(PROMPTS, n=2, seed=5) for found in (agents, again))
        assert torch.equal(one.tokens, other.tokens)
    assert twin["solver"].tensors().keys() == state.keys()
    resumed, on = (found["solver"].step(PROMPTS, varied, samples=4, seed=1) for found in (twin, trainers))
    assert resumed.mean_length == on.mean_length
    assert resumed.update_norm == pytest.approx(on.update_norm, rel=1e-2)


def test_supervised_steps_lower_the_loss(twins):
    there, here = twins()
    found = [list(train_sft(a.model, a.tokenizer, lambda step: PAIRS, SFTConfig(steps=8))) for a in (there, here)]
    assert found[0] == pytest.approx(found[1], abs=1e-2)
    assert found[0][-1] < 0.7 * found[0][0]


def test_given_completions_and_preferences_are_learnt(twins):
    there, here = twins()
    reference = LLMAgent(copy.deepcopy(there.model), there.tokenizer, SETTINGS)
    trainer = GRPOTrainer(there, GRPOConfig(learning_rate=1e-2, kl_weight=0.1), reference=reference)
    first = trainer.learn(PAIRS, CrossEntropy())
    assert first.loss == pytest.approx(GRPOTrainer(here, GRPOConfig()).learn(PAIRS, CrossEntropy()).loss, abs=1e-4)
    objective = DirectPreference()
    preferred = [Preference("What is 1+2?", "3", "4"), Preference("What is 2+2?", "4", "I do not know")]
    trainer.learn([(one.prompt, text) for one in preferred for text in (one.chosen, one.rejected)], objective)
    before = gaps_of(trainer, preferred, objective)
    for _ in range(3):
        trainer.learn([(one.prompt, text) for one in preferred for text in (one.chosen, one.rejected)], objective)
    assert float(gaps_of(trainer, preferred, objective).sum()) > float(before.sum())


@pytest.mark.gpu
def test_heads_and_segments(gpu_twins):
    there, here = gpu_twins()
    questions, answers = ["What is 1+2?", "What is 2+2?"] * 2, ["3", "4", "5", "no"]
    heads = [CorrectnessHead(agent, hidden=8) for agent in (there, here)]
    torch.testing.assert_close(*(h.states(questions, answers).cpu() for h in heads), atol=1e-4, rtol=1e-4)
    heads[0].fit(questions, answers, [1.0, 1.0, 0.0, 0.0], steps=60)
    assert heads[0].correctness(questions, answers)[0] > heads[0].correctness(questions, answers)[2]
    batch = [[Segment([5, 6, 7], "challenger"), Segment([8, 9], "challenger", True), Segment([10, 11], "solver")]]
    logps = [segment_logps(a.model, lay_out(batch, ("challenger", "solver"), a.model.device)) for a in (there, here)]
    torch.testing.assert_close(logps[0].cpu(), logps[1], atol=1e-4, rtol=1e-4)


# --- a run ---


@pytest.mark.gpu
def test_a_run_goes_on_where_it_was(gpu, tmp_path):
    from selfplay_gym import train
    from selfplay_gym.selfplay.settings.presets import preset

    one = preset("debug").replace({"compute.device": gpu, "rounds": 1})
    train(one, tmp_path / "run")
    folder = train({"rounds": 2}, tmp_path / "run", resume=True)
    assert (folder.state["phase"], folder.state["round"]) == ("done", 2)
    exams = [row["exam"] for row in folder.rows("metrics") if "exam" in row]
    assert len(exams) == 3
    assert {row["updates"] for row in folder.rows("metrics") if "updates" in row} <= {0, 1}
