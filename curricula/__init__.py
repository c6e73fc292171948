"""What to ask next: curricula choose a level, generators write a question of that level with a computable reference."""

from ..core.registries import register_curriculum, register_generator

register_curriculum("fixed", "selfplay_gym.curricula.fixed:FixedCurriculum")
register_curriculum("linear", "selfplay_gym.curricula.linear:LinearCurriculum")
register_curriculum("band", "selfplay_gym.curricula.band:BandCurriculum")

register_generator("arithmetic", "selfplay_gym.curricula.generators.arithmetic:ArithmeticGenerator")
register_generator("equation", "selfplay_gym.curricula.generators.equations:EquationGenerator")
register_generator("composed", "selfplay_gym.curricula.generators.equations:ComposedGenerator")
register_generator("mixed", "selfplay_gym.curricula.generators.mixed:MixedGenerator")

register_generator("code", "selfplay_gym.curricula.generators.programs:CodeGenerator")
register_generator("program", "selfplay_gym.curricula.generators.programs:ProgramGenerator")
register_generator("deduction", "selfplay_gym.curricula.generators.programs:DeductionGenerator")
register_generator("deduction:", "selfplay_gym.curricula.generators.programs:DeductionGenerator")
register_generator("abduction", "selfplay_gym.curricula.generators.programs:AbductionGenerator")
register_generator("induction", "selfplay_gym.curricula.generators.programs:InductionGenerator")
