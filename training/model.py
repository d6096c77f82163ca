"""The reader as a trainable model: one shared encoder, heads on counts and on pairs of marks.

Only tensors in, tensors out: windows and labels are made elsewhere, and at run time the exported graph
does the same without torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from orchestration.extraction.reader.tensors import FARS, KINDS, TIES
from orchestration.extraction.reader.windows import TITLE
from training.labels import MEASURES, STATUSES

PAIR_WIDTH = 128


class Reader(nn.Module):
    """Judges counts: logits for measure (none first), status and sectors, and one for each pair of marks.

    `pieces` gives the encoder's number of each piece of the windows' vocabulary, where it has another.
    """

    def __init__(
        self, encoder: PreTrainedModel, sectors: int, dropout: float = 0.1, pieces: Tensor | None = None
    ) -> None:
        super().__init__()
        self.pieces: Tensor | None
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.register_buffer("pieces", pieces, persistent=False)
        self.types = nn.Embedding(TITLE + 1, width)
        nn.init.normal_(self.types.weight, std=0.02)
        self.count = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(3 * width, width), nn.GELU(), nn.Dropout(dropout)
        )
        self.measure = nn.Linear(width, len(MEASURES))
        self.status = nn.Linear(width, len(STATUSES))
        self.sectors = nn.Linear(width, sectors)
        self.asks = nn.Linear(width, KINDS * PAIR_WIDTH)
        self.answers = nn.Linear(width, KINDS * PAIR_WIDTH)
        self.weigh = nn.Parameter(torch.randn(KINDS, PAIR_WIDTH) * 0.05)
        self.apart = nn.Embedding(KINDS * FARS, PAIR_WIDTH)
        self.tied = nn.Embedding(KINDS * TIES, PAIR_WIDTH)
        self.near = nn.Embedding(KINDS * FARS, 1)
        nn.init.normal_(self.apart.weight, std=0.02)
        nn.init.normal_(self.tied.weight, std=0.02)
        nn.init.constant_(self.near.weight, -2.0)
        nn.init.constant_(self.sectors.bias, -3.0)

    def forward(
        self, ids: Tensor, attention: Tensor, types: Tensor, rows: Tensor, firsts: Tensor, lasts: Tensor,
        pair_counts: Tensor, pair_marks: Tensor, pair_kinds: Tensor, pair_ties: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
        """Logits: measures (counts, 5), statuses (counts, 4), sectors (counts, codes), pairs (pairs)."""
        ids = ids if self.pieces is None else self.pieces[ids]
        words = self.encoder.embeddings.word_embeddings(ids) + self.types(types)
        hidden = self.encoder(inputs_embeds=words, attention_mask=attention).last_hidden_state
        flat = hidden.reshape(-1, hidden.shape[-1])
        told = torch.cat([flat[firsts], flat[lasts], hidden[:, 0][rows]], dim=-1)
        count = self.count(told)
        kind = torch.div(pair_kinds, FARS, rounding_mode="floor")
        asks = self._of_kind(self.asks(count)[pair_counts], kind)
        answers = self._of_kind(self.answers(flat[pair_marks]), kind)
        close = (asks * answers).sum(-1) / PAIR_WIDTH**0.5
        place = self.apart(pair_kinds) + self.tied(pair_ties)
        mixed = nn.functional.gelu(asks + answers + place) * self.weigh[kind]
        pairs = mixed.sum(-1) + close + self.near(pair_kinds)[:, 0]
        return self.measure(count), self.status(count), self.sectors(count), pairs

    @staticmethod
    def _of_kind(told: Tensor, kind: Tensor) -> Tensor:
        """The slice of each row, (pairs, KINDS * PAIR_WIDTH), that its kind of pair looks at."""
        shaped = told.reshape(-1, KINDS, PAIR_WIDTH)
        index = kind[:, None, None].expand(-1, 1, PAIR_WIDTH)
        return shaped.gather(1, index)[:, 0]
