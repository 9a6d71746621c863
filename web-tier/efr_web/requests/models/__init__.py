"""Requests as pydantic models; unknown fields are refused."""
