variable "name" {
  description = "Name of the deployment, and of the metrics' namespace."
  type        = string
}

variable "region" {
  description = "Region of the dashboard's graphs."
  type        = string
}

variable "account_id" {
  description = "Account whose alarms and budgets may write to the topic."
  type        = string
}

variable "log_days" {
  description = "Age at which log lines are removed."
  type        = number
}

variable "log_metrics" {
  description = "Count log lines: deploy/cloudwatch/metric_filters.json."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key that encrypts the logs; null for AWS's own."
  type        = string
}

variable "alarm_email" {
  description = "Address that is told of alarms; null for none."
  type        = string
}

variable "budget_dollars" {
  description = "Cost of a month that is told of when 80 % are reached, and 100 % forecast; 0 for none."
  type        = number
}

variable "oldest_message_seconds" {
  description = "Age of the oldest upload in the queue that is an alarm."
  type        = number
}

variable "p99_seconds" {
  description = "Time of the slowest answer in a hundred that is an alarm."
  type        = number
}

variable "queue_names" {
  description = "Queues that have dead letters."
  type        = map(string)
}

variable "dead_letter_names" {
  description = "Their dead-letter queues."
  type        = map(string)
}

variable "balancer" {
  description = "The load balancer as metrics name it."
  type        = string
}

variable "target_groups" {
  description = "Names in metrics of the target groups blue and green."
  type        = map(object({ arn = string, name = string, metric = string }))
}

variable "cluster_name" {
  description = "Cluster of the web tier."
  type        = string
}

variable "web_service_name" {
  description = "Service of the web tier."
  type        = string
}

variable "group_name" {
  description = "Auto Scaling group of the workers."
  type        = string
}
