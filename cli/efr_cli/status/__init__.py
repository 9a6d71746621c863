"""``efr status``: the running service on one screen."""
