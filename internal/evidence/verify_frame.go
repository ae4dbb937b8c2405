package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// open reads what is in the zip file. Nothing may be in it besides, and nothing of it may be left unread: not a byte between.
func (v *packVerification) open(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return fmt.Errorf("this is no pack: %w", err)
	}
	v.files, v.sums = map[string]*zip.File{}, map[string]packedFile{}
	var names []string
	for _, f := range z.File {
		v.files[f.Name] = f
		names = append(names, f.Name)
	}
	v.report = len(names) > len(packFiles)
	if want := filesOf(v.report); strings.Join(names, " ") != strings.Join(want, " ") {
		v.wrong("the pack must hold %s, and holds %s", strings.Join(want, ", "), strings.Join(names, ", "))
	}
	if err := v.exact(r, size, z); err != nil {
		v.wrong("the zip file is not as it was written: %v", err)
	}
	return nil
}

// exact writes the zip file anew from its contents and compares, so that no byte of it can be changed unseen. It takes the hash of each file
// on the way.
func (v *packVerification) exact(r io.ReaderAt, size int64, z *zip.Reader) error {
	same := &comparer{r: io.NewSectionReader(r, 0, size), differs: -1}
	w := zip.NewWriter(same)
	var all []error
	for _, f := range z.File {
		to, err := create(w, f.Name)
		if err != nil {
			return err
		}
		h := sha256.New()
		from, err := f.Open()
		var n int64
		if err == nil {
			n, err = io.Copy(io.MultiWriter(to, h), from)
		}
		v.sums[f.Name] = packedFile{f.Name, n, hex.EncodeToString(h.Sum(nil))}
		all = append(all, err)
	}
	if err := errors.Join(append(all, w.Close())...); err != nil {
		return err
	}
	if same.differs >= 0 {
		return fmt.Errorf("byte %d is another", same.differs)
	}
	if same.n != size {
		return errors.New("there is something after its end")
	}
	return nil
}

// comparer compares what is written to it with what it reads.
type comparer struct {
	r       io.Reader
	n       int64
	differs int64 // the first byte that does, -1 for none
	have    []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if c.differs < 0 {
		c.have = append(c.have[:0], p...)
		n, _ := io.ReadFull(c.r, c.have)
		if !bytes.Equal(c.have[:n], p) {
			c.differs = c.n
			for i := 0; i < n && c.have[i] == p[i]; i++ {
				c.differs++
			}
		}
	}
	c.n += int64(len(p))
	return len(p), nil
}

// read gives a small file whole.
func (v *packVerification) read(name string) []byte {
	f := v.files[name]
	if f == nil {
		return nil
	}
	r, err := f.Open()
	if err != nil {
		v.wrong("%s cannot be read: %v", name, err)
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(r, 16<<20))
	if err != nil {
		v.wrong("%s cannot be read: %v", name, err)
	}
	return b
}

// manifest holds each file against the manifest.
func (v *packVerification) manifest() {
	text := v.read("manifest.json")
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v.m); err != nil || v.m.Format != PackFormat {
		v.wrong("manifest.json is not that of a pack of this format")
		return
	}
	var again bytes.Buffer
	enc := json.NewEncoder(&again)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v.m); err != nil || !bytes.Equal(again.Bytes(), text) {
		v.wrong("manifest.json is not written as a pack's is")
	}
	listed := map[string]bool{}
	for _, p := range v.m.Files {
		listed[p.Name] = true
		switch {
		case v.files[p.Name] == nil:
			v.wrong("%s is missing", p.Name)
		case v.sums[p.Name] != p:
			v.wrong("%s is not the file that the manifest lists", p.Name)
		}
	}
	for name := range v.files {
		if !listed[name] && name != "manifest.json" {
			v.wrong("%s is not listed in the manifest", name)
		}
	}
}
