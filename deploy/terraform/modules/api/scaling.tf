# More tasks when processors are busy or many requests come; fewer when both are low. The two that
# add never take away, so that they don't undo each other.

resource "aws_appautoscaling_target" "web" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${local.service.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.tasks.least
  max_capacity       = var.tasks.most
}

resource "aws_appautoscaling_policy" "processor" {
  name               = "processor"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  resource_id        = aws_appautoscaling_target.web.resource_id
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = 70
    scale_out_cooldown = 60
    disable_scale_in   = true
    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

# AWS's own ALBRequestCountPerTarget knows one target group, and CodeDeploy changes between two.
resource "aws_appautoscaling_policy" "requests" {
  name               = "requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  resource_id        = aws_appautoscaling_target.web.resource_id
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.requests_per_task
    scale_out_cooldown = 60
    disable_scale_in   = true

    customized_metric_specification {
      metrics {
        id          = "requests"
        return_data = false
        metric_stat {
          stat = "Sum"
          metric {
            namespace   = "AWS/ApplicationELB"
            metric_name = "RequestCount"
            dimensions {
              name  = "LoadBalancer"
              value = var.balancer
            }
          }
        }
      }
      dynamic "metrics" {
        for_each = var.target_groups
        content {
          id          = metrics.key
          return_data = false
          metric_stat {
            stat = "Average"
            metric {
              namespace   = "AWS/ApplicationELB"
              metric_name = "HealthyHostCount"
              dimensions {
                name  = "LoadBalancer"
                value = var.balancer
              }
              dimensions {
                name  = "TargetGroup"
                value = metrics.value.metric
              }
            }
          }
        }
      }
      metrics {
        id          = "per_task"
        label       = "Requests per minute and task"
        expression  = "FILL(requests, 0) / IF(FILL(blue, 0) + FILL(green, 0) < 1, 1, FILL(blue, 0) + FILL(green, 0))"
        return_data = true
      }
    }
  }
}

resource "aws_appautoscaling_policy" "fewer" {
  name               = "fewer"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.web.service_namespace
  resource_id        = aws_appautoscaling_target.web.resource_id
  scalable_dimension = aws_appautoscaling_target.web.scalable_dimension

  step_scaling_policy_configuration {
    adjustment_type = "ChangeInCapacity"
    cooldown        = 300
    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = -1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "idle" {
  alarm_name          = "${var.name}-web-idle"
  alarm_description   = "The web tier is under 30 % of its processors and half of its requests: one task fewer."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  evaluation_periods  = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.fewer.arn]

  metric_query {
    id          = "idle"
    label       = "Idle"
    expression  = "IF(processor < 30 AND FILL(requests, 0) / IF(FILL(blue, 0) + FILL(green, 0) < 1, 1, FILL(blue, 0) + FILL(green, 0)) < ${var.requests_per_task / 2}, 1, 0)"
    return_data = true
  }
  metric_query {
    id = "processor"
    metric {
      namespace   = "AWS/ECS"
      metric_name = "CPUUtilization"
      stat        = "Average"
      period      = 60
      dimensions  = { ClusterName = aws_ecs_cluster.this.name, ServiceName = local.service.name }
    }
  }
  metric_query {
    id = "requests"
    metric {
      namespace   = "AWS/ApplicationELB"
      metric_name = "RequestCount"
      stat        = "Sum"
      period      = 60
      dimensions  = { LoadBalancer = var.balancer }
    }
  }
  dynamic "metric_query" {
    for_each = var.target_groups
    content {
      id = metric_query.key
      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = "HealthyHostCount"
        stat        = "Average"
        period      = 60
        dimensions  = { LoadBalancer = var.balancer, TargetGroup = metric_query.value.metric }
      }
    }
  }
}
