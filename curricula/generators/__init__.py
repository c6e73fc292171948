"""Writes procedural questions with a computable reference, at the level that a curriculum asks for.

The names stand here as strings, unlike those of the curricula: the code generators take about 15 ms to load, and most
programs that import `selfplay_gym` never build one.
"""

from ...core.registries import register_generator

register_generator("arithmetic", "selfplay_gym.curricula.generators.arithmetic:ArithmeticGenerator")
register_generator("equation", "selfplay_gym.curricula.generators.equations:EquationGenerator")
register_generator("chains", "selfplay_gym.curricula.generators.chains:ChainGenerator")
register_generator("composed", "selfplay_gym.curricula.generators.equations:ComposedGenerator")
register_generator("word-problem", "selfplay_gym.curricula.generators.word_problems:WordProblemGenerator")
register_generator("units", "selfplay_gym.curricula.generators.units:UnitGenerator")
register_generator("sequences", "selfplay_gym.curricula.generators.sequences:SequenceGenerator")
register_generator("mixed", "selfplay_gym.curricula.generators.mixed:MixedGenerator")
register_generator("school", "selfplay_gym.curricula.generators.mixed:SchoolGenerator")
register_generator("families", "selfplay_gym.curricula.generators.mixed:FamilyGenerator")

register_generator("knights", "selfplay_gym.curricula.generators.logic.knights:KnightGenerator")
register_generator("ordering", "selfplay_gym.curricula.generators.logic.ordering:OrderingGenerator")
register_generator("clauses", "selfplay_gym.curricula.generators.logic.clauses:ClauseGenerator")
register_generator("subset-sums", "selfplay_gym.curricula.generators.logic.subset_sums:SubsetSumGenerator")
register_generator("grid-paths", "selfplay_gym.curricula.generators.logic.grid_paths:GridPathGenerator")
register_generator("quantifiers", "selfplay_gym.curricula.generators.logic.quantifiers:QuantifierGenerator")

register_generator("code", "selfplay_gym.curricula.generators.programs:CodeGenerator")
register_generator("program", "selfplay_gym.curricula.generators.programs:ProgramGenerator")
register_generator("deduction", "selfplay_gym.curricula.generators.programs:DeductionGenerator")
register_generator("deduction:", "selfplay_gym.curricula.generators.programs:DeductionGenerator")
register_generator("abduction", "selfplay_gym.curricula.generators.programs:AbductionGenerator")
register_generator("induction", "selfplay_gym.curricula.generators.programs:InductionGenerator")
