# What runs: the web tier, the workers, the autoscaler, and how a new version comes.

mock_provider "aws" {
  mock_data "aws_default_tags" {
    defaults = { tags = { deployment = "efr" } }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name               = "efr"
  region             = "us-east-1"
  architecture       = "X86_64"
  execution_role_arn = "arn:aws:iam::123456789012:role/efr-execution"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_id  = "sg-1"
  has_public_address = false
  secrets            = { REDIS_URL = "/efr/REDIS_URL" }
  environment        = { AUTH = "keys" }
  target_groups = {
    blue  = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/efr-blue/1", name = "efr-blue", metric = "targetgroup/efr-blue/1" }
    green = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/efr-green/2", name = "efr-green", metric = "targetgroup/efr-green/2" }
  }
  alarm_names = ["efr-5xx", "efr-p99", "efr-no-healthy-target"]
}

run "web_tier_by_codedeploy" {
  command = plan
  module {
    source = "./modules/api"
  }
  variables {
    image             = "registry/efr/web:v1"
    cpu               = 1024
    memory            = 4096
    port              = 8000
    probe_port        = 9464
    stop_seconds      = 40
    tasks             = { least = 2, most = 10 }
    spot_weight       = 3
    blue_green        = true
    requests_per_task = 1200
    role_arn          = "arn:aws:iam::123456789012:role/efr-web"
    log_group         = "/efr/web"
    balancer          = "app/efr/1"
  }

  assert {
    condition     = one(aws_ecs_service.blue_green[0].deployment_controller).type == "CODE_DEPLOY" && length(aws_ecs_service.rolling) == 0
    error_message = "ECS and CodeDeploy would both replace tasks."
  }
  assert {
    condition     = !one(aws_ecs_service.blue_green[0].network_configuration).assign_public_ip
    error_message = "Tasks have public addresses."
  }
  assert {
    condition     = toset([for each in aws_ecs_service.blue_green[0].capacity_provider_strategy : each.capacity_provider]) == toset(["FARGATE", "FARGATE_SPOT"])
    error_message = "Tasks do not run on Fargate and Fargate Spot."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.web.container_definitions)[0].secrets == [{ name = "REDIS_URL", valueFrom = "/efr/REDIS_URL" }]
    error_message = "A secret does not come from its parameter."
  }
  assert {
    condition     = aws_ecs_task_definition.web.task_role_arn != aws_ecs_task_definition.web.execution_role_arn
    error_message = "The process could read all secrets."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.web.container_definitions)[0].linuxParameters.initProcessEnabled
    error_message = "Process 1 would ignore SIGTERM while it starts."
  }
  assert {
    condition     = [for each in jsondecode(aws_ecs_task_definition.web.container_definitions)[0].portMappings : each.containerPort] == [8000, 9464]
    error_message = "The load balancer reaches no port for its requests or its probes."
  }
  assert {
    condition     = one(aws_ecs_service.blue_green[0].load_balancer).container_port == 8000
    error_message = "Requests go to the port of the metrics."
  }
  assert {
    condition     = aws_ecs_task_definition.web.skip_destroy
    error_message = "What a deployment is taken back to would be gone."
  }
  assert {
    condition     = aws_appautoscaling_target.web.min_capacity == 2 && aws_appautoscaling_target.web.max_capacity == 10
    error_message = "The web tier has other bounds."
  }
  assert {
    condition     = one(aws_appautoscaling_policy.processor.target_tracking_scaling_policy_configuration).target_value == 70
    error_message = "Tasks are not added from 70 % of the processor on."
  }
  assert {
    condition = alltrue([
      for policy in [aws_appautoscaling_policy.processor, aws_appautoscaling_policy.requests] :
      one(policy.target_tracking_scaling_policy_configuration).disable_scale_in
    ]) && one(one(aws_appautoscaling_policy.fewer.step_scaling_policy_configuration).step_adjustment).scaling_adjustment == -1
    error_message = "Two policies would take tasks away."
  }
  assert {
    condition     = strcontains(one([for query in aws_cloudwatch_metric_alarm.idle.metric_query : query.expression if query.id == "idle"]), "processor < 30")
    error_message = "Tasks are taken away at another load than 30 %."
  }
}

run "web_tier_by_ecs" {
  command = plan
  module {
    source = "./modules/api"
  }
  variables {
    image             = "registry/efr/web:v1"
    cpu               = 1024
    memory            = 4096
    port              = 8000
    probe_port        = 9464
    stop_seconds      = 40
    tasks             = { least = 1, most = 2 }
    spot_weight       = 0
    blue_green        = false
    requests_per_task = 1200
    role_arn          = "arn:aws:iam::123456789012:role/efr-web"
    log_group         = "/efr/web"
    balancer          = "app/efr/1"
  }

  assert {
    condition     = one(aws_ecs_service.rolling[0].deployment_circuit_breaker).enable && one(aws_ecs_service.rolling[0].deployment_circuit_breaker).rollback
    error_message = "ECS would start tasks that can't run for ever."
  }
  assert {
    condition     = one(aws_ecs_service.rolling[0].alarms).rollback && one(aws_ecs_service.rolling[0].alarms).alarm_names == toset(var.alarm_names)
    error_message = "An alarm does not take a deployment back."
  }
  assert {
    condition     = aws_ecs_service.rolling[0].deployment_minimum_healthy_percent == 100
    error_message = "A deployment takes tasks away before others are there."
  }
}

run "workers" {
  command = plan
  module {
    source = "./modules/workers"
  }
  variables {
    image                  = "registry/efr/worker:v1"
    instance_types         = ["c7i.large", "c7a.large"]
    has_gpu                = false
    max_workers            = 15
    on_demand_base         = 1
    on_demand_percent      = 0
    environment            = { WORKER_PROCESSES = "2" }
    autoscaler_environment = { WORKER_PROCESSES = "2", MAX_WORKERS = "15" }
    drain_seconds          = 90
    disk_gb                = 30
    instance_profile_arn   = "arn:aws:iam::123456789012:instance-profile/efr-worker"
    autoscaler_role_arn    = "arn:aws:iam::123456789012:role/efr-autoscaler"
    cluster_arn            = "arn:aws:ecs:us-east-1:123456789012:cluster/efr"
    log_groups             = { worker = "/efr/worker", autoscaler = "/efr/autoscaler" }
  }

  assert {
    condition     = one(aws_launch_template.this.metadata_options).http_tokens == "required" && one(aws_launch_template.this.metadata_options).http_put_response_hop_limit == 1
    error_message = "The metadata service answers without IMDSv2, or to others than the instance."
  }
  assert {
    condition     = tobool(one(one(aws_launch_template.this.block_device_mappings).ebs).encrypted)
    error_message = "The disk is not encrypted."
  }
  assert {
    condition     = aws_launch_template.this.instance_initiated_shutdown_behavior == "terminate"
    error_message = "A machine of no use would stay."
  }
  assert {
    condition     = strcontains(local.user_data, "EC2_METADATA_URL=http://169.254.169.254\n") && strcontains(local.user_data, "ASG_NAME=efr-workers\n")
    error_message = "Workers would neither drain nor protect their instance."
  }
  assert {
    condition     = strcontains(local.user_data, "--name '/efr/REDIS_URL'") && !strcontains(local.user_data, "rediss://")
    error_message = "Workers do not read their secrets from the parameters."
  }
  assert {
    condition     = alltrue([for each in aws_launch_template.this.tag_specifications : each.tags == tomap({ deployment = "efr", Name = "efr-workers" })])
    error_message = "The budget would not count instances or their disks."
  }
  assert {
    condition     = alltrue([for each in aws_autoscaling_group.this.tag : each.key == "deployment" && each.value == "efr" && each.propagate_at_launch])
    error_message = "Instances lack the tags of the deployment."
  }
  assert {
    condition     = aws_autoscaling_group.this.min_size == 0 && aws_autoscaling_group.this.max_size == 15
    error_message = "The autoscaler can't reach its bounds."
  }
  assert {
    condition     = aws_autoscaling_group.this.capacity_rebalance && contains(aws_autoscaling_group.this.suspended_processes, "AZRebalance")
    error_message = "Spot instances end without another, or balancing ends busy ones."
  }
  assert {
    condition     = one(one(aws_autoscaling_group.this.mixed_instances_policy).instances_distribution).on_demand_base_capacity == 1 && one(one(aws_autoscaling_group.this.mixed_instances_policy).instances_distribution).on_demand_percentage_above_base_capacity == 0
    error_message = "There is another share of spot instances."
  }
  assert {
    condition     = one(one(aws_autoscaling_group.this.instance_refresh).preferences).scale_in_protected_instances == "Wait"
    error_message = "A new version would end busy workers."
  }
  assert {
    condition     = aws_autoscaling_lifecycle_hook.drain.lifecycle_transition == "autoscaling:EC2_INSTANCE_TERMINATING" && aws_autoscaling_lifecycle_hook.drain.heartbeat_timeout == 90
    error_message = "A worker has no time to drain."
  }
  assert {
    condition     = aws_ecs_task_definition.autoscaler.skip_destroy
    error_message = "What the autoscaler is taken back to would be gone."
  }
  assert {
    condition     = aws_ecs_service.autoscaler.desired_count == 1 && aws_ecs_service.autoscaler.deployment_maximum_percent == 100
    error_message = "Two autoscalers would run."
  }
  assert {
    condition     = contains([for each in local.container.environment : "${each.name}=${each.value}"], "ASG_NAME=efr-workers")
    error_message = "The autoscaler would start workers beside itself."
  }
}

run "delivery" {
  command = plan
  module {
    source = "./modules/delivery"
  }
  variables {
    cluster_name = "efr"
    service_name = "web"
    listener_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/efr/1/2"
  }

  assert {
    condition     = one(aws_codedeploy_deployment_group.web.deployment_style).deployment_type == "BLUE_GREEN"
    error_message = "A version comes otherwise than beside the former one."
  }
  assert {
    condition     = one(aws_codedeploy_deployment_group.web.alarm_configuration).enabled && one(aws_codedeploy_deployment_group.web.alarm_configuration).alarms == toset(var.alarm_names)
    error_message = "No alarm takes a version back."
  }
  assert {
    condition     = one(aws_codedeploy_deployment_group.web.auto_rollback_configuration).events == toset(["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM"])
    error_message = "A version that fails stays."
  }
}
