data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  sqs        = "arn:${local.partition}:sqs:${var.region}:${local.account_id}"

  # What the policies may name. The names are known before anything is made.
  arns = {
    name               = var.name
    partition          = local.partition
    region             = var.region
    account_id         = local.account_id
    input_bucket_arn   = "arn:${local.partition}:s3:::${module.storage.names.input}"
    output_bucket_arn  = "arn:${local.partition}:s3:::${module.storage.names.output}"
    gallery_bucket_arn = "arn:${local.partition}:s3:::${module.storage.names.gallery}"
    request_queue_arn  = "${local.sqs}:${module.queues.names.request}"
    index_queue_arn    = "${local.sqs}:${module.queues.names.index}"
    webhook_queue_arn  = "${local.sqs}:${module.queues.names.webhook}"
    response_queue_arn = "${local.sqs}:${module.queues.response_name}"
    group_arn          = "arn:${local.partition}:autoscaling:${var.region}:${local.account_id}:autoScalingGroup:*:autoScalingGroupName/${var.name}-workers"
  }
}

module "storage" {
  source = "./modules/storage"

  name              = var.name
  account_id        = local.account_id
  retention_days    = var.retention_days
  versioned_gallery = var.backup
  cors_origins      = var.cors_origins
  kms_key_arn       = var.kms_key_arn
  access_log_days   = var.access_log_days
  force_destroy     = !var.protected
}

module "queues" {
  source = "./modules/queues"

  name                       = var.name
  visibility_timeout_seconds = var.visibility_timeout_seconds
  max_receive_count          = var.max_receive_count
  kms_key_arn                = var.kms_key_arn
  restrict_redrive           = var.restrict_redrive
}

module "identity" {
  source = "./modules/identity"

  name                     = var.name
  arns                     = local.arns
  secret_names             = var.secret_names
  secret_values            = var.secret_values
  secrets_version          = var.secrets_version
  kms_key_arn              = var.kms_key_arn
  github_repository        = var.github_repository
  github_oidc_provider_arn = var.github_oidc_provider_arn
}

module "images" {
  source = "./modules/images"

  name          = var.name
  force_destroy = !var.protected
}

locals {
  # What all parts must agree on; docs/settings.md explains each.
  settings = {
    AWS_REGION                     = var.region
    S3_IN_BUCKET                   = module.storage.names.input
    S3_OUT_BUCKET                  = module.storage.names.output
    S3_GALLERY_BUCKET              = module.storage.names.gallery
    RETENTION_DAYS                 = tostring(var.retention_days)
    SQS_REQ_QUEUE_NAME             = module.queues.names.request
    SQS_INDEX_QUEUE_NAME           = module.queues.names.index
    SQS_WEBHOOK_QUEUE_NAME         = module.queues.names.webhook
    SQS_RESP_QUEUE_NAME            = module.queues.response_name
    SQS_VISIBILITY_TIMEOUT_SECONDS = tostring(var.visibility_timeout_seconds)
    SQS_MAX_RECEIVE_COUNT          = tostring(var.max_receive_count)
    JOB_TIMEOUT_SECONDS            = tostring(var.job_timeout_seconds)
  }
}
