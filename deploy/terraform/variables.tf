variable "name" {
  description = "Name of the deployment; everything is called after it."
  type        = string
  default     = "efr"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens: buckets are called after it."
  }
}

variable "region" {
  description = "Region of AWS."
  type        = string
  default     = "us-east-1"
}

variable "tags" {
  description = "Further tags of everything."
  type        = map(string)
  default     = {}
}

variable "retention_days" {
  description = "Age at which photos and results are removed; RETENTION_DAYS."
  type        = number
  default     = 30

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 3650
    error_message = "retention_days is 1 to 3650, as RETENTION_DAYS."
  }
}

variable "max_receive_count" {
  description = "Receives after which a job fails; SQS_MAX_RECEIVE_COUNT."
  type        = number
  default     = 5
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden; SQS_VISIBILITY_TIMEOUT_SECONDS."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout_seconds > var.job_timeout_seconds
    error_message = "visibility_timeout_seconds is over job_timeout_seconds, or a slow job could run twice."
  }
}

variable "job_timeout_seconds" {
  description = "Deadline of one photo; JOB_TIMEOUT_SECONDS."
  type        = number
  default     = 30
}

variable "restrict_redrive" {
  description = "Let dead letters come from their own queue alone; off for moto's server, which can't."
  type        = bool
  default     = true
}

variable "cors_origins" {
  description = "Origins whose pages may call the service; CORS_ORIGINS."
  type        = list(string)
  default     = []
}

variable "kms_key_arn" {
  description = "Key of yours that encrypts buckets, queues and secrets; null for AWS's own."
  type        = string
  default     = null
}

variable "backup" {
  description = "Back the gallery bucket up once a day."
  type        = bool
  default     = true
}

variable "access_log_days" {
  description = "Days that the load balancer's access logs stay; 0 writes none. They hold paths, which name people."
  type        = number
  default     = 7
}

variable "protected" {
  description = "Refuse to destroy what can't be made again: buckets with objects, the load balancer, the table of backups."
  type        = bool
  default     = true
}

variable "secret_names" {
  description = "Settings that are secrets, such as REDIS_URL or PINECONE_API_KEY."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.secret_names, ["REDIS_URL", "QDRANT_API_KEY", "MILVUS_TOKEN", "PINECONE_API_KEY"])) == 0
    error_message = "Secrets are REDIS_URL, QDRANT_API_KEY, MILVUS_TOKEN and PINECONE_API_KEY."
  }
}

variable "secret_values" {
  description = "Values of the secrets; neither plan nor state has them. Give them by TF_VAR_secret_values."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}

variable "secrets_version" {
  description = "A higher number writes secret_values again."
  type        = number
  default     = 1
}

variable "github_repository" {
  description = "owner/name of the repository whose workflow deploys; null for none."
  type        = string
  default     = null
}

variable "github_oidc_provider_arn" {
  description = "The account's provider for GitHub, if it has one already; null makes one."
  type        = string
  default     = null
}
