package rotation_test

import "hash/maphash"

// store is a set of packed simulations that also keeps their order, and how each was reached. It takes less than 50 bytes for each.
type store struct {
	seed maphash.Seed
	// slots is a hash table with open addressing. A slot holds the place of a simulation in the order, plus 1; 0 is free.
	slots  []uint32
	chunks [][]found
	size   int
}

// found is a simulation, and the place of the one from which the search first reached it.
type found struct {
	simulation packed
	parent     int32
}

const chunkSize = 1 << 16

func newStore() *store { return &store{seed: maphash.MakeSeed(), slots: make([]uint32, 1<<12)} }

func (s *store) at(i int) *found { return &s.chunks[i/chunkSize][i%chunkSize] }

// slot returns the slot of a simulation, or the free one where it belongs.
func (s *store) slot(p packed) *uint32 {
	mask := uint64(len(s.slots) - 1) //nolint:gosec // There is a slot at least.
	for h := maphash.Bytes(s.seed, p[:]) & mask; ; h = (h + 1) & mask {
		if n := s.slots[h]; n == 0 || s.at(int(n)-1).simulation == p {
			return &s.slots[h]
		}
	}
}

// add adds a simulation, unless it is there.
func (s *store) add(p packed, parent int32) {
	slot := s.slot(p)
	if *slot != 0 {
		return
	}
	if s.size%chunkSize == 0 {
		s.chunks = append(s.chunks, make([]found, 0, chunkSize))
	}
	last := &s.chunks[len(s.chunks)-1]
	*last = append(*last, found{p, parent})
	s.size++
	*slot = uint32(s.size) //nolint:gosec // Memory ends before 2^32 simulations.
	if s.size > len(s.slots)/4*3 {
		s.grow()
	}
}

func (s *store) grow() {
	s.slots = make([]uint32, 2*len(s.slots))
	for i := range s.size {
		*s.slot(s.at(i).simulation) = uint32(i + 1)
	}
}
