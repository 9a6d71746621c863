output "names" {
  description = "Names of the queues that have dead letters: request, index, webhook."
  value       = local.sources
}

output "response_name" {
  description = "Name of the queue for copies of results."
  value       = local.response
}

output "dead_letter_names" {
  description = "Names of the dead-letter queues, by the queue that they belong to."
  value       = { for key, name in local.sources : key => "${name}-dlq" }
}
