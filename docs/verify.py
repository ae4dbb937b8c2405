#!/usr/bin/env python3
"""Verify an evidence pack of Tenure, with Python's standard library only: no database, no network, nothing of Tenure.

    python3 verify.py PACK.zip [--key KEY]...

KEY is the public key of the log, or of a witness, as you got it from elsewhere. Written after docs/reference/evidence-pack.md, independently
of the program in Go. Follows RFC 6962 (Merkle tree), RFC 8032 (Ed25519) and C2SP signed-note, tlog-checkpoint and tlog-cosignature.
Exit code: 0 good, 7 something is wrong, 1 the file cannot be read.
"""
import base64
import datetime
import hashlib
import json
import struct
import sys
import zlib

FILES = ["README.txt", "checkpoint.txt", "keys.txt", "rotations.txt", "events.jsonl", "events.csv", "events.html", "manifest.json"]
REPORT = ["report/report.pdf", "report/report.html", "report/report.json", "report/population.csv", "report/sample.csv", "report/sheets.csv"]

# --- Ed25519 (RFC 8032, section 5.1.7 and appendix A) -------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if x2 == 0:
        return None if sign else 0
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * SQRT_M1 % P
    if (x * x - x2) % P:
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(n, point):
    out = (0, 1, 1, 0)
    while n:
        if n & 1:
            out = add(out, point)
        point = add(point, point)
        n >>= 1
    return out


def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point(public), point(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = multiply(s, BASE), add(r, multiply(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# --- Signed notes -------------------------------------------------------------------------------------------------------------


class Key:
    """A public key as C2SP signed-note writes it: name+hash+base64 of a type and the key. Type 1 signs, type 4 cosigns with a time."""

    def __init__(self, text):
        self.text = text
        self.name, digest, body = text.split("+", 2)
        raw = base64.b64decode(body, validate=True)
        self.kind, self.public = raw[0], raw[1:]
        self.id = hashlib.sha256(self.name.encode() + b"\n" + raw).digest()[:4]
        if self.kind not in (1, 4) or len(self.public) != 32 or self.id.hex() != digest:
            raise ValueError("%r is no public key" % text)

    def verify(self, text, signature):
        """None where the signature is wrong; else when it was made, 0 where it does not say."""
        if self.kind == 1:
            return 0 if ed25519(self.public, text, signature) else None
        if len(signature) != 72:
            return None
        at = struct.unpack(">Q", signature[:8])[0]
        return at if ed25519(self.public, b"cosignature/v1\ntime %d\n" % at + text, signature[8:]) else None


def open_note(note, keys):
    """The text of a note and [(key, time)] of its good signatures. A wrong one, or one of nobody who is known, is an error."""
    text, blank, tail = note.partition(b"\n\n")
    text += b"\n"
    if not blank or not tail.endswith(b"\n"):
        raise ValueError("it is no signed note")
    good = []
    for row in tail[:-1].split(b"\n"):
        dash, name, sig = row.decode().split(" ")
        raw = base64.b64decode(sig, validate=True)
        known = [k for k in keys if k.name == name and k.id == raw[:4]]
        if dash != "\u2014" or not known:
            raise ValueError("a signature of %s, whose key is not there" % name)
        at = known[0].verify(text, raw[4:])
        if at is None:
            raise ValueError("the signature of %s is wrong" % name)
        good.append((known[0], at))
    return text, good


def signed_by(note, keys):
    """Whether a note has a signature that one of the keys could have made."""
    names = [(row.split(b" ")[1:2], row.split(b" ")[2:3]) for row in note.partition(b"\n\n")[2].split(b"\n")]
    return any(name == [k.name.encode()] and base64.b64decode(sig[0])[:4] == k.id for name, sig in names if sig for k in keys)


# --- The Merkle tree (RFC 6962, section 2.1; RFC 9162, section 2.1.3.2) -------------------------------------------------------


def root_from(index, size, leaf, proof):
    """The root that an inclusion proof leads to, None where it has not the right length."""
    node, last, h = index, size - 1, hashlib.sha256(b"\0" + leaf).digest()
    for p in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            h = hashlib.sha256(b"\1" + p + h).digest()
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            h = hashlib.sha256(b"\1" + h + p).digest()
        node, last = node >> 1, last >> 1
    return h if last == 0 else None


def ranges(index, low, high):
    """The ranges of leaves whose hashes an inclusion proof has, in its order (RFC 6962, section 2.1.1)."""
    if high - low == 1:
        return []
    k = 1 << (high - low - 1).bit_length() - 1
    if index < low + k:
        return ranges(index, low, low + k) + [(low + k, high)]
    return ranges(index, low + k, high) + [(low, low + k)]


class Whole:
    """The tree over all leaves, as they are."""

    def __init__(self, leaves):
        self.levels, self.known = [leaves], {}
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append([hashlib.sha256(b"\1" + below[i] + below[i + 1]).digest() for i in range(0, len(below) - 1, 2)])

    def over(self, low, high):
        n = high - low
        if n & (n - 1) == 0 and low % n == 0:
            return self.levels[n.bit_length() - 1][low // n]
        if (low, high) not in self.known:
            k = 1 << (n - 1).bit_length() - 1
            self.known[low, high] = hashlib.sha256(b"\1" + self.over(low, low + k) + self.over(low + k, high)).digest()
        return self.known[low, high]


# --- The zip file: every byte of its frame is known -----------------------------------------------------------------------------


class Frame:
    """A zip file without compression, as Tenure writes it. wrong tells what is not so."""

    def __init__(self, path):
        self.f = open(path, "rb")
        self.wrong, self.where = [], {}
        self.f.seek(0, 2)
        end = self.f.tell()
        if end < 22:
            raise ValueError("this is no pack")
        self.f.seek(end - 22)
        tail = self.f.read(22)
        mark, a, b, n, total, size, offset, comment = struct.unpack("<4sHHHHIIH", tail)
        if mark != b"PK\5\6" or (a, b, comment) != (0, 0, 0) or n != total or offset + size + 22 != end:
            raise ValueError("this is no pack: its end is not that of a zip file")
        self.f.seek(offset)
        directory = self.f.read(size)
        at, place, again = 0, 0, b""
        for _ in range(n):
            head = struct.unpack("<4sHHHHHHIIIHHHHHII", directory[at:at + 46])
            name = directory[at + 46:at + 46 + head[10]]
            at += 46 + head[10]
            crc, length = head[7], head[9]
            again += struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 8, 0, 0, 33, crc, length, length, len(name), 0, 0, 0, 0, 0, place) + name
            self.f.seek(place)
            local = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 8, 0, 0, 33, 0, 0, 0, len(name), 0) + name
            if self.f.read(len(local)) != local:
                self.wrong.append("the zip file is not as it was written, at byte %d" % place)
            self.where[name.decode("latin-1")] = (place + len(local), length)
            got = 0
            for block in self.blocks(name.decode("latin-1")):
                got = zlib.crc32(block, got)
            self.f.seek(place + len(local) + length)
            if got != crc or self.f.read(16) != struct.pack("<4sIII", b"PK\7\10", crc, length, length):
                self.wrong.append("%s is not what was written" % name.decode("latin-1"))
            place += len(local) + length + 16
        if again != directory or place != offset:
            self.wrong.append("the directory of the zip file is not as it was written")
        self.report = len(self.where) > len(FILES)
        self.files = FILES[:-1] + (REPORT if self.report else []) + FILES[-1:]
        if list(self.where) != self.files:
            self.wrong.append("the pack must hold " + ", ".join(self.files))

    def blocks(self, name):
        start, left = self.where.get(name, (0, 0))
        while left > 0:
            self.f.seek(start)
            block = self.f.read(min(left, 1 << 16))
            if not block:
                return
            start, left = start + len(block), left - len(block)
            yield block

    def read(self, name):
        return b"".join(self.blocks(name))

    def lines(self, name):
        rest = b""
        for block in self.blocks(name):
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
        if rest:
            yield rest


# --- The pack --------------------------------------------------------------------------------------------------------------------


def head(pack, given, wrong):
    """The signed head: (origin, size, root, what witnesses say), None where it is not signed."""
    note = pack.read("checkpoint.txt")
    origin = note.split(b"\n", 1)[0].decode()
    keys, log = [], []
    for text in given + pack.read("keys.txt").decode().split():
        k = Key(text)
        if k.name != origin:
            keys.append(k)
        elif text in given or not given and not log:
            log.append(k)
    judged = False
    for row in pack.read("rotations.txt").split():
        statement = base64.b64decode(row, validate=True)
        if not judged and not signed_by(statement, log):
            continue  # about a key before the one that was given: it adds nothing
        judged = True
        text, _ = open_note(statement, log)
        first, whose, later = text.decode().rstrip("\n").split("\n")
        if first != "tenure log key rotation v1" or whose != origin:
            raise ValueError("rotations.txt holds what is no statement of this log")
        log.append(Key(later))
    text, good = open_note(note, keys + log)
    name, size, root = text.decode().split("\n")[:3]
    if not any(k in log for k, _ in good):
        raise ValueError("the log itself did not sign its head")
    seen = []
    for k, at in good:
        if at:
            when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            whose = "whose key you gave" if k.text in given else "whose key came with the pack"
            seen.append("The witness %s, %s, saw this head at %s." % (k.name, whose, when))
    return name, int(size), base64.b64decode(root), seen


def misses(query, index, event):
    at = event["recorded"]
    if query.get("listed") and index not in query.get("numbers", []):
        return "its number is not one of those listed"
    if "from" in query and moment(at) < moment(query["from"]) or "to" in query and moment(at) >= moment(query["to"]):
        return "it was recorded at " + at
    if query.get("person") and event.get("identity") != query["person"]:
        return "it is about somebody else"
    if query.get("actor") and event["actor"] != query["actor"]:
        return "somebody else did it"
    if query.get("kinds") and event["kind"] not in query["kinds"]:
        return "it is of kind " + event["kind"]
    return ""


def strayed(pack, size, root, astray, whole):
    """What is wrong where proofs do not lead to the head: the events, or, where all of them are there and lead to it by themselves, a stored hash."""
    wrong = ["event %d: it is not the event of this number in the signed log" % i for i in astray]
    if len(astray) < 2 or not whole:  # a single proof that is wrong is that line of the pack
        return wrong
    rows = [json.loads(row) for row in pack.lines("events.jsonl")]
    tree = Whole([hashlib.sha256(b"\0" + base64.b64decode(r["event"])).digest() for r in rows])
    if tree.over(0, size) != root:
        return wrong
    found = []
    for i in astray:
        proof = base64.b64decode(rows[i]["proof"])
        for k, (low, high) in enumerate(ranges(i, 0, size)):
            if proof[32 * k:32 * k + 32] != tree.over(low, high):
                found.append((high - low, low, high))
    _, low, high = min(found, default=(0, 0, 0))
    if not found or any(a > low or b < high for _, a, b in found):
        return wrong
    whose = "it" if high - low == 1 else "the events from here to %d" % (high - 1)
    return ["event %d: the hash that is stored for %s is wrong: the events lead to the signed head, and proofs that were made with it do not" % (low, whose)]


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def verify(path, given):
    pack = Frame(path)
    wrong = pack.wrong
    try:
        manifest = json.loads(pack.read("manifest.json"))
        if manifest["format"] != "tenure evidence pack v1":
            raise ValueError("another format")
        for f in manifest["files"]:
            h, n = hashlib.sha256(), 0
            for block in pack.blocks(f["name"]):
                h.update(block)
                n += len(block)
            if f["name"] not in pack.where or (n, h.hexdigest()) != (f["bytes"], f["sha256"]):
                wrong.append("%s is not the file that the manifest lists" % f["name"])
        if [f["name"] for f in manifest["files"]] != pack.files[:-1]:
            wrong.append("the manifest does not list every file")
        query = manifest["query"]
    except (ValueError, KeyError, TypeError) as e:
        wrong.append("manifest.json is not that of a pack: %s" % e)
        return wrong, [], None
    try:
        origin, size, root, seen = head(pack, given, wrong)
        if (origin, size, base64.b64encode(root).decode()) != (manifest["origin"], manifest["size"], manifest["root"]):
            wrong.append("the manifest speaks of another head of the log than is signed")
    except (ValueError, IndexError, UnicodeDecodeError) as e:
        wrong.append("the head of the log is not signed as it must be: %s" % e)
        return wrong, [], None
    count, last, whole, bad, astray = 0, -1, True, [], []
    for row in pack.lines("events.jsonl"):
        count += 1
        try:
            entry = json.loads(row)
            index = entry["index"]
            leaf = base64.b64decode(entry["event"], validate=True)
            proof = base64.b64decode(entry["proof"], validate=True)
            hashes = [proof[i:i + 32] for i in range(0, len(proof), 32)]
            if index <= last:
                bad.append("event %d: it comes after event %d" % (index, last))
            elif index >= size or root_from(index, size, leaf, hashes) != root:
                astray.append(index)
            else:
                why = misses(query, index, json.loads(leaf))
                if why:
                    bad.append("event %d: it was not asked for: %s" % (index, why))
            whole, last = whole and index == last + 1, index
        except (ValueError, KeyError, TypeError) as e:
            bad.append("after event %d: a line cannot be read: %s" % (last, e))
    bad = strayed(pack, size, root, astray, whole and last + 1 == size) + bad
    if not (whole and last + 1 == size) and not any(query.get(k) for k in ("from", "to", "person", "actor", "kinds", "listed")):
        bad.append("an event is missing: the whole log was asked for")
    if count != query.get("events"):
        wrong.append("the pack holds %d events, and its manifest counts %s" % (count, query.get("events")))
    said = ["Each of the %d events is in the log %s, unchanged and at its number; its head of %d events is signed." % (count, origin, size)]
    if whole and last + 1 == size:
        said.append("It is the whole log up to that head: no number is missing.")
    if pack.report:
        said.append("The report was not changed since the pack was written. That it is true is not proven: it is Tenure's reading of its database.")
    return bad + wrong, said + seen, not given


def main():
    args, given, paths = sys.argv[1:], [], []
    while args:
        a = args.pop(0)
        if a == "--key" and args:
            given.append(args.pop(0))
        else:
            paths.append(a)
    if len(paths) != 1:
        sys.exit(__doc__)
    try:
        wrong, said, own = verify(paths[0], given)
    except (OSError, ValueError, struct.error) as e:
        print("It cannot be read: %s" % e)
        sys.exit(1)
    if wrong:
        print("WRONG")
        for w in wrong[:20]:
            print("  " + w)
        sys.exit(7)
    print("GOOD. Proven:")
    for s in said:
        print("  " + s)
    print("Not proven: that what was written down is true, and that everything was; what the numbers of people stand for;")
    print("events.csv and events.html are as the pack's maker wrote them (`tenure verify` makes them anew and compares).")
    if own:
        print("Nor who made the pack: it was held against the key that it brings along. Give the log's public key with --key.")


if __name__ == "__main__":
    main()
