package demo

// Person is one of the demo's made-up users.
type Person struct {
	// ID is the person's id in the directory and the name of their profile.
	ID         string
	GivenName  string
	FamilyName string
	Role       string
	// Agency is the holder kind the person works for.
	Agency string
}

// People are the demo's users, one or more for each role of the hub: a change of policy takes an author and two others. None of them
// exists.
func People() []Person {
	return []Person{
		{"rita", "Rita", "Demo-Referrer", "referrer", "education"},
		{"tom", "Tom", "Demo-Triage", "triage_worker", "children_services"},
		{"sara", "Sara", "Demo-Worker", "social_worker", "children_services"},
		{"mo", "Mo", "Demo-Manager", "team_manager", "children_services"},
		{"max", "Max", "Demo-Deputy", "team_manager", "children_services"},
		{"pat", "Pat", "Demo-Police", "partner_representative", "police"},
		{"iris", "Iris", "Demo-Governance", "ig_officer", "children_services"},
		{"ivy", "Ivy", "Demo-Caldicott", "ig_officer", "children_services"},
		{"ada", "Ada", "Demo-Auditor", "auditor", "children_services"},
		{"abe", "Abe", "Demo-Administrator", "administrator", "children_services"},
	}
}
