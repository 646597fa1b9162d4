// Package store is the lowest part of the gateway: one SQLite database, a single writer that commits in groups, readers that cannot
// write, and the migrations. It knows no noun. It trusts the disk only once a commit has come back, and refuses every other way to
// SQL inside a transaction than the Tx it hands out.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver named in open
)

// readers is how many connections read at once (design.md section 5).
const readers = 4

// Options says where the database is.
type Options struct {
	// Path is the database file. Its folder is made, for this user alone, when it is not there.
	Path string
	// Fault, when set, is asked at each point of a commit and makes it fail there. Tests use it to show that what cannot be
	// written does not happen; everybody else leaves it nil.
	Fault func(Point) error
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	writer *bun.DB
	reader *bun.DB
	fault  func(Point) error

	members chan *member
	// closing guards members: a sender holds it for reading.
	closing sync.RWMutex
	closed  bool
	done    chan struct{}
}

// Open opens the database, brings its tables up to date and starts the writer.
func Open(ctx context.Context, o Options) (*DB, error) {
	if err := makeFile(o.Path); err != nil {
		return nil, err
	}
	writer, err := open(o.Path, url.Values{"_txlock": {"immediate"}}, 1,
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)")
	if err != nil {
		return nil, err
	}
	// The readers come after the writer's first ping: the first connection turns the file into a WAL database, which a read-only one
	// cannot do.
	if err := errors.Join(writer.PingContext(ctx), migrate(ctx, writer)); err != nil {
		return nil, errors.Join(fmt.Errorf("store: preparing the database: %w", err), writer.Close())
	}
	reader, err := open(o.Path, nil, readers, "query_only(1)", "foreign_keys(1)")
	if err != nil {
		return nil, errors.Join(err, writer.Close())
	}
	if err := reader.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("store: opening readers: %w", err), writer.Close(), reader.Close())
	}
	db := &DB{
		writer: bun.NewDB(writer, sqlitedialect.New()), reader: bun.NewDB(reader, sqlitedialect.New()),
		fault: o.Fault, members: make(chan *member, groupLimit), done: make(chan struct{}),
	}
	go db.write()
	return db, nil
}

// Read gives the readers. They see what is committed and cannot write.
func (db *DB) Read() bun.IDB { return db.reader }

// Close waits for what is under way, then closes the database. InTx afterwards returns an error.
func (db *DB) Close() error {
	db.closing.Lock()
	already := db.closed
	if !already {
		db.closed = true
		close(db.members)
	}
	db.closing.Unlock()
	<-db.done
	if already {
		return nil
	}
	return errors.Join(db.reader.Close(), db.writer.Close())
}

func open(path string, query url.Values, connections int, pragmas ...string) (*sql.DB, error) {
	if query == nil {
		query = url.Values{}
	}
	query["_pragma"] = append([]string{"busy_timeout(" + strconv.Itoa(busyMillis) + ")"}, pragmas...)
	dsn := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("store: opening the database: %w", err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	db.SetConnMaxLifetime(0)
	return db, nil
}

// busyMillis is how long a connection waits for another process's lock.
const busyMillis = 10_000

// makeFile makes the database file readable by this user alone; SQLite gives its WAL the same mode.
func makeFile(path string) error {
	if path == "" || !filepath.IsAbs(path) {
		return errors.New("store: the database needs an absolute path")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store: making the data folder: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("store: making the database file: %w", err)
	}
	return f.Close()
}
