package city

// The words the generated city is made of. Family names and streets are put together from two halves, so that nobody is called like
// anybody; given names are ordinary ones, because that is what organisations get wrong.
type words struct {
	female, male                []string
	nickname                    map[string]string
	familyFirst, familySecond   []string
	streetFirst, streetSecond   []string
	primary, secondary, surgery []string
	ethnicity, language         []string
}

func vocabulary() words {
	return words{
		female: []string{
			"Aisha", "Alice", "Amelia", "Anna", "Beatrice", "Catherine", "Charlotte", "Chloe", "Daisy", "Elizabeth", "Emily", "Esme", "Fatima",
			"Florence", "Freya", "Grace", "Hannah", "Ines", "Isabella", "Jessica", "Katarzyna", "Leah", "Lily", "Margaret", "Maryam", "Megan",
			"Nadia", "Niamh", "Olivia", "Parveen", "Rebecca", "Rosie", "Samantha", "Sofia", "Susan", "Victoria", "Yasmin", "Zainab", "Zoë",
		},
		male: []string{
			"Adam", "Alexander", "Andrew", "Anthony", "Arjun", "Benjamin", "Callum", "Charles", "Christopher", "Daniel", "David", "Edward",
			"Finley", "George", "Hamza", "Harry", "Ibrahim", "Jack", "James", "Joseph", "Kofi", "Leo", "Liam", "Matthew", "Michael", "Mohammed",
			"Nathan", "Nicholas", "Oliver", "Oscar", "Patrick", "Rafał", "Robert", "Samuel", "Seán", "Thomas", "William", "Yusuf", "Zachary",
		},
		nickname: map[string]string{
			"Alexander": "Alex", "Andrew": "Andy", "Anthony": "Tony", "Beatrice": "Bea", "Benjamin": "Ben", "Catherine": "Kate", "Charles": "Charlie",
			"Charlotte": "Lottie", "Christopher": "Chris", "Daniel": "Dan", "David": "Dave", "Edward": "Ted", "Elizabeth": "Liz", "Florence": "Flo",
			"Isabella": "Bella", "Jessica": "Jess", "Joseph": "Joe", "Katarzyna": "Kasia", "Margaret": "Peggy", "Matthew": "Matt", "Michael": "Mick",
			"Nathan": "Nate", "Nicholas": "Nick", "Oliver": "Ollie", "Patrick": "Paddy", "Rebecca": "Becky", "Robert": "Bob", "Samantha": "Sam",
			"Samuel": "Sam", "Susan": "Sue", "Thomas": "Tom", "Victoria": "Vicky", "William": "Bill", "Zachary": "Zac",
		},
		familyFirst: []string{
			"Acorn", "Adder", "Alder", "Amble", "Apple", "Ash", "Badger", "Barley", "Beech", "Berry", "Bilber", "Birch", "Bracken", "Bram", "Briar",
			"Brook", "Bumble", "Cinder", "Clover", "Cobble", "Cuckoo", "Dapple", "Dew", "Dragon", "Ember", "Fallow", "Fern", "Fiddle", "Finch",
			"Flax", "Frost", "Gander", "Gentle", "Goose", "Gorse", "Gumble", "Hawthorn", "Heron", "Hollin", "Honey",
		},
		familySecond: []string{
			"bellow", "bottle", "bramley", "button", "candle", "chalk", "copse", "crumb", "dabble", "dimple", "drum", "feather", "fiddler", "fold",
			"furrow", "gable", "garth", "glint", "hanger", "hatch", "hurdle", "kettle", "ladle", "latch", "lintel", "mantle", "mellow", "nettle",
			"pebble", "pepper", "piper", "pocket", "quill", "rafter", "ribbon", "saddle", "shingle", "spindle", "thimble", "whistle",
		},
		streetFirst: []string{
			"Anvil", "Barrel", "Beeswax", "Bobbin", "Button", "Candle", "Chisel", "Cobweb", "Copper", "Cotton", "Flint", "Glazier's", "Hemp", "Inkwell",
			"Kettle", "Lantern's", "Loom", "Marble", "Needle", "Paper", "Pewter", "Ribbon", "Saddle", "Shuttle", "Spindle", "Thimble", "Treadle",
			"Velvet", "Wagon", "Whistle",
		},
		streetSecond: []string{"Row", "Yard", "Steps", "Rise", "Court", "Hill", "Walk", "Fold", "Gate", "Bank", "Close", "Mews"},
		primary: []string{
			"Puddleduck Lane Primary School", "Bramblestile Primary School", "Saint Wulfhild Primary School", "Tumbledown Primary School",
			"Hobbin Green Primary School", "Foxglove Bank Primary School",
		},
		secondary: []string{"Harrowmere Academy", "Cobbleton High School", "Saint Osgyth School", "Millwheel Academy"},
		surgery: []string{
			"Thimble Street Surgery", "Old Forge Surgery", "Bobbin Yard Surgery", "Needle Row Surgery", "Copper Gate Surgery", "Millwheel Surgery",
		},
		ethnicity: []string{"White British", "White British", "Pakistani", "Indian", "Black African", "White Polish", "Mixed", "Chinese"},
		language:  []string{"English", "English", "English", "Urdu", "Polish", "Punjabi", "Somali"},
	}
}
