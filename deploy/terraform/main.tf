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
    state_bucket_arn   = "arn:${local.partition}:s3:::${coalesce(var.state_bucket, "none")}"
    group_arn          = "arn:${local.partition}:autoscaling:${var.region}:${local.account_id}:autoScalingGroup:*:autoScalingGroupName/${var.name}-workers"
  }
}

module "storage" {
  source = "./modules/storage"

  name            = var.name
  account_id      = local.account_id
  retention_days  = var.retention_days
  backup_days     = var.backup_days
  cors_origins    = var.cors_origins
  kms_key_arn     = var.kms_key_arn
  access_log_days = var.access_log_days
  force_destroy   = !var.protected
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
  source_buckets           = [for bucket in var.allowed_buckets : reverse(split(":", bucket))[0]]
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

module "network" {
  source = "./modules/network"

  name      = var.name
  region    = var.region
  cidr      = var.cidr
  zones     = var.zones
  egress    = var.egress
  web_ports = { requests = local.web_port, probes = local.metrics_port }
  has_redis = contains(var.secret_names, "REDIS_URL")
}

module "edge" {
  source = "./modules/edge"

  name                   = var.name
  domain_name            = var.domain_name
  zone_id                = var.zone_id
  certificate_arn        = var.certificate_arn
  vpc_id                 = module.network.vpc_id
  subnet_ids             = module.network.public_subnet_ids
  security_group_id      = module.network.security_group_ids["balancer"]
  web_port               = local.web_port
  probe_port             = local.metrics_port
  idle_timeout_seconds   = local.idle_seconds
  deregistration_seconds = var.max_wait_seconds + 5
  log_bucket             = module.storage.log_bucket
  protected              = var.protected
  requests_per_address   = var.requests_per_address
}

module "api" {
  source = "./modules/api"

  name               = var.name
  region             = var.region
  image              = "${module.images.urls["web"]}:${var.image_tag}"
  cpu                = var.web_cpu
  memory             = var.web_memory
  architecture       = var.architecture
  port               = local.web_port
  probe_port         = local.metrics_port
  environment        = local.environments.web
  secrets            = module.identity.secrets
  stop_seconds       = var.max_wait_seconds + 10
  tasks              = var.web_tasks
  spot_weight        = var.web_spot_weight
  blue_green         = var.blue_green
  requests_per_task  = var.requests_per_task
  role_arn           = module.identity.role_arns["web"]
  execution_role_arn = module.identity.role_arns["execution"]
  log_group          = module.observability.log_groups["web"]
  subnet_ids         = module.network.service_subnet_ids
  security_group_id  = module.network.security_group_ids["web"]
  has_public_address = module.network.has_public_addresses
  balancer           = module.edge.balancer
  target_groups      = module.edge.target_groups
  alarm_names        = module.observability.deployment_alarms
}

module "workers" {
  source = "./modules/workers"

  name                   = var.name
  region                 = var.region
  image                  = "${module.images.urls["worker"]}:${var.image_tag}"
  instance_types         = var.worker_instance_types
  architecture           = var.architecture
  has_gpu                = var.worker_has_gpu
  max_workers            = var.max_workers
  on_demand_base         = var.worker_on_demand_base
  on_demand_percent      = var.worker_on_demand_percent
  environment            = local.environments.worker
  autoscaler_environment = local.environments.autoscaler
  secrets                = module.identity.secrets
  drain_seconds          = var.shutdown_grace_seconds + 65
  disk_gb                = var.worker_disk_gb
  instance_profile_arn   = module.identity.instance_profile_arn
  autoscaler_role_arn    = module.identity.role_arns["autoscaler"]
  execution_role_arn     = module.identity.role_arns["execution"]
  cluster_arn            = module.api.cluster.arn
  log_groups             = module.observability.log_groups
  subnet_ids             = module.network.service_subnet_ids
  security_group_id      = module.network.security_group_ids["workers"]
  has_public_address     = module.network.has_public_addresses
}

module "observability" {
  source = "./modules/observability"

  name                   = var.name
  region                 = var.region
  account_id             = local.account_id
  log_days               = var.log_days
  log_metrics            = var.log_metrics
  kms_key_arn            = var.kms_key_arn
  alarm_email            = var.alarm_email
  budget_dollars         = var.budget_dollars
  oldest_message_seconds = var.oldest_message_seconds
  p99_seconds            = var.p99_seconds
  queue_names            = module.queues.names
  dead_letter_names      = module.queues.dead_letter_names
  balancer               = module.edge.balancer
  target_groups          = module.edge.target_groups
  cluster_name           = module.api.cluster.name
  web_service_name       = module.api.service_name
  group_name             = module.workers.group
}

module "delivery" {
  source = "./modules/delivery"
  count  = var.blue_green ? 1 : 0

  name          = var.name
  cluster_name  = module.api.cluster.name
  service_name  = module.api.service_name
  listener_arn  = module.edge.listener_arn
  target_groups = module.edge.target_groups
  alarm_names   = module.observability.deployment_alarms
}
