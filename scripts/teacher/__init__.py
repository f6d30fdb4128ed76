"""The teacher: a stack of models as accurate as its maker can have them, whatever they cost.

What ships is a small network that learns from it. The parts: `features` and `trees` are the boosted trees on computed
descriptors, `folds` and `crossfit` give predictions of molecules that a model has not seen, `stack` weighs several
models by those, and `blend` writes the teacher's predictions of the test molecules. `tasks` and `store` are what all
models share: the rows of each benchmark task and the files of their predictions.
"""
