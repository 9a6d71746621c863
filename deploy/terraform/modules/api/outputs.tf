output "cluster" {
  description = "Name and ARN of the cluster."
  value       = { name = aws_ecs_cluster.this.name, arn = aws_ecs_cluster.this.arn }
}

output "service_name" {
  description = "The service of the web tier."
  value       = local.service.name
}

output "container" {
  description = "The web tier's container, as ECS gets it."
  value       = local.container
}

output "appspec" {
  description = "What CodeDeploy is to bring up: the newest revision."
  value = jsonencode({
    version = 0.0
    Resources = [{
      TargetService = {
        Type = "AWS::ECS::Service"
        Properties = {
          TaskDefinition   = aws_ecs_task_definition.web.arn
          LoadBalancerInfo = { ContainerName = "web", ContainerPort = var.port }
          CapacityProviderStrategy = [
            for each in local.strategy : { CapacityProvider = each.provider, Base = each.base, Weight = each.weight }
          ]
        }
      }
    }]
  })
}
