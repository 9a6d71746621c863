# One role for each part, and none of them has a key that is stored anywhere.

locals {
  # The machine that a process runs on pulls its image, writes its log and reads its secrets;
  # the process itself has the rights of its own policy alone, but on EC2 both are one role.
  principals = {
    web        = "ecs-tasks.amazonaws.com"
    autoscaler = "ecs-tasks.amazonaws.com"
    execution  = "ecs-tasks.amazonaws.com"
    worker     = "ec2.amazonaws.com"
  }
  policies = merge(
    { for part in keys(local.principals) : part => part },
    { instance = "worker" },
  )
}

data "aws_iam_policy_document" "trust" {
  for_each = local.principals

  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value]
    }
    dynamic "condition" {
      # A task of another account, which ECS would start in our name.
      for_each = each.value == "ecs-tasks.amazonaws.com" ? [var.arns.account_id] : []
      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.principals

  name               = "${var.name}-${each.key}"
  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.this[each.value].name
  policy = templatefile("${path.module}/policies/${each.key}.json.tftpl", var.arns)
}

# Photos that callers name by key, in buckets of ALLOWED_BUCKETS.
resource "aws_iam_role_policy" "sources" {
  for_each = length(var.source_buckets) > 0 ? toset(["web", "worker"]) : toset([])

  name = "sources"
  role = aws_iam_role.this[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = flatten([
      for bucket in sort(var.source_buckets) : [
        for statement in jsondecode(templatefile("${path.module}/policies/sources.json.tftpl", {
          source_bucket_arn = "arn:${var.arns.partition}:s3:::${bucket}"
        })).Statement : { for key, value in statement : key => value if key != "Sid" }
      ]
    ])
  })
}

# For the role with which your administrators run efr; it belongs to nobody until you attach it.
resource "aws_iam_policy" "operator" {
  name   = "${var.name}-operator"
  policy = templatefile("${path.module}/policies/operator.json.tftpl", var.arns)
}

resource "aws_iam_role_policy" "key" {
  for_each = var.kms_key_arn == null ? {} : local.principals

  name = "key"
  role = aws_iam_role.this[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
      Resource = var.kms_key_arn
    }]
  })
}

resource "aws_iam_instance_profile" "worker" {
  name = "${var.name}-worker"
  role = aws_iam_role.this["worker"].name
}

# Their values are given once, at the first apply: TF_VAR_secret_values='{"REDIS_URL": "rediss://..."}'.
resource "aws_ssm_parameter" "this" {
  for_each = var.secret_names

  name             = "/${var.name}/${each.key}"
  type             = "SecureString"
  key_id           = var.kms_key_arn
  value_wo         = lookup(var.secret_values, each.key, "not-set")
  value_wo_version = var.secrets_version
}
