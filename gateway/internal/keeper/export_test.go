package keeper

// Ahead tells whether more than what is in force is compiled.
func (k *Keeper) Ahead(of string) bool { return k.hubs[of].compiled.Len() > 1 }
