"""Erasing people and faces with every trace of them."""
