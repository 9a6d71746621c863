"""The lane that delivers events to the receivers of webhooks."""
