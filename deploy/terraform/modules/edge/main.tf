resource "aws_lb" "this" {
  #checkov:skip=CKV2_AWS_76:waf.tf has the rules against Log4j: known-bad-inputs
  name               = var.name
  load_balancer_type = "application"
  internal           = false
  subnets            = var.subnet_ids
  security_groups    = [var.security_group_id]

  idle_timeout               = var.idle_timeout_seconds
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  xff_header_processing_mode = "append"
  enable_deletion_protection = var.protected

  dynamic "access_logs" {
    for_each = var.log_bucket == null ? [] : [var.log_bucket]
    content {
      bucket  = access_logs.value
      enabled = true
    }
  }
}

# Two, so that CodeDeploy can fill one while the other serves. Without it the second stays empty.
resource "aws_lb_target_group" "web" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; the way behind it is private
  for_each = toset(["blue", "green"])

  name                          = "${var.name}-${each.key}"
  vpc_id                        = var.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = var.web_port
  deregistration_delay          = var.deregistration_seconds
  load_balancing_algorithm_type = "least_outstanding_requests"

  # Beside the metrics, where no key is needed. A task that has not reached S3 and SQS yet gets no
  # requests; an outage that comes later takes out no task.
  health_check {
    port                = var.probe_port
    path                = "/ready"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTPS"
  port              = 443
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn == null ? aws_acm_certificate_validation.this[0].certificate_arn : var.certificate_arn

  routing_http_response_strict_transport_security_header_value = "max-age=63072000"

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.web["blue"].arn
  }

  lifecycle {
    ignore_changes = [default_action] # CodeDeploy turns it to the other group
  }
}

resource "aws_lb_listener" "redirect" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "HTTP"
  port              = 80

  default_action {
    type = "redirect"
    redirect {
      protocol    = "HTTPS"
      port        = "443"
      status_code = "HTTP_301"
    }
  }
}

resource "aws_acm_certificate" "this" {
  count = var.certificate_arn == null ? 1 : 0

  domain_name       = var.domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
    precondition {
      condition     = var.zone_id != null
      error_message = "Give certificate_arn or zone_id: a certificate is proven by a record in the zone."
    }
  }
}

locals {
  proof = one(aws_acm_certificate.this[*].domain_validation_options)
}

resource "aws_route53_record" "proof" {
  count = var.certificate_arn == null ? 1 : 0

  zone_id = var.zone_id
  name    = tolist(local.proof)[0].resource_record_name
  type    = tolist(local.proof)[0].resource_record_type
  records = [tolist(local.proof)[0].resource_record_value]
  ttl     = 300

  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  count = var.certificate_arn == null ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = [aws_route53_record.proof[0].fqdn]
}

resource "aws_route53_record" "this" {
  count = var.zone_id == null ? 0 : 1

  zone_id = var.zone_id
  name    = var.domain_name
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = false
  }
}
