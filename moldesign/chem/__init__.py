"""Chemistry on RDKit and numpy: reading, standardising, describing and comparing molecules."""
