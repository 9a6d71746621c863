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
