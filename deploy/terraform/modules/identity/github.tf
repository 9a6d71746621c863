# Roles of the workflow .github/workflows/deploy.yml, which has no keys: GitHub says who it is.
#
# The publisher pushes images. The deployer brings them, once a person has approved. It can't change
# roles or their policies: who can change them can do everything, so a person applies such a plan. The
# planner, which pull requests get, reads the state and nothing else, and the state has no secrets.

locals {
  github = var.github_repository == null ? {} : {
    deployer  = "repo:${var.github_repository}:environment:production"
    planner   = "repo:${var.github_repository}:pull_request"
    publisher = "repo:${var.github_repository}:environment:build"
  }
  provider_arn = var.github_oidc_provider_arn != null ? var.github_oidc_provider_arn : one(aws_iam_openid_connect_provider.github[*].arn)
}

resource "aws_iam_openid_connect_provider" "github" {
  count = var.github_repository != null && var.github_oidc_provider_arn == null ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "github" {
  for_each = local.github

  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [local.provider_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [each.value]
    }
  }
}

resource "aws_iam_role" "github" {
  for_each = local.github

  name                 = "${var.name}-${each.key}"
  assume_role_policy   = data.aws_iam_policy_document.github[each.key].json
  max_session_duration = 7200
}

resource "aws_iam_role_policy" "github" {
  for_each = local.github

  name   = each.key
  role   = aws_iam_role.github[each.key].name
  policy = templatefile("${path.module}/policies/${each.key}.json.tftpl", var.arns)
}

# An apply compares everything with what is there. This policy of AWS's reads configurations, and no
# objects, messages or secrets.
resource "aws_iam_role_policy_attachment" "refresh" {
  count = var.github_repository == null ? 0 : 1

  role       = aws_iam_role.github["deployer"].name
  policy_arn = "arn:${var.arns.partition}:iam::aws:policy/SecurityAudit"
}
