"""The service's home on one machine: objects in a folder, queues in a file of SQLite."""
