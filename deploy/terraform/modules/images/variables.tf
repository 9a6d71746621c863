variable "name" {
  description = "Name of the deployment; the first part of each repository's name."
  type        = string
}

variable "versions" {
  description = "Versions that each repository keeps, newest first."
  type        = number
  default     = 20
}

variable "force_destroy" {
  description = "Let destroy remove repositories that hold images."
  type        = bool
}
