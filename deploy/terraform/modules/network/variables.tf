variable "name" {
  description = "Name of the deployment."
  type        = string
}

variable "region" {
  description = "Region, of which the endpoints are."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network, a /16 to /20."
  type        = string
}

variable "zones" {
  description = "Number of availability zones."
  type        = number
}

variable "egress" {
  description = "How tasks and workers reach AWS: nat, nat-per-zone, endpoints or public."
  type        = string
}

variable "web_ports" {
  description = "Ports of the web tier, by what the load balancer sends there. It alone reaches them."
  type        = map(number)
}

variable "has_redis" {
  description = "Let the web tier and the workers reach a Redis in this network, on port 6379."
  type        = bool
}
