"""Pools of child processes, or Ray actors, that recognise under a deadline."""
