package postgres_test

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"
)

// wire passes bytes to a server. When the client has sent the words cutAt, they are passed on, the server's next answer is
// awaited, and the connection breaks.
type wire struct {
	addr  string
	cutAt atomic.Value
}

func newWire(t *testing.T, backend string) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	w := &wire{addr: l.Addr().String()}
	w.cutAt.Store("")
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go w.serve(client, backend)
		}
	}()
	return w
}

func (w *wire) serve(client net.Conn, backend string) {
	defer client.Close()
	server, err := net.Dial("tcp", backend)
	if err != nil {
		return
	}
	defer server.Close()
	var cutting atomic.Bool
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || cutting.Load() {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if words := w.cutAt.Load().(string); words != "" && bytes.Contains(buf[:n], []byte(words)) {
			cutting.Store(true)
		}
		if _, werr := server.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}
