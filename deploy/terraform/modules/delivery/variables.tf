variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "cluster_name" {
  description = "Cluster of the web tier."
  type        = string
}

variable "service_name" {
  description = "Service of the web tier."
  type        = string
}

variable "listener_arn" {
  description = "Listener that is turned from one target group to the other."
  type        = string
}

variable "target_groups" {
  description = "The target groups blue and green."
  type        = map(object({ arn = string, name = string, metric = string }))
}

variable "alarm_names" {
  description = "Alarms that take a deployment back."
  type        = list(string)
}
