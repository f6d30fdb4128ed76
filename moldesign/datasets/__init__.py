"""Tables of molecules, splits, and the catalog of known public data sets."""
