output "buckets" {
  description = "Names of the buckets."
  value       = module.storage.names
}

output "queues" {
  description = "Names of the queues that have dead letters."
  value       = module.queues.names
}

output "repositories" {
  description = "Where the images are pushed."
  value       = module.images.urls
}

output "settings" {
  description = "Settings of all parts, for commands that you run elsewhere."
  value       = local.settings
}

output "address" {
  description = "The load balancer's own name: what a name that is elsewhere points to."
  value       = module.edge.address
}

output "cluster" {
  description = "Cluster of the web tier and the autoscaler."
  value       = module.api.cluster.name
}

output "group" {
  description = "Auto Scaling group of the workers."
  value       = module.workers.group
}

output "containers" {
  description = "Containers as ECS gets them, and what an instance of the workers does at its start."
  value = {
    web        = module.api.container
    autoscaler = module.workers.container
    worker     = module.workers.user_data
  }
}

output "deployment" {
  description = "How a new version of the web tier is brought; null if ECS does it by itself."
  value = var.blue_green ? {
    application = module.delivery[0].application
    group       = module.delivery[0].group
    appspec     = module.api.appspec
  } : null
}

output "roles" {
  description = "ARNs of the roles, by part."
  value       = module.identity.role_arns
}

output "operator_policy" {
  description = "Policy to attach to the role with which your administrators run efr."
  value       = module.identity.operator_policy_arn
}
