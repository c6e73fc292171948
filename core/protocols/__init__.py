"""The contracts a plug-in can fill. Structural: nothing to inherit from, except for convenience.

verifier  judges attempts               curriculum  chooses levels          agent   plays a role
generator writes procedural questions   source      where questions come from   domain  what is played
reward    rewards challengers           stage       one part of a run       update  how a role learns
condition what a challenger is asked for             perturbation  changes a question, not the knowledge of its answer
policy    refuses what models write        tracker     keeps a record of runs elsewhere
turn game rules of a game of several turns             workers   do chunks of work in other processes
opponents whom its player meets in training            credit    what its moves are worth
"""

from .game import Condition, Domain, Draw, GameWords, Parts, Perturbation, QuestionSource, RewardRule, Words
from .players import Agent, BaseVerifier, CompletionSampler, Curriculum, Generator, Reader, Rng, Verifier, unreadable
from .policies import OutputPolicy, rulings
from .runs import Credit, Opponents, Stage, Update
from .tracking import Cell, TrackedRun, Tracker
from .turns import ShowsState, TurnGame
from .workers import Workers

__all__ = [
    "Agent",
    "BaseVerifier",
    "Cell",
    "CompletionSampler",
    "Condition",
    "Credit",
    "Curriculum",
    "Domain",
    "Draw",
    "GameWords",
    "Generator",
    "Opponents",
    "OutputPolicy",
    "Parts",
    "Perturbation",
    "QuestionSource",
    "Reader",
    "RewardRule",
    "Rng",
    "ShowsState",
    "Stage",
    "TrackedRun",
    "Tracker",
    "TurnGame",
    "Update",
    "Verifier",
    "Words",
    "Workers",
    "rulings",
    "unreadable",
]
