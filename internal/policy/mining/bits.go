package mining

import "math/bits"

// set is a set of small numbers; sets that meet have the same length.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func full(n int) set {
	s := newSet(n)
	for i := range n {
		s.add(i)
	}
	return s
}

func setOf(n int, members []int32) set {
	s := newSet(n)
	for _, i := range members {
		s.add(int(i))
	}
	return s
}

func (s set) add(i int)      { s[i>>6] |= 1 << (i & 63) }
func (s set) remove(i int)   { s[i>>6] &^= 1 << (i & 63) }
func (s set) has(i int) bool { return s[i>>6]&(1<<(i&63)) != 0 }

func (s set) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

func (s set) clear() { clear(s) }

func (s set) clone() set { return append(set(nil), s...) }

// keep leaves what o has too.
func (s set) keep(o set) {
	for i, w := range o {
		s[i] &= w
	}
}

// joinBoth adds what both a and b have, and says whether that is anything.
func (s set) joinBoth(a, b set) bool {
	var any uint64
	for i, w := range a {
		w &= b[i]
		s[i] |= w
		any |= w
	}
	return any != 0
}

// keepAll leaves what all the lines of a set have too, where each of them has at least one of s; it stops when one is left. It gives the
// words that it looked at.
func (s set) keepAll(lines []set, of set) (work int) {
	for k, w := range of {
		for ; w != 0; w &= w - 1 {
			left := 0
			for i, x := range lines[k<<6|bits.TrailingZeros64(w)] {
				s[i] &= x
				left += bits.OnesCount64(s[i])
			}
			if work += 2 * len(s); left <= 1 {
				return work
			}
		}
	}
	return work
}

func (s set) join(o set) {
	for i, w := range o {
		s[i] |= w
	}
}

// within says whether o has all of s.
func (s set) within(o set) bool {
	for i, w := range s {
		if w&^o[i] != 0 {
			return false
		}
	}
	return true
}

// members gives the numbers in s, ascending.
func (s set) members() []int32 {
	out := make([]int32, 0, s.count())
	s.each(func(i int) { out = append(out, int32(i)) })
	return out
}

func (s set) each(f func(int)) {
	for k, w := range s {
		for ; w != 0; w &= w - 1 {
			f(k<<6 | bits.TrailingZeros64(w))
		}
	}
}

// eachOfBoth calls f for what both have.
func eachOfBoth(a, b set, f func(int)) {
	for k, w := range a {
		for w &= b[k]; w != 0; w &= w - 1 {
			f(k<<6 | bits.TrailingZeros64(w))
		}
	}
}
