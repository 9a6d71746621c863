output "role_arns" {
  description = "ARNs of the roles, by part."
  value       = { for part, role in merge(aws_iam_role.this, aws_iam_role.github) : part => role.arn }
}

output "instance_profile_arn" {
  description = "Profile of the workers' instances."
  value       = aws_iam_instance_profile.worker.arn
}

output "secrets" {
  description = "Names of the parameters, by the setting that they hold."
  value       = { for setting, parameter in aws_ssm_parameter.this : setting => parameter.name }
}

output "operator_policy_arn" {
  description = "Policy of those who run efr."
  value       = aws_iam_policy.operator.arn
}
