"""What looks at the deployment on AWS without an account."""
