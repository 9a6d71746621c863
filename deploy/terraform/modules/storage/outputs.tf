output "names" {
  description = "Names of the buckets: input, output, gallery, and logs if there are any."
  value       = local.all
}

output "log_bucket" {
  description = "Bucket of the load balancer's access logs once it takes them; null for none."
  value       = var.access_log_days == 0 ? null : aws_s3_bucket_policy.this["logs"].bucket
}
