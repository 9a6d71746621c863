output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer."
  value       = [for subnet in aws_subnet.public : subnet.id]
}

output "public_cidrs" {
  description = "Addresses from which the load balancer asks the web tier."
  value       = [for subnet in aws_subnet.public : subnet.cidr_block]
}

output "service_subnet_ids" {
  description = "Subnets of tasks and workers: the private ones, unless egress is public."
  value       = [for subnet in(var.egress == "public" ? aws_subnet.public : aws_subnet.private) : subnet.id]
}

output "has_public_addresses" {
  description = "Whether tasks and workers have public addresses; nobody reaches them there."
  value       = var.egress == "public"
}

output "security_group_ids" {
  description = "Security groups, by part."
  value       = { for part, group in aws_security_group.this : part => group.id }
}
