"""The tables of the README, from measured files."""
