// Package hr is the road from an HR feed to people: sources, immutable hashed snapshots, the differences between what a
// source says and what is believed, and the brake that weighs them before anything is written.
//
//	bytes -> reading (pure: source, file) -> diff against belief -> brake -> held | people written and settled
//
// A source is a plug: a folder here that turns bytes into a source.Reading. Everything after that is the same for all.
//
// Promises: one reading is applied whole or not at all; a row that cannot be read stops nobody else and makes nobody absent;
// an empty, cut or shrunken feed removes nobody; the same file twice changes nothing; an older file after a newer one is
// refused; two uploads run one after the other.
//
// Neighbours: identity holds the people; what must follow for them is lifecycle's, reached through Service.Settle.
package hr
