"""The local web page and REST API: `moldesign serve`.

The server process speaks HTTP and knows no chemistry. Molecules are read, predicted and drawn in worker processes that
are killed when they take too long; each run of a search or a screening is a process of its own.
"""
