package campaign

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// onAll does something with each of n things that are independent of one another, on all processors.
func onAll(n int, do func(int)) {
	const some = 512 // at a time
	var all sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), 1+n/some) {
		all.Go(func() {
			for from := int(next.Add(some)) - some; from < n; from = int(next.Add(some)) - some {
				for i := from; i < min(from+some, n); i++ {
					do(i)
				}
			}
		})
	}
	all.Wait()
}

// behind does something with what comes, in its order, while more comes: next takes it, and end waits until all is done.
func behind[T any](do func(*T)) (next func(T), end func()) {
	const some = 1024 // at a time
	work, free := make(chan []T, 4), make(chan []T, 8)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for all := range work {
			for i := range all {
				do(&all[i])
			}
			free <- all[:0] // there is always room: fewer are under way
		}
	}()
	all := make([]T, 0, some)
	next = func(v T) {
		if all = append(all, v); len(all) < some {
			return
		}
		work <- all
		select {
		case all = <-free:
		default:
			all = make([]T, 0, some)
		}
	}
	end = func() {
		work <- all
		close(work)
		<-done
	}
	return next, end
}
