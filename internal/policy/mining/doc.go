// Package mining proposes roles from the access that people hold, and finds access that their peers do not have. It is pure: it
// reads a matrix and rows of attributes, knows no database and no policy, and gives the same answer to the same input.
//
// # Words
//
// A pair is a person holding an entitlement; the Matrix is all pairs. A role (Role) is a set of entitlements with the people who
// hold all of them, so that giving it to these members gives nobody anything new. A Cover is a set of roles in which every pair is
// given by one or more roles: an exact cover, with nothing missing and nothing too much. A Candidate is a role of a cover with what
// somebody needs who must judge it: how much it says, how much only it says, a name, and a Rule over HR attributes that finds its
// members. A WhatIf is the effect of taking candidates on. An Outlier is a pair that few of a person's peers have.
//
// # Covers of few roles
//
// The smallest exact cover is the smallest cover of a bipartite graph by bicliques, which is NP-hard. The method follows Ene,
// Horne, Milosavljevic, Rao, Schreiber and Tarjan, "Fast exact and heuristic methods for role minimization problems", SACMAT 2008:
//
//  1. People with equal access are one, and so are entitlements with equal holders.
//  2. Greedy: take the person (or entitlement) with the fewest pairs that no role gives yet; all of these pairs become one role,
//     together with everybody who holds them and everything else that all of those hold. Three orders (people and entitlements,
//     people, entitlements); the best is the Preview.
//  3. Two pairs (u,p) and (v,q) can be given by one role when u holds q and v holds p. Where everything that goes with a pair e goes
//     with f as well, f needs no care: whichever role gives e can be widened by f. Such pairs are left out, last ones added
//     first when the others are covered. What remains is often nothing but pairs that stand alone, one role each.
//  4. Pairs that remain are sorted into roles by greedy covers, by one that takes the largest role first (GreConD), and then again and
//     again, whole roles first and in changing order, which never makes more roles and now and then makes fewer (the iterated greedy
//     of Culberson and Luo for colouring graphs). Where they are few, all sortings are tried.
//  5. Roles that the others make superfluous go; two that fit into one are joined.
//
// Pairs no two of which fit into one role need as many roles as they are: Cover.Bound, or more where all sortings were tried. Where it
// equals the number of roles, no cover has fewer.
//
// Roles are as wide as they can be, so that each can be judged and taken on by itself; they overlap. Options.Lean takes from each what
// others give: as many roles, in far fewer lines.
//
// Work is counted, not timed: Options.Effort bounds it, so that a result does not depend on the machine.
//
// # Rules
//
// A suggested rule is a conjunction of at most three conditions on attributes, each an equality or a short list. What a rule would
// give to others than the members weighs twice as much as a member it misses (the F-measure with beta 1/2), and every condition and
// value must earn its place. Its text is an expression as birthright rules are written.
//
// # Outliers
//
// Peers are people who agree in chosen attributes; where they are too few, in fewer attributes; and at last those with the most similar
// access (Jaccard: shared entitlements / entitlements of either). A pair is an outlier when few peers hold the entitlement and most who
// do are elsewhere. What most people of one department, or of one location, hold is never one.
package mining
