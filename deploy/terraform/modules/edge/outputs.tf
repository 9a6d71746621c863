output "address" {
  description = "The load balancer's own name."
  value       = aws_lb.this.dns_name
}

output "balancer" {
  description = "The load balancer as metrics name it."
  value       = aws_lb.this.arn_suffix
}

output "listener_arn" {
  description = "The listener that CodeDeploy turns."
  value       = aws_lb_listener.https.arn
}

output "target_groups" {
  description = "ARN, name and name in metrics of the groups blue and green."
  value = {
    for colour, group in aws_lb_target_group.web :
    colour => { arn = group.arn, name = group.name, metric = group.arn_suffix }
  }
  depends_on = [aws_lb_listener.https] # ECS takes no group that belongs to no load balancer
}
