"""S3 and SQS through boto3; nothing else imports it."""
