"""Each part of an installed package passes its kit, and plays wherever a name does."""

import pytest

from selfplay_gym.core.registries import ALL

KITS = r"""
import selfplay_gym as sg
from selfplay_gym.core.records import Question
from selfplay_gym.testing import *

first = sg.make_verifier("first-letters")
check_verifier(first, right=r"\boxed{42}", wrong=r"\boxed{41}")
check_reward(sg.make_reward("brief"))
check_generator(sg.make_generator("formulas"), verifier=first)
check_curriculum(sg.make_curriculum("staircase"))
check_agent(sg.make_agent("logician"))
check_source(sg.make_source("laws"))
check_stage(sg.make_stage("human-gate"))
check_policy(sg.make_policy("no-lies(word=lie)"), refused=["This is a lie."])
check_domain(sg.make_domain("logic"), proposal=r"<question>What is true and not false?</question> \boxed{true}")
"""


def test_each_passes_its_kit(python):
    python("-c", KITS)


PLAY = r"""
import gymnasium as gym
import selfplay_gym as sg
from logic_game import agent, curriculum, generator, policy, reward, source, verifier
from logic_game.formulas import read, value
from selfplay_gym.envs.game.domains import held_out

FORMS = {  # by name and options, by dict, and live
    "verifier": ("first-letters(letters=1)", {"name": "first-letters", "letters": 1}, verifier.FirstLettersVerifier),
    "curriculum": ("staircase(start=0.5)", {"name": "staircase", "start": 0.5}, curriculum.StaircaseCurriculum),
    "generator": ("formulas(longest=5)", {"name": "formulas", "longest": 5}, generator.FormulaGenerator),
    "reward": ("brief(weight=2.0)", {"name": "brief", "weight": 2.0}, reward.BriefReward),
    "source": ("laws(law=contradiction)", {"name": "laws", "law": "contradiction"}, source.LawSource),
    "policy": ("no-lies(word=What)", {"name": "no-lies", "word": "What"}, policy.NoLies),
    "opponent": ("logician(accuracy=0.5)", {"name": "logician", "accuracy": 0.5}, agent.Logician),
}


def form(name, which):
    text, mapping, kind = FORMS[name]
    options = {key: option for key, option in mapping.items() if key != "name"}
    return (text, mapping, kind(**options))[which]


def play(options, role="solver"):
    # (what was asked, level, reward and terms) of an episode
    env = gym.make("SelfPlayMath-v0", role=role, **options)
    prompt, info = env.reset(seed=3)
    action = r"\boxed{t}" if role == "solver" else r"<question>What is true or false?</question> \boxed{true}"
    _, earned, *_, after = env.step(action)
    return prompt, info["level"], earned, after["reward_terms"]


def forms(*names, role="solver"):
    played = [play({name: form(name, which) for name in names}, role) for which in range(3)]
    assert played[0] == played[1] == played[2], played
    return played[0]


prompt, level, earned, _ = forms("verifier", "curriculum", "generator")
assert level == 0.5 and read(prompt) and earned == (value(read(prompt)) == "true")
assert prompt.count("true") + prompt.count("false") == 4
assert forms("policy", role="challenger")[2] == 0.0  # it asks "What is true or false?"
prompt, *_ = forms("source", "verifier")
assert " and not " in prompt and value(read(prompt)) == "false"
assert read(forms("opponent", "verifier")[0])
_, _, earned, terms = forms("opponent", "reward", "verifier", "curriculum", role="challenger")
assert abs(terms["brevity"] - 2 * (1 - len("What is true or false?") / 100)) < 1e-9
assert terms["variance"] > 0 and abs(earned - sum(terms.values())) < 1e-9
for name, (_, mapping, _) in FORMS.items():
    play({name: mapping["name"]})

# what an exam of these formulas may ask, no game asks, whatever is played
env = gym.make("SelfPlayMath-v0", generator="formulas", verifier="first-letters", reuse=1)
asked = [env.reset(seed=0 if i == 0 else None)[0] for i in range(60)]
assert not any(held_out(sg.Question(text, domain="logic")) for text in asked)

# its own game: both roles, groups, PettingZoo
env = gym.make("SelfPlayLogic-v0")
question, _ = env.reset(seed=0)
assert env.step(rf"\boxed{{{value(read(question))}}}")[1] == 1.0
env = gym.make("SelfPlayLogic-v0", role="challenger", reward="brief", attempts=4)
env.reset(seed=0)
_, earned, *_, info = env.step(r"<question>What is true or false?</question> \boxed{true}")
assert info["label"] == "true" and earned > 0
assert env.reset() and env.step("What is it?")[1] == 0.0
group = gym.make_vec("SelfPlayLogic-v0", num_envs=2)
questions, _ = group.reset(seed=0)
assert list(group.step((r"\boxed{true}", r"\boxed{false}"))[1]) in ([1.0, 0.0], [0.0, 1.0])
aec = sg.envs.aec_env("logic", attempts=2)
aec.reset(seed=0)
texts = {"challenger_0": r"<question>What is not false?</question> \boxed{true}", "solver_0": r"\boxed{true}"}
rewards = {}
for player in aec.agent_iter(3):
    aec.step(texts.get(player, r"\boxed{false}"))
    rewards |= {name: earned for name, earned in aec.rewards.items()}
assert rewards["solver_0"] == 1.0 and rewards["solver_1"] == 0.0, rewards
import pettingzoo
if hasattr(pettingzoo, "make"):
    pettingzoo.make("parallel", "SelfPlayLogic-v0").reset(seed=0)
print("played")
"""


def test_each_plays_in_gym_make_in_all_forms_of_options(python):
    assert python("-c", PLAY).strip() == "played"


def test_without_the_package_the_names_are_unknown(names):
    for kind, name in names.items():
        with pytest.raises(LookupError, match=name):
            ALL[kind].make(name)
