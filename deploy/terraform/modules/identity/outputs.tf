output "role_arns" {
  description = "ARNs of the roles, by part."
  value       = { for part, role in aws_iam_role.this : part => role.arn }
}

output "role_names" {
  description = "Names of the roles, by part."
  value       = { for part, role in aws_iam_role.this : part => role.name }
}

output "instance_profile_arn" {
  description = "Profile of the workers' instances."
  value       = aws_iam_instance_profile.worker.arn
}

output "secrets" {
  description = "Names of the parameters, by the setting that they hold."
  value       = { for setting, parameter in aws_ssm_parameter.this : setting => parameter.name }
}
