// Package city makes the synthetic city that Mashgate is shown and tested with: families who never lived, and what eight
// organisations hold on them, each with its own mistakes. It stands outside the path of a request: it only writes files, and nothing
// that answers a request may read what it knows.
//
// There are two kinds of family. Hand-made ones (families/NN-name.yaml) tell the cases of the domain and carry an expectation that
// was worked out by hand from the rules: what is released, masked and held, and what each organisation answers. Expectations are
// reckoned as of 2026-11-22 and hold until March 2028, when the first of the children come of age. Generated ones (Generate) give the
// volume: households, siblings, separated parents, refuges, adoptions, twins, and the misspelt names and swapped dates by which
// organisations lose one another's people.
//
// Generate writes, for each organisation, extract/<organisation>.ndjson (internal/extract), which its adapter imports, and apart from
// it truth/truth.json, which says who is who, where every record came from and what must never be seen. Adapters and matching must not
// read the truth; tests use it as the oracle.
//
// Nobody in the city can be mistaken for a real person: NHS numbers are of the range that is kept for tests (999), UPNs name a local
// authority that does not exist (998), postcodes an area that does not exist (ZZ), and telephone numbers are those that Ofcom keeps
// for drama (07700 900, 01632 960).
package city
