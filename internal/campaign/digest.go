package campaign

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"strconv"
)

// digest sums up a population: it changes when an item is added, removed or swapped, and is the same whatever the order. It is the sum of the
// first 8 bytes of the SHA-256 of every item's account, entitlement and parameter, as a signed number.
type digest struct{ high, low int64 } // high times 2^32, and low

// digestSQL is the digest of what is stored.
const digestSQL = `coalesce(sum(('x' || encode(substring(sha256(convert_to(account_id || '/' || entitlement_id || '/' || param, 'UTF8')) for 8), 'hex'))::bit(64)::bigint::numeric), 0)`

// print appends what the digest takes of an item.
func (i *item) print(into []byte) []byte {
	into = append(strconv.AppendInt(into, int64(i.account), 10), '/')
	into = append(strconv.AppendInt(into, int64(i.entitlement), 10), '/')
	if i.more != nil {
		into = append(into, i.more.param...)
	}
	return into
}

func (d *digest) add(print []byte) {
	sum := sha256.Sum256(print)
	v := int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // a signed number of the same bits
	d.high += v >> 32
	d.low += v & (1<<32 - 1)
}

func (d *digest) String() string {
	return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(d.high), 32), big.NewInt(d.low)).String()
}
