"""Cells of tables as text: what of a SMILES cell is the SMILES."""


def drop_extension(text: str) -> str:
    """Return a SMILES without the extension ` |...|` of CXSMILES, which says what a plain SMILES cannot.

    Stereochemistry stays as the SMILES itself writes it.

    >>> drop_extension("C[C@H](N)O |o1:1|"), drop_extension("CCO ethanol")
    ('C[C@H](N)O', 'CCO ethanol')
    """
    if "|" not in text:
        return text
    smiles, _, extension = text.strip().partition(" |")
    return smiles if extension.endswith("|") else text
