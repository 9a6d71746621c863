"""S3 and SQS through boto3 and obstore; nothing else imports them."""
