# METADATA
# title: Somebody has reviewed the pack within the year
# description: Law, guidance and partners change. A pack that nobody has read for a year, or that claims a review still to come, is not reviewed.
# scope: package
# custom:
#   id: review-overdue
#   severity: error
#   applies: [hub, agency]
#   way_out: Review the pack with the partners' information-governance leads and put the day in review_date of manifest.yaml.
package mashgate.lint.rules.review_overdue

findings contains {"path": ["manifest", "review_date"], "message": sprintf("last reviewed on %s, more than a year ago", [input.manifest.review_date])} if {
	days_ago > data.limits.longest_review_days
}

findings contains {"path": ["manifest", "review_date"], "message": sprintf("review_date %s is yet to come: it is the day of the last review", [input.manifest.review_date])} if {
	days_ago < 0
}

days_ago := (time.parse_ns("2006-01-02", input.today) - time.parse_ns("2006-01-02", input.manifest.review_date)) / 86400000000000
