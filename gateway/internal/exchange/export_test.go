package exchange

// Blind takes the guard away: what was decided stands, whatever has happened since. Tests show with it that they would see the harm.
func (e *Exchange) Blind() { e.blind = true }
