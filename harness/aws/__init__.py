"""What the service may do on AWS, proven, and its deployment, rehearsed."""
