package mashgate.ask

# Look-back windows (domain.md 4.4). The cutoff is the first ISO day inside the window, or "" for the whole record.

cutoffs[window] := "" if {
	some window, _ in data.windows.years
	whole_record(window)
}

cutoffs[window] := years_before(years) if {
	some window, years in data.windows.years
	not whole_record(window)
}

whole_record(window) if window in data.windows.whole_record[input.episode.basis]

# The cutoff of every category in play about every subject, for whoever plans what to ask.
windows[category][subject.id] := cutoffs[entry.window] if {
	some category in categories
	some entry in data.tiers.categories[category]
	some subject in input.subjects
	subject.id in holds[entry.about]
	not unlimited(category, subject)
}

windows[category][subject.id] := "" if {
	some category in categories
	some subject in input.subjects
	unlimited(category, subject)
}

unlimited(category, subject) if {
	category in data.windows.none_about_a_child
	child(subject)
}
