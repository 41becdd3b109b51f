"""A team's own train function, with scikit-learn alone: torch need not be installed."""

# A file that is opened here is not seen to change unless the study lists it in trainer.inputs, and an environment
# variable is not seen here unless trainer.environment lists it. What counts: docs/own-train-function.md.

import numpy as np
from sklearn.neural_network import MLPClassifier

from assay_trainer.trial import InvalidRecipe, Trial

DEFAULTS = {"hidden": 32, "activation": "relu", "learningRate": 0.003, "alpha": 1e-4, "batchSize": 32, "centre": 0.0}


def train(trial: Trial) -> dict[str, float]:
    if unknown := sorted(trial.recipe.keys() - DEFAULTS):
        raise InvalidRecipe(f"recipe.{unknown[0]}: no such field; allowed: {', '.join(DEFAULTS)}")
    recipe = {**DEFAULTS, **trial.recipe}
    images, labels = trial.training_data()
    held_out_images, held_out_labels = trial.held_out()
    inputs = images.reshape(len(images), -1) / 255 - recipe["centre"]
    held_out_inputs = held_out_images.reshape(len(held_out_images), -1) / 255 - recipe["centre"]
    model = MLPClassifier(
        hidden_layer_sizes=(recipe["hidden"],),
        activation=recipe["activation"],
        learning_rate_init=recipe["learningRate"],
        alpha=recipe["alpha"],
        batch_size=min(trial.fidelity.batch_size or recipe["batchSize"], len(labels)),
        random_state=trial.seed,
    )
    for epoch in range(1, trial.fidelity.epochs + 1):
        model.partial_fit(inputs, labels, classes=np.arange(len(trial.classes)))
        with trial.timed("evaluation"):
            correct = model.predict(held_out_inputs) == held_out_labels
            accuracy = float(correct.mean())
        trial.report(epoch, accuracy=accuracy)
    trial.per_example(correct=correct)
    return {"accuracy": accuracy}
