"""What to ask next: curricula choose a level, generators write a question of that level with a computable reference."""

from ..core.registries import register_curriculum, register_generator

register_curriculum("fixed", "selfplay_gym.curricula.fixed:FixedCurriculum")
register_curriculum("linear", "selfplay_gym.curricula.linear:LinearCurriculum")
register_curriculum("band", "selfplay_gym.curricula.band:BandCurriculum")

register_generator("arithmetic", "selfplay_gym.curricula.arithmetic:ArithmeticGenerator")
register_generator("equation", "selfplay_gym.curricula.equations:EquationGenerator")
register_generator("composed", "selfplay_gym.curricula.equations:ComposedGenerator")
register_generator("mixed", "selfplay_gym.curricula.mixed:MixedGenerator")

register_generator("code", "selfplay_gym.curricula.programs:CodeGenerator")
register_generator("program", "selfplay_gym.curricula.programs:ProgramGenerator")
register_generator("deduction", "selfplay_gym.curricula.programs:DeductionGenerator")
register_generator("deduction:", "selfplay_gym.curricula.programs:DeductionGenerator")
register_generator("abduction", "selfplay_gym.curricula.programs:AbductionGenerator")
register_generator("induction", "selfplay_gym.curricula.programs:InductionGenerator")
