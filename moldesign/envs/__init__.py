"""Gymnasium environments in which an agent writes a SMILES token by token."""

ENV_ID = "moldesign/Smiles-v0"


def register_environments() -> None:
    """Make `moldesign/Smiles-v0` known to Gymnasium, once; the environments are imported when one is made."""
    from gymnasium.envs.registration import register, registry  # noqa: PLC0415 (half of this package's import time)

    if ENV_ID not in registry:
        register(
            id=ENV_ID,
            entry_point="moldesign.envs.smiles_env:SmilesEnv",
            vector_entry_point="moldesign.envs.vector_env:SmilesVectorEnv",
        )
