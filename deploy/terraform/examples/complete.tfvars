# For a service that others rely on: two zones, CodeDeploy, backups, secrets, the workflow on GitHub.
name        = "efr"
region      = "us-east-1"
domain_name = "faces.example.org"
zone_id     = "Z0123456789ABCDEFGHIJ"
image_tag   = "v1"
alarm_email = "ops@example.org"

zones           = 2
egress          = "nat"
web_tasks       = { least = 2, most = 10 }
web_spot_weight = 3
max_workers     = 15

secret_names      = ["REDIS_URL"] # its value: TF_VAR_secret_values='{"REDIS_URL": "rediss://..."}'
allowed_buckets   = ["example-albums"]
cors_origins      = ["https://app.example.org"]
github_repository = "example/elastic-face-recognition"
state_bucket      = "example-terraform-state"
budget_dollars    = 500
