"""A training loop as people have it, with a Dataset and a DataLoader. What Assay needed is marked: seven lines."""

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from assay_trainer.trial import Trial  # assay


class Digits(Dataset[tuple[torch.Tensor, int]]):
    """Handwritten digits, some for training and the others for validation."""

    def __init__(self, training: bool) -> None:
        digits = load_digits()
        part = slice(None, 1400) if training else slice(1400, None)
        self.images, self.labels = digits.images[part], digits.target[part]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.tensor(self.images[index] / 16, dtype=torch.float32), int(self.labels[index])


def main(trial: Trial) -> dict[str, float]:  # assay: was main(arguments)
    arguments = {"hidden": 64, "rate": 1e-3, "decay": 0.0, **trial.recipe}  # assay
    digits = Digits(training=True)
    part = Subset(digits, trial.kept(len(digits)).tolist())  # assay: dataPercent of them, drawn anew for each seed
    training = DataLoader(part, batch_size=32, shuffle=True, drop_last=True)
    validation = DataLoader(Digits(training=False), batch_size=256)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, arguments["hidden"]), nn.ReLU(), nn.LazyLinear(10))
    model(torch.zeros(1, 8, 8))  # the lazy layer now knows its size
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments["rate"], weight_decay=arguments["decay"])
    for epoch in range(trial.fidelity.epochs):  # assay: was arguments["epochs"]
        for images, labels in training:
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.inference_mode():
            correct = torch.cat([model(images).argmax(1) == labels for images, labels in validation])
        accuracy = correct.float().mean().item()
        print(f"epoch {epoch}: accuracy {accuracy:.3f}")
        trial.report(epoch + 1, accuracy=accuracy)  # assay
    return {"accuracy": accuracy}  # assay
