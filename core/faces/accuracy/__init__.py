"""Measuring how often decisions are wrong, on faces whose people are known."""
