"""The machine that a worker runs on: cores, memory, notices of its end, protection."""
