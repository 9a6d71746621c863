# Photos, results and enrolled faces. scripts/init_aws.py makes the same buckets, and finds nothing
# to change here: tests/integration/terraform compares.

locals {
  buckets = {
    input   = "${var.name}-${var.account_id}-input"
    output  = "${var.name}-${var.account_id}-output"
    gallery = "${var.name}-${var.account_id}-gallery"
  }
  logs = var.access_log_days == 0 ? {} : { logs = "${var.name}-${var.account_id}-logs" }
  all  = merge(local.buckets, local.logs)
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV2_AWS_62:nothing listens: jobs come by SQS
  #checkov:skip=CKV_AWS_144:a copy in another region would have to forget people too
  #checkov:skip=CKV_AWS_18:the audit trail says who did what; such a log would name people by their photos
  #checkov:skip=CKV_AWS_21:only the gallery keeps versions, for AWS Backup: what is deleted is to be gone
  #checkov:skip=CKV_AWS_145:var.kms_key_arn brings a key of yours; without it S3 encrypts with its own
  for_each = local.all

  bucket        = each.value
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.all

  bucket                  = aws_s3_bucket.this[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.all

  bucket = aws_s3_bucket.this[each.key].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.all

  bucket = aws_s3_bucket.this[each.key].id
  rule {
    # Load balancers write their logs into buckets with the keys of S3 only.
    bucket_key_enabled = var.kms_key_arn != null && each.key != "logs"
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn != null && each.key != "logs" ? "aws:kms" : "AES256"
      kms_master_key_id = each.key != "logs" ? var.kms_key_arn : null
    }
  }
}

# AWS Backup asks for versions; old ones stay for a day.
resource "aws_s3_bucket_versioning" "gallery" {
  count = var.backup_days > 0 ? 1 : 0

  bucket = aws_s3_bucket.this["gallery"].id
  versioning_configuration {
    status = "Enabled"
  }
}

# The ids are those by which scripts/init_aws.py knows its own rules.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.all

  bucket = aws_s3_bucket.this[each.key].id

  rule {
    id     = "efr-retention"
    status = "Enabled"
    filter {
      prefix = ""
    }

    dynamic "expiration" {
      for_each = each.key == "gallery" ? [] : [each.key == "logs" ? var.access_log_days : var.retention_days]
      content {
        days = expiration.value
      }
    }
    noncurrent_version_expiration {
      noncurrent_days = 1
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  # S3 does not take it in a rule that has days.
  rule {
    id     = "efr-delete-markers"
    status = "Enabled"
    filter {
      prefix = ""
    }
    expiration {
      expired_object_delete_marker = true
    }
  }

  depends_on = [aws_s3_bucket_versioning.gallery]
}

resource "aws_s3_bucket_cors_configuration" "input" {
  count = length(var.cors_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.this["input"].id
  cors_rule {
    allowed_methods = ["POST", "PUT"]
    allowed_origins = var.cors_origins
    allowed_headers = ["*"]
    max_age_seconds = 7200
  }
}

data "aws_iam_policy_document" "bucket" {
  for_each = local.all

  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = ["arn:${data.aws_partition.this.partition}:s3:::${each.value}", "arn:${data.aws_partition.this.partition}:s3:::${each.value}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  dynamic "statement" {
    for_each = each.key == "logs" ? ["logs"] : []
    content {
      sid       = "LoadBalancerWritesLogs"
      actions   = ["s3:PutObject"]
      resources = ["arn:${data.aws_partition.this.partition}:s3:::${each.value}/AWSLogs/${var.account_id}/*"]
      principals {
        type        = "Service"
        identifiers = ["logdelivery.elasticloadbalancing.amazonaws.com"]
      }
    }
  }
}

data "aws_partition" "this" {}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.all

  bucket = aws_s3_bucket.this[each.key].id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}
