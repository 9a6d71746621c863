# Settings of each part; docs/settings.md explains them.

locals {
  # All that there are; a test holds them to the code.
  setting_names = [
    "ALLOWED_BUCKETS", "ASG_NAME", "AUTH", "AUTOSCALER_INTERVAL_SECONDS", "AWS_ACCESS_KEY_ID",
    "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS", "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "CORS_ORIGINS", "DEAD_LETTER_SWEEP_SECONDS",
    "DETECTION_MAX_SIDE_PX", "EC2_METADATA_URL", "ECS_AGENT_URI", "EXECUTOR", "FACE_CUDA",
    "FACE_EMBEDDER", "FACE_ENGINE", "FACE_INDEX", "FACE_MODELS_DIR", "GALLERY_COMPRESSED",
    "GALLERY_EXACT_MAX", "GALLERY_REFRESH_SECONDS", "INSIGHTFACE_MODELS_DIR", "JOB_TIMEOUT_SECONDS",
    "KEEP_FACE_CROPS", "KEEP_UNKNOWN", "KEEP_UNKNOWN_DAYS", "LOG_LEVEL", "MATCH_FALSE_NAME_RATE",
    "MATCH_MAX_DISTANCE", "MAX_COLLECTIONS", "MAX_EMBEDDED_FACES", "MAX_FACES", "MAX_FILE_MB",
    "MAX_JOBS", "MAX_PIXELS", "MAX_WAIT_SECONDS", "MAX_WORKERS", "METRICS_HOST", "METRICS_PORT",
    "MILVUS_TOKEN", "MILVUS_URI", "MIN_ENROL_QUALITY", "MIN_FACE_PX", "MIN_MATCH_QUALITY",
    "PINECONE_API_KEY", "PINECONE_INDEX_HOST", "QDRANT_API_KEY", "QDRANT_URL", "QUEUE",
    "RATE_LIMIT_BULK", "RATE_LIMIT_BULK_PER_ADDRESS", "RATE_LIMIT_READS",
    "RATE_LIMIT_READS_PER_ADDRESS", "RATE_LIMIT_RECOGNITION", "RATE_LIMIT_RECOGNITION_PER_ADDRESS",
    "RAY_ADDRESS", "REDIS_URL", "RESULT_CACHE_SECONDS", "RETENTION_DAYS", "RETRY_BACKOFF_SECONDS",
    "S3_GALLERY_BUCKET", "S3_IN_BUCKET", "S3_OUT_BUCKET", "SCALE_IN_COOLDOWN_SECONDS", "SENTRY_DSN",
    "SHUTDOWN_GRACE_SECONDS", "SQS_INDEX_QUEUE_NAME", "SQS_MAX_RECEIVE_COUNT", "SQS_REQ_QUEUE_NAME",
    "SQS_RESP_ENABLED", "SQS_RESP_QUEUE_NAME", "SQS_VISIBILITY_TIMEOUT_SECONDS",
    "SQS_WAIT_TIME_SECONDS", "SQS_WEBHOOK_QUEUE_NAME", "STORAGE", "TARGET_LATENCY_SECONDS",
    "TRACING_ENDPOINT", "TRACING_SAMPLE", "TRUSTED_HOSTS", "TRUSTED_PROXIES",
    "VISIBILITY_HEARTBEAT_SECONDS", "WEBHOOK_ALLOW_PRIVATE", "WEBHOOK_RETRY_SECONDS", "WEB_HOST",
    "WEB_PORT", "WEB_PROCESSES", "WEB_RECOGNIZER_PROCESSES", "WEB_THREADS", "WORKER_ALIVE_FILE",
    "WORKER_DEPLOYMENT", "WORKER_PROCESSES",
  ]

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
