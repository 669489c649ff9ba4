// The second agent's ears, written from docs/agent-protocol.md alone: sections 7 and 8, events.json and messages.json.
//
// `node listening.mjs FILE...` prints what it makes of every text and step.

import { readFileSync } from "node:fs";

import { Agent, Refused, opened, read } from "./client.mjs";

const MESSAGE = "application/vnd.clawforge.message+json";
const SILENCE = 45_000;
const REFETCH = ["unknown-key", "epoch-mismatch", "expired-keyset", "lease-bundle-mismatch", "nothing-held"];
const CREDIBLE = ["accepted", "lease-bundle-mismatch", "nothing-held"];
const ASKS = { refresh: ["poll", "heartbeat"], message: ["heartbeat"] };
const FIELDS = ["schema", "org", "instance", "number", "text", "by", "at"];

// --- the text of a stream -----------------------------------------------------------------------------------------

class Broken extends Error {}

class Reader {
  constructor(longest) {
    Object.assign(this, { longest, rest: [], size: 0, afterReturn: false, first: true, id: "", name: "", data: [] });
    this.dataSize = 0;
  }

  // Byte by byte, so that it does not matter where a piece ends.
  feed(bytes, heard) {
    for (const byte of bytes) {
      const isEnd = byte === 10 || byte === 13;
      if (isEnd && !(byte === 10 && this.afterReturn)) this.line(heard);
      if (!isEnd && this.rest.push(byte) > this.longest) throw new Broken();
      this.afterReturn = byte === 13;
    }
  }

  line(heard) {
    let line = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(this.rest));
    if (this.first && line.startsWith("\ufeff")) line = line.slice(1);
    this.first = false;
    this.rest = [];
    if (line === "") {
      if (this.data.length > 0) heard({ id: this.id, name: this.name || "message", data: this.data.join("\n") });
      Object.assign(this, { name: "", data: [], dataSize: 0 });
      return;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.name = value;
    if (field === "id" && !value.includes("\0")) this.id = value;
    if (field === "data") {
      this.data.push(value);
      this.dataSize += Buffer.byteLength(value) + 1;
      if (this.dataSize > this.longest + 1) throw new Broken();
    }
  }
}

function texts({ text }, longest, size) {
  const whole = typeof text === "string" ? text : text.map(([piece, count]) => piece.repeat(count)).join("");
  const bytes = Buffer.from(whole, "utf-8");
  const reader = new Reader(longest);
  const events = [];
  try {
    for (let start = 0; start < bytes.length; start += size) {
      reader.feed(bytes.subarray(start, start + size), (event) => events.push(event));
    }
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { events, broken: true };
  }
  return { events };
}

// --- section 8: a stream -------------------------------------------------------------------------------------------

class Listener {
  constructor({ enrolled, held }, longest) {
    this.agent = new Agent(enrolled);
    this.agent.hear(held);
    Object.assign(this, { longest, resume: null });
    this.connect();
  }

  connect() {
    this.reader = new Reader(this.longest);
    this.lastWord = this.agent.present;
  }

  step({ at, connects, ends, text, answer, calls }) {
    this.agent.present = Date.parse(at);
    const [heard, asks] = [[], new Set()];
    if (connects) this.connect();
    if (ends) this.reader = null;
    if (this.reader !== null && text !== undefined) {
      this.lastWord = this.agent.present;
      this.reader.feed(Buffer.from(text, "utf-8"), (event) => this.take(event, heard, asks));
    }
    if (this.agent.present - this.lastWord >= SILENCE) this.reader = null;
    if (answer !== undefined) this.agent.hear(answer);
    const expect = { heard, asks: [...asks].sort(), connected: this.reader !== null, resume: this.resume };
    return { expect, effects: calls.map(({ tool }) => this.agent.call(tool)) };
  }

  take({ id, name, data }, heard, asks) {
    if (name === "end") {
      this.reader = null;
      asks.add("poll");
      return;
    }
    const code = this.judged(data);
    heard.push(code);
    if (REFETCH.includes(code)) asks.add("poll");
    if (!CREDIBLE.includes(code)) return;
    this.resume = id || this.resume;
    for (const ask of ASKS[name] ?? []) asks.add(ask);
  }

  judged(data) {
    let document;
    try {
      document = JSON.parse(data);
    } catch {
      return "bad-event";
    }
    const isNews = document !== null && typeof document === "object" && !Array.isArray(document) && "lease" in document;
    if (!isNews) return "bad-event";
    return attempt(() => this.agent.hear({ lease: document.lease })) ?? "accepted";
  }
}

function attempt(work) {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.message;
  }
  return null;
}

// --- section 7: messages -------------------------------------------------------------------------------------------

class Recipient {
  constructor({ enrolled, held }) {
    this.agent = new Agent(enrolled);
    this.agent.hear(held);
    this.disk = JSON.stringify({ noted: 0, kept: [] });
    this.start();
  }

  start() {
    Object.assign(this, JSON.parse(this.disk));
  }

  keep() {
    this.disk = JSON.stringify({ noted: this.noted, kept: this.kept });
  }

  step({ at, restarts, looks, answer, waits, heartbeat }) {
    this.agent.present = Date.parse(at);
    if (restarts) {
      this.start();
      return {};
    }
    if (looks) {
      const shown = this.kept.map(({ number, text, by, at: said }) => ({ number, text, by, at: said }));
      this.kept = [];
      return { shown };
    }
    if (answer !== undefined) this.agent.hear(answer);
    this.keep();
    return { refused: waits > 0 ? this.hear(heartbeat) : [], noted: this.noted };
  }

  hear(answer) {
    const refused = [];
    const fresh = new Map();
    const list = answer !== null && typeof answer === "object" && Array.isArray(answer.messages) ? answer.messages : [];
    for (const envelope of list) {
      const code = attempt(() => {
        const message = this.verified(envelope);
        if (message.number > this.noted) fresh.set(message.number, message);
      });
      if (code !== null) refused.push(code);
    }
    for (const number of [...fresh.keys()].sort((one, other) => one - other)) {
      this.kept.push(fresh.get(number));
      this.noted = number;
    }
    this.keep();
    return refused;
  }

  verified(envelope) {
    const message = read(opened(envelope, MESSAGE, this.agent.keys.trusted), FIELDS);
    const { schema, number, text } = message;
    const isText = typeof text === "string" && [...text].length >= 1 && [...text].length <= 1_000;
    const isPlain = isText && text.trim() !== "" && !/[\x00-\x09\x0b-\x1f\x7f]/.test(text);
    const isMessage = schema === "clawforge.message/v1" && Number.isSafeInteger(number) && number >= 0 && isPlain;
    if (!isMessage) throw new Refused("bad-document");
    const { org, instance } = this.agent;
    if (message.org !== org || message.instance !== instance) throw new Refused("foreign-instance");
    return message;
  }
}

// --------------------------------------------------------------------------------------------------------------------

const files = process.argv.slice(2).map((file) => JSON.parse(readFileSync(file, "utf-8")));
const { longest, streams = [], sessions = [], conversations = [] } = Object.assign({}, ...files);
const found = {
  streams: streams.map((one) => [3, 65_536].map((size) => texts(one, longest, size))),
  sessions: sessions.map((one) => {
    const listener = new Listener(one, longest);
    return one.steps.map((step) => listener.step(step));
  }),
  conversations: conversations.map((one) => {
    const recipient = new Recipient(one);
    return one.steps.map((step) => recipient.step(step));
  }),
};
process.stdout.write(JSON.stringify(found));
