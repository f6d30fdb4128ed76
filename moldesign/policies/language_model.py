"""The policy: a recurrent language model over SMILES tokens."""

from dataclasses import asdict, dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from moldesign.envs.vocabulary import PAD, START
from moldesign.policies.packed_gru import run_packed


@dataclass(frozen=True)
class PolicySettings:
    """Shape of the network; the defaults give 1.0 million parameters."""

    n_tokens: int
    embedding_size: int = 96
    hidden_size: int = 320
    n_layers: int = 2

    def to_dict(self) -> dict[str, int]:
        """Return the settings as plain numbers for a model card."""
        return asdict(self)


class TokenPolicy(nn.Module):
    """A GRU that gives the next token's distribution: p(token_t | token_<t) (arXiv:1704.07555)."""

    def __init__(self, settings: PolicySettings) -> None:
        super().__init__()
        self.settings = settings
        self.embedding = nn.Embedding(settings.n_tokens, settings.embedding_size, padding_idx=PAD)
        self.gru = nn.GRU(settings.embedding_size, settings.hidden_size, settings.n_layers, batch_first=True)
        self.head = nn.Linear(settings.hidden_size, settings.n_tokens)

    def forward(self, tokens: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the logits of the token after each position, and the recurrent state.

        Args:
            tokens: int64 [B, T], the history, START first.
            state: float32 [n_layers, B, hidden_size], or None at the start.

        Returns:
            logits float32 [B, T, n_tokens] and the new state.
        """
        hidden, state = self.gru(self.embedding(tokens), state)
        return self.head(hidden), state

    def predict_tokens(self, sequences: Tensor) -> Tensor:
        """Return the logits from which every token of each sequence is drawn; float32 [B, T, n_tokens].

        At padding they mean nothing.

        Args:
            sequences: int64 [B, T], without START, ended by END, then PAD.
        """
        history = torch.cat([torch.full_like(sequences[:, :1], START), sequences[:, :-1]], dim=1)
        if not history.is_cpu or torch.is_autocast_enabled("cpu") or not len(history):
            logits, _ = self(history)
            return cast(Tensor, logits)
        lengths = (sequences != PAD).sum(dim=1)
        packed = pack_padded_sequence(history, lengths, batch_first=True, enforce_sorted=False)
        hidden = run_packed(self.gru, self.embedding(packed.data), packed.batch_sizes.tolist())
        logits, _ = pad_packed_sequence(
            packed._replace(data=self.head(hidden)), batch_first=True, total_length=sequences.shape[1]
        )
        return logits

    def token_log_probs(self, sequences: Tensor) -> Tensor:
        """Return log p of every token of each sequence; float32 [B, T], zero at padding.

        Args:
            sequences: int64 [B, T], without START, ended by END, then PAD.
        """
        logits = self.predict_tokens(sequences)
        negative = F.cross_entropy(logits.flatten(0, 1), sequences.flatten(), ignore_index=PAD, reduction="none")
        return -negative.view_as(sequences)

    def sequence_log_prob(self, sequences: Tensor) -> Tensor:
        """Return log p of each whole sequence; float32 [B]."""
        return self.token_log_probs(sequences).sum(dim=1)
