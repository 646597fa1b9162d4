package simulate

// Figure is one figure of a report with how far it can be trusted.
type Figure struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
	// Exact is false for a figure that is not the whole of what it names.
	Exact bool   `json:"exact"`
	Says  string `json:"says"`
}

// figures say which number is which. Over a hub's own history gates, asks and tightening are exact; the hub never had the headers of
// what was denied at its source, so what would newly be released is known only from the agencies' counts.
func figures(o Outcome, agencies []Counts) []Figure {
	sum := func(what What, direction Direction) int64 {
		var n int64
		for _, row := range o.Changes {
			if row.What == what && row.Direction == direction {
				n += row.Count
			}
		}
		return n
	}
	all := []Figure{
		{"requests newly stopped by a gate", o.Requests.Stopped, true, "Every request was decided again."},
		{"requests no longer stopped by a gate", o.Requests.Opened, true, "Every request was decided again."},
		{"asks newly made", sum(AskMade, Wider), true, "An ask is one organisation, one category, one person of a request."},
		{"asks no longer made", sum(AskDropped, Tighter), true, "An ask is one organisation, one category, one person of a request."},
		{"asks made that would bring more", sum(AskLimits, Wider), true, "Asked for the same category before, and held less strictly or with fewer limits: older records, other labels, fewer masks."},
		{"asks made that would bring less", sum(AskLimits, Tighter), true, "Asked for the same category before, and held more strictly or with more limits."},
		{"records newly held back or masked", sum(Released, Tighter), true, "Records that were released, or held less strictly."},
		{"records read again that would be held back or masked", sum(Read, Tighter), true, "The same records may be counted under the figure above."},
	}
	if o.Kind.Whole() {
		return append(all, Figure{"records newly released or held less strictly", sum(Released, Wider), true, "Every record that exists was decided again."})
	}
	all = append(all,
		Figure{"records held that would be eased", sum(Released, Wider) + sum(Read, Wider), false, "Only of what reached the hub: it never had the headers of what was denied at its source."},
	)
	return append(all, released(agencies))
}

// released is what agencies say would newly leave them.
func released(agencies []Counts) Figure {
	f := Figure{Name: "records newly released", Exact: false, Says: "Not known: no agency has counted its own records. See the made-up city for how many it could be."}
	if len(agencies) == 0 {
		return f
	}
	f.Says = "Counted by the agencies that have sent counts, over their own records; not by the others."
	for _, counts := range agencies {
		for _, c := range counts.Changes {
			if c.Now.Rank() > c.Was.Rank() && c.Now.Content() {
				f.Count += c.Records
			}
		}
	}
	return f
}
