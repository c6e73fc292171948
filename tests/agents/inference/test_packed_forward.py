"""The packed forward pass says what transformers says, in values and in gradients."""

from __future__ import annotations

import pytest
import torch

from selfplay_gym.agents.inference import cached_decoding
from selfplay_gym.agents.inference.activation_reuse import ActivationCache
from selfplay_gym.agents.inference.cached_decoding import Begun, CachedDecoding
from selfplay_gym.agents.inference.logprobs import completion_logps, head_logps
from selfplay_gym.agents.inference.packed_forward import PackedModel, linear
from selfplay_gym.agents.inference.packing import SharedStart, pack

KINDS = [
    ("qwen3", {"head_dim": 16, "tie_word_embeddings": True}),
    ("qwen3", {"head_dim": 12, "attention_bias": True, "num_key_value_heads": 4}),
    ("qwen2", {}),
    ("llama", {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": 1}),
]
PROMPTS = [[5, 6, 7, 8], [9, 10, 11, 12, 13, 14, 15], [20]]
OWNER = torch.tensor([0, 0, 2, 1, 1, 1])
LENGTHS = torch.tensor([1, 5, 6, 3, 6, 2])


def completions(vocabulary: int) -> torch.Tensor:
    return torch.randint(3, vocabulary, (6, 6), generator=torch.Generator().manual_seed(0))


def plain_logps(model, tokens, prompts=PROMPTS, temperature=1.0):
    """One row at a time, unpadded, through transformers."""
    rows = []
    for row, owner in enumerate(OWNER.tolist()):
        length, prompt = int(LENGTHS[row]), prompts[owner]
        ids = torch.tensor([prompt + tokens[row, :length].tolist()])
        logps = torch.log_softmax(model(ids).logits[0, len(prompt) - 1 : -1] / temperature, -1)
        rows.append(logps.gather(1, tokens[row, :length, None])[:, 0])
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


START = [30, 31, 5, *range(32, 62)]


@pytest.mark.parametrize(("kind", "changes"), KINDS)
@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("prompts", [PROMPTS, [[*START, 5, 6], [*START, 5, 7, 8, 9], START]], ids=["apart", "alike"])
def test_packed_logps_and_gradients_equal_unpadded_ones(make_model, kind, changes, recompute, prompts):
    model = make_model(kind, **changes)
    decoder = PackedModel.of(model)
    assert decoder is not None
    tokens = completions(model.config.vocab_size)
    assert (SharedStart.of(prompts, OWNER, tokens, LENGTHS) is None) == (prompts is PROMPTS)
    options = {"temperature": 0.5, "recompute": recompute, "share_start": True}
    ours = completion_logps(model, decoder, prompts, OWNER, tokens, LENGTHS, **options)
    theirs = plain_logps(model, tokens, prompts, temperature=0.5)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)
    weight = torch.randn(ours.shape, generator=torch.Generator().manual_seed(1))
    parameters = list(model.parameters())
    for one, other in zip(
        torch.autograd.grad((ours * weight).sum(), parameters),
        torch.autograd.grad((theirs * weight).sum(), parameters),
        strict=True,
    ):
        assert (one - other).norm() <= 1e-5 * other.norm() + 1e-6


@pytest.mark.parametrize(
    ("prompts", "owner"),
    [
        ([[*START, 5]], [0, 0, 0]),  # packed once as it is
        ([[*START, 5], [*START, 6]], [0] * 20 + [1] * 20),  # the ends would be computed twenty times
        ([[5, *START], [6, *START]], [0, 1]),  # no beginning in common
        ([START, [*START, 6]], []),
    ],
)
def test_beginnings_are_shared_only_where_that_saves_tokens(prompts, owner):
    tokens = torch.ones(len(owner), 2, dtype=torch.long)
    owner = torch.tensor(owner, dtype=torch.long)
    assert SharedStart.of(prompts, owner, tokens, torch.full_like(owner, 2)) is None


def test_plain_pass_agrees_too(make_model):
    model = make_model("llama")
    tokens = completions(model.config.vocab_size)
    ours = completion_logps(model, None, PROMPTS, OWNER, tokens, LENGTHS)
    torch.testing.assert_close(ours, plain_logps(model, tokens), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("kind", "changes"), KINDS)
def test_decoding_step_by_step_gives_the_logits_of_a_full_pass(make_model, kind, changes):
    model = make_model(kind, **changes)
    decoder = PackedModel.of(model)
    tokens = completions(model.config.vocab_size)
    keep = torch.tensor([0, 2, 5])
    with torch.no_grad():
        decoding = CachedDecoding(decoder, PROMPTS, OWNER)
        for step in range(3):
            decoding.step(tokens[:, step])
        decoding.keep(keep)
        for step in range(3, 6):
            decoding.step(tokens[keep, step])
        for index, row in enumerate(keep.tolist()):
            ids = torch.tensor([PROMPTS[OWNER[row]] + tokens[row].tolist()])
            torch.testing.assert_close(decoding.logits[index], model(ids).logits[0, -1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("kind", "changes"), KINDS)
def test_decoding_after_a_shared_start_gives_the_logits_of_a_full_pass(make_model, kind, changes):
    model = make_model(kind, **changes)
    decoder = PackedModel.of(model)
    tokens = completions(model.config.vocab_size)
    prompts = [[*START, 5, 6], [*START, 5, 7, 8, 9], START]
    assert Begun.of(prompts, OWNER, share_start=True).packed.prompts.index.shape == (1, len(START))
    with torch.no_grad():
        decoding = CachedDecoding(decoder, prompts, OWNER, share_start=True)
        for step in range(3):
            decoding.step(tokens[:, step])
        for row, owner in enumerate(OWNER.tolist()):
            expected = model(torch.tensor([[*prompts[owner], *tokens[row, :3].tolist()]])).logits[0, -1]
            torch.testing.assert_close(decoding.logits[row], expected, atol=1e-5, rtol=1e-5)


def test_cache_grows_past_its_first_size(make_model):
    model = make_model()
    decoder = PackedModel.of(model)
    tokens = torch.randint(3, 90, (2, 150), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        decoding = CachedDecoding(decoder, [[5, 6], [7]], torch.tensor([0, 1]))
        for step in range(150):
            decoding.step(tokens[:, step])
        expected = model(torch.tensor([[7, *tokens[1].tolist()]])).logits[0, -1]
    torch.testing.assert_close(decoding.logits[1], expected, atol=1e-5, rtol=1e-5)


def test_what_it_cannot_run_it_declines(make_model):
    assert PackedModel.of(make_model("gpt_neox")) is None
    scaled = {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}
    assert PackedModel.of(make_model("llama", rope_parameters=scaled)) is None


def test_a_model_whose_layers_were_altered_is_noticed(make_model):
    model = make_model()
    model.model.layers[0].mlp.act_fn = torch.nn.GELU()
    assert PackedModel.of(model) is None


def test_deep_models_in_16_bits_run_packed_and_altered_ones_do_not(make_model):
    """Rounding grows with depth, in transformers' pass as in ours."""
    model = make_model("llama", num_hidden_layers=80, vocab_size=4000).to(torch.bfloat16)
    assert PackedModel.of(model) is not None
    for layer in model.model.layers:
        layer.mlp.act_fn = torch.nn.ReLU()
    assert PackedModel.of(model) is None


def test_lora_adapters_are_seen_and_trained_alone(make_model):
    peft = pytest.importorskip("peft")
    model = peft.get_peft_model(make_model(), peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj", "down_proj"]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.2, generator=torch.Generator().manual_seed(2))
    decoder = PackedModel.of(model)
    assert decoder is not None
    tokens = completions(90)
    ours = completion_logps(model, decoder, PROMPTS, OWNER, tokens, LENGTHS)
    torch.testing.assert_close(ours, plain_logps(model, tokens), atol=1e-5, rtol=1e-5)
    ours.sum().backward()
    assert {"lora" in name for name, p in model.named_parameters() if p.grad is not None} == {True}
    with model.disable_adapter(), torch.no_grad():
        base = completion_logps(model, decoder, PROMPTS, OWNER, tokens, LENGTHS)
        torch.testing.assert_close(base, plain_logps(model, tokens), atol=1e-5, rtol=1e-5)
    assert (base - ours).abs().max() > 1e-3


@pytest.fixture
def adapted_in_16_bits(make_model):
    """A bfloat16 model with float32 adapters, as peft makes them."""
    peft = pytest.importorskip("peft")
    shape = peft.LoraConfig(r=4, target_modules="all-linear")
    return peft.get_peft_model(make_model("qwen2").to(torch.bfloat16), shape)


def set_adapters(model, std):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=std, generator=torch.Generator().manual_seed(2))


def test_an_adapter_too_small_for_a_16_bit_weight_still_acts(adapted_in_16_bits):
    set_adapters(adapted_in_16_bits, 1e-5)
    module = adapted_in_16_bits.get_base_model().model.layers[1].mlp.down_proj
    delta = module.scaling["default"] * module.lora_B["default"].weight @ module.lora_A["default"].weight
    rounded = (module.base_layer.weight + delta).to(torch.bfloat16)
    assert (rounded != module.base_layer.weight).float().mean() < 0.01
    x = torch.zeros(1, 64, dtype=torch.bfloat16)
    x[0, 5] = 1000.0
    torch.testing.assert_close(linear(x, module), module(x), atol=0.0, rtol=0.02)
    module.base_layer.weight.data.zero_()
    assert linear(x, module).abs().min() > 0


@pytest.mark.parametrize("copied", [0, 1 << 30])
def test_adapters_beside_16_bit_weights_decode_and_train(adapted_in_16_bits, monkeypatch, copied):
    monkeypatch.setattr(cached_decoding, "COPY_UP_TO", copied)
    model, tokens = adapted_in_16_bits, completions(90)
    set_adapters(model, 0.2)
    decoder = PackedModel.of(model)
    assert decoder is not None
    assert not ActivationCache.possible(decoder)
    with torch.no_grad():
        decoding = CachedDecoding(decoder, PROMPTS, OWNER)
        for step in range(5):
            decoding.step(tokens[:, step])
        expected = torch.stack(
            [model(torch.tensor([PROMPTS[OWNER[r]] + tokens[r, :5].tolist()])).logits[0, -1] for r in range(6)]
        ).float()
    assert (decoding.logits.float() - expected).norm() < 0.05 * expected.norm()
    ours = completion_logps(model, decoder, PROMPTS, OWNER, tokens, LENGTHS)
    assert (ours - plain_logps(model, tokens)).abs().max() < 0.2
    ours.sum().backward()
    learnt = [p.grad for name, p in model.named_parameters() if "lora_A" in name]
    assert all(grad is not None and bool(grad.any()) for grad in learnt)


def test_prompts_alone_give_a_state_per_token(make_model):
    decoder = PackedModel.of(make_model())
    none = torch.zeros(0, dtype=torch.int64)
    states = decoder.hidden(pack(PROMPTS, none, none.view(0, 0), none))
    assert states.shape[0] == sum(len(p) for p in PROMPTS)
    assert linear(states, decoder.head).isfinite().all()


def test_chunked_head_equals_the_whole_one(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(50, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(30, 8, generator=generator, dtype=torch.float64, requires_grad=True)
    targets = torch.randint(30, (50,), generator=generator)
    upstream = torch.randn(50, generator=generator)
    expected = torch.log_softmax(states @ weight.T / 0.7, -1).gather(1, targets[:, None])[:, 0]
    gradients = torch.autograd.grad((expected * upstream).sum(), [states, weight])
    for chunk in (1, 30 * 7, 1 << 20):
        monkeypatch.setattr("selfplay_gym.agents.inference.logprobs.LOGITS_AT_ONCE", chunk)
        ours = head_logps(states, weight, targets, 0.7)
        torch.testing.assert_close(ours.double(), expected, atol=1e-5, rtol=1e-5)
        for one, other in zip(torch.autograd.grad((ours * upstream).sum(), [states, weight]), gradients, strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
