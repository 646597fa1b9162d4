package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// How large an archive may be: as it comes (bytes), inflated, and in files. Real packs have about 100 kB in 40 files.
const (
	maxArchive  = 4 << 20
	maxInflated = 32 << 20
	maxFiles    = 1000
	maxName     = 200
)

// writeArchive writes files as tar.gz: sorted, with neither times nor owners, so that the same files give the same bytes.
func writeArchive(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	packed, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	archive := tar.NewWriter(packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(files[name])), ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(archive.Close(), packed.Close()); err != nil {
		return nil, err
	}
	if out.Len() > maxArchive {
		return nil, refuse(TooLarge, "%d bytes", out.Len())
	}
	return out.Bytes(), nil
}

// readArchive reads a tar.gz of plain files. It inflates no more than an archive may hold, so that a small file that would become a
// huge one is refused before it does. With folders, the entries that tar(1) makes for folders and its leading "./" are passed over.
func readArchive(b []byte, folders bool) (map[string][]byte, error) {
	inflated, err := inflate(b)
	if err != nil {
		return nil, err
	}
	rest := bytes.NewReader(inflated)
	archive := tar.NewReader(rest)
	files, budget := map[string][]byte{}, int64(maxInflated)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, onlyPadding(inflated[len(inflated)-rest.Len():])
		}
		if err != nil {
			return nil, refuse(Malformed, "reading the archive: %w", err)
		}
		if folders {
			header.Name = strings.TrimPrefix(header.Name, "./")
		}
		if folders && header.Typeflag == tar.TypeDir {
			continue
		}
		if err := admit(header, files); err != nil {
			return nil, err
		}
		// A sparse file says how large it is and need not hold as much: what counts is what would be read.
		if header.Size > budget {
			return nil, refuse(TooLarge, "more than %d bytes inflated", maxInflated)
		}
		content, err := io.ReadAll(io.LimitReader(archive, budget))
		if err != nil {
			return nil, refuse(Malformed, "reading the archive: %w", err)
		}
		budget -= int64(len(content))
		files[header.Name] = content
	}
}

func inflate(b []byte) ([]byte, error) {
	if len(b) > maxArchive {
		return nil, refuse(TooLarge, "%d bytes", len(b))
	}
	source := bytes.NewReader(b)
	packed, err := gzip.NewReader(source)
	if err != nil {
		return nil, refuse(Malformed, "not gzip: %w", err)
	}
	packed.Multistream(false)
	inflated, err := io.ReadAll(io.LimitReader(packed, maxInflated+1))
	switch {
	case err != nil:
		return nil, refuse(Malformed, "inflating: %w", err)
	case len(inflated) > maxInflated:
		return nil, refuse(TooLarge, "more than %d bytes inflated", maxInflated)
	case source.Len() > 0:
		return nil, refuse(Malformed, "something follows the archive")
	}
	return inflated, nil
}

// onlyPadding: what stands behind the end of a tar archive is read by nobody, so there must be nothing.
func onlyPadding(rest []byte) error {
	if len(bytes.Trim(rest, "\x00")) > 0 {
		return refuse(Malformed, "something follows the archive")
	}
	return nil
}

// admit refuses an entry that is not one more plain file under a path of its own.
func admit(header *tar.Header, files map[string][]byte) error {
	_, taken := files[header.Name]
	switch {
	case header.Typeflag != tar.TypeReg:
		return refuse(Malformed, "%q is no plain file", header.Name)
	case !fs.ValidPath(header.Name), header.Name == ".", len(header.Name) > maxName, strings.ContainsAny(header.Name, "\\\x00\n\r"):
		return refuse(Malformed, "%q is no path inside an archive", header.Name)
	case taken:
		return refuse(Malformed, "%q stands in it twice", header.Name)
	case len(files) >= maxFiles:
		return refuse(TooLarge, "more than %d files", maxFiles)
	}
	return nil
}
