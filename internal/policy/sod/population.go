package sod

import (
	"iter"
)

// Population holds who of all people performs what, one bit per person and any-of duty and one per person and entitlement of an
// all-of duty, so that a rule is asked of 64 people at once. It knows what is held now and nothing of times; which entitlements
// somebody holds is not kept beyond the bits.
//
// It is not safe for writing while it is read or written. Memory: a bit times people times (any-of duties + entitlements of
// all-of duties), 25 MB for 500,000 people and 400 duties, whatever the number of grants; and about 12 bytes a person.
type Population struct {
	e      *Engine
	people numbers
	blocks [][]uint64 // one for each 4,096 people: the words of the first bitmap, then those of the second, and so on
	except []exempt   // by rule: who is not in its scope
}

// exempt holds one bitmap, by block; nil: the rule applies to all of the block.
type exempt []*words

// words are the bits of one block of people.
type words [blockWords]uint64

const (
	blockBits   = 12
	blockPeople = 1 << blockBits
	blockWords  = blockPeople / 64
)

// NewPopulation makes an empty one; people says how many are expected, which only saves time.
func NewPopulation(e *Engine, people int) *Population {
	p := &Population{e: e, except: make([]exempt, len(e.rules))}
	p.people.ids = make([]int, 0, people)
	p.blocks = make([][]uint64, 0, people/blockPeople+1)
	return p
}

// Add says that a person holds an entitlement. Pairs come in any order; one that comes twice counts once, and an entitlement that
// stands in no duty of a rule is passed over.
func (p *Population) Add(person, entitlement int) {
	if at := p.e.ids.find(entitlement); at >= 0 {
		p.add(p.number(person), at)
	}
}

// Set says that a person holds these entitlements and no others.
func (p *Population) Set(person int, entitlements []int) {
	n := p.people.find(person)
	if n >= 0 {
		block, word, bit := p.place(n)
		for s := range p.e.slots {
			block[s*blockWords+word] &^= bit
		}
	}
	for _, id := range entitlements {
		p.Add(person, id)
	}
}

// number gives the person's number, and place where the bits of that number are.
func (p *Population) number(person int) int32 {
	n := p.people.add(person)
	if int(n)>>blockBits == len(p.blocks) {
		p.blocks = append(p.blocks, make([]uint64, p.e.slots*blockWords))
	}
	return n
}

func (p *Population) place(n int32) (block []uint64, word int, bit uint64) {
	return p.blocks[n>>blockBits], int(n) % blockPeople / 64, 1 << (uint(n) % 64)
}

func (p *Population) add(n, entitlement int32) {
	block, word, bit := p.place(n)
	for _, d := range p.e.of(entitlement) {
		if s := p.e.duties[d].slot; s >= 0 {
			block[int(s)*blockWords+word] |= bit
		}
	}
	if s := p.e.slot[entitlement]; s >= 0 {
		block[int(s)*blockWords+word] |= bit
	}
}

// Scope says which rules apply to a person from now on; nil: all. All rules apply to a person of whom nothing was said.
func (p *Population) Scope(person int, applies func(rule int) bool) {
	n := p.number(person)
	for i := range p.e.rules {
		p.limit(i, n, applies == nil || applies(p.e.rules[i].id))
	}
}

// Only says that, of the people who are there, a rule applies to these alone. Whoever comes later is under the rule until Scope
// or Only says otherwise. A rule that is unknown is passed over.
func (p *Population) Only(rule int, people iter.Seq[int]) {
	at := p.e.find(rule)
	if at < 0 {
		return
	}
	within := map[int32]bool{}
	for person := range people {
		within[p.number(person)] = true
	}
	for n := range p.people.ids {
		p.limit(at, int32(n), within[int32(n)]) //nolint:gosec // people are fewer
	}
}

func (p *Population) limit(rule int, n int32, applies bool) {
	at := int(n >> blockBits)
	x := p.except[rule]
	if applies && (at >= len(x) || x[at] == nil) {
		return
	}
	for at >= len(x) {
		x = append(x, nil)
	}
	if x[at] == nil {
		x[at] = new(words)
	}
	_, word, bit := p.place(n)
	if x[at][word] |= bit; applies {
		x[at][word] &^= bit
	}
	p.except[rule] = x
}

// People is how many people are known: those who hold something that stands in a duty, or of whom Scope or Only spoke.
func (p *Population) People() int { return len(p.people.ids) }

// Bytes is how much memory the population takes.
func (p *Population) Bytes() int {
	sum := p.people.bytes()
	for _, b := range p.blocks {
		sum += 24 + 8*len(b)
	}
	for _, x := range p.except {
		for _, w := range x {
			if w != nil {
				sum += 8 * blockWords
			}
		}
		sum += 8 * cap(x)
	}
	return sum
}
