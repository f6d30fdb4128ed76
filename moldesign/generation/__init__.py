"""The run: from a profile to ranked molecules."""
