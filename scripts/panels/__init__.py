"""The endpoints of the bundled predictors: what each means, where its labels come from, and which rows are held out.

`admet` and `targets` are the tables of endpoints, `sources` names where labels come from, `readers` turns public files
into labels, `splitting` merges copies of a molecule and deals scaffolds, and `panel` puts these together.
`python -m scripts.panels` prints every endpoint with what was found wrong in its labels.
"""
