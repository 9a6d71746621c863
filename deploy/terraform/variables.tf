variable "name" {
  description = "Name of the deployment; everything is called after it."
  type        = string
  default     = "efr"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name is 3 to 20 small letters, digits and hyphens: buckets are called after it."
  }
}

variable "region" {
  description = "Region of AWS."
  type        = string
  default     = "us-east-1"
}

variable "tags" {
  description = "Further tags of everything."
  type        = map(string)
  default     = {}
}

variable "retention_days" {
  description = "Age at which photos and results are removed; RETENTION_DAYS."
  type        = number
  default     = 30

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 3650
    error_message = "retention_days is 1 to 3650, as RETENTION_DAYS."
  }

  validation {
    condition     = floor(var.retention_days) == var.retention_days
    error_message = "retention_days is a whole number."
  }
}

variable "max_receive_count" {
  description = "Receives after which a job fails; SQS_MAX_RECEIVE_COUNT."
  type        = number
  default     = 5

  validation {
    condition     = var.max_receive_count >= 1 && var.max_receive_count <= 1000 && floor(var.max_receive_count) == var.max_receive_count
    error_message = "max_receive_count is 1 to 1000, as SQS has it."
  }
}

variable "visibility_timeout_seconds" {
  description = "How long a received message stays hidden; SQS_VISIBILITY_TIMEOUT_SECONDS."
  type        = number
  default     = 60

  validation {
    condition     = var.visibility_timeout_seconds > var.job_timeout_seconds
    error_message = "visibility_timeout_seconds is over job_timeout_seconds, or a slow job could run twice."
  }

  validation {
    condition     = var.visibility_timeout_seconds <= 43200 && var.visibility_timeout_seconds > try(tonumber(lookup(var.settings, "VISIBILITY_HEARTBEAT_SECONDS", "20")), 20)
    error_message = "visibility_timeout_seconds is over VISIBILITY_HEARTBEAT_SECONDS (20), and at most 43200."
  }
}

variable "job_timeout_seconds" {
  description = "Deadline of one photo; JOB_TIMEOUT_SECONDS."
  type        = number
  default     = 30

  validation {
    condition     = var.job_timeout_seconds > 0
    error_message = "job_timeout_seconds is over 0."
  }
}

variable "restrict_redrive" {
  description = "Let dead letters come from their own queue alone; off for moto's server, which can't."
  type        = bool
  default     = true
}

variable "allowed_buckets" {
  description = "Buckets in which callers may name photos by key; ALLOWED_BUCKETS. acme:album is for the tenant acme."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.allowed_buckets : can(regex("^([a-z0-9][a-z0-9-]{0,39}:)?[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", each))])
    error_message = "allowed_buckets are names of buckets, such as album or acme:album: each gets rights of its own."
  }
}

variable "cors_origins" {
  description = "Origins whose pages may call the service; CORS_ORIGINS."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.cors_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", each))])
    error_message = "cors_origins are like https://app.example.org."
  }
}

variable "kms_key_arn" {
  description = "Key of yours that encrypts buckets, queues and secrets; null for AWS's own."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a key."
  }
}

variable "backup_days" {
  description = "Days that a backup of the gallery bucket stays, and people who were erased since in it; 0 makes none."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 0 && floor(var.backup_days) == var.backup_days
    error_message = "backup_days is a whole number, 0 for none."
  }
}

variable "access_log_days" {
  description = "Days that the load balancer's access logs stay; 0 writes none. They hold paths, which name people."
  type        = number
  default     = 7

  validation {
    condition     = var.access_log_days >= 0 && floor(var.access_log_days) == var.access_log_days
    error_message = "access_log_days is a whole number, 0 for none."
  }
}

variable "protected" {
  description = "Refuse to destroy what can't be made again: buckets and repositories that hold something, and the load balancer."
  type        = bool
  default     = true
}

variable "secret_names" {
  description = "Settings that are secrets, such as REDIS_URL or PINECONE_API_KEY."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.secret_names, ["REDIS_URL", "QDRANT_API_KEY", "MILVUS_TOKEN", "PINECONE_API_KEY", "SENTRY_DSN"])) == 0
    error_message = "Secrets are REDIS_URL, QDRANT_API_KEY, MILVUS_TOKEN, PINECONE_API_KEY and SENTRY_DSN."
  }
}

variable "secret_values" {
  description = "Values of the secrets; neither plan nor state has them. Give them by TF_VAR_secret_values."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}

variable "secrets_version" {
  description = "A higher number writes secret_values again."
  type        = number
  default     = 1
}

variable "github_repository" {
  description = "owner/name of the repository whose workflow deploys; null for none."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github_repository))
    error_message = "github_repository is owner/name: others could deploy by a pattern."
  }
}

variable "state_bucket" {
  description = "Bucket of Terraform's state, which the workflow reads and writes."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || var.state_bucket != null
    error_message = "The workflow of github_repository needs state_bucket."
  }
}

variable "github_oidc_provider_arn" {
  description = "The account's provider for GitHub, if it has one already; null makes one."
  type        = string
  default     = null
}

variable "domain_name" {
  description = "Name under which callers ask, such as faces.example.org."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?[.])+[a-z][a-z0-9-]*[a-z0-9]$", var.domain_name))
    error_message = "domain_name is a name in small letters, such as faces.example.org."
  }
}

variable "zone_id" {
  description = "Zone of Route 53 that gets the name and proves the certificate; null if the name is elsewhere."
  type        = string
  default     = null
}

variable "certificate_arn" {
  description = "Certificate of yours for the name; null makes one, which needs zone_id."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn != null || var.zone_id != null
    error_message = "Give zone_id, or certificate_arn: a certificate is proven by a record in the zone."
  }
}

variable "image_tag" {
  description = "Tag of both images, such as the commit that they were built from."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag is a tag of an image, without its name."
  }
}

variable "architecture" {
  description = "Processors of tasks and workers: X86_64 or ARM64."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture is X86_64 or ARM64."
  }
}

variable "cidr" {
  description = "Addresses of the network, a /16 to /20."
  type        = string
  default     = "10.80.0.0/16"

  validation {
    condition     = can(cidrnetmask(var.cidr)) && can(regex("/(1[6-9]|20)$", var.cidr))
    error_message = "cidr is a network of IPv4 between /16 and /20: AWS takes none larger, and smaller ones have too few addresses."
  }
}

variable "zones" {
  description = "Availability zones, 2 to 6; a load balancer needs two."
  type        = number
  default     = 2

  validation {
    condition     = var.zones >= 2 && var.zones <= 6
    error_message = "zones is 2 to 6."
  }

  validation {
    condition     = floor(var.zones) == var.zones
    error_message = "zones is a whole number."
  }
}

variable "egress" {
  description = "How tasks and workers reach AWS: by one nat, nat-per-zone, endpoints (no webhooks leave then) or public addresses, which nobody reaches them at."
  type        = string
  default     = "nat"

  validation {
    condition     = contains(["nat", "nat-per-zone", "endpoints", "public"], var.egress)
    error_message = "egress is nat, nat-per-zone, endpoints or public."
  }
}

variable "web_cpu" {
  description = "Processor of a web task, in 1,024ths of one."
  type        = number
  default     = 1024

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.web_cpu)
    error_message = "web_cpu is 256, 512, 1024, 2048, 4096, 8192 or 16384, as Fargate has it."
  }
}

variable "web_memory" {
  description = "Memory of a web task in MiB: 1.5 GB for each of WEB_PROCESSES, and 0.5 GB for its child."
  type        = number
  default     = 4096

  validation {
    condition = contains(lookup({
      256   = [512, 1024, 2048]
      512   = range(1024, 4097, 1024)
      1024  = range(2048, 8193, 1024)
      2048  = range(4096, 16385, 1024)
      4096  = range(8192, 30721, 1024)
      8192  = range(16384, 61441, 4096)
      16384 = range(32768, 122881, 8192)
    }, tostring(var.web_cpu), [var.web_memory]), var.web_memory)
    error_message = "Fargate has no such web_memory for this web_cpu."
  }
}

variable "web_processes" {
  description = "Processes of a web task; WEB_PROCESSES."
  type        = number
  default     = 2

  validation {
    condition     = var.web_memory >= 1980 * var.web_processes
    error_message = "web_memory is under 1,980 MiB for each of web_processes: docs/operations.md#size."
  }
}

variable "web_tasks" {
  description = "Least and most web tasks."
  type        = object({ least = number, most = number })
  default     = { least = 2, most = 10 }

  validation {
    condition     = 1 <= var.web_tasks.least && var.web_tasks.least <= var.web_tasks.most
    error_message = "web_tasks has at least one task, and least is not over most."
  }
}

variable "web_spot_weight" {
  description = "Web tasks on Fargate Spot for each one on Fargate, beyond the first; 0 for none."
  type        = number
  default     = 0

  validation {
    condition     = var.web_spot_weight >= 0 && var.web_spot_weight <= 1000
    error_message = "web_spot_weight is 0 to 1000."
  }
}

variable "requests_per_task" {
  description = "Requests per minute and web task beyond which tasks are added."
  type        = number
  default     = 1200

  validation {
    condition     = var.requests_per_task >= 1
    error_message = "requests_per_task is at least 1."
  }
}

variable "requests_per_address" {
  description = "Requests of one address in five minutes, beyond which the firewall refuses them."
  type        = number
  default     = 10000

  validation {
    condition     = var.requests_per_address >= 10
    error_message = "requests_per_address is at least 10, as the firewall has it."
  }
}

variable "max_wait_seconds" {
  description = "Longest wait for a result before the answer is 202; MAX_WAIT_SECONDS."
  type        = number
  default     = 30

  validation {
    condition     = 0 <= var.max_wait_seconds && var.max_wait_seconds <= 110
    error_message = "max_wait_seconds is 0 to 110: Fargate ends a task within 120 seconds, and its last requests wait."
  }
}

variable "blue_green" {
  description = "Let CodeDeploy bring new versions of the web tier; otherwise ECS replaces tasks, with its circuit breaker."
  type        = bool
  default     = true
}

variable "worker_instance_types" {
  description = "Kinds of the workers' instances, all with worker_processes processors: the more kinds, the more spot capacity."
  type        = list(string)
  default     = ["c7i.large", "c7a.large", "c6i.large", "c6a.large", "m7i.large", "m6i.large"]

  validation {
    condition     = length(var.worker_instance_types) > 0 && alltrue([for each in var.worker_instance_types : can(regex("^[a-z0-9-]+[.][a-z0-9-]+$", each))])
    error_message = "worker_instance_types are like c7i.large, and there is one at least."
  }
}

variable "worker_processes" {
  description = "Children of a worker: the processors of an instance; WORKER_PROCESSES."
  type        = number
  default     = 2

  validation {
    condition     = var.worker_processes >= 1 && floor(var.worker_processes) == var.worker_processes
    error_message = "worker_processes is at least 1."
  }
}

variable "worker_has_gpu" {
  description = "Embed faces on the instances' GPUs; FACE_CUDA. The worker's image must bring an onnxruntime for them."
  type        = bool
  default     = false
}

variable "worker_disk_gb" {
  description = "Size of an instance's disk; GPU images need more."
  type        = number
  default     = 30

  validation {
    condition     = var.worker_disk_gb >= 8
    error_message = "worker_disk_gb is at least 8: the system and the image need that."
  }
}

variable "max_workers" {
  description = "Instances that the autoscaler starts at most; MAX_WORKERS."
  type        = number
  default     = 15

  validation {
    condition     = var.max_workers >= 0 && floor(var.max_workers) == var.max_workers
    error_message = "max_workers is a whole number, 0 or more."
  }
}

variable "worker_on_demand_base" {
  description = "Workers that are on demand, before any is spot."
  type        = number
  default     = 1

  validation {
    condition     = var.worker_on_demand_base >= 0 && floor(var.worker_on_demand_base) == var.worker_on_demand_base
    error_message = "worker_on_demand_base is a whole number, 0 or more."
  }
}

variable "worker_on_demand_percent" {
  description = "Share of the other workers that is on demand."
  type        = number
  default     = 0

  validation {
    condition     = var.worker_on_demand_percent >= 0 && var.worker_on_demand_percent <= 100
    error_message = "worker_on_demand_percent is 0 to 100."
  }
}

variable "shutdown_grace_seconds" {
  description = "Time that running jobs get when a worker ends; SHUTDOWN_GRACE_SECONDS."
  type        = number
  default     = 25

  validation {
    condition     = var.shutdown_grace_seconds <= 30
    error_message = "shutdown_grace_seconds is at most 30: the units of systemd end a worker after a minute."
  }

  validation {
    condition     = var.shutdown_grace_seconds >= 0
    error_message = "shutdown_grace_seconds is 0 or more."
  }
}

variable "settings" {
  description = "Further settings of all parts: docs/settings.md. They win over those of Terraform, but can't move the web tier's ports."
  type        = map(string)
  default     = {}

  validation {
    condition     = !anytrue([for name in keys(var.settings) : can(regex("KEY|TOKEN|SECRET|PASSWORD|^REDIS_URL$|^SENTRY_DSN$|^AWS_", name))])
    error_message = "Secrets have secret_names, and AWS's keys come from the roles."
  }
  validation {
    condition     = !anytrue([for name in ["WEB_HOST", "WEB_PORT", "METRICS_HOST", "METRICS_PORT"] : contains(keys(var.settings), name)])
    error_message = "The load balancer relies on where the web tier listens."
  }

  validation {
    condition     = length(setsubtract(keys(var.settings), local.setting_names)) == 0
    error_message = "There is no such setting: docs/settings.md has all."
  }

  validation {
    condition     = !anytrue([for value in values(var.settings) : can(regex("[[:cntrl:]]", value))])
    error_message = "A setting is one line: what follows would be another setting of the worker."
  }
}

variable "alarm_email" {
  description = "Address that is told of alarms; it gets a mail to confirm. null for none."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email is an address."
  }
}

variable "log_days" {
  description = "Age at which log lines are removed."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days is one of those that CloudWatch has: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 and some more."
  }
}

variable "log_metrics" {
  description = "Count log lines, for the alarms and graphs that AWS has no metrics for."
  type        = bool
  default     = true
}

variable "budget_dollars" {
  description = "Cost of a month that is told of when 80 % are reached, or more is forecast; 0 for none. Activate the cost allocation tag 'deployment' for it."
  type        = number
  default     = 200

  validation {
    condition     = var.budget_dollars >= 0
    error_message = "budget_dollars is 0 or more."
  }
}

variable "oldest_message_seconds" {
  description = "Age of the oldest upload in the queue that is an alarm."
  type        = number
  default     = 300
}

variable "p99_seconds" {
  description = "Time of the slowest answer in a hundred that is an alarm: over max_wait_seconds, after which the answer is 202."
  type        = number
  default     = 35

  validation {
    condition     = var.p99_seconds > var.max_wait_seconds
    error_message = "p99_seconds is over max_wait_seconds, or answers that only wait take a deployment back."
  }
}
