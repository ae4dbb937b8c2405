package sod

import (
	"iter"
	"math/bits"
	"slices"
)

// find gives the place of a rule by its id, -1 if there is none.
func (e *Engine) find(id int) int {
	at, ok := slices.BinarySearchFunc(e.rules, id, func(r rule, id int) int { return r.id - id })
	if !ok {
		return -1
	}
	return at
}

// Scan gives every person and rule that they break, block by block of people: the whole population in one walk through memory.
func (p *Population) Scan(yield func(rule, person int)) {
	w := p.e.desk()
	for b := range p.blocks {
		for r := range p.e.rules {
			if !p.broken(w, r, b) {
				continue
			}
			id := p.e.rules[r].id
			for n := range w.out.each(b) {
				yield(id, p.people.ids[n])
			}
		}
	}
}

// Count gives how many people break each rule, in the order of Engine.Rules.
func (p *Population) Count() []int {
	out := make([]int, len(p.e.rules))
	w := p.e.desk()
	for b := range p.blocks {
		for r := range p.e.rules {
			if !p.broken(w, r, b) {
				continue
			}
			for _, v := range w.out {
				out[r] += bits.OnesCount64(v)
			}
		}
	}
	return out
}

// Violations gives the people who break a rule, in the order in which they came; nobody for a rule that is unknown.
func (p *Population) Violations(rule int) iter.Seq[int] {
	return func(yield func(int) bool) {
		at := p.e.find(rule)
		if at < 0 {
			return
		}
		w := p.e.desk()
		for b := range p.blocks {
			if !p.broken(w, at, b) {
				continue
			}
			for n := range w.out.each(b) {
				if !yield(p.people.ids[n]) {
					return
				}
			}
		}
	}
}

// Broken gives the rules that one person breaks, ascending.
func (p *Population) Broken(person int) (out []int) {
	n := p.people.find(person)
	if n < 0 {
		return nil
	}
	block, word, bit := p.place(n)
	has := func(slot int32) bool { return block[int(slot)*blockWords+word]&bit != 0 }
	for i, r := range p.e.rules {
		if x := p.except[i]; int(n>>blockBits) < len(x) && x[n>>blockBits] != nil && x[n>>blockBits][word]&bit != 0 {
			continue
		}
		var performed int32
		for _, d := range r.duties {
			if p.e.performs(d, has) {
				performed++
			}
		}
		if performed >= r.need {
			out = append(out, r.id)
		}
	}
	return out
}

// performs says whether a duty is performed by whoever has these bits.
func (e *Engine) performs(d int32, has func(slot int32) bool) bool {
	x := &e.duties[d]
	if !x.all {
		return has(x.slot)
	}
	return !slices.ContainsFunc(x.members, func(m int32) bool { return !has(e.slot[m]) })
}

// each gives the numbers of the people whose bits are set, in a block.
func (w *words) each(block int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, v := range w {
			for ; v != 0; v &= v - 1 {
				if !yield(block<<blockBits + i*64 + bits.TrailingZeros64(v)) {
					return
				}
			}
		}
	}
}

// desk is what one walk writes on.
type desk struct {
	out    words   // who breaks the rule
	both   words   // who performs an all-of duty
	planes []words // a counter for each person, its lowest binary digit first
}

func (e *Engine) desk() *desk { return &desk{planes: make([]words, bits.Len(uint(e.widest)))} }

// bitmap gives the words of one bitmap in a block.
func bitmap(block []uint64, slot int32) *words {
	return (*words)(block[int(slot)*blockWords:])
}

// performing gives who of a block performs a duty; the answer is not to be written on, and holds until the next call.
func (p *Population) performing(w *desk, block []uint64, d int32) *words {
	x := &p.e.duties[d]
	if !x.all {
		return bitmap(block, x.slot)
	}
	first := bitmap(block, p.e.slot[x.members[0]])
	if len(x.members) == 1 {
		return first
	}
	w.both = *first
	for _, m := range x.members[1:] {
		w.both.and(bitmap(block, p.e.slot[m]))
	}
	return &w.both
}

// broken finds who of a block breaks a rule and says whether anybody does.
func (p *Population) broken(w *desk, r, b int) bool {
	x, block := &p.e.rules[r], p.blocks[b]
	if int(x.need) == len(x.duties) {
		w.out = *p.performing(w, block, x.duties[0])
		for _, d := range x.duties[1:] {
			if w.out.and(p.performing(w, block, d)) == 0 {
				return false
			}
		}
	} else {
		p.count(w, x, block)
	}
	if except := p.except[r]; b < len(except) && except[b] != nil {
		for i, v := range except[b] {
			w.out[i] &^= v
		}
	}
	return w.out.or() != 0
}

// and keeps what is in both and gives the union of what is left.
func (w *words) and(other *words) (left uint64) {
	for i := range w {
		w[i] &= other[i]
		left |= w[i]
	}
	return left
}

func (w *words) or() (all uint64) {
	for _, v := range w {
		all |= v
	}
	return all
}

// count finds who performs at least so many duties of a rule. The counters of 64 people are added and compared at once, digit by
// digit (bit-sliced: O'Neil and Quass, Improved Query Performance with Variant Indexes, SIGMOD 1997).
func (p *Population) count(w *desk, r *rule, block []uint64) {
	planes := w.planes[:bits.Len(uint(len(r.duties)))]
	clear(planes)
	for _, d := range r.duties {
		for i, carry := range p.performing(w, block, d) {
			for k := 0; carry != 0 && k < len(planes); k++ {
				planes[k][i], carry = planes[k][i]^carry, planes[k][i]&carry
			}
		}
	}
	for i := range w.out {
		more, same := uint64(0), ^uint64(0)
		for k := len(planes) - 1; k >= 0; k-- {
			digit := planes[k][i]
			if r.need>>k&1 == 1 {
				same &= digit
			} else {
				more |= same & digit
				same &^= digit
			}
		}
		w.out[i] = more | same
	}
}
