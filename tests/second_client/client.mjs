// A second agent, written from docs/agent-protocol.md alone: what it believes of the answers in trust.json.
//
// It knows no more of judging than lists of tools; the rest has vectors of its own. `node client.mjs trust.json` prints,
// for every sequence and step, whether the answer was accepted or why not, and what the calls get.

import { createHash, createPublicKey, verify as verifySignature } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

const KEYS = "application/vnd.clawforge.keyset+json";
const BUNDLE = "application/vnd.clawforge.bundle+json";
const LEASE = "application/vnd.clawforge.lease+json";
const ENROLLED_AT = Date.parse("2026-11-20T12:00:00Z");
const FACTS = {
  keyset: ["schema", "org", "epoch", "keys", "expires"],
  lease: ["schema", "org", "instance", "epoch", "serial", "bundle", "kill", "overlays", "issuedAt", "until"],
  bundle: ["schema", "org", "instance", "user", "groups", "tags", "epoch", "serial", "revision", "variants", "policies",
    "provenance", "commit", "approvers", "overlays"],
};

export class Refused extends Error {}

export function refuse(code) {
  throw new Refused(code);
}

function hasExactly(value, names) {
  return value !== null && typeof value === "object" && !Array.isArray(value) &&
    Object.keys(value).sort().join() === [...names].sort().join();
}

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}

const digest = (value) => `sha256:${createHash("sha256").update(canonical(value)).digest("hex")}`;

// --- section 3: documents ----------------------------------------------------------------------------------------

function bytes(text) {
  const found = typeof text === "string" ? Buffer.from(text, "base64") : refuse("bad-envelope");
  return found.toString("base64") === text ? found : refuse("bad-envelope");
}

export function opened(envelope, type, trusted) {
  if (!hasExactly(envelope, ["payloadType", "payload", "signatures"])) refuse("bad-envelope");
  const { payloadType, payload, signatures } = envelope;
  const wellFormed = Array.isArray(signatures) && signatures.length >= 1 && signatures.length <= 8 &&
    signatures.every((one) => hasExactly(one, ["keyid", "sig"]));
  if (!wellFormed || new Set(signatures.map((one) => one.keyid)).size !== signatures.length) refuse("bad-envelope");
  if (payloadType !== type) refuse("wrong-type");
  if (!signatures.every((one) => trusted.has(one.keyid))) refuse("unknown-key");
  const body = bytes(payload);
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${body.length} `;
  const signed = Buffer.concat([Buffer.from(head), body]);
  for (const { keyid, sig } of signatures) {
    if (!verifySignature(null, signed, trusted.get(keyid), bytes(sig))) refuse("bad-signature");
  }
  return body;
}

export function read(body, names) {
  let value;
  try {
    value = JSON.parse(body.toString("utf-8"));
  } catch {
    refuse("bad-document");
  }
  const known = value !== null && typeof value === "object" && Object.keys(value).every((name) => names.includes(name));
  return known ? value : refuse("bad-document");
}

function publicKey(text) {
  const raw = bytes(text);
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });
  return [`ed25519:${createHash("sha256").update(raw).digest("hex").slice(0, 16)}`, key];
}

// --- sections 4 and 5: what is believed ---------------------------------------------------------------------------

const counters = (one) => [one.epoch, one.serial];
const older = (one, other) => one.epoch < other.epoch || (one.epoch === other.epoch && one.serial < other.serial);
const same = (one, other) => canonical(counters(one)) === canonical(counters(other));

export class Agent {
  constructor({ org, instance, user, rootKey, keys }) {
    Object.assign(this, { org, instance, user, root: new Map([publicKey(rootKey)]) });
    this.keys = this.keySet(keys);
    this.seen = null;
    this.held = null;
    this.present = ENROLLED_AT;
  }

  keySet(envelope) {
    const found = read(opened(envelope, KEYS, this.root), FACTS.keyset);
    if (found.org !== this.org) refuse("foreign-org");
    return { ...found, trusted: new Map(found.keys.map((one) => publicKey(one.publicKey))) };
  }

  isMine(document) {
    if (document.org !== this.org) refuse("foreign-org");
    if (document.instance !== this.instance) refuse("foreign-instance");
  }

  newerKeys(answer) {
    const found = "keys" in answer ? this.keySet(answer.keys) : this.keys;
    if (found.epoch < this.keys.epoch) refuse("rollback");
    if (Date.parse(found.expires) <= this.present) refuse("expired-keyset");
    const isOlder = found.epoch === this.keys.epoch && Date.parse(found.expires) < Date.parse(this.keys.expires);
    if (!isOlder) return found;
    return canonical(found.keys) === canonical(this.keys.keys) ? this.keys : refuse("rollback");
  }

  // Steps 1 to 4: what counts even if the bundle is refused.
  verifiedLease(answer) {
    const keys = this.newerKeys(answer);
    const lease = read(opened(answer.lease, LEASE, keys.trusted), FACTS.lease);
    this.isMine(lease);
    if (lease.epoch !== keys.epoch) refuse("epoch-mismatch");
    if (this.seen !== null) {
      if (older(lease, this.seen)) refuse("rollback");
      const content = (one) => canonical([one.bundle, one.kill, one.overlays]);
      if (same(lease, this.seen) && content(lease) !== content(this.seen)) refuse("same-serial-other-digest");
    }
    return [keys, lease];
  }

  verifiedBundle(answer, keys, lease) {
    const bundle = read(opened(answer.bundle, BUNDLE, keys.trusted), FACTS.bundle);
    for (const [name, policy] of Object.entries(bundle.policies)) if (digest(policy) !== name) refuse("bad-document");
    if (!bundle.variants.every((one) => one.digest in bundle.policies)) refuse("bad-document");
    if (!bundle.overlays.every((one) => ["elevation", "grant"].includes(one.kind))) refuse("bad-document");
    this.isMine(bundle);
    if (older(bundle, lease)) refuse("rollback");
    return same(bundle, lease) ? bundle : refuse("lease-bundle-mismatch");
  }

  hear(answer) {
    const [keys, lease] = this.verifiedLease(answer);
    this.keys = keys;
    if (this.seen === null || older(this.seen, lease) || Date.parse(lease.issuedAt) >= Date.parse(this.seen.issuedAt)) {
      this.seen = lease;
    }
    const bundle = "bundle" in answer ? this.verifiedBundle(answer, keys, lease) : this.held?.bundle ?? refuse("nothing-held");
    const { variants, policies, overlays } = bundle;
    if (digest({ variants, policies }) !== lease.bundle || digest(overlays) !== lease.overlays) {
      refuse("lease-bundle-mismatch");
    }
    this.held = { bundle, lease };
  }

  // --- sections 9 and 10: what a call gets --------------------------------------------------------------------------

  call(tool) {
    if (this.held === null || this.seen.kill.some((order) => this.concerns(order.scope, tool))) return "deny";
    const { bundle, lease } = this.held;
    const variant = bundle.variants.find((one) => !("agent" in one) && !("context" in one) && this.within(one));
    if (variant === undefined) return "deny";
    const policy = bundle.policies[variant.digest];
    const offline = { mode: "cached", lease: "5m", maxStale: "1d", ...policy.enforced.offline };
    const issued = Date.parse(lease.issuedAt);
    const stale = issued + length(offline.maxStale);
    const end = Math.min(Date.parse(lease.until), issued + length(offline.lease), stale);
    if (this.present >= (offline.mode === "block" ? end : stale)) return "deny";
    const rules = bundle.overlays.some((one) => this.lifts(one, tool)) ? policy.floor ?? {} : policy.enforced;
    const { allow = ["*"], deny = [] } = rules.tools ?? {};
    return means(deny, tool) || !means(allow, tool) ? "deny" : "allow";
  }

  within({ from, until }) {
    return Date.parse(from) <= this.present && this.present < Date.parse(until);
  }

  lifts(overlay, tool) {
    return this.within(overlay) && overlay.user === this.held.bundle.user && overlay.agents.length === 0 &&
      !("context" in overlay) && means(overlay.tools, tool) && !means(overlay.never, tool);
  }

  concerns(scope, tool) {
    const [kind, name] = [scope.split(":")[0], scope.slice(scope.indexOf(":") + 1)];
    if (kind === "group") return this.held.bundle.groups.includes(name);
    return kind === "instance" ? name === this.instance : kind === "tool" ? means([name], tool) : true;
  }
}

function means(patterns, tool) {
  return patterns.some((one) => (one.endsWith("*") ? tool.startsWith(one.slice(0, -1)) : one === tool));
}

function length(duration) {
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
  return [...duration.matchAll(/(\d+)([dhms])/g)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit], 0);
}

function played({ enrolled, steps }) {
  const agent = new Agent(enrolled);
  return steps.map(({ at, answer, calls }) => {
    agent.present = Date.parse(at);
    const step = {};
    if (answer !== undefined) {
      try {
        agent.hear(answer);
        step.expect = { accepted: true };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        step.expect = { refused: error.message };
      }
    }
    return { ...step, calls: calls.map(({ tool }) => agent.call(tool)) };
  });
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { sequences } = JSON.parse(readFileSync(process.argv[2], "utf-8"));
  process.stdout.write(JSON.stringify(sequences.map(played)));
}
