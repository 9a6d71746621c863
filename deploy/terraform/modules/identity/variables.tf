variable "name" {
  description = "Name of the deployment; the first part of the roles' names."
  type        = string
}

variable "arns" {
  description = "What the policies may name: see policies/*.json.tftpl."
  type        = map(string)
}

variable "source_buckets" {
  description = "Buckets in which callers may name photos by key."
  type        = set(string)
}

variable "secret_names" {
  description = "Settings that are secrets, such as REDIS_URL."
  type        = set(string)
}

variable "secrets_version" {
  description = "A higher number writes the values of secret_values again."
  type        = number
}

variable "secret_values" {
  description = "Values of the secrets; neither plan nor state has them."
  type        = map(string)
  ephemeral   = true
  sensitive   = true
}

variable "kms_key_arn" {
  description = "Key that encrypts buckets, queues and secrets; null for AWS's own keys."
  type        = string
}

variable "github_repository" {
  description = "owner/name of the repository whose workflow deploys; null for none."
  type        = string
}

variable "github_oidc_provider_arn" {
  description = "The account's provider for GitHub, if it has one already; null makes it."
  type        = string
}
