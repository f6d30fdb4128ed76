"""Gymnasium environments in which an agent writes a SMILES token by token."""


def register_environments() -> None:
    """Make `moldesign/Smiles-v0` known to Gymnasium; the environments are imported when one is made."""
    from gymnasium.envs.registration import register  # noqa: PLC0415 (half of this package's import time)

    register(
        id="moldesign/Smiles-v0",
        entry_point="moldesign.envs.smiles_env:SmilesEnv",
        vector_entry_point="moldesign.envs.vector_env:SmilesVectorEnv",
    )
