terraform {
  required_version = ">= 1.11"

  required_providers {
    # No lock file is committed: it would name the registry that it was made from, and a plugin
    # folder or a mirror serves as well. Set the exact version here if you need the same one everywhere.
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # Where the state is, is said by 'terraform init -backend-config=...': docs/deploy-aws.md.
  backend "s3" {
    use_lockfile = true
    encrypt      = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = merge({ project = "elastic-face-recognition", deployment = var.name }, var.tags)
  }
}
