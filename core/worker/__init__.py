"""The worker daemon: receiving messages, handling jobs, settling messages."""
