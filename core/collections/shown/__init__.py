"""What callers see of collections, people and faces, and change of these.

The HTTP API and the command line have it in common.
"""
