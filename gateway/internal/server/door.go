package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"github.com/google/uuid"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mashgate/mashgate/gateway/internal/authn"
	"github.com/mashgate/mashgate/internal/fault"
)

// requestIDHeader is the name of the request id in gRPC metadata and in HTTP.
const requestIDHeader = "x-request-id"

// knownPrincipals bounds how many principals have a rate limit of their own in memory; the one longest unseen starts afresh.
const knownPrincipals = 10_000

// door is what every call goes through.
type door struct {
	config    Config
	validator protovalidate.Validator
	metrics   *callMetrics
	// methods are the registered ones: any other name is written nowhere, since a stranger made it up.
	methods map[string]bool

	mu     sync.Mutex
	limits *lru.Cache[string, *rate.Limiter]
}

func newDoor(config Config) (*door, error) {
	validator, err := protovalidate.New()
	if err != nil {
		return nil, err
	}
	limits, err := lru.New[string, *rate.Limiter](knownPrincipals)
	if err != nil {
		return nil, err
	}
	metrics, err := newCallMetrics(config.Registry)
	if err != nil {
		return nil, err
	}
	return &door{config: config, validator: validator, metrics: metrics, methods: map[string]bool{}, limits: limits}, nil
}

// call is what the outer steps want to know of a call that only inner ones find out.
type call struct {
	requestID string
	principal authn.Principal
}

type callKey struct{}

func callOf(ctx context.Context) *call {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return &call{}
	}
	return c
}

// identify gives the call an id. The caller's own is kept if it is a UUID: anything else could carry a name into the log.
func (d *door) identify(ctx context.Context, _ string, next func(context.Context) error) error {
	id := ""
	if sent := metadata.ValueFromIncomingContext(ctx, requestIDHeader); len(sent) == 1 {
		id = sent[0]
	}
	id = requestID(id)
	// The header goes out with the first message or the status; failing to set it is no reason to fail the call.
	_ = grpc.SetHeader(ctx, metadata.Pairs(requestIDHeader, id))
	return next(context.WithValue(ctx, callKey{}, &call{requestID: id, principal: authn.Principal{Kind: authn.None}}))
}

func requestID(sent string) string {
	if parsed, err := uuid.Parse(sent); err == nil {
		return parsed.String()
	}
	return uuid.NewString()
}

// logCall writes one line a call: which method, how it ended, how long it took, what kind of caller. Never who or about whom.
func (d *door) logCall(ctx context.Context, method string, next func(context.Context) error) error {
	start := time.Now()
	err := next(ctx)
	c := callOf(ctx)
	d.config.Log.LogAttrs(context.WithoutCancel(ctx), levelOf(status.Code(err)), "call",
		slog.String("method", d.known(method)), slog.String("code", status.Code(err).String()), slog.String("reason", reasonOf(err)),
		slog.Duration("took", time.Since(start)), slog.Any("caller", c.principal), slog.String("request_id", c.requestID))
	return err
}

func levelOf(code codes.Code) slog.Level {
	switch code {
	case codes.Internal, codes.Unknown, codes.DataLoss, codes.Unavailable:
		return slog.LevelError
	case codes.PermissionDenied, codes.Unauthenticated, codes.ResourceExhausted:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

// known is the method's name if it is one of ours: a name made up by a stranger could say anything.
func (d *door) known(method string) string {
	if d.methods[method] {
		return method
	}
	return unknownMethod
}

const unknownMethod = "/unknown/Unknown"

// measure counts calls and their time.
func (d *door) measure(ctx context.Context, method string, next func(context.Context) error) error {
	start := time.Now()
	err := next(ctx)
	d.metrics.observe(d.known(method), status.Code(err), time.Since(start))
	return err
}

// publicWords lets out what was written for the caller's eyes, and nothing else: an error of a library or of an agency could quote
// person data. Of such an error the log holds the types, for the same reason.
func (d *door) publicWords(ctx context.Context, method string, next func(context.Context) error) error {
	err := next(ctx)
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return fault.Status(err).Err()
	case errors.Is(err, context.Canceled), status.Code(err) == codes.Canceled:
		return status.Error(codes.Canceled, "the caller hung up")
	case errors.Is(err, context.DeadlineExceeded), status.Code(err) == codes.DeadlineExceeded:
		return status.Error(codes.DeadlineExceeded, "the caller's deadline passed")
	case status.Code(err) == codes.Unimplemented:
		return status.Error(codes.Unimplemented, "there is no such method")
	default:
		d.config.Log.ErrorContext(ctx, "unexpected", "method", d.known(method), "error", typesOf(err), "request_id", callOf(ctx).requestID)
		return fault.Status(errors.New("an error without public words")).Err()
	}
}

// typesOf is the chain of types of an error, without their words.
func typesOf(err error) string {
	var types []string
	for ; err != nil; err = errors.Unwrap(err) {
		types = append(types, fmt.Sprintf("%T", err))
	}
	return strings.Join(types, " < ")
}

// errPanic stands for the panic in the error; what it said goes to the log's stack only as a type.
var errPanic = errors.New("a handler panicked")

// recoverPanic turns a panic into an internal error. The panic's own words stay out of the log: they may quote what was handled.
func (d *door) recoverPanic(ctx context.Context, method string, next func(context.Context) error) (err error) {
	defer func() {
		if caught := recover(); caught != nil {
			d.config.Log.ErrorContext(ctx, "panic", "method", d.known(method), "stack", string(debug.Stack()), "request_id", callOf(ctx).requestID)
			err = errPanic
		}
	}()
	return next(ctx)
}

// authenticate puts the principal where the handler finds it.
func (d *door) authenticate(ctx context.Context, _ string, next func(context.Context) error) error {
	principal, err := d.config.Authenticator.Authenticate(ctx)
	if err != nil {
		return err
	}
	callOf(ctx).principal = principal
	return next(authn.NewContext(ctx, principal))
}

// limit is per principal, never per address: behind one address sits a whole office, and behind REST everybody. Somebody without a
// credential has no limit of their own, because all they may call is health.
func (d *door) limit(ctx context.Context, _ string, next func(context.Context) error) error {
	id := authn.FromContext(ctx).ID()
	if id == "" {
		return next(ctx)
	}
	reservation := d.limiterOf(id).Reserve()
	if wait := reservation.Delay(); wait > 0 {
		reservation.Cancel()
		return &fault.Error{
			Code: codes.ResourceExhausted, Reason: "RATE_LIMITED", Public: "too many calls: try again later", RetryAfter: wait,
		}
	}
	return next(ctx)
}

func (d *door) limiterOf(principal string) *rate.Limiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	if limiter, ok := d.limits.Get(principal); ok {
		return limiter
	}
	limiter := rate.NewLimiter(rate.Limit(d.config.Limits.CallsPerSecond), d.config.Limits.Burst)
	d.limits.Add(principal, limiter)
	return limiter
}

// maxFieldsNamed bounds how many fields an error names: it travels in a trailer, and clients bound those.
const maxFieldsNamed = 50

// validate holds a message to the contract's own rules and names the fields that break one. It never repeats a value.
func (d *door) validate(_ context.Context, _ string, message proto.Message) error {
	fields := unreadableText("", message.ProtoReflect())
	var broken *protovalidate.ValidationError
	switch err := d.validator.Validate(message); {
	case errors.As(err, &broken):
		for _, violation := range broken.Violations {
			fields = append(fields, fault.Field{
				Name: protovalidate.FieldPathString(violation.Proto.GetField()), Description: violation.Proto.GetMessage(),
			})
		}
	case err != nil:
		return err
	case len(fields) == 0:
		return nil
	}
	return &fault.Error{
		Code: codes.InvalidArgument, Reason: "INVALID_FIELDS", Public: "some fields are not valid", Fields: fields[:min(len(fields), maxFieldsNamed)],
	}
}

func noSuchMethod(any, grpc.ServerStream) error {
	return &fault.Error{Code: codes.Unimplemented, Reason: "NO_SUCH_METHOD", Public: "there is no such method"}
}
