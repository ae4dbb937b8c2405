// Package templates holds the portal's pages: one file per noun, the view structs a page takes at its top, the page below.
//
// A view struct carries words, numbers, moments and addresses that a handler has made ready; it never carries a domain
// type, and a page computes no permission: an action whose URL is empty is not drawn, because this reader may not do it.
// States come as the words the database stores ("prehire", "held"); states.go says how each is shown. Every page takes the
// ui.Shell first. All pages in all their states are in gallery.go, which the golden and accessibility tests go through.
//
// After a change of a .templ file run: make generate
package templates
