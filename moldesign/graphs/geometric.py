"""What the package needs of PyTorch Geometric, imported quickly and without a complaint that is not about us.

In a Jupyter kernel without ipywidgets, one of its modules has tqdm warn that its progress bars will not be seen.
Nothing here draws any, and a reader of a notebook could do nothing about it but install what is not needed.
"""

import warnings

from moldesign.compiler import defer_compiler

with warnings.catch_warnings(), defer_compiler():
    warnings.filterwarnings("ignore", message="IProgress not found")
    from torch_geometric.data import Batch
    from torch_geometric.nn import GINEConv

__all__ = ["Batch", "GINEConv"]
