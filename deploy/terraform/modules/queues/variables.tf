variable "name" {
  description = "Name of the deployment; the first part of each queue's name."
  type        = string
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden; SQS_VISIBILITY_TIMEOUT_SECONDS."
  type        = number
}

variable "max_receive_count" {
  description = "Receives after which a message becomes a dead letter; SQS_MAX_RECEIVE_COUNT."
  type        = number
}

variable "kms_key_arn" {
  description = "Key that encrypts the messages; null for the keys of SQS."
  type        = string
}

variable "restrict_redrive" {
  description = "Let dead letters come from their own queue alone. Moto's server can't."
  type        = bool
}
