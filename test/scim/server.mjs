// A SCIM 2.0 server that is not ours: the protocol is scimmy's, this file is only its storage, in memory.
//
//   PORT   port on 127.0.0.1; 0 or none: a free one
//   TOKEN  bearer token; none: "test"
//   LARGE  members from which a group counts as large (see Group); none: 100
//
// It prints one line when it is ready, "ready ADDRESS", and ends on SIGTERM. Storage keeps scimmy's own habits: userName compares
// case-sensitively, and a member added twice is listed twice. Express stays at 4: with 5 the routers lose startIndex and count.

import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const largeGroup = Number(process.env.LARGE ?? 100);
const users = new Map(); // id -> user, in the order of creation
const groups = new Map(); // id -> group with members
const index = { userName: new Map(), externalId: new Map(), displayName: new Map() }; // value -> Set of resources
const groupsOf = new Map(); // user id -> Map of group id -> group

const notFound = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);

const list = (at, value) => [...(index[at].get(value) ?? [])];

function reindex(at, before, after) {
	if (before?.[at] !== undefined) {
		const same = index[at].get(before[at]);
		same?.delete(before);
		if (same?.size === 0) index[at].delete(before[at]);
	}
	if (after?.[at] !== undefined) {
		if (!index[at].has(after[at])) index[at].set(after[at], new Set());
		index[at].get(after[at]).add(after);
	}
}

function unique(at, value, id) {
	if (list(at, value).some((r) => r.id !== id)) throw new SCIMMY.Types.Error(409, "uniqueness", `${at} is already used`);
}

const stamp = (before) => ({ created: before?.meta.created ?? new Date(), lastModified: new Date() });

// equality gives [attribute, value] of a filter that is one eq on a string, else nothing.
function equality(filter) {
	if (filter?.length !== 1) return [];
	let [[name, test], ...more] = Object.entries(filter[0]);
	while (more.length === 0 && !Array.isArray(test)) {
		const [[inner, deeper], ...others] = Object.entries(test);
		[name, test, more] = [`${name}.${inner}`, deeper, others];
	}
	return more.length === 0 && test[0] === "eq" && typeof test[1] === "string" ? [name, test[1]] : [];
}

// page answers a list without making scimmy build the resources of other pages. scimmy cuts what it is given once more
// when startIndex lies within it, so such pages are left to scimmy.
function page(resource, found, show) {
	const { startIndex = 1, count = 20, sortBy } = resource.constraints ?? {};
	if (sortBy || (startIndex > 1 && startIndex <= count)) return found.map(show);
	resource.constraints = { ...resource.constraints, totalResults: found.length };
	return found.slice(startIndex - 1, startIndex - 1 + count).map(show);
}

function search(resource, all, at) {
	if (!resource.filter) return [...all.values()];
	const [name, value] = equality(resource.filter);
	if (name === "id") return all.has(value) ? [all.get(value)] : [];
	if (name === "members.value") return [...(groupsOf.get(value)?.values() ?? [])];
	if (at.includes(name)) return list(name, value).filter((r) => all.has(r.id));
	return resource.filter.match([...all.values()]);
}

SCIMMY.Resources.declare(SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser))
	.ingress((resource, data) => {
		const before = resource.id ? users.get(resource.id) : undefined;
		if (resource.id && !before) throw notFound(resource.id);
		const { schemas, meta, groups: _, password, ...rest } = JSON.parse(JSON.stringify(data));
		unique("userName", rest.userName, before?.id);
		const user = { ...rest, id: before?.id ?? randomUUID(), meta: stamp(before) };
		users.set(user.id, user);
		for (const at of ["userName", "externalId"]) reindex(at, before, user);
		return user;
	})
	.egress((resource) => {
		const show = (user) => ({
			...user,
			groups: [...(groupsOf.get(user.id)?.values() ?? [])].map((g) => ({ value: g.id, display: g.displayName, type: "direct" })),
		});
		if (!resource.id) return page(resource, search(resource, users, ["userName", "externalId"]), show);
		if (!users.has(resource.id)) throw notFound(resource.id);
		return show(users.get(resource.id));
	})
	.degress((resource) => {
		const user = users.get(resource.id);
		if (!user) throw notFound(resource.id);
		users.delete(user.id);
		for (const at of ["userName", "externalId"]) reindex(at, user, undefined);
		for (const group of groupsOf.get(user.id)?.values() ?? []) group.members = group.members.filter((m) => m.value !== user.id);
		groupsOf.delete(user.id);
	});

// join keeps groupsOf in step with a group that is stored or removed.
function join(before, after) {
	const now = new Set(after?.members.map((m) => m.value));
	for (const m of before?.members ?? []) if (!now.has(m.value)) groupsOf.get(m.value)?.delete(before.id);
	for (const id of now) {
		if (!groupsOf.has(id)) groupsOf.set(id, new Map());
		groupsOf.get(id).set(after.id, after);
	}
}

// withoutMembers says whether a request has no use for members, by far the largest part of a group.
function withoutMembers(resource) {
	const asked = resource.attributes?.expression;
	return asked !== undefined && (/\bmembers np\b/.test(asked) || (/ pr\b/.test(asked) && !/\bmembers\b/.test(asked)));
}

// memberSteps gives the single members that a PATCH adds and removes, or nothing when it does anything else.
function memberSteps({ Operations }) {
	const steps = [];
	for (const { op, path = "", value } of Operations) {
		const selected = /^members\[(.+)]$/i.exec(path)?.[1];
		if (op.toLowerCase() === "add" && path.toLowerCase() === "members") {
			for (const m of [value].flat()) {
				if (typeof m?.value !== "string") return undefined;
				steps.push({ add: m.value });
			}
		} else if (op.toLowerCase() === "remove" && selected && value === undefined) {
			const [name, id] = equality(new SCIMMY.Types.Filter(selected));
			if (name !== "value") return undefined;
			steps.push({ remove: id });
		} else return undefined;
	}
	return steps;
}

// Group is scimmy's, but in large groups single members come and go in the storage, with the same outcome: scimmy would build
// every member anew several times, which takes a second for two thousand.
class Group extends SCIMMY.Resources.Group {
	async patch(message, ctx) {
		const group = groups.get(this.id);
		const steps = group && group.members.length >= largeGroup && memberSteps(new SCIMMY.Messages.PatchOp(message));
		if (!steps) return super.patch(message, ctx);
		for (const { add, remove } of steps) {
			if (add !== undefined) {
				group.members.push({ value: add, display: users.get(add)?.userName });
				if (!groupsOf.has(add)) groupsOf.set(add, new Map());
				groupsOf.get(add).set(group.id, group);
			} else if (groupsOf.get(remove)?.delete(group.id)) {
				group.members = group.members.filter((m) => m.value !== remove);
			}
		}
		group.meta = stamp(group);
	}
}

SCIMMY.Resources.declare(Group);
SCIMMY.Resources.Group
	.ingress((resource, data) => {
		const before = resource.id ? groups.get(resource.id) : undefined;
		if (resource.id && !before) throw notFound(resource.id);
		unique("displayName", data.displayName, before?.id);
		const members = (data.members ?? []).map((m) => ({ value: m.value, display: users.get(m.value)?.userName }));
		const group = { id: before?.id ?? randomUUID(), externalId: data.externalId, displayName: data.displayName, members, meta: stamp(before) };
		groups.set(group.id, group);
		reindex("displayName", before, group);
		join(before, group);
		return group;
	})
	.egress((resource) => {
		const lean = withoutMembers(resource);
		const show = (group) => (lean ? { ...group, members: undefined } : group);
		if (!resource.id) return page(resource, search(resource, groups, ["displayName"]), show);
		if (!groups.has(resource.id)) throw notFound(resource.id);
		return show(groups.get(resource.id));
	})
	.degress((resource) => {
		const group = groups.get(resource.id);
		if (!group) throw notFound(resource.id);
		groups.delete(group.id);
		reindex("displayName", group, undefined);
		join(group, undefined);
	});

SCIMMY.Config.set({ bulk: { supported: true, maxOperations: 1000, maxPayloadSize: 32 << 20 } });

const bearer = `Bearer ${process.env.TOKEN ?? "test"}`;
const app = express();
app.disable("x-powered-by");
app.set("etag", false);
app.use("/scim/v2", new SCIMMYRouters({
	type: "bearer",
	handler: (req) => {
		if (req.header("Authorization") !== bearer) throw new Error("Authorization is missing or wrong");
		return "tenure";
	},
}));

const server = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
	console.log(`ready http://127.0.0.1:${server.address().port}/scim/v2`);
});
server.keepAliveTimeout = 60_000;
process.on("SIGTERM", () => { server.closeAllConnections(); server.close(() => process.exit(0)); });
