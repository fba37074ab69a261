resource "iamkeys_rotating_access_key" "ci" {
  user    = "ci" # or aws_iam_user.ci.name
  max_age = "90d"
}

# A consumer depends on the resource: it gets the new key in the apply that rotates, while the old key still works. version
# changes with every new key.
resource "terraform_data" "deployment" {
  triggers_replace = iamkeys_rotating_access_key.ci.version
}

# Warns in every plan and apply while a rotation is due and blocked.
check "ci_rotates" {
  assert {
    condition     = iamkeys_rotating_access_key.ci.rotation_blocked == null
    error_message = "The key of ci is not rotated: ${coalesce(iamkeys_rotating_access_key.ci.rotation_blocked, "-")}."
  }
}

# Warns while a previous key can't be retired, such as one that is still in use.
check "ci_retires" {
  assert {
    condition     = iamkeys_rotating_access_key.ci.retirement_blocked == null
    error_message = "The old key of ci stays: ${coalesce(iamkeys_rotating_access_key.ci.retirement_blocked, "-")}."
  }
}
