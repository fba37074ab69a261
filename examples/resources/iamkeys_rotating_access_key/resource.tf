resource "iamkeys_rotating_access_key" "ci" {
  user         = "ci" # or aws_iam_user.ci.name
  rotate_after = "90d"
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
