output "urls" {
  description = "Addresses of the repositories web and worker, without a tag."
  value       = { for key, repository in aws_ecr_repository.this : key => repository.repository_url }
}
