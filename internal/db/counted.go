package db

import (
	"context"
	"crypto/tls"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// writes counts how often a connection was written to. A transaction that sent nothing since it began touched no row, whatever way there is to
// the connection: pgx, gorm, the queue or the protocol itself.
type writes struct {
	net.Conn
	n int
}

func (c *writes) Write(b []byte) (int, error) {
	c.n++
	return c.Conn.Write(b)
}

// counted dials connections that count.
func counted(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &writes{Conn: conn}, nil
	}
}

// sent says how often a connection was written to, -1 where nobody counts.
func sent(conn *pgconn.PgConn) int {
	under := conn.Conn()
	if t, ok := under.(*tls.Conn); ok {
		under = t.NetConn()
	}
	if c, ok := under.(*writes); ok {
		return c.n
	}
	return -1
}
