# METADATA
# title: No window looks back further than records are kept
# description: >-
#   Where data/retention.yaml gives the years for which a category is kept, asking for what is older asks for what should be gone.
# scope: package
# custom:
#   id: window-beyond-retention
#   severity: error
#   applies: [hub]
#   way_out: Shorten the window in data/windows.yaml, or correct kept_years in data/retention.yaml.
package mashgate.lint.rules.window_beyond_retention

import data.mashgate.lint.pack

findings contains {"path": ["windows", "years", entry.window], "message": message} if {
	some category, kept in input.data.retention.kept_years
	some entry in pack.tiers.categories[category]
	years := input.data.windows.years[entry.window]
	years > kept
	message := sprintf("window %s looks back %v years, and %s is kept for %v", [entry.window, years, category, kept])
}
