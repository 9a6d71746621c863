# Settings of each part; docs/settings.md explains them.

locals {
  web_port = 8000
  # Beside the metrics the web tier tells there whether it may have requests.
  metrics_port = 9464
  # Silence after which the load balancer closes a connection. The web tier must keep it for longer,
  # or a request may meet its end and be answered 502.
  idle_seconds = var.max_wait_seconds + 30

  # What all parts must agree on.
  settings = merge({
    AWS_REGION                     = var.region
    S3_IN_BUCKET                   = module.storage.names.input
    S3_OUT_BUCKET                  = module.storage.names.output
    S3_GALLERY_BUCKET              = module.storage.names.gallery
    ALLOWED_BUCKETS                = join(",", var.allowed_buckets)
    RETENTION_DAYS                 = tostring(var.retention_days)
    SQS_REQ_QUEUE_NAME             = module.queues.names.request
    SQS_INDEX_QUEUE_NAME           = module.queues.names.index
    SQS_WEBHOOK_QUEUE_NAME         = module.queues.names.webhook
    SQS_RESP_QUEUE_NAME            = module.queues.response_name
    SQS_VISIBILITY_TIMEOUT_SECONDS = tostring(var.visibility_timeout_seconds)
    SQS_MAX_RECEIVE_COUNT          = tostring(var.max_receive_count)
    JOB_TIMEOUT_SECONDS            = tostring(var.job_timeout_seconds)
  }, var.settings)

  environments = {
    web = merge(local.settings, {
      AUTH             = "keys"
      WEB_HOST         = "0.0.0.0"
      WEB_PORT         = tostring(local.web_port)
      METRICS_HOST     = "0.0.0.0"
      METRICS_PORT     = tostring(local.metrics_port)
      WEB_PROCESSES    = tostring(var.web_processes)
      MAX_WAIT_SECONDS = tostring(var.max_wait_seconds)
      TRUSTED_HOSTS    = var.domain_name
      TRUSTED_PROXIES  = join(",", module.network.public_cidrs)
      CORS_ORIGINS     = join(",", var.cors_origins)
      # Not a setting of ours: gunicorn reads it.
      GUNICORN_CMD_ARGS = "--keep-alive=${local.idle_seconds + 15}"
    }, var.settings)
    worker = merge(local.settings, {
      WORKER_PROCESSES       = tostring(var.worker_processes)
      SHUTDOWN_GRACE_SECONDS = tostring(var.shutdown_grace_seconds)
    }, var.settings)
    # The number of children must be the workers', and not that of the autoscaler's own machine.
    autoscaler = merge(local.settings, {
      WORKER_PROCESSES = tostring(var.worker_processes)
      MAX_WORKERS      = tostring(var.max_workers)
    }, var.settings)
  }
}
