"""Who plays a role: scripted agents of known skill, and language models with their training."""

from typing import TYPE_CHECKING, Any

from ..core.registries import register_agent, register_policy, register_sampler, register_update, register_workers
from .packages import check_models

if TYPE_CHECKING:
    from .load import load_agent
    from .models.llm import LLMAgent

register_agent("oracle", "selfplay_gym.agents.scripted.math_agents:OracleAgent")
register_agent("noisy", "selfplay_gym.agents.scripted.math_agents:NoisyAgent")
register_agent("random", "selfplay_gym.agents.scripted.math_agents:RandomAgent")
register_agent("coder", "selfplay_gym.agents.scripted.programs:CoderAgent")
register_agent("echo", "selfplay_gym.agents.scripted.math_agents:EchoAgent")
register_agent("generator", "selfplay_gym.agents.scripted.math_agents:GeneratorAgent")
register_agent("random-legal", "selfplay_gym.agents.scripted.turn_players:RandomLegal")
register_agent("tic-tac-toe-perfect", "selfplay_gym.agents.scripted.turn_players:PerfectTicTacToe")
register_agent("kuhn-equilibrium", "selfplay_gym.agents.scripted.turn_players:KuhnEquilibrium")
register_agent("negotiator", "selfplay_gym.agents.scripted.turn_players:Negotiator")
register_agent("coalition", "selfplay_gym.agents.coalition.agent:coalition")
register_agent("openai:", "selfplay_gym.agents.remote.openai_agent:OpenAIAgent")
register_agent("llm:", "selfplay_gym.agents.load:load_agent")
register_agent("tiny", "selfplay_gym.agents.models.shipped:tiny_agent")
register_agent("frontier", "selfplay_gym.agents.models.shipped:frontier_agent")

register_sampler("local", "selfplay_gym.agents.remote.samplers:local")
register_sampler("openai", "selfplay_gym.agents.remote.samplers:openai")
register_sampler("vllm", "selfplay_gym.agents.remote.samplers:vllm")
register_sampler("sglang", "selfplay_gym.agents.remote.samplers:sglang")
register_sampler("ray", "selfplay_gym.agents.workers.ray_sampler:ray")

register_update("grpo", "selfplay_gym.agents.training.updates:GRPOUpdate")
register_update("rft", "selfplay_gym.agents.training.rft:RejectionFineTuning")
register_update("dpo", "selfplay_gym.agents.training.preferences.dpo:DirectPreferenceOptimisation")

register_workers("here", "selfplay_gym.agents.workers.named:Here")
register_workers("processes", "selfplay_gym.agents.workers.processes:Processes")
register_workers("ray", "selfplay_gym.agents.workers.ray_workers:open_workers")

register_policy("endpoint:", "selfplay_gym.agents.remote.guard_model:GuardModelPolicy")

__all__ = ["LLMAgent", "load_agent"]


def __getattr__(name: str) -> Any:
    """Language models bring torch with them, so they are imported when first asked for."""
    if name == "LLMAgent":
        check_models("LLMAgent")
        from .models.llm import LLMAgent

        return LLMAgent
    if name == "load_agent":
        from .load import load_agent

        return load_agent
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
