locals {
  # The workflow pushes one for each processor, the list of both, and its signature.
  images_of_a_version = 4
}

resource "aws_ecr_repository" "this" {
  #checkov:skip=CKV_AWS_136:images hold no data of people, and ECR encrypts them with keys of its own
  for_each = toset(["web", "worker"])

  name                 = "${var.name}/${each.key}"
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.force_destroy

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  for_each = aws_ecr_repository.this

  repository = each.value.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What a build without a tag left"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Older versions than the newest ${var.versions}"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = local.images_of_a_version * var.versions }
        action       = { type = "expire" }
      },
    ]
  })
}
