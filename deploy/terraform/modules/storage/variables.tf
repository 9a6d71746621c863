variable "name" {
  description = "Name of the deployment; the first part of each bucket's name."
  type        = string
}

variable "account_id" {
  description = "Account; the second part of each bucket's name, which is global."
  type        = string
}

variable "retention_days" {
  description = "Age at which photos and results are removed."
  type        = number
}

variable "backup_days" {
  description = "Days that a backup of the gallery bucket stays; 0 makes none."
  type        = number
}

variable "cors_origins" {
  description = "Origins whose pages may put photos into the input bucket themselves."
  type        = list(string)
}

variable "kms_key_arn" {
  description = "Key that encrypts the buckets; null for the keys of S3."
  type        = string
}

variable "access_log_days" {
  description = "Age at which the load balancer's access logs are removed; 0 for no logs."
  type        = number
}

variable "force_destroy" {
  description = "Let destroy remove buckets that hold objects."
  type        = bool
}
