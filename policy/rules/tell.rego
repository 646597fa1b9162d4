package mashgate.ask

# What an agency may be told in asking (domain.md section 4): identifiers and purpose need the ask decision; the narrative of
# concern goes out with consent to share, any ground, or on a basis that needs neither; and never where
# nobody is asked.

default tell := "identifiers_and_purpose"

tell := "with_narrative" if {
	count(gates) == 0
	narrative_goes_out
}

narrative_goes_out if {
	input.episode.basis in data.consents.narrative.bases
	basis_supported
}

narrative_goes_out if count(grounds) > 0

narrative_goes_out if {
	count(index_children) > 0
	every subject in index_children {
		position(subject, data.consents.narrative.consent) == "yes"
	}
}
