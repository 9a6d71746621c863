"""What callers see of collections, people and faces, over HTTP and on the command line."""
