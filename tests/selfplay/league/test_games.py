"""What a game is, and who won it: every kind of text of a challenger, and both seats of a turn game."""

import pytest

from selfplay_gym.core.errors import ConfigError, RunError
from selfplay_gym.core.registries import domains, make_agent, make_turn_game
from selfplay_gym.envs.game.domains import GameDomain, find_domain
from selfplay_gym.selfplay.league.games import QuestionGame, make_game, record_of, results
from selfplay_gym.selfplay.league.ratings.bradley_terry import Record
from selfplay_gym.selfplay.league.turn_match import TurnMatch


class Says:
    """Completes every prompt by the given texts, in turn."""

    def __init__(self, *texts):
        self.texts, self.prompts, self.seeds = texts, [], []

    def act(self, prompts, *, n=1, seed=None):
        self.prompts += prompts
        self.seeds.append(seed)
        given = iter(self.texts * (n * len(prompts) + 1))
        return [[next(given) for _ in range(n)] for _ in prompts]


def asks(text):
    return f"<question>{text}</question> \\boxed{{0}}"


TEXTS = (
    asks("What is 2+3?"),
    "no question at all",
    asks("What is 2+3?"),
    asks("Compute 2 + 3."),
    asks("Who was the first emperor of Rome?"),
    asks("What is 4*5?"),
    "",
    asks("What is 7/0?"),
    asks("What is 10-3?"),
)


def test_every_text_of_a_challenger_is_one_game_and_only_checked_questions_can_win_it():
    solver = Says(r"\boxed{5}", r"\boxed{21}", "seven, I think")
    found = QuestionGame("math").play(solver, Says(*TEXTS), len(TEXTS), seed=3)
    assert found == {"outcomes": "wmrrulmul"}
    assert len(solver.prompts) == 3, "only checked questions are put to the solver"
    assert record_of(found["outcomes"]) == Record(won=7, drawn=0, lost=2)


def test_what_a_challenger_claims_about_its_question_is_no_label():
    liar = Says(r"<question>What is 2+3?</question> \boxed{6}")
    assert QuestionGame("math").play(Says(r"\boxed{5}"), liar, 1, seed=0)["outcomes"] == "w"
    assert QuestionGame("math").play(Says(r"\boxed{6}"), liar, 1, seed=0)["outcomes"] == "l"


def test_equal_seeds_give_equal_matches_and_others_differ():
    game, solver, challenger = QuestionGame("math"), make_agent("noisy(accuracy=0.5)"), make_agent("generator")
    first = game.play(solver, challenger, 40, seed=5)
    assert game.play(solver, challenger, 40, seed=5) == first
    assert game.play(solver, challenger, 40, seed=6) != first


def test_labels_may_come_from_a_confirmed_vote_of_somebody_else():
    game = QuestionGame("math", "checked(agent=oracle, votes=4)")
    assert game.play(make_agent("oracle"), make_agent("generator"), 12, seed=0)["outcomes"].count("l") == 0
    wrong = QuestionGame("math", "checked(agent=random, votes=4)")
    assert set(wrong.play(make_agent("oracle"), make_agent("generator"), 12, seed=0)["outcomes"]) <= {"u", "r"}


@pytest.mark.parametrize(
    "labels", ["checked", "checked(agent=orcale)", "checked(oracle)", "checked(agent=oracle, votes=0)"]
)
def test_labels_that_cannot_be_given_are_refused(labels):
    with pytest.raises(ConfigError):
        QuestionGame("math", labels)


def test_a_domain_that_computes_nothing_needs_somebody_who_labels():
    math = find_domain("math")
    silent = GameDomain("silent", math.templates, math.read, "arithmetic", "majority", "oracle")
    domains.register("silent", silent)
    try:
        with pytest.raises(ConfigError, match="name who labels"):
            make_game("silent")
    finally:
        domains.unregister("silent")


@pytest.mark.parametrize(
    ("name", "labels", "says"),
    [("mth", "known", "Did you mean 'math'"), ("kuhn", "checked(agent=oracle)", "labels are for questions")],
)
def test_games_that_cannot_be_played_are_refused(name, labels, says):
    with pytest.raises(ConfigError, match=says):
        make_game(name, labels)


def test_a_letter_that_no_game_has_is_damage():
    with pytest.raises(RunError, match="'q'"):
        [*results("wlq")]


def test_a_player_that_breaks_the_rules_loses_from_either_seat():
    game = TurnMatch(make_turn_game("tic-tac-toe"))
    legal, illegal = make_agent("random-legal"), Says("nonsense")
    assert game.play(legal, illegal, 7, seed=0)["outcomes"] == "w" * 7
    assert game.play(illegal, legal, 7, seed=0)["outcomes"] == "l" * 7


def test_both_begin_half_of_the_games_from_the_same_draws():
    class Watching:
        name = "watching"

        def __init__(self):
            self.inner, self.first = make_agent("random-legal"), []

        def act(self, prompts, *, n=1, seed=None):
            self.first += prompts[:1]
            return self.inner.act(prompts, n=n, seed=seed)

    one, other = Watching(), Watching()
    found = TurnMatch(make_turn_game("kuhn")).play(one, other, 40, seed=1)
    assert len(found["outcomes"]) == 40
    assert one.first[0] == other.first[0] or one.first[0].splitlines()[0] == other.first[0].splitlines()[0]
    assert sum(found["rewards"]) == pytest.approx(0)
    assert -2 <= found["rewards"][0] <= 2
    again = TurnMatch(make_turn_game("kuhn")).play(Watching(), Watching(), 40, seed=1)
    assert again == found


def test_perfect_play_never_loses():
    game, perfect = TurnMatch(make_turn_game("tic-tac-toe")), make_agent("tic-tac-toe-perfect")
    assert "l" not in game.play(perfect, make_agent("random-legal"), 20, seed=0)["outcomes"]
    assert game.play(perfect, perfect, 4, seed=0)["outcomes"] == "dddd"
