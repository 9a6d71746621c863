variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "region" {
  description = "Region of the log groups."
  type        = string
}

variable "image" {
  description = "Image of the workers and the autoscaler."
  type        = string
}

variable "instance_types" {
  description = "Kinds of instances, all with as many processors; spot takes what is there."
  type        = list(string)
}

variable "architecture" {
  description = "X86_64 or ARM64."
  type        = string
}

variable "has_gpu" {
  description = "Embed faces on the instances' GPUs. The image must bring an onnxruntime for them."
  type        = bool
}

variable "max_workers" {
  description = "Instances that the autoscaler starts at most; MAX_WORKERS."
  type        = number
}

variable "on_demand_base" {
  description = "Instances that are on demand, before any is spot."
  type        = number
}

variable "on_demand_percent" {
  description = "Share of the others that is on demand."
  type        = number
}

variable "environment" {
  description = "Settings of the workers."
  type        = map(string)
}

variable "autoscaler_environment" {
  description = "Settings of the autoscaler."
  type        = map(string)
}

variable "secrets" {
  description = "Names of the parameters of SSM, by the setting that they hold."
  type        = map(string)
}

variable "drain_seconds" {
  description = "Time that a worker has between the notice and its end."
  type        = number
}

variable "disk_gb" {
  description = "Size of an instance's disk."
  type        = number
}

variable "instance_profile_arn" {
  description = "Profile of the instances."
  type        = string
}

variable "autoscaler_role_arn" {
  description = "Role of the autoscaler."
  type        = string
}

variable "execution_role_arn" {
  description = "Role that starts the autoscaler's task."
  type        = string
}

variable "cluster_arn" {
  description = "Cluster of the autoscaler."
  type        = string
}

variable "log_groups" {
  description = "Log groups of worker and autoscaler."
  type        = object({ worker = string, autoscaler = string })
}

variable "subnet_ids" {
  description = "Subnets of the instances and the autoscaler."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of both."
  type        = string
}

variable "has_public_address" {
  description = "Give each a public address, where there is no other way out."
  type        = bool
}
