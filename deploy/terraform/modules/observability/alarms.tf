# Each alarm names the page that says what to do. All but the last two are of AWS's own metrics.

locals {
  runbook = "docs/operations.md"
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = var.dead_letter_names

  alarm_name          = "${var.name}-dead-letters-${each.key}"
  alarm_description   = "Messages of the ${each.key} queue were given up: ${local.runbook}#dead-letters."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = each.value }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "oldest_message" {
  for_each = {
    request = var.oldest_message_seconds
    # An album may take its time, but SQS forgets after four days.
    index = 2 * 24 * 3600
  }

  alarm_name          = "${var.name}-oldest-message-${each.key}"
  alarm_description   = "A message of the ${each.key} queue waits too long: ${local.runbook}#size."
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateAgeOfOldestMessage"
  dimensions          = { QueueName = var.queue_names[each.key] }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# These three take a deployment back.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-5xx"
  alarm_description   = "Over 5 in 100 answers fail, and over ten: ${local.runbook}#faults."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0.05
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "share"
    label       = "Share of failed answers"
    expression  = "IF(FILL(ours, 0) + FILL(balancers, 0) > 10, (FILL(ours, 0) + FILL(balancers, 0)) / requests, 0)"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = {
      requests  = "RequestCount"
      ours      = "HTTPCode_Target_5XX_Count"
      balancers = "HTTPCode_ELB_5XX_Count"
    }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        stat        = "Sum"
        period      = 60
        dimensions  = { LoadBalancer = var.balancer }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "slow" {
  alarm_name          = "${var.name}-p99"
  alarm_description   = "One answer in a hundred takes over ${var.p99_seconds} s: ${local.runbook}#size."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "TargetResponseTime"
  dimensions          = { LoadBalancer = var.balancer }
  extended_statistic  = "p99"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.p99_seconds
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  evaluate_low_sample_count_percentiles = "ignore"
}

resource "aws_cloudwatch_metric_alarm" "no_target" {
  alarm_name          = "${var.name}-no-healthy-target"
  alarm_description   = "No task of the web tier may have requests: ${local.runbook}#may-it-have-requests."
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  evaluation_periods  = 2
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "targets"
    label       = "Healthy tasks"
    expression  = "FILL(blue, 0) + FILL(green, 0)"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = var.target_groups
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = "HealthyHostCount"
        stat        = "Minimum"
        period      = 60
        dimensions  = { LoadBalancer = var.balancer, TargetGroup = metric_query.value.metric }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "no_worker" {
  alarm_name          = "${var.name}-no-worker"
  alarm_description   = "Jobs wait, and there is no worker: ${local.runbook}#autoscaler."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 10
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "stuck"
    label       = "Jobs wait without a worker"
    expression  = "IF(FILL(request, 0) + FILL(index, 0) > 0 AND FILL(workers, 0) < 1, 1, 0)"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = { for key in ["request", "index"] : key => var.queue_names[key] }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/SQS"
        metric_name = "ApproximateNumberOfMessagesVisible"
        stat        = "Maximum"
        period      = 60
        dimensions  = { QueueName = metric_query.value }
      }
    }
  }
  metric_query {
    id = "workers"
    metric {
      namespace   = "AWS/AutoScaling"
      metric_name = "GroupInServiceInstances"
      stat        = "Maximum"
      period      = 60
      dimensions  = { AutoScalingGroupName = var.group_name }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "spot" {
  alarm_name          = "${var.name}-capacity"
  alarm_description   = "EC2 does not give the workers that are asked for: allow further instance types, or more on demand."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 15
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "missing"
    label       = "Missing workers"
    expression  = "FILL(wanted, 0) - FILL(there, 0)"
    return_data = true
  }
  dynamic "metric_query" {
    for_each = { wanted = "GroupDesiredCapacity", there = "GroupInServiceInstances" }
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/AutoScaling"
        metric_name = metric_query.value
        stat        = "Minimum"
        period      = 60
        dimensions  = { AutoScalingGroupName = var.group_name }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "dependency" {
  count = var.log_metrics ? 1 : 0

  alarm_name          = "${var.name}-dependency-away"
  alarm_description   = "Workers can't reach S3, SQS or the vector database, or are refused: ${local.runbook}#faults."
  namespace           = local.namespace
  metric_name         = "DependencyAway"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "fleet" {
  count = var.log_metrics ? 1 : 0

  alarm_name          = "${var.name}-fleet-left-alone"
  alarm_description   = "The autoscaler can't ask the queues, or change the group: ${local.runbook}#autoscaler."
  namespace           = local.namespace
  metric_name         = "FleetLeftAsItIs"
  statistic           = "Sum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}
