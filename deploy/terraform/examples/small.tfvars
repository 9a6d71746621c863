# The least that answers: one web task, no NAT gateway, no backups, no log metrics. Tasks and workers
# have public addresses, at which nobody reaches them.
name        = "efr"
region      = "us-east-1"
domain_name = "faces.example.org"
zone_id     = "Z0123456789ABCDEFGHIJ"
image_tag   = "v1"
alarm_email = "ops@example.org"

egress                = "public"
web_cpu               = 512
web_memory            = 2048
web_processes         = 1
web_tasks             = { least = 1, most = 2 }
blue_green            = false
worker_on_demand_base = 0
max_workers           = 2
access_log_days       = 0
backup_days           = 0
log_metrics           = false
protected             = false
budget_dollars        = 120
