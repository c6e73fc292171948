"""Where the questions of a run, or of a view, come from.

    challenger          the agent in the role "challenger" writes; what cannot be read is rejected with its reason
    procedural          the generator writes, at the levels that the curriculum asks for
    agent(name=…)       any registered agent writes: agent(name=generator), agent(name=llm:models/mine)
    file(path=…)        the rows of a JSONL file, {"question": …, "answer": …}, each asked once, or again and again
    open(data=…)        published questions with answers: reasoning-gym, GSM8K and its like, any data set or JSONL file
    replay              questions of earlier rounds, asked again
    adversarial(of=…)   those of another source, perturbed; their right answers stay known
    league              challengers of the run's league write, its snapshots of earlier rounds

A source draws only from streams of `draw.seed`, `draw.round` and its own name: equal draws give equal questions, and
no source changes what another one draws. `mixing` deals out the shares.
"""
