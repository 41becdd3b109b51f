"""A team's own train function, in plain torch: a DataLoader, a model, a loop."""

# A file that is opened here is not seen to change unless the study lists it in trainer.inputs, and an environment
# variable is not seen here unless trainer.environment lists it. What counts: docs/own-train-function.md.

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from assay_trainer.trial import Trial


def train(trial: Trial) -> dict[str, float]:
    images, labels = trial.training_data()
    held_out_images, held_out_labels = (torch.from_numpy(array).to(trial.device) for array in trial.held_out())
    batch_size = trial.fidelity.batch_size or trial.recipe.get("batchSize", 64)
    examples = TensorDataset(torch.from_numpy(images), torch.from_numpy(labels))
    loader = DataLoader(examples, batch_size, shuffle=True)  # torch's generator is seeded with trial.seed already
    hidden = trial.recipe.get("hidden", 64)
    layers = [nn.Flatten(), nn.LazyLinear(hidden), nn.ReLU(), nn.Linear(hidden, len(trial.classes))]
    model = nn.Sequential(*layers).to(trial.device)
    model(held_out_images[:1] / 255)  # the lazy layer now knows its size
    optimizer = torch.optim.Adam(model.parameters(), lr=trial.recipe.get("learningRate", 1e-3))
    for epoch in range(1, trial.fidelity.epochs + 1):
        for batch, targets in loader:
            with trial.timed("copy_to_device"):
                inputs, targets = batch.to(trial.device) / 255, targets.to(trial.device)
            with trial.timed("forward"):
                loss = nn.functional.cross_entropy(model(inputs), targets)
            with trial.timed("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
            with trial.timed("optimizer"):
                optimizer.step()
                optimizer.zero_grad()
        with trial.timed("evaluation"), torch.inference_mode():
            correct = model(held_out_images / 255).argmax(1) == held_out_labels
            accuracy = correct.float().mean().item()
        trial.report(epoch, accuracy=accuracy)
    trial.per_example(correct=correct)
    return {"accuracy": accuracy}
