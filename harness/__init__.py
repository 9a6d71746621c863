"""The whole service on trial: real processes, load, faults, and an audit of the results."""
