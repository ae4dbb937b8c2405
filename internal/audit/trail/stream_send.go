package trail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// streamPatience is how long a receiver may take over one batch.
const streamPatience = 30 * time.Second

// OverHTTP posts batches, an event on each line. The receiver has taken a batch when it answers with 2xx.
type OverHTTP struct {
	URL           string
	Type          string // Content-Type
	Authorization string // the header's value, such as "Splunk 1234"; "" for none
	TLS           *tls.Config
}

// Take implements Receiver.
func (h *OverHTTP) Take(ctx context.Context, batch []Told) error {
	ctx, cancel := context.WithTimeout(ctx, streamPatience)
	defer cancel()
	var body bytes.Buffer
	for i := range batch {
		body.Write(batch[i].Line)
		body.WriteByte('\n')
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, &body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", h.Type)
	req.Header.Set("Tenure-First-Index", strconv.FormatInt(batch[0].Index, 10))
	req.Header.Set("Tenure-Last-Index", strconv.FormatInt(batch[len(batch)-1].Index, 10))
	if h.Authorization != "" {
		req.Header.Set("Authorization", h.Authorization)
	}
	transport := &http.Transport{TLSClientConfig: h.TLS, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the receiver does not answer: %w", err)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the receiver answers %s", res.Status)
	}
	return nil
}

// OverSyslog sends each event as a syslog message (RFC 5424) over TLS with octet counting (RFC 5425). Syslog knows no acknowledgement: a batch
// counts as taken when the receiver, told that nothing more comes (close_notify), has read everything and closes the connection as well.
type OverSyslog struct {
	Address string // host:port
	Host    string // of the messages' header
	TLS     *tls.Config
}

// priority is facility 13 (log audit), severity 6 (informational).
const priority = 13*8 + 6

// Message writes one syslog message. Its structured data has the number of the event, counted from 1 and beginning anew after 2147483647, as RFC 5424
// (7.3.1) has it.
func (o *OverSyslog) Message(t *Told) []byte {
	id := t.Kind[:min(len(t.Kind), 32)]
	head := fmt.Sprintf(`<%d>1 %s %s tenure - %s [meta sequenceId="%d"] `, priority, t.Recorded.UTC().Format("2006-01-02T15:04:05.000000Z"), o.Host, id, t.Index%2147483647+1)
	return append([]byte(head), t.Line...)
}

// Take implements Receiver.
func (o *OverSyslog) Take(ctx context.Context, batch []Told) (err error) {
	ctx, cancel := context.WithTimeout(ctx, streamPatience)
	defer cancel()
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: o.TLS}
	c, err := dialer.DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return fmt.Errorf("the receiver does not answer: %w", err)
	}
	defer func() { _ = c.Close() }()
	until, _ := ctx.Deadline()
	if err := c.SetDeadline(until); err != nil {
		return err
	}
	var b bytes.Buffer
	for i := range batch {
		m := o.Message(&batch[i])
		b.WriteString(strconv.Itoa(len(m)) + " ")
		b.Write(m)
	}
	if _, err := c.Write(b.Bytes()); err != nil {
		return fmt.Errorf("the connection broke: %w", err)
	}
	if err := c.(*tls.Conn).CloseWrite(); err != nil {
		return fmt.Errorf("the connection broke: %w", err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		return fmt.Errorf("the receiver did not take the batch to its end: %w", err)
	}
	return nil
}

// HostName makes a name fit for the header of a syslog message: printable ASCII without spaces, "-" for none.
func HostName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, name)
	if name == "" {
		return "-"
	}
	return name[:min(len(name), 255)]
}
