"""The data of `dit_data.py` on the training device, handed out in batches of one size."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from .stored import restore
from .vae_start import LATENT_SCALE


@dataclass
class Batch:
    """One training batch; see `dit_model.velocity` for the shapes."""

    x0: Tensor
    text: Tensor
    keep: Tensor
    pooled: Tensor

    def rows(self, first: int) -> Batch:
        """Return the rows from `first` on."""
        return Batch(self.x0[first:], self.text[first:], self.keep[first:], self.pooled[first:])


@dataclass
class _Group:
    """All scenes of one picture size: their latents and the numbers of their captions."""

    latents: Tensor
    captions: Tensor


class Scenes:
    """Latents and text features, drawn in batches of one picture size.

    Args:
        folder: The folder with the numbered files of `dit_data.py`.
        generator: Source of randomness, on `device`.
        device: Where everything is kept; a scene takes about 12 kB, a caption about 9 kB.
        tokens: Picture tokens in a batch.
        large: Draw each size as often as all its scenes have tokens, not as it has scenes.
    """

    def __init__(
        self,
        folder: Path,
        generator: torch.Generator,
        device: torch.device,
        tokens: int,
        large: bool = False,
    ) -> None:
        self.generator, self.tokens = generator, tokens
        texts, pooled, numbers, latents = _read(folder)
        self.texts = nn.utils.rnn.pad_sequence(texts, batch_first=True).to(device)
        self.lengths = torch.tensor([len(text) for text in texts], device=device)
        self.pooled = pooled.to(device)
        by_size = defaultdict(list)
        for index, latent in enumerate(latents):
            by_size[latent.shape].append(index)
        self.groups = [
            _Group(
                torch.stack([latents[i] for i in indices]).to(device), numbers[indices].to(device)
            )
            for indices in by_size.values()
        ]
        self.count = len(latents)
        weights = [group.latents.numel() if large else len(group.latents) for group in self.groups]
        self.shares = torch.tensor(weights, dtype=torch.float32)
        self.chooser = torch.Generator().manual_seed(generator.initial_seed())

    def batch(self) -> Batch:
        """Draw a batch; sizes of more scenes are drawn more often."""
        group = self.groups[int(torch.multinomial(self.shares, 1, generator=self.chooser))]
        tokens = group.latents[0].numel() // 64
        count = max(2, self.tokens // tokens)
        picks = torch.randint(
            len(group.latents), (count,), generator=self.generator, device=group.latents.device
        )
        x0 = group.latents[picks].float()[:, :, None] * LATENT_SCALE
        return self._captioned(x0, group.captions[picks])

    def empty(self, count: int) -> Batch:
        """Return `count` times the empty caption, which is the shortest, without pictures."""
        nothing = torch.empty(count, 0, device=self.texts.device)
        return self._captioned(nothing, self.lengths.argmin().expand(count))

    def _captioned(self, x0: Tensor, captions: Tensor) -> Batch:
        lengths = self.lengths[captions]
        longest = int(lengths.max())
        return Batch(
            x0=x0,
            text=self.texts[captions, :longest].float(),
            keep=torch.arange(longest, device=lengths.device) < lengths[:, None],
            pooled=self.pooled[captions].float(),
        )


def _read(folder: Path) -> tuple[list[Tensor], Tensor, Tensor, list[Tensor]]:
    """Join the files: caption features, pooled features, caption of each scene, latents."""
    texts: list[Tensor] = []
    pooled, numbers = [], []
    for path in sorted(folder.glob("text_[0-9][0-9].safetensors")):
        part = restore(path)
        numbers.append(part["numbers"] + len(texts))
        texts += part["texts"]
        pooled.append(part["pooled"])
    latents: list[Tensor] = []
    for path in sorted(folder.glob("latents_[0-9][0-9].safetensors")):
        latents += restore(path)["latents"]
    count = min(len(latents), sum(map(len, numbers)))
    return texts, torch.cat(pooled), torch.cat(numbers)[:count], latents[:count]
