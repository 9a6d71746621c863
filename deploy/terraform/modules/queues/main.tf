# Three queues with their dead letters, and the one for copies of results. scripts/init_aws.py makes
# the same ones, and knows them by the tag.

locals {
  day = 24 * 3600
  sources = {
    request = "${var.name}-request-queue"
    index   = "${var.name}-index-queue"
    webhook = "${var.name}-webhook-queue"
  }
  response = "${var.name}-response-queue"
  tags     = { made-by = "elastic-face-recognition" }
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.sources

  name = "${each.value}-dlq"
  # SQS keeps the time at which a message was first sent, also when it moves the message.
  message_retention_seconds = 14 * local.day
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = local.tags
}

resource "aws_sqs_queue" "this" {
  for_each = local.sources

  name                       = each.value
  message_retention_seconds  = 4 * local.day
  visibility_timeout_seconds = var.visibility_timeout_seconds
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = var.max_receive_count
  })
  tags = local.tags
}

resource "aws_sqs_queue" "response" {
  name                      = local.response
  message_retention_seconds = 4 * local.day
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  tags                      = local.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "this" {
  for_each = var.restrict_redrive ? local.sources : {}

  queue_url = aws_sqs_queue.dead_letters[each.key].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this[each.key].arn]
  })
}

locals {
  all = merge(
    { for key, queue in aws_sqs_queue.this : key => queue },
    { for key, queue in aws_sqs_queue.dead_letters : "${key}-dlq" => queue },
    { response = aws_sqs_queue.response },
  )
}

resource "aws_sqs_queue_policy" "this" {
  for_each = toset(concat(keys(local.sources), [for key in keys(local.sources) : "${key}-dlq"], ["response"]))

  queue_url = local.all[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = local.all[each.key].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
