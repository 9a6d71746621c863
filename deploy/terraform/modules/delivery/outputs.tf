output "application" {
  description = "Application of CodeDeploy."
  value       = aws_codedeploy_app.web.name
}

output "group" {
  description = "Deployment group of CodeDeploy."
  value       = aws_codedeploy_deployment_group.web.deployment_group_name
}
