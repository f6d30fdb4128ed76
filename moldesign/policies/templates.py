"""A text with gaps: the kept part of a molecule written so that the policy can fill in the rest.

    piece     c1ccc(*)cc1*
    template  c1cc(  )ccc1        two gaps; the last one is the end of the text
    filled    c1cc(OC)ccc1F

What the policy writes into a gap is self-contained: every ring and branch that it opens it closes. So a group is worth
the same in every gap, and the kept part is the same whatever the gaps hold.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from moldesign.chem.open_points import OpenPiece
from moldesign.envs.vocabulary import tokenize
from moldesign.policies.aromatic_atoms import is_aromatic

BOND_TOKENS = frozenset("-=#/\\")
_RING_LABEL = re.compile(r"\d|%\d\d")
_LABELS = (*"123456789", *(f"%{number}" for number in range(10, 100)))
_POINT = re.compile(r"\[\*:(\d+)\]")


class Spelling(NamedTuple):
    """A SMILES in tokens, of which the policy chose some."""

    tokens: tuple[str, ...]
    is_written: tuple[bool, ...]
    """One more than there are tokens: the last is for END. False for what was given."""

    @property
    def text(self) -> str:
        """The SMILES."""
        return "".join(self.tokens)


@dataclass(frozen=True)
class Template:
    """A text with a gap behind each of its segments but the last."""

    segments: tuple[tuple[str, ...], ...]
    """[n_gaps + 1]. Each but the first begins with the ")" that ends a gap; the last is empty, because the last gap
    ends with the text."""
    points: tuple[int, ...]
    """[n_gaps]: which open point of the piece each gap is, from 0."""
    after_aromatic: tuple[bool, ...]
    """[n_gaps]: whether the gap follows an aromatic atom."""

    @property
    def n_tokens(self) -> int:
        """Tokens of the segments."""
        return sum(map(len, self.segments))

    def find_open_labels(self, gap: int) -> frozenset[str]:
        """Return the labels of the rings that are open at a gap."""
        return find_open_labels(token for segment in self.segments[: gap + 1] for token in segment)

    def find_bond(self, gap: int) -> str:
        """Return the bond symbol before a gap, empty if there is none."""
        before = self.segments[gap][-1]
        return before if before in BOND_TOKENS else ""

    def fill(self, groups: Sequence[Sequence[str]]) -> Spelling:
        """Return the text with a group in each gap; the policy chose the groups and where each of them ends.

        >>> template = make_template("c1cc([*:1])ccc1[*:2]", (True, True))
        >>> template.fill([["O", "C"], ["F"]]).text
        'c1cc(OC)ccc1F'
        """
        tokens, is_written = list(self.segments[0]), [False] * len(self.segments[0])
        for group, segment in zip(groups, self.segments[1:], strict=True):
            tokens += [*group, *segment]
            is_written += [True] * (len(group) + 1) + [False] * (len(segment) - 1)
        return Spelling(tuple(tokens), tuple(is_written))


def make_template(text: str, is_aromatic: Sequence[bool]) -> Template:
    """Return the template that a SMILES of a piece stands for.

    Args:
        text: its open points have map numbers, and the last one ends it.
        is_aromatic: for each point, in the order of the map numbers, whether the atom behind it is aromatic.

    >>> make_template("c1cc([*:2])ccc1[*:1]", (True, True)).points
    (1, 0)
    """
    points = tuple(int(number) - 1 for number in _POINT.findall(text))
    segments = tuple(tuple(tokenize(part)) for part in _POINT.sub("*", text).split("*"))
    return Template(segments, points, tuple(is_aromatic[point] for point in points))


def make_templates(piece: OpenPiece, texts: Iterable[str]) -> list[Template]:
    """Return the templates of a piece for the SMILES that `write_ending_open` gave."""
    is_aromatic = [piece.mol.GetAtomWithIdx(anchor).GetIsAromatic() for anchor in piece.anchors]
    return [make_template(text, is_aromatic) for text in texts]


def fit_group(template: Template, gap: int, tokens: Sequence[str]) -> list[str]:
    r"""Return a group as it is written in a gap: with ring labels that are free there, and the right first bond.

    Args:
        template: where the group is to stand.
        gap: in which of its gaps.
        tokens: of the group's own text, from its first atom or bond on.

    >>> template = make_template("c1cc([*:1])ccc1[*:2]", (True, True))
    >>> "".join(fit_group(template, 0, ["c", "1", "c", "c", "c", "c", "c", "1"]))
    '-c2ccccc2'
    """
    bond = template.find_bond(gap)
    if tokens[0] in BOND_TOKENS and (bond or tokens[0] in "/\\"):
        tokens = tokens[1:]
    if not bond and template.after_aromatic[gap]:
        tokens = part_aromatics(tokens)
    return relabel(tokens, template.find_open_labels(gap))


def part_aromatics(tokens: Sequence[str]) -> Sequence[str]:
    """Return a text that is to follow an aromatic atom, with a "-" in front if it begins with one itself.

    >>> part_aromatics(["c", "1"]), part_aromatics(["C"])
    (['-', 'c', '1'], ['C'])
    """
    is_atom = tokens[0] not in BOND_TOKENS
    return ["-", *tokens] if is_atom and is_aromatic(tokens[0]) else tokens


def find_open_labels(tokens: Iterable[str]) -> frozenset[str]:
    """Return the labels of the rings that a partial text has opened and not closed.

    >>> sorted(find_open_labels(["c", "1", "c", "2", "c", "1"]))
    ['2']
    """
    is_open: set[str] = set()
    for token in tokens:
        if _RING_LABEL.fullmatch(token):
            is_open ^= {token}
    return frozenset(is_open)


def relabel(tokens: Sequence[str], taken: frozenset[str]) -> list[str]:
    """Return a self-contained text with ring labels none of which is taken, the first ones first.

    >>> "".join(relabel(["C", "1", "C", "C", "1"], frozenset("1")))
    'C2CC2'
    """
    names: dict[str, str] = {}
    renamed = []
    for token in tokens:
        if not _RING_LABEL.fullmatch(token):
            renamed.append(token)
        elif token in names:
            renamed.append(names.pop(token))
        else:
            names[token] = next(label for label in _LABELS if label not in taken and label not in names.values())
            renamed.append(names[token])
    return renamed
