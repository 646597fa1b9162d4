package mashgate.ask

# Days and ages are those of Europe/London at the moment of the decision (domain.md section 1). The moment is input: policy has no
# clock of its own.

now := time.parse_rfc3339_ns(input.at)

today := time.format([now, data.hub.timezone, "2006-01-02"])

# years_before is the first day that lies inside a window of that many years: the edge is inside. Of 29 February it is 1 March in
# a year that has no such day.
years_before(years) := time.format([time.add_date(time.parse_ns("2006-01-02", today), 0 - years, 0, 0), "UTC", "2006-01-02"])

# birthday is the day on which somebody born on a known day reaches an age. As text it also orders rightly for 29 February: the
# birthday is reached on 1 March.
birthday(born, age) := sprintf("%04d%s", [to_number(substring(born, 0, 4)) + age, substring(born, 4, -1)])

# The regime in force: the last one whose first day has come (domain.md 4.2).
regime := max([[regime.from, i] | some i, regime in data.regimes; regime.from <= today])[1]
