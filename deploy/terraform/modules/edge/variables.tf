variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "domain_name" {
  description = "Name under which callers ask."
  type        = string
}

variable "zone_id" {
  description = "Zone of Route 53 that gets the name; null if the name is elsewhere."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate for the name; null makes one, in the zone."
  type        = string
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the load balancer."
  type        = list(string)
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "web_port" {
  description = "Port of the web tier."
  type        = number
}

variable "probe_port" {
  description = "Port at which the web tier says whether it may have requests."
  type        = number
}

variable "idle_timeout_seconds" {
  description = "Silence after which a connection is closed: longer than any answer takes."
  type        = number
}

variable "deregistration_seconds" {
  description = "Time that requests of a task which ends have for their answer."
  type        = number
}

variable "log_bucket" {
  description = "Bucket of the access logs; null for none."
  type        = string
}

variable "protected" {
  description = "Refuse to destroy the load balancer."
  type        = bool
}

variable "requests_per_address" {
  description = "Requests of one address in five minutes, beyond which WAF refuses them."
  type        = number
}
