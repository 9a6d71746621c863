# One small task that looks at the queues and sets the size of the group.

locals {
  container = {
    name        = "autoscaler"
    image       = var.image
    essential   = true
    stopTimeout = 30
    command     = ["python", "scripts/efr.py", "autoscaler"]
    environment = [
      for name, value in merge(var.autoscaler_environment, { ASG_NAME = local.group }) : { name = name, value = value }
    ]
    secrets         = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    linuxParameters = { initProcessEnabled = true }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.log_groups.autoscaler
        awslogs-region        = var.region
        awslogs-stream-prefix = "autoscaler"
      }
    }
  }
}

resource "aws_ecs_task_definition" "autoscaler" {
  family                   = "${var.name}-autoscaler"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  task_role_arn            = var.autoscaler_role_arn
  execution_role_arn       = var.execution_role_arn
  container_definitions    = jsonencode([local.container])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  skip_destroy = true # what a deployment is taken back to
}

resource "aws_ecs_service" "autoscaler" {
  name            = "autoscaler"
  cluster         = var.cluster_arn
  task_definition = aws_ecs_task_definition.autoscaler.arn
  launch_type     = "FARGATE"
  desired_count   = 1
  propagate_tags  = "SERVICE"

  # Never two at the same time: the old one ends first.
  deployment_minimum_healthy_percent = 0
  deployment_maximum_percent         = 100

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = var.has_public_address
  }
}
