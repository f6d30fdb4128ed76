"""Reinforcement learning: losses, replay, and the learner that owns the optimizer."""
