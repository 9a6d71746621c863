output "group" {
  description = "Name of the Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "autoscaler_name" {
  description = "The service of the autoscaler."
  value       = aws_ecs_service.autoscaler.name
}

output "container" {
  description = "The autoscaler's container, as ECS gets it."
  value       = local.container
}

output "user_data" {
  description = "What an instance does at its start."
  value       = local.user_data
}
