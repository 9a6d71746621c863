# Buckets, queues and images.

mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name        = "efr"
  kms_key_arn = null
}

run "buckets" {
  command = plan
  module {
    source = "./modules/storage"
  }
  variables {
    account_id      = "123456789012"
    retention_days  = 30
    backup_days     = 14
    cors_origins    = ["https://app.example.org"]
    access_log_days = 7
    force_destroy   = false
  }

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["input", "output", "gallery", "logs"])
    error_message = "There are other buckets than input, output, gallery and logs."
  }
  assert {
    condition = alltrue([
      for block in aws_s3_bucket_public_access_block.this :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ]) && length(aws_s3_bucket_public_access_block.this) == length(aws_s3_bucket.this)
    error_message = "A bucket may be made public."
  }
  assert {
    condition = alltrue([
      for each in aws_s3_bucket_server_side_encryption_configuration.this :
      one(one(each.rule).apply_server_side_encryption_by_default).sse_algorithm == "AES256"
    ]) && length(aws_s3_bucket_server_side_encryption_configuration.this) == length(aws_s3_bucket.this)
    error_message = "A bucket is not encrypted."
  }
  assert {
    condition     = alltrue([for each in aws_s3_bucket_ownership_controls.this : one(each.rule).object_ownership == "BucketOwnerEnforced"])
    error_message = "A bucket has access lists."
  }
  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.bucket : anytrue([
        for statement in document.statement :
        statement.effect == "Deny" && statement.actions == toset(["s3:*"]) && length(statement.resources) == 2 && anytrue([
          for condition in statement.condition : condition.variable == "aws:SecureTransport" && condition.values == tolist(["false"])
        ])
      ])
    ]) && length(aws_s3_bucket_policy.this) == length(aws_s3_bucket.this)
    error_message = "A bucket answers without TLS."
  }
  assert {
    condition = alltrue([
      for key in ["input", "output"] :
      one(aws_s3_bucket_lifecycle_configuration.this[key].rule[0].expiration).days == 30
    ])
    error_message = "Photos or results stay longer than RETENTION_DAYS."
  }
  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this["gallery"].rule[0].expiration) == 0
    error_message = "Enrolled faces expire."
  }
  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.this["logs"].rule[0].expiration).days == 7
    error_message = "Access logs stay longer than access_log_days."
  }
  assert {
    condition = alltrue([
      for each in aws_s3_bucket_lifecycle_configuration.this :
      one(each.rule[0].abort_incomplete_multipart_upload).days_after_initiation == 1 &&
      one(each.rule[0].noncurrent_version_expiration).noncurrent_days == 1
    ])
    error_message = "Unfinished uploads or old versions stay."
  }
  assert {
    condition = alltrue([
      for each in aws_s3_bucket_lifecycle_configuration.this :
      each.rule[*].id == tolist(["efr-retention", "efr-delete-markers"])
    ])
    error_message = "init_aws.py would not know its own rules."
  }
  assert {
    condition     = one(one(aws_s3_bucket_cors_configuration.input[0].cors_rule).allowed_origins) == "https://app.example.org"
    error_message = "Other pages than those of cors_origins may put photos."
  }
  assert {
    condition     = one(aws_s3_bucket_versioning.gallery[0].versioning_configuration).status == "Enabled"
    error_message = "AWS Backup asks for versions of the gallery bucket."
  }
  assert {
    condition     = one(one(aws_backup_plan.this[0].rule).lifecycle).delete_after == 14
    error_message = "Backups stay longer than backup_days."
  }
  assert {
    condition     = alltrue([for bucket in aws_s3_bucket.this : !bucket.force_destroy])
    error_message = "Destroy would remove photos."
  }
}

run "nothing_is_backed_up_and_no_page_puts_photos" {
  command = plan
  module {
    source = "./modules/storage"
  }
  variables {
    account_id      = "123456789012"
    retention_days  = 1
    backup_days     = 0
    cors_origins    = []
    access_log_days = 0
    force_destroy   = true
  }

  assert {
    condition     = length(aws_s3_bucket_versioning.gallery) + length(aws_backup_vault.this) + length(aws_s3_bucket_cors_configuration.input) == 0
    error_message = "What is off is made."
  }
  assert {
    condition     = !contains(keys(aws_s3_bucket.this), "logs") && output.log_bucket == null
    error_message = "There are access logs although they are off."
  }
}

run "queues" {
  command = plan
  module {
    source = "./modules/queues"
  }
  variables {
    visibility_timeout_seconds = 60
    max_receive_count          = 5
    restrict_redrive           = true
  }

  assert {
    condition     = toset(keys(aws_sqs_queue.dead_letters)) == toset(keys(aws_sqs_queue.this)) && length(aws_sqs_queue.this) == 3
    error_message = "A queue has no dead-letter queue."
  }
  assert {
    condition     = alltrue([for key, queue in aws_sqs_queue.dead_letters : queue.name == "${aws_sqs_queue.this[key].name}-dlq"])
    error_message = "The service looks for dead letters in the queue with '-dlq' behind its name."
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.this : queue.message_retention_seconds == 345600])
    error_message = "A queue does not keep messages for four days."
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.dead_letters : queue.message_retention_seconds == 1209600])
    error_message = "A dead-letter queue does not keep messages for fourteen days."
  }
  assert {
    condition     = alltrue([for queue in aws_sqs_queue.this : queue.visibility_timeout_seconds == 60])
    error_message = "The visibility timeout is not the setting's."
  }
  assert {
    condition     = alltrue(concat([for queue in aws_sqs_queue.this : queue.sqs_managed_sse_enabled], [for queue in aws_sqs_queue.dead_letters : queue.sqs_managed_sse_enabled], [aws_sqs_queue.response.sqs_managed_sse_enabled]))
    error_message = "A queue is not encrypted."
  }
  assert {
    condition     = alltrue(concat([for queue in aws_sqs_queue.this : queue.tags["made-by"] == "elastic-face-recognition"], [for queue in aws_sqs_queue.dead_letters : queue.tags["made-by"] == "elastic-face-recognition"]))
    error_message = "init_aws.py would not take the queue for its own."
  }
  assert {
    condition     = toset(keys(aws_sqs_queue_redrive_allow_policy.this)) == toset(keys(aws_sqs_queue.this))
    error_message = "Other queues may send their dead letters here."
  }
  assert {
    condition     = length(aws_sqs_queue_policy.this) == 7
    error_message = "A queue answers without TLS."
  }
}

run "dead_letters_come_after_max_receive_count" {
  command = apply
  module {
    source = "./modules/queues"
  }
  variables {
    visibility_timeout_seconds = 60
    max_receive_count          = 7
    restrict_redrive           = false
  }

  assert {
    condition = alltrue([
      for key, queue in aws_sqs_queue.this : jsondecode(queue.redrive_policy) == {
        deadLetterTargetArn = aws_sqs_queue.dead_letters[key].arn
        maxReceiveCount     = 7
      }
    ])
    error_message = "A queue gives messages up elsewhere, or at another count."
  }
  assert {
    condition = alltrue([
      for policy in aws_sqs_queue_policy.this : alltrue([
        for statement in jsondecode(policy.policy).Statement :
        statement.Effect == "Deny" && statement.Action == "sqs:*" && statement.Condition.Bool["aws:SecureTransport"] == "false"
      ])
    ])
    error_message = "A queue answers without TLS."
  }
}

run "images" {
  command = plan
  module {
    source = "./modules/images"
  }
  variables {
    force_destroy = false
  }

  assert {
    condition = alltrue([
      for repository in aws_ecr_repository.this :
      repository.image_tag_mutability == "IMMUTABLE" && one(repository.image_scanning_configuration).scan_on_push
    ])
    error_message = "A tag can be given twice, or an image is not scanned."
  }
  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : jsondecode(policy.policy).rules[1].selection.countNumber == 80])
    error_message = "There are not 20 versions to go back to, of four images each."
  }
}
