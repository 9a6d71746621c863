# Roles, secrets, logs and alarms.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  # Known before it is made, so that the plan says whom alarms tell.
  mock_resource "aws_sns_topic" {
    override_during = plan
    defaults        = { arn = "arn:aws:sns:us-east-1:123456789012:efr-alarms" }
  }
}

variables {
  name        = "efr"
  kms_key_arn = null
}

run "identity" {
  command = plan
  module {
    source = "./modules/identity"
  }
  variables {
    arns = {
      name               = "efr"
      partition          = "aws"
      region             = "us-east-1"
      account_id         = "123456789012"
      input_bucket_arn   = "arn:aws:s3:::input"
      output_bucket_arn  = "arn:aws:s3:::output"
      gallery_bucket_arn = "arn:aws:s3:::gallery"
      state_bucket_arn   = "arn:aws:s3:::state"
      request_queue_arn  = "arn:aws:sqs:us-east-1:123456789012:request"
      index_queue_arn    = "arn:aws:sqs:us-east-1:123456789012:index"
      webhook_queue_arn  = "arn:aws:sqs:us-east-1:123456789012:webhook"
      response_queue_arn = "arn:aws:sqs:us-east-1:123456789012:response"
      group_arn          = "arn:aws:autoscaling:us-east-1:123456789012:autoScalingGroup:*:autoScalingGroupName/efr-workers"
    }
    source_buckets           = ["albums"]
    secret_names             = ["REDIS_URL"]
    secret_values            = { REDIS_URL = "rediss://user:hidden@redis:6379/0" }
    secrets_version          = 1
    github_repository        = "example/faces"
    github_oidc_provider_arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
  }

  assert {
    condition     = toset(keys(aws_iam_role.this)) == toset(["web", "worker", "autoscaler", "execution"])
    error_message = "Two parts share a role."
  }
  assert {
    condition = alltrue(flatten([
      for policy in merge(aws_iam_role_policy.this, aws_iam_role_policy.github) : [
        for statement in jsondecode(policy.policy).Statement :
        statement.Resource != "*" || startswith(statement.Sid, "AwsKnowsNoResourceHere")
      ]
    ]))
    error_message = "A right is for every resource although AWS knows a narrower one."
  }
  assert {
    condition = alltrue(flatten([
      for policy in merge(aws_iam_role_policy.this, aws_iam_role_policy.github) : [
        for statement in jsondecode(policy.policy).Statement : [for action in flatten([statement.Action]) : !strcontains(action, "*")]
      ]
    ]))
    error_message = "A policy allows actions that it does not name."
  }
  assert {
    condition = alltrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.this["execution"].policy).Statement :
      [for action in flatten([statement.Action]) : !startswith(action, "ssm:") || statement.Resource == "arn:aws:ssm:us-east-1:123456789012:parameter/efr/*"]
    ]))
    error_message = "The execution role reads secrets of others."
  }
  assert {
    condition = !anytrue(flatten([
      for part in ["deployer", "planner", "publisher"] : [
        for statement in jsondecode(aws_iam_role_policy.github[part].policy).Statement : [
          for action in flatten([statement.Action]) : startswith(action, "iam:") && action != "iam:PassRole"
        ]
      ]
    ]))
    error_message = "The workflow can give itself further rights."
  }
  assert {
    condition     = { for role, document in data.aws_iam_policy_document.github : role => one([for condition in one(document.statement).condition : one(condition.values) if endswith(condition.variable, ":sub")]) } == { deployer = "repo:example/faces:environment:production", planner = "repo:example/faces:pull_request", publisher = "repo:example/faces:environment:build" }
    error_message = "Another repository, or an unapproved run, gets a role."
  }
  assert {
    condition     = toset(flatten([for statement in jsondecode(aws_iam_role_policy.sources["web"].policy).Statement : [for action in flatten([statement.Action]) : action]])) == toset(["s3:GetObject", "s3:ListBucket"])
    error_message = "Callers' buckets may be changed."
  }
  assert {
    condition     = aws_ssm_parameter.this["REDIS_URL"].type == "SecureString" && aws_ssm_parameter.this["REDIS_URL"].name == "/efr/REDIS_URL" && aws_ssm_parameter.this["REDIS_URL"].value_wo == null
    error_message = "A secret is not encrypted, or lies in the state."
  }
}

run "observability" {
  command = plan
  module {
    source = "./modules/observability"
  }
  variables {
    region                 = "us-east-1"
    account_id             = "123456789012"
    log_days               = 30
    log_metrics            = true
    alarm_email            = "ops@example.org"
    budget_dollars         = 200
    oldest_message_seconds = 300
    p99_seconds            = 35
    queue_names            = { request = "efr-request-queue", index = "efr-index-queue", webhook = "efr-webhook-queue" }
    dead_letter_names      = { request = "efr-request-queue-dlq", index = "efr-index-queue-dlq", webhook = "efr-webhook-queue-dlq" }
    balancer               = "app/efr/1"
    target_groups = {
      blue  = { arn = "a", name = "efr-blue", metric = "targetgroup/efr-blue/1" }
      green = { arn = "b", name = "efr-green", metric = "targetgroup/efr-green/2" }
    }
    cluster_name     = "efr"
    web_service_name = "web"
    group_name       = "efr-workers"
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.retention_in_days == 30]) && length(aws_cloudwatch_log_group.this) == 3
    error_message = "Log lines stay for another time than log_days."
  }
  assert {
    condition     = tomap({ for key, alarm in aws_cloudwatch_metric_alarm.dead_letters : key => alarm.dimensions.QueueName }) == var.dead_letter_names
    error_message = "A dead-letter queue has no alarm."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.threshold == 0 && alarm.comparison_operator == "GreaterThanThreshold"])
    error_message = "A dead letter is no alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.oldest_message["request"].threshold == 300 && aws_cloudwatch_metric_alarm.oldest_message["index"].threshold < 345600
    error_message = "SQS would forget messages before the alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.no_target.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.no_target.threshold == 1
    error_message = "A web tier without tasks is no alarm."
  }
  assert {
    condition     = strcontains(one([for query in aws_cloudwatch_metric_alarm.no_worker.metric_query : query.expression if query.id == "stuck"]), "FILL(workers, 0) < 1")
    error_message = "Jobs without a worker are no alarm."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.slow.extended_statistic == "p99" && aws_cloudwatch_metric_alarm.slow.threshold == 35
    error_message = "Slow answers are no alarm."
  }
  assert {
    condition     = length(output.deployment_alarms) == 3 && output.deployment_alarms[0] == "efr-5xx"
    error_message = "Failed answers do not take a deployment back."
  }
  assert {
    condition     = length(aws_cloudwatch_log_metric_filter.this) == length(jsondecode(file("../cloudwatch/metric_filters.json")))
    error_message = "A metric filter of the file is missing."
  }
  assert {
    condition = alltrue(flatten([
      for graph in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for metric in graph.properties.metrics :
        metric[0] != "ElasticFace/efr" || contains([for filter in aws_cloudwatch_log_metric_filter.this : one(filter.metric_transformation).name], metric[1])
      ]
    ]))
    error_message = "The dashboard shows a metric that no filter makes."
  }
  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "200"
    error_message = "The budget is another."
  }
  assert {
    condition     = one(one(aws_budgets_budget.this[0].cost_filter).values) == "user:deployment$efr"
    error_message = "The budget counts what other deployments cost, or nothing."
  }
  assert {
    condition     = toset([for each in aws_budgets_budget.this[0].notification : "${each.notification_type} ${each.threshold}"]) == toset(["ACTUAL 80", "FORECASTED 100"])
    error_message = "Nobody is told before the budget is spent."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.spot.threshold == 0 && one([for query in aws_cloudwatch_metric_alarm.spot.metric_query : query.expression if query.id == "missing"]) == "FILL(wanted, 0) - FILL(there, 0)"
    error_message = "Instances that EC2 does not give are no alarm."
  }
  assert {
    condition     = strcontains(one([for query in aws_cloudwatch_metric_alarm.errors.metric_query : query.expression if query.id == "share"]), "FILL(ours, 0) + FILL(balancers, 0)) / requests")
    error_message = "Failed answers are no alarm."
  }
  assert {
    condition = alltrue([
      for alarm in concat(
        values(aws_cloudwatch_metric_alarm.dead_letters),
        values(aws_cloudwatch_metric_alarm.oldest_message),
        [
          aws_cloudwatch_metric_alarm.errors, aws_cloudwatch_metric_alarm.slow, aws_cloudwatch_metric_alarm.no_target,
          aws_cloudwatch_metric_alarm.no_worker, aws_cloudwatch_metric_alarm.spot,
        ],
        aws_cloudwatch_metric_alarm.dependency,
        aws_cloudwatch_metric_alarm.fleet,
      ) : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn]) && alarm.ok_actions == toset([aws_sns_topic.alarms.arn])
    ])
    error_message = "An alarm, or its end, is told to nobody."
  }
  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "ops@example.org"
    error_message = "Alarms are told to another address."
  }
}
