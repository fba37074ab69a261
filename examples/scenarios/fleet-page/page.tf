variable "as_of" {
  description = "When the keys were read, as the page shows it. Null: the day of the plan, in UTC."
  type        = string
  default     = null
}

variable "max_age_days" {
  description = "Age in days that no Active key should reach."
  type        = number
  default     = 90
}

variable "warn_days" {
  description = "How many days earlier a key is shown as due."
  type        = number
  default     = 14
}

variable "max_unused_days" {
  description = "How many days an Active key may be unused."
  type        = number
  default     = 45
}

# What the page says of managed keys, by key id. For a page without them, set it to {}.
locals {
  managed = tomap(merge(
    {
      for key in iamkeys_rotating_access_key.fleet : key.access_key_id => {
        user = key.user
        role = "current"
        # Where the rotation is on a bar: Terraform has no function that counts the days between two times.
        mark = key.rotate_at == null ? null : format("%.1f", 75 * length([
          for day in range(1, var.max_age_days + 1) : day if timecmp(timeadd(key.created_at, "${24 * day}h"), key.rotate_at) <= 0
        ]) / var.max_age_days)
        # It is about the oldest Active key: about the previous one, while that is Active.
        compliant_until = try(key.previous.status, null) == "Active" ? null : try(substr(key.compliant_until, 0, 10), null)
        requested       = key.rotation_requested
        blocked         = key.rotation_blocked
        next            = key.rotate_at == null ? null : "rotation on ${substr(key.rotate_at, 0, 10)}"
      }
    },
    {
      for key in iamkeys_rotating_access_key.fleet : key.previous_access_key_id => {
        user            = key.user
        role            = "previous"
        mark            = null
        compliant_until = key.previous.status == "Active" ? try(substr(key.compliant_until, 0, 10), null) : null
        requested       = null
        blocked         = key.retirement_blocked
        # An Active previous key is deactivated next, an Inactive one is deleted.
        next = try("deletion from ${substr(key.previous.delete_at, 0, 10)}", "deactivation from ${substr(key.previous.deactivate_at, 0, 10)}")
      } if key.previous_access_key_id != null
    },
  ))
}

# Read after the resources are applied, so that the page shows what the apply did. Without resources, remove depends_on.
data "iamkeys_access_keys" "all" {
  include    = ["descriptions"]
  depends_on = [iamkeys_rotating_access_key.fleet]
}

locals {
  unmanaged = { role = "unmanaged", mark = null, compliant_until = null, requested = null, blocked = null, next = null }

  # One row for each key, the worst first, as the data source sorts them. The limit is at 75 % of a bar.
  rows = [for key in data.iamkeys_access_keys.all.keys : merge(local.unmanaged, try(local.managed[key.access_key_id], {}), {
    user        = key.user
    path        = key.user_path == "/" ? null : key.user_path
    description = key.description
    id          = key.access_key_id
    status      = key.status
    created     = substr(key.created_at, 0, 10)

    age = key.age_days
    level = (
      key.status != "Active" ? "inactive" :
      key.age_days >= var.max_age_days ? "overdue" :
      key.age_days >= var.max_age_days - var.warn_days ? "due" : "young"
    )
    rest    = abs(var.max_age_days - key.age_days)
    bar     = format("%.1f", min(75, 75 * key.age_days / var.max_age_days))
    excess  = format("%.1f", max(0, min(25, 75 * key.age_days / var.max_age_days - 75)))
    used    = key.days_since_last_used
    service = key.service_name
    region  = key.region == "N/A" ? null : key.region
    unused  = key.status == "Active" && coalesce(key.days_since_last_used, key.age_days) >= var.max_unused_days ? "unused" : null
  })]

  # What waits for a key that IAM does not list any more.
  unlisted = [for id, key in local.managed : merge(key, { id = id })
    if key.blocked != null && !contains(local.rows[*].id, id)
  ]

  head = {
    account         = try(split(":", data.iamkeys_access_keys.all.keys[0].user_arn)[4], null)
    as_of           = coalesce(var.as_of, formatdate("YYYY-MM-DD", plantimestamp()))
    max_age_days    = var.max_age_days
    warn_days       = var.warn_days
    max_unused_days = var.max_unused_days

    users    = length(distinct(local.rows[*].user))
    keys     = length(local.rows)
    overdue  = length([for row in local.rows : row if row.level == "overdue"])
    due      = length([for row in local.rows : row if row.level == "due"])
    due_open = length([for row in local.rows : row if row.level == "due" && (row.role == "unmanaged" || row.blocked != null)])
    unused   = length([for row in local.rows : row if row.unused != null])
    blocked  = length([for key in values(local.managed) : key if key.blocked != null])
  }

  # Terraform has no function that escapes HTML. All texts of the page go through here: the template gets no other, and each null as "".
  escaped = [for texts in concat([local.head], local.rows, local.unlisted) : {
    for name, text in texts : name => replace(replace(replace(replace(replace(
      text == null ? "" : text,
    "&", "&amp;"), "<", "&lt;"), ">", "&gt;"), "\"", "&quot;"), "'", "&#39;")
  }]

  page = templatefile("${path.module}/fleet.html.tftpl", {
    head     = local.escaped[0]
    rows     = slice(local.escaped, 1, 1 + length(local.rows))
    unlisted = slice(local.escaped, 1 + length(local.rows), length(local.escaped))
  })
}

# terraform output -raw page > fleet.html
output "page" {
  value = local.page
}
