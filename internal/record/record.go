// Package record owns what an agency's answer is made of: a small total header, on which policy decides, and, apart from it,
// the fields, which policy never reads. It stands under every other package of the path and trusts nobody: a header that leaves
// an attribute out, a field the catalogue does not list and a label nobody knows are refused here.
package record

// MaxChunk is the largest number of records in one chunk, the unit of release (records).
const MaxChunk = 64

// Header is everything policy may read about one record. It is total: every attribute is always written, and what is not known
// has its own value, which policy denies or reviews. The facts about the subject are joined by the decision point, so that a
// holder cannot state them.
type Header struct {
	// Ref is the holder's opaque reference; it names the record to the holder and to nobody else.
	Ref string `json:"ref"`
	// Organisation is the id of the answering organisation ("police"), taken from its certificate, never from the message.
	Organisation string `json:"organisation"`
	// Category is a category code of the catalogue ("pol.involvement").
	Category string `json:"category"`
	// Subject is the episode's random id of the person the record is about.
	Subject string `json:"subject"`
	// EventDate is the ISO day of the event; "" when the record is not an event or the day is not known.
	EventDate string `json:"event_date"`
	// Until is the ISO day on which a standing fact last applied; "" for events, and for facts that still apply.
	Until string `json:"until"`
	// Current is true for a standing fact that applies today.
	Current bool `json:"current"`
	// Labels are the holder's labels, sorted, without repeats.
	Labels []string `json:"labels"`
	// LabelsKnown is false when the holder cannot tell which labels apply.
	LabelsKnown bool `json:"labels_known"`
	// OnlyAddress is true for a record that says nothing but where somebody is.
	OnlyAddress bool `json:"only_address"`
}

// Field is one named value of a record. Value is person data: it is never logged.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Labels are labels of this field alone; the enforcer adds their masks to this field.
	Labels []string `json:"labels,omitempty"`
}

// Record is a header with its fields. A stub is a record whose fields the holder kept back.
type Record struct {
	Header Header  `json:"header"`
	Fields []Field `json:"fields"`
}
