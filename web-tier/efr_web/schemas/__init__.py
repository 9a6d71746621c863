"""Answers as pydantic models."""
