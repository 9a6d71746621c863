variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "region" {
  description = "Region of the log group."
  type        = string
}

variable "image" {
  description = "Image of the web tier."
  type        = string
}

variable "cpu" {
  description = "Processor of a task, in 1,024ths of one."
  type        = number
}

variable "memory" {
  description = "Memory of a task, in MiB."
  type        = number
}

variable "architecture" {
  description = "X86_64 or ARM64."
  type        = string
}

variable "port" {
  description = "Port of the web tier; WEB_PORT."
  type        = number
}

variable "probe_port" {
  description = "Port of its metrics, where it says whether it may have requests; METRICS_PORT."
  type        = number
}

variable "environment" {
  description = "Settings of the web tier."
  type        = map(string)
}

variable "secrets" {
  description = "Names of the parameters of SSM, by the setting that they hold."
  type        = map(string)
}

variable "stop_seconds" {
  description = "Time between SIGTERM and SIGKILL."
  type        = number
}

variable "tasks" {
  description = "Least and most tasks."
  type        = object({ least = number, most = number })
}

variable "spot_weight" {
  description = "Tasks on Fargate Spot for each one on Fargate, beyond the first; 0 for none."
  type        = number
}

variable "blue_green" {
  description = "Let CodeDeploy replace the tasks; otherwise ECS does, with its circuit breaker."
  type        = bool
}

variable "requests_per_task" {
  description = "Requests per minute and task beyond which tasks are added."
  type        = number
}

variable "role_arn" {
  description = "Role of the process."
  type        = string
}

variable "execution_role_arn" {
  description = "Role that pulls the image, writes the log and reads the secrets."
  type        = string
}

variable "log_group" {
  description = "Log group of the web tier."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the tasks."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the tasks."
  type        = string
}

variable "has_public_address" {
  description = "Give each task a public address, where there is no other way out."
  type        = bool
}

variable "balancer" {
  description = "The load balancer as metrics name it."
  type        = string
}

variable "target_groups" {
  description = "ARN and name in metrics of the target groups blue and green."
  type        = map(object({ arn = string, name = string, metric = string }))
}

variable "alarm_names" {
  description = "Alarms that take a deployment back."
  type        = list(string)
}

