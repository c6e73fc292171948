"""A language model as an agent: `LLMAgent` formats prompts, samples in batches, and decodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.options.paths import path_of
from ..inference.conversation import Conversation, Conversing
from ..inference.devices import placing, spread
from ..inference.hf_decoding import decoding_of
from ..inference.interface.samples import Sampler, Samples, SamplingSettings
from ..inference.interface.stopping import NEXT_QUESTION, cut
from ..inference.packed_forward import PackedModel
from ..inference.sampling import LocalSampler, context_of
from ..inference.telling import Decode, Listener, TextsAsDrawn
from ..inference.token_count import TokenCount
from ..model_names import PACKAGED, shipped_folder
from .pretrained import load_pretrained
from .progress_bars import without_bars
from .prompt_format import PromptFormat
from .skipping import skipping

SYSTEM = "You are a careful assistant."
ROLE_FILE = "role.json"
"""In a folder that is not a model but a checkpoint of one of several roles that share weights; see `load.py`."""


class LLMAgent:
    """A causal language model of transformers that plays a role.

    A prompt is one user turn of the tokenizer's chat template if it has one, with a system turn of ours where the
    template would insert its own; otherwise the raw text.

    Args:
        model: the model; put into evaluation mode (a policy gradient wants no dropout).
        tokenizer: its tokenizer.
        settings: how to draw; `None` means at temperature 1, answers as long as the model's generation config says.
        sampler: where completions come from; `None` means from `model`, in this process.
        system: text of the system turn, if the template needs one.

    Attributes:
        decoder: the packed forward pass of `model`, or `None` if it must go through transformers.
        context: how many tokens the model reads, prompt and answer together; `None` where nothing bounds it.
        prompts: how prompts become tokens.
        counted: the tokens of all calls so far; agents made by `with_settings` share it.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        settings: SamplingSettings | None = None,
        *,
        sampler: Sampler | None = None,
        system: str = SYSTEM,
    ) -> None:
        self.model, self.tokenizer = model.eval(), tokenizer
        self.settings = _ending(settings or SamplingSettings(**_own_length(model)), tokenizer)
        self.decoder = PackedModel.of(model)
        self.context = context_of(model)
        self.stop_ids = _stop_ids(model, tokenizer)
        self.prompts = PromptFormat(tokenizer, system, self.stop_ids)
        if self.decoder is None and sampler is None:
            decoding_of(model)  # refuses a model that cannot be sampled from
        self._decode = decoding_with(tokenizer)
        self.sampler: Sampler = sampler or LocalSampler(model, self.stop_ids, self.decoder, self._decode)
        self.counted = TokenCount()
        self._listener: Listener | None = None
        self._conversing: Conversing | None = None

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        *,
        temperature: float = 1.0,
        top_p: float = 1.0,
        max_new_tokens: int | None = None,
        device: str = "cpu",
        dtype: str | None = None,
        sampler: Sampler | None = None,
        system: str = SYSTEM,
        stop: Sequence[str] | None = None,
        template_options: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> LLMAgent:
        """Load a model folder, or one of the names "tiny", "frontier" (shipped, about 1 M parameters), "smollm2" and
        "smollm2-warm".

        Args:
            name: a folder in Hugging Face format, a hub name transformers can resolve, "smollm2", or one of
                `shipped.SHIPPED`. For the checkpoint of a role that shares weights see `load_agent`.
            max_new_tokens: longest answer; `None` means what the model's generation config says, else 128.
            device: where the model lives: "cpu", "cuda", "cuda:1" …, or "auto" to spread it over all there are, which
                wants accelerate; see `devices.py`.
            dtype: "float32", "bfloat16" or "float16"; `None` means float32.
            stop, template_options: as of `with_settings`.
            options: further arguments of transformers' `from_pretrained`, such as a `device_map` of your own, or
                `trust_remote_code=True`, which runs the Python in a folder; it is `False` unless given here.

        Raises:
            ConfigError: no such model, the checkpoint of a role, or a setting that cannot work.
            MissingExtraError: "smollm2" without its extra, or a device map without accelerate.
        """
        import torch

        length: dict[str, Any] = {} if max_new_tokens is None else {"max_new_tokens": max_new_tokens}
        settings = SamplingSettings(temperature, top_p, **length)
        precision = getattr(torch, dtype or "float32", None)
        if not isinstance(precision, torch.dtype) or not precision.is_floating_point:
            raise ConfigError(f"dtype must be 'float32', 'bfloat16' or 'float16', got {dtype!r}")
        shipped = shipped_folder(str(name))
        if shipped is None:
            _check_is_model(Path(name))
        placed = placing(device, options)
        if str(name) in PACKAGED:
            from .smollm2 import load_smollm2

            if set(options) - {"device_map"}:
                raise ConfigError(f"{str(name)!r} takes no {', '.join(sorted(options))}; see LLMAgent.from_pretrained")

            model, tokenizer = load_smollm2(precision, warm=str(name) == "smollm2-warm")
            model = spread(model, placed["device_map"]) if placed else model
        else:
            model, tokenizer = load_pretrained(shipped or name, dtype=precision, **{**options, **placed})
        if not placed:
            model = _moved(model, device)
        settings = settings if length else replace(settings, **_own_length(model))
        agent = cls(model, tokenizer, settings, sampler=sampler, system=system)
        return agent.with_settings(stop=stop, template_options=template_options)

    def active(self) -> AbstractContextManager[None]:
        """While it is open, `model` and `decoder` are this agent's policy; they always are, unless others share the
        weights (`role_agent.py`). Contexts of several agents may be nested."""
        return nullcontext()

    def act(self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None) -> list[list[str]]:
        """`n` completions per prompt, "" for one that is `unreadable`; see `core.protocols.Agent`."""
        return self.sample(prompts, n=n, seed=seed).texts

    def sample(
        self, prompts: Sequence[str], *, n: int = 1, seed: int | None = None, keep_activations: bool = False
    ) -> Samples:
        """`n` completions per prompt, with tokens and log-probabilities.

        Args:
            keep_activations: keep the matrix products for an update that follows at once, see `activation_reuse.py`.
        """
        if self._conversing is not None:
            return self._converse(self._conversing, prompts, n, seed)
        read = {prompt: self._read(prompt)[0] for prompt in dict.fromkeys(prompts)}
        ids = [read[prompt] for prompt in prompts]
        asked: dict[str, Any] = {"keep_activations": keep_activations} if self.sampler.keeps_activations else {}
        early = None
        if self._listener is not None and getattr(self.sampler, "tells", False):
            early = asked["listener"] = TextsAsDrawn(self._texts, n, self._listener)
        with self.active():
            samples = self.sampler.sample(ids, n=n, settings=self.settings, seed=seed, **asked)
        lengths = samples.lengths.tolist()
        tell = getattr(self._listener, "drawn_by", None)
        if tell is not None and samples.drawn_by is not None:
            tell(samples.drawn_by)
        self.counted.read += sum(map(len, ids))
        self.counted.sampled += sum(lengths)
        known = {} if early is None else early.texts
        rows = zip(samples.tokens.tolist(), lengths, strict=True)
        late = iter(self._texts([row[:length] for r, (row, length) in enumerate(rows) if r not in known]))
        texts = [known[r] if r in known else next(late) for r in range(len(lengths))]
        return replace(samples, texts=[texts[u * n : (u + 1) * n] for u in range(len(ids))])

    def _twin(self) -> LLMAgent:
        """Another agent on the same model, alike in all."""
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def heard_by(self, listener: Listener) -> LLMAgent:
        """The same agent, which tells of completions while it makes others; what it says is the same."""
        twin = self._twin()
        twin._listener = listener
        return twin

    def in_turns(self, conversing: Conversing | None) -> LLMAgent:
        """The same agent, whose attempts are conversations with an environment; `None` for one that answers at once."""
        twin = self._twin()
        twin._conversing = conversing
        return twin

    def _converse(self, conversing: Conversing, prompts: Sequence[str], n: int, seed: int | None) -> Samples:
        """`sample` in several turns; the listener hears of attempts when all are over."""
        ids = [self._read(prompt + conversing.exchange.hint)[0] for prompt in prompts]
        talk = Conversation(self.sampler, self._texts, self.prompts.following, conversing)
        with self.active():
            samples = talk.sample(prompts, ids, n=n, settings=self.settings, seed=seed)
        self.counted.read += sum(map(len, ids))
        self.counted.sampled += int(samples.mask.sum())
        if self._listener is not None:
            self._listener([(at, text) for at, texts in enumerate(samples.texts) for text in texts])
        return samples

    def _texts(self, tokens: list[list[int]]) -> list[str]:
        """Completions as text, without what follows a stop string."""
        return [cut(text, self.settings.stop or ()) for text in self._decode(tokens)]

    def unreadable(self, prompts: Sequence[str]) -> list[str | None]:
        """See `core.protocols.Reader`: a prompt that leaves no room for an answer in the model's context."""
        return [self._read(prompt)[1] for prompt in prompts]

    def _read(self, prompt: str) -> tuple[list[int], str | None]:
        """The tokens of a prompt, or none and why it cannot be answered."""
        if self.context is None:
            return self.prompt_ids(prompt), None
        if self.prompts.exceeds(prompt, self.context):
            return [], _no_room(f"more than {self.context}", self.context)
        ids = self.prompt_ids(prompt)
        return (ids, None) if len(ids) < self.context else ([], _no_room(str(len(ids)), self.context))

    @property
    def system(self) -> str:
        """Text of the system turn, if the template needs one."""
        return self.prompts.system

    def prompt_ids(self, prompt: str) -> list[int]:
        """The tokens the model reads for a prompt; never empty."""
        return self.prompts.ids(prompt)

    def text_ids(self, text: str) -> list[int]:
        """The tokens of an answer or another text alone: no control token, whatever stands in it."""
        return self.prompts.written.ids(text)

    def format(self, prompt: str) -> str:
        """The text the tokenizer reads for a prompt."""
        return self.prompts.text(prompt)

    def with_settings(
        self,
        *,
        system: str | None = None,
        sampler: Sampler | None = None,
        template_options: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> LLMAgent:
        """The same model, drawn from differently: `agent.with_settings(temperature=0)`.

        Args:
            system: the words of a system turn; `None` keeps those there are.
            sampler: where completions come from; `None` keeps it.
            template_options: what the chat template is told besides the turns, such as `enable_thinking`; `None` keeps
                what it is told.
            changes: settings of `SamplingSettings`; `stop=None` means those of the model.

        Raises:
            ConfigError: no such setting, or a value that cannot work.
        """
        twin = self._twin()
        try:
            twin.settings = _ending(replace(self.settings, **changes), self.tokenizer)
        except TypeError:
            known = ", ".join(SamplingSettings.__dataclass_fields__)
            others = "system, sampler, template_options"
            raise ConfigError(f"unknown settings {sorted(changes)}; an agent has {known}, {others}") from None
        twin.prompts = self.prompts.changed(system, template_options)
        twin.sampler = self.sampler if sampler is None else sampler
        return twin

    def skipping(self, patterns: Sequence[str]) -> LLMAgent:
        """The same model, which does not read what matches regular expressions; see `skipping.skipping`."""
        tokenizer = skipping(self.tokenizer, patterns)
        if tokenizer is self.tokenizer:
            return self
        twin = self._twin()
        twin.tokenizer = tokenizer
        try:
            twin.prompts = PromptFormat(tokenizer, self.prompts.system, self.prompts.stop_ids, self.prompts.options)
        except ConfigError as error:  # the tokenizer as it was had none
            raise ConfigError(f"skips={list(patterns)!r} leave too little of a prompt: {error}") from None
        return twin

    def save_pretrained(self, folder: str | Path) -> None:
        """Write model and tokenizer in Hugging Face format (safetensors); what is no path is a ConfigError."""
        path_of("folder", folder, "models/mine")
        with without_bars():
            self.model.save_pretrained(str(folder))
        self.tokenizer.init_kwargs.pop("local_files_only", None)  # how it was loaded, which is no part of it
        self.tokenizer.save_pretrained(str(folder))


def _check_is_model(folder: Path) -> None:
    if (folder / ROLE_FILE).is_file():
        raise ConfigError(
            f"{str(folder)!r} is the checkpoint of a role that shares weights, not a model: load it with "
            "selfplay_gym.agents.load_agent"
        )


def _moved(model: Any, device: str) -> Any:
    try:
        return model.to(device)
    except (AssertionError, RuntimeError) as error:  # torch's words for a device that is not there
        raise ConfigError(f"device {device!r} cannot be used here: {str(error).partition(chr(10))[0]}") from None


def _own_length(model: Any) -> dict[str, Any]:
    """How long answers become by the model's own generation config; empty where that leaves it open."""
    found = getattr(getattr(model, "generation_config", None), "max_new_tokens", None)
    return {"max_new_tokens": found} if isinstance(found, int) and found > 0 else {}


def _stop_ids(model: Any, tokenizer: Any) -> tuple[int, ...]:
    found = [tokenizer.eos_token_id]
    configured = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    found += configured if isinstance(configured, list) else [configured]
    stops = tuple(dict.fromkeys(i for i in found if i is not None))
    if not stops:
        raise ConfigError("neither tokenizer nor generation config names an end-of-sequence token: set eos_token")
    return stops


def decoding_with(tokenizer: Any) -> Decode:
    """Tokens of completions → their texts, without special tokens."""
    return partial(tokenizer.batch_decode, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def _ending(settings: SamplingSettings, tokenizer: Any) -> SamplingSettings:
    """The settings with the stop strings of the model, where they say none."""
    if settings.stop is not None:
        return settings
    return replace(settings, stop=NEXT_QUESTION if tokenizer.chat_template is None else ())


def _no_room(tokens: str, context: int) -> str:
    return f"a prompt of {tokens} tokens leaves no room for an answer: the model reads {context}"
