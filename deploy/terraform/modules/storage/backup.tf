# The gallery bucket alone: photos and results expire anyway. A backup of AWS holds people who were
# erased since, until it expires: docs/deploy-aws.md says how they stay erased after a restore.

resource "aws_backup_vault" "this" {
  count = var.backup_days > 0 ? 1 : 0

  name        = "${var.name}-gallery"
  kms_key_arn = var.kms_key_arn
}

resource "aws_backup_plan" "this" {
  count = var.backup_days > 0 ? 1 : 0

  name = "${var.name}-gallery"
  rule {
    rule_name         = "daily"
    target_vault_name = aws_backup_vault.this[0].name
    schedule          = "cron(0 3 * * ? *)"
    lifecycle {
      delete_after = var.backup_days
    }
  }
}

data "aws_iam_policy_document" "backup" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["backup.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "backup" {
  count = var.backup_days > 0 ? 1 : 0

  name               = "${var.name}-backup"
  assume_role_policy = data.aws_iam_policy_document.backup.json
}

resource "aws_iam_role_policy_attachment" "backup" {
  for_each = var.backup_days > 0 ? toset(["Backup", "Restore"]) : toset([])

  role       = aws_iam_role.backup[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/AWSBackupServiceRolePolicyForS3${each.key}"
}

resource "aws_backup_selection" "this" {
  count = var.backup_days > 0 ? 1 : 0

  name         = "gallery"
  plan_id      = aws_backup_plan.this[0].id
  iam_role_arn = aws_iam_role.backup[0].arn
  resources    = [aws_s3_bucket.this["gallery"].arn]

  depends_on = [aws_s3_bucket_versioning.gallery]
}
