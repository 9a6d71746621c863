# What can't be right is refused by a sentence, before anything is planned.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "faces.example.org"
  zone_id     = "Z0123456789"
  image_tag   = "v1"
}

run "values_that_mean_nothing_are_refused" {
  command = plan
  variables {
    name                     = "Efr.prod"
    retention_days           = 0
    max_receive_count        = 0
    job_timeout_seconds      = 0
    allowed_buckets          = ["*"]
    cors_origins             = ["*"]
    kms_key_arn              = "alias/x"
    backup_days              = -1
    access_log_days          = 0.5
    github_repository        = "example/*"
    domain_name              = "Faces.example.org"
    image_tag                = "v1 --privileged"
    cidr                     = "10.0.0.0/8"
    zones                    = 1
    web_cpu                  = 1000
    web_tasks                = { least = 5, most = 2 }
    web_spot_weight          = -1
    requests_per_task        = 0
    requests_per_address     = 1
    max_wait_seconds         = 5000
    worker_instance_types    = []
    worker_processes         = 0
    worker_disk_gb           = 1
    max_workers              = -1
    worker_on_demand_base    = -1
    worker_on_demand_percent = 101
    shutdown_grace_seconds   = 31
    alarm_email              = "x"
    log_days                 = 31
    budget_dollars           = -1
    settings                 = { MAX_WORKRES = "5" }
  }
  expect_failures = [
    var.name,
    var.retention_days,
    var.max_receive_count,
    var.job_timeout_seconds,
    var.allowed_buckets,
    var.cors_origins,
    var.kms_key_arn,
    var.backup_days,
    var.access_log_days,
    var.github_repository,
    var.domain_name,
    var.image_tag,
    var.cidr,
    var.zones,
    var.web_cpu,
    var.web_tasks,
    var.web_spot_weight,
    var.requests_per_task,
    var.requests_per_address,
    var.max_wait_seconds,
    var.worker_instance_types,
    var.worker_processes,
    var.worker_disk_gb,
    var.max_workers,
    var.worker_on_demand_base,
    var.worker_on_demand_percent,
    var.shutdown_grace_seconds,
    var.alarm_email,
    var.log_days,
    var.budget_dollars,
    var.settings,
  ]
}

run "a_setting_is_one_line" {
  command = plan
  variables {
    settings    = { LOG_LEVEL = "INFO\nAUTH=off" }
    web_memory  = 4000
    zones       = 2.5
    domain_name = "https://faces.example.org/"
  }
  expect_failures = [
    var.settings,
    var.web_memory,
    var.zones,
    var.domain_name,
  ]
}

run "a_heartbeat_comes_before_a_message_is_visible_again" {
  command = plan
  variables {
    visibility_timeout_seconds = 15
    job_timeout_seconds        = 10
  }
  expect_failures = [var.visibility_timeout_seconds]
}

run "workers_with_gpus_are_planned" {
  command = plan
  variables {
    worker_has_gpu        = true
    worker_instance_types = ["g5.xlarge", "g4dn.xlarge"]
    worker_disk_gb        = 100
    settings              = { CORS_ORIGINS = "https://a.example.org", LOG_LEVEL = "DEBUG" }
  }
  assert {
    condition     = local.environments.worker.LOG_LEVEL == "DEBUG"
    error_message = "A setting did not reach the workers."
  }
}
