"""The reader as a trainable model: one shared encoder, heads on marked counts and on pairs of marks.

Only tensors in, tensors out: windows and labels are made elsewhere, and at run time the exported graph
does the same without torch.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BertModel

from training.labels import MEASURES, STATUSES

KINDS = ("place", "period", "whole")
"""What a count may be linked to: its host, its time, the count that already includes it."""
PAIR_WIDTH = 128


class Reader(nn.Module):
    """Judges counts: logits for measure (none first), status and sectors, and one for each pair of marks."""

    def __init__(self, encoder: BertModel, sectors: int, dropout: float = 0.1) -> None:
        super().__init__()
        width = encoder.config.hidden_size
        self.encoder = encoder
        self.count = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(3 * width, width), nn.GELU(), nn.Dropout(dropout)
        )
        self.measure = nn.Linear(width, len(MEASURES))
        self.status = nn.Linear(width, len(STATUSES))
        self.sectors = nn.Linear(width, sectors)
        self.asks = nn.Linear(width, len(KINDS) * PAIR_WIDTH)
        self.answers = nn.Linear(width, len(KINDS) * PAIR_WIDTH)
        self.weigh = nn.Parameter(torch.randn(len(KINDS), PAIR_WIDTH) * 0.05)
        self.bias = nn.Parameter(torch.zeros(len(KINDS)))

    def forward(
        self, ids: Tensor, attention: Tensor, segments: Tensor, rows: Tensor, opens: Tensor, shuts: Tensor,
        pair_counts: Tensor, pair_marks: Tensor, pair_kinds: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:  # fmt: skip
        """Logits: measures (counts, 5), statuses (counts, 4), sectors (counts, codes), pairs (pairs)."""
        hidden = self.encoder(
            input_ids=ids, attention_mask=attention, token_type_ids=segments
        ).last_hidden_state
        flat = hidden.reshape(-1, hidden.shape[-1])
        told = torch.cat([flat[opens], flat[shuts], hidden[:, 0][rows]], dim=-1)
        count = self.count(told)
        asks = self.asks(count)[pair_counts].reshape(-1, len(KINDS), PAIR_WIDTH)
        answers = self.answers(flat[pair_marks]).reshape(-1, len(KINDS), PAIR_WIDTH)
        close = (asks * answers).sum(-1) / PAIR_WIDTH**0.5
        fit = (nn.functional.gelu(asks + answers) * self.weigh).sum(-1) + close + self.bias
        pairs = fit.gather(1, pair_kinds[:, None])[:, 0]
        return self.measure(count), self.status(count), self.sectors(count), pairs
