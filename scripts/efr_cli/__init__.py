"""The commands of ``efr``."""
