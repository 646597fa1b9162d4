package keeper

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mashgate/mashgate/policy/bundle"
)

// Review is how the last review of a pack stands to what the hub allows.
type Review string

// The states of a review; "" is in order.
const (
	ReviewInOrder Review = ""
	ReviewDue     Review = "due"
	// ReviewRefused: no new request is taken.
	ReviewRefused Review = "refused"
)

// Status is how a hub is served.
type Status struct {
	Hub      string
	Number   int64
	Revision string
	// Refused is the code of the last bundle that was refused since the activation that decides; "" where none was.
	Refused bundle.Code
	Review  Review
	// Unreachable tells that the publisher that is followed does not answer.
	Unreachable bool
}

// Degraded tells that somebody should look: what decides is good, and something beside it is not.
func (s Status) Degraded() bool {
	return s.Refused != "" || s.Review != ReviewInOrder || s.Unreachable
}

// Status is how each hub is served, in the order of the configuration.
func (k *Keeper) Status() []Status {
	all := make([]Status, 0, len(k.Hubs))
	for _, of := range k.Hubs {
		all = append(all, k.hubs[of.ID].status())
	}
	return all
}

func (h *hub) status() Status {
	now, review := h.serves(), h.review()
	h.mu.RLock()
	defer h.mu.RUnlock()
	return Status{
		Hub: h.ID, Number: now.Number, Revision: now.Revision, Refused: h.refusal, Review: review, Unreachable: h.unreachable,
	}
}

// review holds the day of the pack's last review to what the hub allows.
func (h *hub) review() Review {
	since := h.unreviewed()
	switch {
	case h.Unreviewed.Refuse > 0 && since > h.Unreviewed.Refuse:
		return ReviewRefused
	case h.Unreviewed.Warn > 0 && since > h.Unreviewed.Warn:
		return ReviewDue
	}
	return ReviewInOrder
}

// unreviewed is how long ago the pack was last reviewed. A pack is not read without that day.
func (h *hub) unreviewed() time.Duration {
	pack := h.serves().pack
	if pack == nil {
		return 0
	}
	day, err := time.Parse(time.DateOnly, pack.Manifest().ReviewDate)
	if err != nil {
		return 0
	}
	return h.keeper.Clock.Now().Sub(day)
}

// register puts the keeper's metrics where they are read.
func (k *Keeper) register() error {
	k.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "mashgate_policy_refused_total", Help: "Bundles and statements of policy that were refused, by hub and why.",
	}, []string{"hub", "code"})
	if err := k.Registry.Register(k.refused); err != nil {
		return err
	}
	return k.Registry.Register(collector{k})
}

var (
	activeMetric = prometheus.NewDesc("mashgate_policy_active", "1 for the policy that decides.", []string{"hub", "revision", "number"}, nil)
	ageMetric    = prometheus.NewDesc("mashgate_policy_active_seconds", "How long the policy that decides has been in force.", []string{"hub"}, nil)
	reviewMetric = prometheus.NewDesc("mashgate_policy_unreviewed_seconds", "How long ago the policy that decides was last reviewed.", []string{"hub"}, nil)
	shapesMetric = prometheus.NewDesc("mashgate_policy_interpreted_shapes", "Shapes of request whose release rules could not be compiled.", []string{"hub"}, nil)
)

// collector reads the metrics off what is served at the moment somebody asks for them.
type collector struct{ keeper *Keeper }

// Describe implements prometheus.Collector.
func (collector) Describe(to chan<- *prometheus.Desc) {
	for _, each := range []*prometheus.Desc{activeMetric, ageMetric, reviewMetric, shapesMetric} {
		to <- each
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(to chan<- prometheus.Metric) {
	for id, h := range c.keeper.hubs {
		now := h.serves()
		if now.revision == nil {
			continue
		}
		gauge := func(of *prometheus.Desc, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(of, prometheus.GaugeValue, value, append([]string{id}, labels...)...)
		}
		gauge(activeMetric, 1, now.Revision, strconv.FormatInt(now.Number, 10))
		gauge(ageMetric, c.keeper.Clock.Now().Sub(now.Since).Seconds())
		gauge(reviewMetric, h.unreviewed().Seconds())
		gauge(shapesMetric, float64(now.revision.Interpreted()))
	}
}
