# The network, and what callers reach.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1a", "us-east-1b", "us-east-1c"] }
  }
}

variables {
  name = "efr"
}

run "network" {
  command = plan
  module {
    source = "./modules/network"
  }
  variables {
    region    = "us-east-1"
    cidr      = "10.80.0.0/16"
    zones     = 2
    egress    = "nat"
    web_ports = { requests = 8000, probes = 9464 }
    has_redis = false
  }

  assert {
    condition = alltrue([
      for rule in [
        aws_vpc_security_group_ingress_rule.web["requests"],
        aws_vpc_security_group_ingress_rule.web["probes"],
        aws_vpc_security_group_ingress_rule.endpoints["web"],
        aws_vpc_security_group_ingress_rule.endpoints["workers"],
      ] : rule.cidr_ipv4 == null
    ])
    error_message = "The internet reaches more than the load balancer."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.https.from_port == 443 && aws_vpc_security_group_ingress_rule.redirect.from_port == 80
    error_message = "The load balancer is open at another port than 443 and 80."
  }
  assert {
    condition = alltrue([
      for rules in [aws_vpc_security_group_ingress_rule.web, aws_vpc_security_group_egress_rule.balancer] :
      toset([for rule in rules : "${rule.from_port}-${rule.to_port}"]) == toset(["8000-8000", "9464-9464"])
    ])
    error_message = "More or less is open to the load balancer than the ports of requests and probes."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.internet : rule.from_port == 443 && rule.to_port == 443])
    error_message = "Tasks and workers speak to the internet otherwise than by HTTPS."
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.public : !subnet.map_public_ip_on_launch])
    error_message = "What starts in a public subnet gets an address unasked."
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.nat) == 2
    error_message = "One NAT gateway does not serve both zones."
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3.service_name == "com.amazonaws.us-east-1.s3"
    error_message = "Photos would go through the NAT gateway."
  }
  assert {
    condition     = length(aws_vpc_endpoint.this) == 0 && length(aws_vpc_security_group_egress_rule.redis) == 0
    error_message = "There is something that nobody asked for."
  }
  assert {
    condition     = length(aws_default_security_group.this.ingress) + length(aws_default_security_group.this.egress) == 0
    error_message = "The default security group lets something through."
  }
  assert {
    condition     = length(distinct(concat(output.public_cidrs, [for subnet in aws_subnet.private : subnet.cidr_block]))) == 4
    error_message = "Two subnets have the same addresses."
  }
}

run "no_way_out_but_endpoints" {
  command = plan
  module {
    source = "./modules/network"
  }
  variables {
    region    = "us-east-1"
    cidr      = "10.80.0.0/16"
    zones     = 3
    egress    = "endpoints"
    web_ports = { requests = 8000, probes = 9464 }
    has_redis = true
  }

  assert {
    condition     = length(aws_nat_gateway.this) + length(aws_route.nat) + length(aws_vpc_security_group_egress_rule.internet) == 0
    error_message = "There is another way out."
  }
  assert {
    condition     = toset(keys(aws_vpc_endpoint.this)) == toset(["sqs", "ecr.api", "ecr.dkr", "logs", "ssm", "autoscaling"])
    error_message = "A service of AWS that is needed can't be reached."
  }
  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_egress_rule.redis : rule.cidr_ipv4 == "10.80.0.0/16" && rule.from_port == 6379])
    error_message = "Redis can't be reached, or one outside can."
  }
}

run "edge" {
  command = plan
  module {
    source = "./modules/edge"
  }
  variables {
    domain_name            = "faces.example.org"
    zone_id                = "Z0123456789"
    certificate_arn        = null
    vpc_id                 = "vpc-1"
    subnet_ids             = ["subnet-1", "subnet-2"]
    security_group_id      = "sg-1"
    web_port               = 8000
    probe_port             = 9464
    idle_timeout_seconds   = 60
    deregistration_seconds = 35
    log_bucket             = "logs"
    protected              = true
    requests_per_address   = 10000
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && aws_lb_listener.https.ssl_policy == "ELBSecurityPolicy-TLS13-1-2-2021-06"
    error_message = "The listener takes other TLS than 1.2 and 1.3."
  }
  assert {
    condition     = one(one(aws_lb_listener.redirect.default_action).redirect).protocol == "HTTPS" && one(one(aws_lb_listener.redirect.default_action).redirect).status_code == "HTTP_301"
    error_message = "Plain HTTP is answered otherwise than by a redirect."
  }
  assert {
    condition     = aws_lb_listener.https.routing_http_response_strict_transport_security_header_value == "max-age=63072000"
    error_message = "Browsers are not told to stay with HTTPS."
  }
  assert {
    condition     = aws_lb.this.drop_invalid_header_fields && aws_lb.this.desync_mitigation_mode == "strictest"
    error_message = "Requests that two readers may read differently come through."
  }
  assert {
    condition     = aws_lb.this.enable_deletion_protection && one(aws_lb.this.access_logs).enabled
    error_message = "The load balancer can be destroyed, or writes no access logs."
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.web : group.port == 8000 && one(group.health_check).port == "9464"])
    error_message = "Requests go to the port of the metrics, or probes to that of the requests."
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.web : one(group.health_check).path == "/ready" && one(group.health_check).matcher == "200"])
    error_message = "A task gets requests before it has reached S3 and SQS."
  }
  assert {
    condition     = alltrue([for group in aws_lb_target_group.web : tonumber(group.deregistration_delay) == 35])
    error_message = "A request that waits for its result is cut off."
  }
  assert {
    condition     = aws_acm_certificate.this[0].domain_name == "faces.example.org" && aws_route53_record.this[0].name == "faces.example.org"
    error_message = "Certificate or record has another name."
  }
  assert {
    condition = !anytrue([
      for rule in aws_wafv2_web_acl.this.rule : anytrue([
        for statement in rule.statement : anytrue([for group in statement.managed_rule_group_statement : group.name == "AWSManagedRulesCommonRuleSet"])
      ])
    ])
    error_message = "AWS's common rules refuse every photo: bodies over 8 KB."
  }
  assert {
    condition     = toset([for rule in aws_wafv2_web_acl.this.rule : rule.name]) == toset(["rate", "huge", "known-bad-inputs", "bad-addresses"])
    error_message = "The firewall has other rules."
  }
  assert {
    condition = alltrue([
      for rule in aws_wafv2_web_acl.this.rule : alltrue([for each in rule.visibility_config : !each.sampled_requests_enabled])
    ])
    error_message = "Samples would show keys."
  }
  assert {
    condition = one(flatten([
      for rule in aws_wafv2_web_acl.this.rule : [
        for statement in rule.statement : [for each in statement.size_constraint_statement : each.size] if rule.name == "huge"
      ]
    ])) == 8
    error_message = "Forms with photos are refused by their length."
  }
}
