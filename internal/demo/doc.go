// Package demo is the demo company, Kestrel Bay Instruments: about 250 invented people with a year of history, its policy, and
// real targets of its own on loopback, so that a visitor can hire, move and terminate somebody and watch accounts appear,
// change and vanish.
//
//	DATA/                 private database and key, as in every installation
//	DATA/demo.json        says that this folder is a demo's, and whether it is complete
//	DATA/feed/            the HR system: people.csv, which the visitor edits, and sent.csv, which Tenure has read
//	DATA/policy/          the policy files, as they were applied
//	DATA/targets/         the addresses, the state of the two SCIM applications, and the warehouse's PostgreSQL cluster
//
// The history comes from a generator that gives the same company for the same day, and is played through the product's own
// doors: HR.Sync at each date of the simulated clock, a second person's release where the brake holds, and workers that
// carry every operation to the targets. Then the clock goes live.
//
// All names were made up for Tenure; a likeness to people or companies is chance. Mail addresses end in example.com (RFC 2606).
package demo
