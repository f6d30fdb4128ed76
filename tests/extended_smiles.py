"""Lines of SMI files with blanks, CXSMILES, or what looks like it, and the cells that all readers must make of them."""

EXTENDED_LINES = [
    ("", "CCO |$a b;;$| ethanol, pure", ["CCO |$a b;;$|", "ethanol, pure"]),
    ("", "CCO  |o1:1|\tethanol", ["CCO |o1:1|", "ethanol"]),
    ("", "CCO ethanol |pure|", ["CCO", "ethanol |pure|"]),
    ("", "CCO |pure ethanol", ["CCO", "|pure ethanol"]),
    ("smiles id mw", "CCO |$a b;;$| A 46", ["CCO |$a b;;$|", "A", "46"]),
    ("smiles id mw", "CCO A 46", ["CCO", "A", "46"]),
    ("smiles\tid", "CCO |$a b;;$|\tA", ["CCO |$a b;;$|", "A"]),
    ("smiles", "CCO |$a b;;$|", ["CCO |$a b;;$|"]),
    ("smiles id mw", "  CCO  A 46 ", ["CCO", "A", "46"]),
    ("  smiles id", " CCO A", ["CCO", "A"]),
    ("smiles", " CCO", ["CCO"]),
]
"""Header, line, cells."""
