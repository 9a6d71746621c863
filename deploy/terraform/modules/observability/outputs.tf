output "log_groups" {
  description = "Log groups, by part."
  value       = { for part, group in aws_cloudwatch_log_group.this : part => group.name }
}

output "deployment_alarms" {
  description = "Alarms that take a deployment back."
  value = [
    aws_cloudwatch_metric_alarm.errors.alarm_name,
    aws_cloudwatch_metric_alarm.slow.alarm_name,
    aws_cloudwatch_metric_alarm.no_target.alarm_name,
  ]
}
