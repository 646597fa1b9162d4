#!/usr/bin/env bash
# From a question to a changed policy and back, over the demo's made-up city: every command an information-governance team uses, in the
# order in which they use them. Run it from anywhere:
#
#     bash policy/journey.sh
#
# It builds mashgate and mashctl, starts a demo with a history of recorded decisions, makes one change of one tier, and takes it all the
# way into force and back. It stops at the first thing that is not as expected. Two to four minutes; nothing stays behind but what
# JOURNEY_OUT names. policy/guide/journey.md tells the same story in words.
#
#     JOURNEY_OUT=FOLDER     keep the report, the page and a copy of the ledger there
#     JOURNEY_DECISIONS=N    how long the history is (42000 decisions on record: half of them are asks, decided once more before they
#                            are sent, which a simulation makes only once; so 20,000 are made again)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
repository=$PWD
decisions=${JOURNEY_DECISIONS:-42000}
work=$(mktemp -d)
out=$(realpath -m "${JOURNEY_OUT:-$work/out}")
demo=$work/demo
mkdir -p "$out" "$work/bin"

# Whatever happens, what was started here ends, and nothing else does.
hub=
finish() {
  if [ -n "$hub" ] && kill "$hub" 2>/dev/null; then wait "$hub" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

# step says what comes next; fail stops.
n=0
step() { n=$((n + 1)); printf '\n\n%d. %s\n' "$n" "$*"; }
fail() { printf '\nNOT AS EXPECTED in step %d: %s\n' "$n" "$*" >&2; exit 1; }

# here runs mashctl without a server, as WHO as one of the demo's people. Both show the command and the beginning of what it says.
here() { prompt "" "$@"; keep mashctl "$@"; tell; }
as() { local who=$1; shift; prompt "$who" "$@"; keep mashctl --profile "$demo/profiles/$who.json" "$@"; tell; }
prompt() {
  local who=$1 word; shift
  printf '\n%s$ mashctl' "$who"
  for word in "$@"; do case $word in *" "*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac; done
  echo
}
keep() { code=0; "$@" >"$work/said" 2>"$work/aside" || code=$?; cat "$work/aside" >>"$work/said"; }
tell() {
  head -n 36 "$work/said"
  local more=$(($(wc -l <"$work/said") - 36))
  if [ "$more" -gt 0 ]; then echo "… and $more lines more"; fi
}
# What is expected of the last command: that it was done, that it was refused with these words, that it says something or does not.
succeeds() { [ "$code" -eq 0 ] || fail "the command ended with code $code"; }
refused() { [ "$code" -ne 0 ] || fail "the command should have been refused"; says "$@"; }
says() { grep -qF -- "$*" "$work/said" || fail "it does not say: $*"; }
silent_on() { ! grep -qF -- "$*" "$work/said" || fail "it says: $*"; }
# found prints the first thing in what was said that a pattern matches.
found() { grep -oE -- "$1" "$work/said" | head -n 1; }

step "Build the two programs and start a demo with a history of $decisions decisions."
go build -o "$work/bin/" ./cmd/mashgate ./cmd/mashctl
PATH=$work/bin:$PATH
cd "$work"
mashgate demo --data "$demo" --families 120 --history "$decisions" >"$work/demo.log" 2>"$work/demo.err" &
hub=$!
until grep -q "THE HUB IS RUNNING" "$work/demo.log"; do
  kill -0 "$hub" 2>/dev/null || { cat "$work/demo.err"; fail "the demo ended"; }
  sleep 1
done
tail -n 1 "$work/demo.err"
grep "A history of" "$work/demo.log"
as iris policy status; succeeds; says "coventry-default 1.0"

step "The question: social care's assessments are held in every MASH episode until a named person decides. The partners have agreed to
   share them at once. Write that down as an overlay: a manifest, and one cell of the tier table."
mkdir -p ours/data ours/scenarios
cat >ours/manifest.yaml <<'EOF'
name: coventry
version: "2026.12"
hub: coventry
base: default
contacts:
  - {role: Information governance lead of the hub, email: ig-lead@mash.example.org}
agreements:
  - {title: "Coventry MASH information sharing agreement (made up)", reference: ISA-MASH-001}
review_date: "2026-11-20"
EOF
cat >ours/data/tiers.yaml <<'EOF'
cells:
  C: # assessments, placement, convictions, risk
    mash: {effect: permit, reason: tier_permits}
EOF
cat ours/manifest.yaml; echo; cat ours/data/tiers.yaml

step "Check it. A pack that lets out more than the default says why, and on what agreement that rests."
here policy check ours; refused "widening-without-end"
cat >ours/data/exceptions.yaml <<'EOF'
tiers.cells.C.mash: {agreement: ISA-MASH-001, why: All partners agreed in November 2026 to share narrative in a MASH episode}
EOF
echo; cat ours/data/exceptions.yaml
here policy check ours; succeeds

step "Test it. Three scenarios of the default pack expect a review; each is shown with what was decided, by which rule."
here policy test ours; refused "kaur-unsafe-for-one-parent"
says "expected  review"; says "decided   permit"; says "> permit  release.tier"

step "That is what the change means, so the three scenarios are changed too: a file of the same name in the overlay replaces the base's."
for scenario in iqbal-forced-marriage kaur-unsafe-for-one-parent nolan-position-settled; do
  sed -E 's/(category: (csc.assessments|pol.convictions), about: [a-z]+, effect: )review/\1permit/' \
    "$repository/policy/rules/scenarios/$scenario.yaml" >"ours/scenarios/$scenario.yaml"
done
here policy test ours; succeeds; says "Everything holds."

step "Hand it in. The hub makes a draft of the folder, and checks and tests it again by itself."
as iris policy draft create ours --note "Share narrative in a MASH episode at once (ISA-MASH-001)"; succeeds
draft=$(found 'policyDrafts/[a-z0-9]+'); draft=${draft#*/}
as iris policy draft check "$draft"; succeeds; says "state: checked"
as iris policy draft test "$draft"; succeeds; says "state: tested"

step "Simulate it: every decision on record is made again under the draft. Nothing is live."
as iris policy simulate "$draft" --html "$out/report.html"; succeeds
says "The draft WIDENS"; says "review to permit"; says "state: simulated"
made=$(found "[0-9,]+ decisions were decided again" | tr -dc 0-9)
[ -n "${JOURNEY_DECISIONS:-}" ] || [ "$made" -ge 20000 ] || fail "only $made decisions were made again"
mashctl --profile "$demo/profiles/iris.json" --json policy draft show "$draft" --report simulation >"$out/report.json"
echo "The page for the approvers: $out/report.html"

step "Two people approve, who are neither of them the author; each says yes to the same report, by its digest."
as ivy policy approve "$draft"; succeeds; says "IT WIDENS"
report=$(found 'report [0-9a-f]{64}'); report=${report#report }
as iris policy approve "$draft" --report "$report"; refused "Nobody approves a draft of their own."
as ivy policy approve "$draft" --report "$report"; succeeds; says "1 of 2 have"
as ivy policy approve "$draft" --report "$report"; says "1 of 2 have" # twice the same person is one person
as iris policy bundle "$draft" -o unsigned.tar.gz; refused "has not been approved by two people"
as mo policy approve "$draft" --report "$report"; succeeds; says "state: approved"
as max policy approve "$draft" --report "$report"; refused "Two people have approved the draft already."

step "Sign it, away from the gateway, with a key the gateway knows only the public half of. What nobody signed is refused."
as iris policy bundle "$draft" -o unsigned.tar.gz; succeeds
as iris policy submit "$draft" unsigned.tar.gz; refused "The policy is not signed."
key=$(ls "$demo"/signing/*.key)
here policy sign unsigned.tar.gz --key "$key" --key-id "$(basename "$key" .key)" --scope coventry -o signed.tar.gz; succeeds
as iris policy submit "$draft" signed.tar.gz; succeeds; says "state: signed"

step "Before: a live request about a child in a MASH episode. The assessment is held."
cat >referral.json <<'EOF'
{
  "referrer": {"givenName": "Asha", "familyName": "Brightwater", "organisation": "Saint Wilfrith Primary School", "professional": true},
  "subjects": [
    {"id": "bruno", "role": "SUBJECT_ROLE_INDEX_CHILD", "identity": {"givenName": "Bruno", "familyName": "Starlingford",
      "dateOfBirth": "2015-02-19", "nhsNumber": "9990110743"}},
    {"id": "greta", "role": "SUBJECT_ROLE_PARENT", "relationship": "mother", "parentalResponsibility": "KNOWN_YES", "identity":
      {"givenName": "Greta", "familyName": "Starlingford", "dateOfBirth": "1992-02-02", "nhsNumber": "9990111480"}}
  ],
  "concerns": ["neglect"],
  "summary": "Bruno comes to school hungry and in wet shoes, week after week.",
  "consents": [
    {"kind": "CONSENT_KIND_REFERRAL", "giver": "greta", "status": "CONSENT_STATUS_YES"},
    {"kind": "CONSENT_KIND_SHARE_WITH_AGENCIES", "giver": "greta", "status": "CONSENT_STATUS_YES"},
    {"kind": "CONSENT_KIND_AGENCIES_SHARE_WITH_US", "giver": "greta", "status": "CONSENT_STATUS_YES"}
  ]
}
EOF
as rita referral submit referral.json; succeeds
referral=$(found 'hubs/coventry/referrals/[a-z0-9]+')
as tom referral triage "$referral" --outcome mash_episode --reason "Suspected neglect"; succeeds
as sara episode open "$referral" --rating amber --reason "The threshold may be met" --level 4 --basis mash; succeeds
episode=$(found 'hubs/coventry/episodes/[a-z0-9]+')
# ask makes the same request anew and keeps what may be seen of it, without the lines that name this very request and reading. It shows
# what was released and what was held.
ask() {
  prompt sara request "$episode" --watch
  keep mashctl --profile "$demo/profiles/sara.json" request "$episode" --watch; succeeds
  sed -n '/^CHRONOLOGY/,/^HOUSEHOLD/p; /^WHAT WAS HELD/,$p' "$work/said" | grep -v '^HOUSEHOLD'
  request=$(found 'hubs/coventry/episodes/[a-z0-9]+/informationRequests/[a-z0-9]+')
  sed -n '/^WHO ANSWERED/,$p' "$work/said" | grep -v '^This reading' >"$1"
}
ask before.txt; says "held until a named person decides"; silent_on "Child and family assessment"
asked_before=$request

step "Bring it into force. It widens, so it needs a reason that will stand on the ledger."
as iris policy activate "$draft"; refused "give the code of a reason"
as iris policy activate "$draft" --reason new_agreement; succeeds; says "Activation 2 is in force"

step "The same request, live: now the assessment is shown."
ask during.txt; says "Child and family assessment"

step "Why? Each decision names its rule, where that comes from, and what it read; the earlier request still answers for itself."
as iris policy explain "$request" --category csc.assessments; succeeds; says "csc.assessments: permit"; says "release.tier"
as iris policy explain "$asked_before" --category csc.assessments; succeeds; says "csc.assessments: review"

step "Take it back: one person, one command, a new number in the log."
as iris policy rollback --reason unexpected_effect; succeeds; says "Activation 3 is in force"
ask after.txt; says "held until a named person decides"
diff before.txt after.txt || fail "the same request is not decided as before"
echo; echo "What may be seen is what could be seen before, line for line."

step "What has been seen meanwhile and would not be shown now is listed for the information-governance team."
for _ in $(seq 60); do # the gateway decides again on its own, a few seconds later
  keep mashctl --profile "$demo/profiles/iris.json" policy findings
  if grep -q csc.assessments "$work/said"; then break; fi
  sleep 1
done
as iris policy findings; succeeds; says "1 record of csc.assessments"
as iris policy activations; succeeds; says "rollback"

step "Everything that was ever decided here still comes out as it was recorded, each decision under the policy that made it."
as iris policy replay --verify; succeeds; says "each came out exactly as it was recorded"

step "The auditor takes a copy of the ledger."
token=
: >"$out/ledger.json"
while :; do
  mashctl --profile "$demo/profiles/ada.json" --json ledger list --page-size 1000 ${token:+--page-token "$token"} >page.json
  cat page.json >>"$out/ledger.json"
  token=$(sed -nE 's/.*"nextPageToken": *"([^"]*)".*/\1/p' page.json)
  [ -n "$token" ] || break
done
echo "$(grep -c '"sequence"' "$out/ledger.json") entries"
printf '\n\nDone: the change was made, tried, approved, signed, brought into force, explained and taken back.\n'
