package scimtest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// journal is the state file: one JSON line per change, appended before the change is answered, and written anew from the
// state at every start. A line cut off by a crash at the end is dropped; it was never answered.
type journal struct {
	file *os.File
	err  error // the first failure; the server then refuses changes
}

// entry is one change. Exactly one of the first four fields is set.
type entry struct {
	Put    string  `json:"put,omitempty"`    // "User" or "Group", with Record
	Delete string  `json:"delete,omitempty"` // "User" or "Group", with ID
	Join   string  `json:"join,omitempty"`   // group id, with ID the user's
	Leave  string  `json:"leave,omitempty"`  // group id, with ID the user's
	ID     string  `json:"id,omitempty"`
	Record *record `json:"record,omitempty"`
}

type recordJSON struct {
	ID       string         `json:"id"`
	Attrs    map[string]any `json:"attrs"`
	Version  int            `json:"version"`
	Created  time.Time      `json:"created"`
	Modified time.Time      `json:"modified"`
}

// MarshalJSON writes the record without its members, which have entries of their own.
func (r *record) MarshalJSON() ([]byte, error) {
	return json.Marshal(recordJSON{r.id, r.attrs, r.version, r.created, r.modified})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *record) UnmarshalJSON(b []byte) error {
	var j recordJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return err
	}
	*r = record{id: j.ID, attrs: j.Attrs, version: j.Version, created: j.Created, modified: j.Modified}
	return nil
}

func (s *Server) openJournal(path string) error {
	if err := s.loadJournal(path); err != nil {
		return fmt.Errorf("read the state file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	s.journal = &journal{file: f}
	s.writeAll()
	if s.journal.err == nil {
		s.journal.err = os.Rename(path+".new", path)
	}
	return s.journal.err
}

func (s *Server) loadJournal(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil // an unfinished last line was never answered
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		s.replay(e)
	}
}

func (s *Server) replay(e entry) {
	tables := map[string]*table{"User": s.users, "Group": s.groups}
	switch {
	case e.Put == "User":
		s.users.put(e.Record)
	case e.Put == "Group":
		e.Record.members = map[string]*member{}
		if old := s.groups.byID[e.Record.id]; old != nil {
			e.Record.members = old.members
		}
		s.groups.put(e.Record)
	case e.Delete != "":
		if r := tables[e.Delete].byID[e.ID]; r == nil {
		} else if e.Delete == "User" {
			s.dropUser(r)
		} else {
			s.dropGroup(r)
		}
	case e.Join != "" && s.groups.byID[e.Join] != nil:
		s.join(s.groups.byID[e.Join], e.ID)
	case e.Leave != "" && s.groups.byID[e.Leave] != nil:
		s.leave(s.groups.byID[e.Leave], e.ID)
	}
}

// writeAll writes the present state as the shortest journal.
func (s *Server) writeAll() {
	for _, id := range s.users.order {
		s.log(entry{Put: "User", Record: s.users.byID[id]})
	}
	for _, id := range s.groups.order {
		s.log(entry{Put: "Group", Record: s.groups.byID[id]})
		for _, user := range s.groups.byID[id].memberIDs() {
			s.log(entry{Join: id, ID: user})
		}
	}
}

// log appends one change. It is called under the lock.
func (s *Server) log(e entry) {
	if s.journal == nil || s.journal.err != nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = s.journal.file.Write(append(line, '\n'))
	}
	s.journal.err = err
}

func (j *journal) close() error { return errors.Join(j.err, j.file.Close()) }
