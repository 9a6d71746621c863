resource "aws_ecs_cluster" "this" {
  #checkov:skip=CKV_AWS_65:the alarms need none of its metrics, which are billed as custom ones
  name = var.name

  setting {
    name  = "containerInsights"
    value = "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

locals {
  container = {
    name        = "web"
    image       = var.image
    essential   = true
    stopTimeout = var.stop_seconds
    portMappings = [
      for port in [var.port, var.probe_port] : { containerPort = port, hostPort = port, protocol = "tcp" }
    ]
    environment = [for name in sort(keys(var.environment)) : { name = name, value = var.environment[name] }]
    secrets     = [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    # Process 1 ignores SIGTERM until it has set its handler.
    linuxParameters = { initProcessEnabled = true }
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = var.log_group
        awslogs-region        = var.region
        awslogs-stream-prefix = "web"
      }
    }
  }
  strategy = concat(
    [{ provider = "FARGATE", base = 1, weight = 1 }],
    var.spot_weight > 0 ? [{ provider = "FARGATE_SPOT", base = 0, weight = var.spot_weight }] : [],
  )
  service = var.blue_green ? aws_ecs_service.blue_green[0] : aws_ecs_service.rolling[0]
}

resource "aws_ecs_task_definition" "web" {
  family                   = "${var.name}-web"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  task_role_arn            = var.role_arn
  execution_role_arn       = var.execution_role_arn
  container_definitions    = jsonencode([local.container])

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  skip_destroy = true # what a deployment is taken back to
}

# A new revision reaches these tasks by CodeDeploy: modules/delivery and .github/workflows/deploy.yml.
# CodeDeploy has its own way back, so that ECS takes no circuit breaker here.
resource "aws_ecs_service" "blue_green" {
  count = var.blue_green ? 1 : 0

  name            = "web"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = var.tasks.least

  health_check_grace_period_seconds = 60
  enable_execute_command            = false
  propagate_tags                    = "SERVICE"

  deployment_controller {
    type = "CODE_DEPLOY"
  }

  dynamic "capacity_provider_strategy" {
    for_each = local.strategy
    content {
      capacity_provider = capacity_provider_strategy.value.provider
      base              = capacity_provider_strategy.value.base
      weight            = capacity_provider_strategy.value.weight
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = var.has_public_address
  }

  load_balancer {
    target_group_arn = var.target_groups["blue"].arn
    container_name   = "web"
    container_port   = var.port
  }

  lifecycle {
    # CodeDeploy's and the scaling's affairs.
    ignore_changes = [desired_count, task_definition, load_balancer, capacity_provider_strategy]
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}

resource "aws_ecs_service" "rolling" {
  count = var.blue_green ? 0 : 1

  name            = "web"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.web.arn
  desired_count   = var.tasks.least

  health_check_grace_period_seconds  = 60
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  enable_execute_command             = false
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  alarms {
    enable      = true
    rollback    = true
    alarm_names = var.alarm_names
  }

  dynamic "capacity_provider_strategy" {
    for_each = local.strategy
    content {
      capacity_provider = capacity_provider_strategy.value.provider
      base              = capacity_provider_strategy.value.base
      weight            = capacity_provider_strategy.value.weight
    }
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = var.has_public_address
  }

  load_balancer {
    target_group_arn = var.target_groups["blue"].arn
    container_name   = "web"
    container_port   = var.port
  }

  lifecycle {
    ignore_changes = [desired_count] # the scaling's affair
  }

  depends_on = [aws_ecs_cluster_capacity_providers.this]
}
