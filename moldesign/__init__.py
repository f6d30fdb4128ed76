"""Design molecules: state what they must be, let a policy learn to write them, see why each one is believed in.

Importing the package registers its Gymnasium environments; everything heavier is loaded when it is first used.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

from moldesign.envs import register_environments

if TYPE_CHECKING:
    from moldesign.errors import MoldesignError
    from moldesign.generation.loop import GenerationResult, generate
    from moldesign.objectives.profile import Profile, default_profile, load_profile, parse_goals
    from moldesign.objectives.reward import Rewards
    from moldesign.policies.bundled import Prior, load_prior
    from moldesign.predictors.bundled import load_predictor
    from moldesign.predictors.completing import TrainingResult
    from moldesign.predictors.continue_options import ContinueOptions
    from moldesign.predictors.continuing import continue_training
    from moldesign.predictors.ensemble import Predictor
    from moldesign.predictors.estimators import MoleculeClassifier, MoleculeRegressor
    from moldesign.predictors.modelling import train_predictor
    from moldesign.predictors.onnx_export import export_onnx
    from moldesign.predictors.predictions import Predictions
    from moldesign.predictors.train_options import TrainOptions
    from moldesign.screening.frames import screen

__all__ = [
    "ContinueOptions",
    "GenerationResult",
    "MoldesignError",
    "MoleculeClassifier",
    "MoleculeRegressor",
    "Predictions",
    "Predictor",
    "Prior",
    "Profile",
    "Rewards",
    "TrainOptions",
    "TrainingResult",
    "continue_training",
    "default_profile",
    "export_onnx",
    "generate",
    "load_predictor",
    "load_prior",
    "load_profile",
    "parse_goals",
    "screen",
    "train_predictor",
]

_HOMES = {
    "ContinueOptions": "moldesign.predictors.continue_options",
    "GenerationResult": "moldesign.generation.loop",
    "MoldesignError": "moldesign.errors",
    "MoleculeClassifier": "moldesign.predictors.estimators",
    "MoleculeRegressor": "moldesign.predictors.estimators",
    "Predictions": "moldesign.predictors.predictions",
    "Predictor": "moldesign.predictors.ensemble",
    "Prior": "moldesign.policies.bundled",
    "Profile": "moldesign.objectives.profile",
    "Rewards": "moldesign.objectives.reward",
    "TrainOptions": "moldesign.predictors.train_options",
    "TrainingResult": "moldesign.predictors.completing",
    "continue_training": "moldesign.predictors.continuing",
    "default_profile": "moldesign.objectives.profile",
    "export_onnx": "moldesign.predictors.onnx_export",
    "generate": "moldesign.generation.loop",
    "load_predictor": "moldesign.predictors.bundled",
    "load_prior": "moldesign.policies.bundled",
    "load_profile": "moldesign.objectives.profile",
    "parse_goals": "moldesign.objectives.profile",
    "screen": "moldesign.screening.frames",
    "train_predictor": "moldesign.predictors.modelling",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return metadata.version("moldesign")
    if name not in _HOMES:
        raise AttributeError(f"module 'moldesign' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


register_environments()
