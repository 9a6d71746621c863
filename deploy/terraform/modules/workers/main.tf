# Instances that come and go with the jobs. Our autoscaler alone sets how many there are; workers
# protect their instance while they are busy, and drain when EC2 announces its end.

locals {
  group = "${var.name}-workers"
  image_parameter = var.has_gpu ? "/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id" : (
    "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture == "ARM64" ? "arm64" : "x86_64"}"
  )
  environment = merge(var.environment, {
    ASG_NAME         = local.group
    EC2_METADATA_URL = "http://169.254.169.254"
    FACE_CUDA        = tostring(var.has_gpu)
  })
  user_data = templatefile("${path.module}/user_data.sh.tftpl", {
    environment = local.environment
    secrets     = var.secrets
    image       = var.image
    region      = var.region
    log_group   = var.log_groups.worker
    gpus        = var.has_gpu ? "--gpus all " : ""
    unit        = file("${path.module}/../../../systemd/efr-worker.service")
  })
}

resource "aws_launch_template" "this" {
  name                   = local.group
  update_default_version = true
  # EC2 looks the image up at each start, so that a new instance has the newest.
  image_id      = "resolve:ssm:${local.image_parameter}"
  instance_type = var.instance_types[0]
  user_data     = base64encode(local.user_data)

  # A machine that is of no use powers itself off, and EC2 starts another.
  instance_initiated_shutdown_behavior = "terminate"

  iam_instance_profile {
    arn = var.instance_profile_arn
  }

  # IMDSv2 alone, and from the instance itself: the worker's container has the host's network.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  network_interfaces {
    associate_public_ip_address = var.has_public_address
    delete_on_termination       = true
    security_groups             = [var.security_group_id]
  }

  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      encrypted             = true
      delete_on_termination = true
      volume_type           = "gp3"
      volume_size           = var.disk_gb
    }
  }

  monitoring {
    enabled = false # by the minute costs more, and the alarms look at queues
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume"])
    content {
      resource_type = tag_specifications.value
      # The group's tags reach instances, and not their disks.
      tags = merge(data.aws_default_tags.this.tags, { Name = local.group })
    }
  }
}

resource "aws_autoscaling_group" "this" {
  name                = local.group
  min_size            = 0
  max_size            = var.max_workers
  desired_capacity    = 0
  vpc_zone_identifier = var.subnet_ids
  health_check_type   = "EC2"
  capacity_rebalance  = true
  # A busy worker protects its instance; balancing the zones must not take it away.
  suspended_processes  = ["AZRebalance"]
  termination_policies = ["OldestLaunchTemplate", "Default"]
  enabled_metrics      = ["GroupDesiredCapacity", "GroupInServiceInstances"]

  mixed_instances_policy {
    instances_distribution {
      on_demand_base_capacity                  = var.on_demand_base
      on_demand_percentage_above_base_capacity = var.on_demand_percent
      spot_allocation_strategy                 = "price-capacity-optimized"
    }
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this.id
        version            = aws_launch_template.this.latest_version
      }
      dynamic "override" {
        for_each = var.instance_types
        content {
          instance_type = override.value
        }
      }
    }
  }

  # A new version of the template replaces the instances. Those of busy workers are waited for: an
  # hour, which is the longest that AWS waits.
  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage       = 50
      scale_in_protected_instances = "Wait"
      standby_instances            = "Wait"
      skip_matching                = true
    }
  }

  dynamic "tag" {
    for_each = data.aws_default_tags.this.tags
    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    ignore_changes = [desired_capacity] # the autoscaler's affair
  }
}

data "aws_default_tags" "this" {}

# The worker sees the target state, and drains within this time. Nothing tells EC2 that it has
# finished: the time is waited for, so it is short.
resource "aws_autoscaling_lifecycle_hook" "drain" {
  name                   = "drain"
  autoscaling_group_name = aws_autoscaling_group.this.name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  heartbeat_timeout      = var.drain_seconds
  default_result         = "CONTINUE"
}
