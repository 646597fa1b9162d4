package city

import "slices"

// likelihood is how likely it is that an organisation holds a category about a person, and how its records look.
type likelihood struct {
	organisation string
	entry        entry
	// chance that there is one; more is the chance of each further one, up to three.
	chance, more float64
	about        func(*household, *member) bool
}

func children(from, to int) func(*household, *member) bool {
	return func(h *household, m *member) bool {
		age := m.age(h.now)
		return m.child(h.now) && age >= from && age < to && m.Relationship != "unborn child"
	}
}

func adults(h *household, m *member) bool { return !m.child(h.now) }

func women(_ *household, m *member) bool { return m.Relationship == "mother" }

func convicts(_ *household, m *member) bool { return m.convicted }

// everyday is what a family that nobody worries about leaves behind.
func everyday() []likelihood {
	registered := entry{category: "hlt.registration", dating: standing}
	return []likelihood{
		{"education", entry{category: "edu.enrolment", dating: standing}, 1, 0, children(4, 18)},
		{"education", entry{category: "edu.attendance", dating: recent}, 0.9, 0.2, children(4, 18)},
		{"education", entry{category: "edu.send", dating: standing}, 0.12, 0, children(5, 18)},
		{"education", entry{category: "edu.exclusions"}, 0.04, 0.2, children(9, 18)},
		{"education", entry{category: "edu.safeguarding_log"}, 0.08, 0.2, children(4, 18)},
		{"community_health", registered, 0.95, 0, children(0, 18)},
		{"community_health", registered, 0.85, 0, adults},
		{"community_health", entry{category: "hlt.checks"}, 0.9, 0.5, children(0, 5)},
		{"community_health", entry{category: "hlt.attendance"}, 0.3, 0.2, children(0, 18)},
		{"community_health", entry{category: "hlt.attendance"}, 0.2, 0.1, adults},
		{"community_health", entry{category: "hlt.maternity", dating: standing}, 0.12, 0, women},
		{"community_health", entry{category: "hlt.sexual_health", dating: recent}, 0.03, 0, children(12, 18)},
		{"community_health", entry{category: "hlt.restricted", labels: []string{"legally_restricted"}}, 0.01, 0, adults},
		{"mental_health", entry{category: "hlt.mental_health_status", dating: standing}, 0.06, 0, adults},
		{"mental_health", entry{category: "hlt.mental_health_status", dating: standing}, 0.04, 0, children(11, 18)},
		{"mental_health", entry{category: "hlt.mental_health_detail"}, 0.04, 0.2, adults},
		{"mental_health", entry{category: "hlt.substance_misuse", dating: standing}, 0.03, 0, adults},
		{"police", entry{category: "pol.involvement"}, 0.05, 0.2, adults},
		{"police", entry{category: "pol.convictions"}, 1, 0.3, convicts},
		{"probation", entry{category: "prb.supervision", dating: standing}, 0.6, 0.1, convicts},
		{"probation", entry{category: "prb.risk", dating: recent, labels: []string{"risk_to_children"}}, 0.2, 0, convicts},
		{"probation", entry{category: "prb.risk", dating: recent}, 0.4, 0, convicts},
		{"early_help", entry{category: "eh.plan", dating: standing}, 0.06, 0, children(0, 18)},
	}
}

// worrying is what a family about whom there are worries leaves behind, besides.
func worrying() []likelihood {
	return []likelihood{
		{"children_social_care", entry{category: "csc.status", dating: standing}, 1, 0, children(0, 18)},
		{"children_social_care", entry{category: "csc.chronology"}, 0.8, 0.5, children(0, 18)},
		{"children_social_care", entry{category: "csc.assessments"}, 0.4, 0.2, children(0, 18)},
		{"children_social_care", entry{category: "csc.placement", dating: standing}, 0.06, 0, children(0, 18)},
		{"children_social_care", entry{category: "csc.status", dating: standing}, 0.2, 0, adults},
		{"early_help", entry{category: "eh.plan", dating: standing}, 0.4, 0.1, children(0, 18)},
		{"early_help", entry{category: "eh.plan", dating: standing}, 0.2, 0, adults},
		{"education", entry{category: "edu.safeguarding_log", dating: recent}, 0.5, 0.4, children(4, 18)},
		{"police", entry{category: "pol.domestic_abuse"}, 0.3, 0.4, adults},
		{"police", entry{category: "pol.involvement"}, 0.3, 0.2, adults},
		{"police", entry{category: "pol.missing", dating: recent}, 0.12, 0.4, children(10, 18)},
		{"police", entry{category: "pol.intelligence", dating: recent, labels: []string{"informant"}}, 0.06, 0, adults},
		{"police", entry{category: "pol.live_investigation", dating: standing, labels: []string{"live_investigation"}}, 0.02, 0, adults},
		{"mental_health", entry{category: "hlt.attendance", dating: recent}, 0.1, 0, adults},
		{"youth_justice", entry{category: "yj.involvement"}, 0.15, 0.2, children(10, 18)},
	}
}

// hold decides who knows whom, with which mistakes, and writes what they hold.
func (h *household) hold() {
	for _, m := range h.members {
		m.convicted = !m.child(h.now) && h.chance(0.07)
	}
	list := everyday()
	if h.is("refuge") || h.is("adoption") || h.chance(0.25) {
		list = append(list, worrying()...)
	}
	for _, m := range h.members {
		h.holdOne(m, list)
	}
}

func (h *household) holdOne(m *member, list []likelihood) {
	h.protectivelyHeld(m)
	for _, l := range list {
		if !l.about(h, m) || !h.chance(l.chance) {
			continue
		}
		held := h.holding(m, l.organisation)
		for range 3 {
			h.record(m, held, l.entry)
			if !h.chance(l.more) {
				break
			}
		}
	}
	h.flagByRecords(m)
}

// protectivelyHeld: a refuge and an adoption are always known to children's social care, and under the right name; otherwise nobody
// could keep them.
func (h *household) protectivelyHeld(m *member) {
	flags := []string{}
	if m.SafeAddress {
		flags = append(flags, "safe_address")
	}
	if h.is("adoption") && m.Role == "index_child" {
		flags = append(flags, "adoption")
	}
	if len(flags) > 0 {
		const holder = "children_social_care"
		m.Held = append(m.Held, TruthHolding{
			Organisation: holder, Ref: h.reference("p"), Identity: knownTo(holder, m.Identity), Flags: flags, Slips: []string{},
		})
	}
}

// holding finds how the organisation has the person written down, or writes them down.
func (h *household) holding(m *member, organisation string) TruthHolding {
	for _, held := range m.Held {
		if held.Organisation == organisation {
			return held
		}
	}
	who, made := h.asHeld(organisation, m)
	held := TruthHolding{Organisation: organisation, Ref: h.reference("p"), Identity: who, Flags: []string{}, Slips: made}
	m.Held = append(m.Held, held)
	return held
}

// flagByRecords sets the flags that follow from what is held: whoever is under a live investigation, and some whom probation supervises.
func (h *household) flagByRecords(m *member) {
	live := slices.ContainsFunc(h.family.Records, func(r TruthRecord) bool {
		return r.Person == m.ID && r.Header.Category == "pol.live_investigation"
	})
	limited := m.convicted && h.chance(0.08)
	for i := range m.Held {
		switch {
		case live && m.Held[i].Organisation == "police":
			m.Held[i].Flags = append(m.Held[i].Flags, "live_investigation")
		case limited && m.Held[i].Organisation == "probation":
			m.Held[i].Flags = append(m.Held[i].Flags, "limited_access")
		}
	}
}
