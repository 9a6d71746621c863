# The whole deployment. tests/unit/terraform reads settings and commands from this run's plan.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  domain_name = "faces.example.org"
  zone_id     = "Z0123456789"
  image_tag   = "v1"
}

run "whole" {
  command = plan

  variables {
    github_repository = "example/faces"
    state_bucket      = "example-state"
    secret_names      = ["REDIS_URL"]
    cors_origins      = ["https://app.example.org"]
    settings          = { LOG_LEVEL = "WARNING" }
  }

  assert {
    condition     = output.buckets == { input = "efr-123456789012-input", output = "efr-123456789012-output", gallery = "efr-123456789012-gallery", logs = "efr-123456789012-logs" }
    error_message = "Buckets have other names."
  }
  assert {
    condition     = local.environments.web.AUTH == "keys" && local.environments.web.TRUSTED_HOSTS == "faces.example.org"
    error_message = "The web tier lets everybody in."
  }
  assert {
    condition     = local.environments.web.METRICS_HOST == "0.0.0.0" && local.environments.web.METRICS_PORT == "9464"
    error_message = "The load balancer is not told whether a task may have requests."
  }
  assert {
    condition     = !contains(keys(local.environments.autoscaler), "METRICS_PORT") && !contains(keys(local.environments.worker), "METRICS_PORT")
    error_message = "Metrics are shown where nobody reads them."
  }
  assert {
    condition     = local.environments.web.TRUSTED_PROXIES == "10.80.0.0/20,10.80.16.0/20"
    error_message = "The web tier takes the load balancer for its caller."
  }
  assert {
    condition     = local.environments.autoscaler.WORKER_PROCESSES == local.environments.worker.WORKER_PROCESSES
    error_message = "The autoscaler counts with other workers than there are."
  }
  assert {
    condition     = alltrue([for environment in local.environments : environment.LOG_LEVEL == "WARNING"])
    error_message = "Settings of the operator do not reach all parts."
  }
  assert {
    condition     = !anytrue(flatten([for environment in local.environments : [for name in keys(environment) : startswith(name, "AWS_ACCESS") || startswith(name, "AWS_SECRET")]]))
    error_message = "Keys of AWS are set, where the roles have them."
  }
}

run "a_job_outlives_no_visibility" {
  command = plan
  variables {
    visibility_timeout_seconds = 30
    job_timeout_seconds        = 30
  }
  expect_failures = [var.visibility_timeout_seconds]
}

run "secrets_are_no_settings" {
  command = plan
  variables {
    settings     = { PINECONE_API_KEY = "pc-1" }
    secret_names = ["AWS_SECRET_ACCESS_KEY"]
  }
  expect_failures = [var.settings, var.secret_names]
}

run "ports_of_the_web_tier_are_not_moved_away_from_the_load_balancer" {
  command = plan
  variables {
    settings = { METRICS_PORT = "" }
  }
  expect_failures = [var.settings]
}

run "times_and_numbers_fit_each_other" {
  command = plan
  variables {
    cidr             = "10.80.0.0/24"
    max_wait_seconds = 111
    web_tasks        = { least = 3, most = 2 }
  }
  expect_failures = [var.cidr, var.max_wait_seconds, var.web_tasks]
}

run "a_wait_takes_no_deployment_back" {
  command = plan
  variables {
    max_wait_seconds = 60
    p99_seconds      = 60
  }
  expect_failures = [var.p99_seconds]
}
