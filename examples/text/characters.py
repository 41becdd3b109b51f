"""A small transformer on characters. Its text is the Python language's own help, which every Python brings along."""

from pydoc_data.topics import topics

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from assay_trainer.trial import InvalidRecipe, Trial

DEFAULTS = {"width": 48, "layers": 1, "heads": 2, "learningRate": 3e-3, "length": 48, "batchSize": 32}


def train(trial: Trial) -> dict[str, float]:
    if unknown := sorted(trial.recipe.keys() - DEFAULTS):
        raise InvalidRecipe(f"recipe.{unknown[0]}: no such field; allowed: {', '.join(DEFAULTS)}")
    recipe = {**DEFAULTS, **trial.recipe}
    text = torch.tensor(list("".join(topics.values()).encode("ascii", "replace")[:100_000]))
    training, held_out = windows(text[:90_000], recipe["length"]), windows(text[90_000:], 48)
    training = training[trial.kept(len(training))]  # dataPercent of the windows, drawn anew for each seed
    training, held_out = training.to(trial.device), held_out.to(trial.device)
    model = Transformer(recipe["width"], recipe["layers"], recipe["heads"]).to(trial.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe["learningRate"])
    size = trial.fidelity.batch_size or recipe["batchSize"]
    for epoch in range(1, trial.fidelity.epochs + 1):
        for batch in torch.split(training[torch.randperm(len(training))], size):
            with trial.timed("forward"):
                loss = cross_entropy(model(batch[:, :-1]).mT, batch[:, 1:])
            with trial.timed("backward"):
                loss.backward()  # type: ignore[no-untyped-call]
            with trial.timed("optimizer"):
                optimizer.step()
                optimizer.zero_grad()
            trial.count_samples(len(batch))
        with trial.timed("evaluation"), torch.inference_mode():
            losses = cross_entropy(model(held_out[:, :-1]).mT, held_out[:, 1:], reduction="none").mean(1)
        trial.report(epoch, loss=losses.mean().item())
    trial.per_example(loss=losses)
    return {"loss": losses.mean().item()}  # nats a character


class Transformer(nn.Module):
    """Predicts the next character."""

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.characters, self.positions = nn.Embedding(128, width), nn.Embedding(512, width)
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout=0.0, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, 128)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(batch.shape[1], batch.device)
        hidden = self.characters(batch) + self.positions(torch.arange(batch.shape[1], device=batch.device))
        logits: torch.Tensor = self.head(self.layers(hidden, mask, is_causal=True))
        return logits


def windows(text: torch.Tensor, length: int) -> torch.Tensor:
    return text[: len(text) // length * length].reshape(-1, length)
