"""What a set of molecules is like, alone and beside a reference."""
