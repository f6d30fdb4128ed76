"""Property prediction: the network, its ensemble, its domain and the bundled models."""
