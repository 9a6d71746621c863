# Who may speak to whom. The load balancer alone is reached from the internet.

locals {
  parts = {
    balancer  = "Load balancer"
    web       = "Web tier"
    workers   = "Workers and the autoscaler"
    endpoints = "Endpoints of AWS in this network"
  }
  # Both call AWS, and workers call the receivers of webhooks too.
  callers = toset(["web", "workers"])
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:other modules attach them
  for_each = local.parts

  name        = "${var.name}-${each.key}"
  description = each.value
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.this["balancer"].id
  description       = "Callers, by HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "redirect" {
  #checkov:skip=CKV_AWS_260:port 80 only sends callers to HTTPS
  security_group_id = aws_security_group.this["balancer"].id
  description       = "Callers by plain HTTP, who are sent to HTTPS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_egress_rule" "balancer" {
  for_each = var.web_ports

  security_group_id            = aws_security_group.this["balancer"].id
  description                  = "The web tier: ${each.key}"
  referenced_security_group_id = aws_security_group.this["web"].id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "web" {
  for_each = var.web_ports

  security_group_id            = aws_security_group.this["web"].id
  description                  = "The load balancer: ${each.key}"
  referenced_security_group_id = aws_security_group.this["balancer"].id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = local.callers

  security_group_id            = aws_security_group.this["endpoints"].id
  description                  = "Calls of AWS: ${each.key}"
  referenced_security_group_id = aws_security_group.this[each.key].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "s3" {
  for_each = local.callers

  security_group_id = aws_security_group.this[each.key].id
  description       = "S3 through its gateway endpoint"
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "endpoints" {
  for_each = var.egress == "endpoints" ? local.callers : toset([])

  security_group_id            = aws_security_group.this[each.key].id
  description                  = "Endpoints of AWS"
  referenced_security_group_id = aws_security_group.this["endpoints"].id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "internet" {
  for_each = var.egress == "endpoints" ? toset([]) : local.callers

  security_group_id = aws_security_group.this[each.key].id
  description       = "AWS, and the receivers of webhooks"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "redis" {
  for_each = var.has_redis ? local.callers : toset([])

  security_group_id = aws_security_group.this[each.key].id
  description       = "Redis in this network"
  cidr_ipv4         = var.cidr
  ip_protocol       = "tcp"
  from_port         = 6379
  to_port           = 6379
}
