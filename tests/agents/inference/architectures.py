"""Shapes of small random models of many architectures, for `AutoConfig.for_model`."""

from __future__ import annotations

from typing import Any

BASE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "intermediate_size": 96,
    "max_position_embeddings": 256,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
EXPERTS = {"num_experts": 4, "num_local_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 48}
GPT = {"n_embd": 64, "n_layer": 2, "n_head": 4, "n_positions": 256}
WINDOW = {"sliding_window": 16}
HEAD = {"head_dim": 16}
LATENT = {
    "q_lora_rank": 16,
    "kv_lora_rank": 16,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 16,
    "num_key_value_heads": 4,
}
ROUTED = {**EXPERTS, "n_routed_experts": 4, "n_group": 1, "topk_group": 1, "first_k_dense_replace": 1}
LINEAR = {
    "num_hidden_layers": 4,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 4,
    "linear_key_head_dim": 16,
    "linear_value_head_dim": 16,
}
STATE = {"mamba_n_groups": 1, "mamba_d_state": 16, "mamba_chunk_size": 16, "mamba_d_head": 16}
CONVOLUTIONS = {"num_hidden_layers": 3, "layer_types": ["conv", "full_attention", "conv"]}

ATTENTION: dict[str, dict[str, Any]] = {
    "gpt2": GPT,
    "gptj": {**GPT, "rotary_dim": 8},
    "gpt_bigcode": GPT,
    "codegen": {**GPT, "rotary_dim": 8},
    "gpt_neo": {"num_layers": 2, "num_heads": 4, "attention_types": [[["global", "local"], 1]]},
    "gpt_neox": {},
    "bloom": {"n_layer": 2, "n_head": 4},
    "falcon": {"num_kv_heads": 2, "new_decoder_architecture": True},
    "mpt": {"d_model": 64, "n_heads": 4, "n_layers": 2, "max_seq_len": 256},
    "opt": {"ffn_dim": 96, "word_embed_proj_dim": 64},
    "xglm": {"d_model": 64, "num_layers": 2, "attention_heads": 4, "ffn_dim": 96},
    "biogpt": {},
    "gemma": HEAD,
    "gemma2": {**HEAD, **WINDOW},
    "gemma3_text": {**HEAD, **WINDOW},
    "vaultgemma": {**HEAD, **WINDOW},
    "phi": {},
    "phi3": {},
    "phimoe": EXPERTS,
    "mistral": WINDOW,
    "ministral": {**HEAD, **WINDOW},
    "mixtral": EXPERTS,
    "llama": {},
    "llama4_text": {**EXPERTS, **HEAD, "intermediate_size_mlp": 96, "attention_chunk_size": 64},
    "qwen2": {},
    "qwen2_moe": {**EXPERTS, "shared_expert_intermediate_size": 48},
    "qwen3": HEAD,
    "qwen3_moe": {**EXPERTS, **HEAD},
    "olmo": {},
    "olmo2": {},
    "olmo3": WINDOW,
    "olmoe": EXPERTS,
    "granite": {},
    "granitemoe": EXPERTS,
    "deepseek_v2": {**ROUTED, **LATENT, "q_lora_rank": None, "topk_method": "greedy", "head_dim": 8},
    "deepseek_v3": {**ROUTED, **LATENT, "n_group": 2},
    "minicpm3": LATENT,
    "glm": HEAD,
    "glm4": HEAD,
    "glm4_moe": {**ROUTED, **HEAD},
    "ernie4_5": {},
    "ernie4_5_moe": {**EXPERTS, "moe_num_experts": 4, "moe_k": 2},
    "dots1": {**ROUTED, "routed_scaling_factor": 1.0, "n_shared_experts": 1},
    "gpt_oss": {**EXPERTS, **HEAD, **WINDOW},
    "cohere": {},
    "cohere2": WINDOW,
    "stablelm": {},
    "starcoder2": {},
    "nemotron": {},
    "persimmon": {},
    "helium": HEAD,
    "exaone4": {**HEAD, **WINDOW},
    "smollm3": {},
    "hunyuan_v1_dense": HEAD,
    "diffllama": {},
    "arcee": {},
    "seed_oss": HEAD,
    "apertus": {},
    "doge": {},
    "jetmoe": {**EXPERTS, "kv_channels": 16},
}

HYBRID: dict[str, dict[str, Any]] = {
    "lfm2": CONVOLUTIONS,
    "lfm2_moe": {**CONVOLUTIONS, **EXPERTS, "num_dense_layers": 1},
    "qwen3_next": {**LINEAR, **EXPERTS, **HEAD, "shared_expert_intermediate_size": 48},
    "qwen3_5_text": {**LINEAR, **HEAD},
    "olmo_hybrid": LINEAR,
    "falcon_h1": {**STATE, **HEAD, "mamba_d_ssm": 64, "mamba_n_heads": 4},
    "bamba": {**STATE, "mamba_n_heads": 8, "attn_layer_indices": [1]},
    "granitemoehybrid": {
        **STATE,
        **EXPERTS,
        "mamba_n_heads": 8,
        "layer_types": ["mamba", "attention"],
        "shared_intermediate_size": 48,
    },
    "jamba": {
        **EXPERTS,
        "mamba_d_state": 8,
        "mamba_dt_rank": 4,
        "attn_layer_period": 2,
        "attn_layer_offset": 1,
        "expert_layer_period": 2,
        "expert_layer_offset": 1,
        "use_mamba_kernels": False,
    },
    "nemotron_h": {
        "layers_block_type": ["mamba", "attention", "moe"],
        "num_hidden_layers": 3,
        "ssm_state_size": 16,
        "mamba_num_heads": 4,
        "mamba_head_dim": 16,
        "n_groups": 1,
        "chunk_size": 16,
        "head_dim": 16,
        "n_routed_experts": 4,
        "moe_intermediate_size": 48,
        "moe_shared_expert_intermediate_size": 48,
        "num_experts_per_tok": 2,
    },
    "mamba2": {"state_size": 8, "num_heads": 8, "head_dim": 16, "expand": 2, "n_groups": 1, "chunk_size": 16},
    "minimax": {**EXPERTS, **HEAD, "block_size": 16},
}
"""Some layers keep a state instead of keys and values; their cache's own API chooses rows."""

RECURRENT: dict[str, dict[str, Any]] = {
    "mamba": {"state_size": 8, "time_step_rank": 4, "expand": 2},
    "falcon_mamba": {"state_size": 8, "time_step_rank": 4, "expand": 2},
    "rwkv": {"attention_hidden_size": 64, "context_length": 256},
    "recurrent_gemma": {
        "num_hidden_layers": 3,
        "lru_width": 64,
        "attention_window_size": 64,
        "head_dim": 16,
        "num_key_value_heads": 1,
    },
}
"""They read padding as text, or keep their state to themselves: decoded without a cache."""

ALL = {**ATTENTION, **HYBRID, **RECURRENT}
