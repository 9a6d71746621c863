output "group" {
  description = "Name of the Auto Scaling group."
  value       = aws_autoscaling_group.this.name
}

output "container" {
  description = "The autoscaler's container, as ECS gets it."
  value       = local.container
}

output "user_data" {
  description = "What an instance does at its start."
  value       = local.user_data
}
