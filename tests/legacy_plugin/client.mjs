// Speaks as the public ClawForge plugin 0.1.5 does: its requests, its reading of answers, and its mistakes.
//
// One JSON command a line on stdin, one JSON answer a line on stdout; lines with `event` come by themselves. Timers are
// left out: the test says when a heartbeat is due.

import { createInterface } from "node:readline";

const [base] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const ALIASES = { bash: "exec", "apply-patch": "apply_patch" };
// As old as the plugin's own table: what a server sends in groups, it understands wrongly.
const GROUPS = { "group:fs": ["read", "write", "edit", "apply_patch"], "group:web": ["web_search", "web_fetch"] };

let session = null;
let policy = null;
let killed = { active: false };
let stream = null;
let stopped = false;
let retry = 1000;
let buffer = [];

const normal = (name) => ALIASES[name.trim().toLowerCase()] ?? name.trim().toLowerCase();
const spread = (list) => new Set(list.flatMap((entry) => GROUPS[normal(entry)] ?? [normal(entry)]));

// Kill switch, then deny, then allow; an empty allow list is none.
function judge(tool) {
  const name = normal(tool);
  if (killed.active) return { allowed: false, reason: killed.message ?? "kill switch" };
  if (policy === null) return { allowed: true, reason: "no_policy" };
  if (policy.tools.deny?.length > 0 && spread(policy.tools.deny).has(name)) return { allowed: false, reason: "deny_list" };
  if (policy.tools.allow?.length > 0 && !spread(policy.tools.allow).has(name)) {
    return { allowed: false, reason: "not_in_allowlist" };
  }
  return { allowed: true };
}

async function post(path, body, authorised = false) {
  const headers = { "Content-Type": "application/json" };
  if (authorised) headers.Authorization = `Bearer ${session.accessToken}`;
  const response = await fetch(base + path, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

async function get(path) {
  const headers = { Authorization: `Bearer ${session.accessToken}`, Accept: "application/json" };
  const response = await fetch(base + path, { headers });
  return { status: response.status, body: await response.json() };
}

async function sign(path, body) {
  const answer = await post(path, body);
  if (answer.status < 300) session = answer.body;
  return { status: answer.status, error: answer.body.error, roles: answer.body.roles };
}

async function fetchPolicy() {
  const org = encodeURIComponent(session.orgId);
  const answer = await get(`/api/v1/policies/${org}/effective?userId=${encodeURIComponent(session.userId)}`);
  if (answer.status === 200) policy = answer.body;
  return answer.status;
}

// A missing field clears the switch: a server must never leave it out.
async function beat() {
  const path = `/api/v1/heartbeat/${encodeURIComponent(session.orgId)}/${encodeURIComponent(session.userId)}`;
  const answer = await get(path);
  if (answer.status !== 200) return { status: answer.status };
  killed = answer.body.killSwitch ? { active: true, message: answer.body.killSwitchMessage } : { active: false };
  const refreshed = Boolean(answer.body.refreshPolicyNow);
  if (refreshed) await fetchPolicy();
  return { status: 200, refreshed, killed: killed.active, message: killed.message, version: policy?.version };
}

// Needs the space after the colon, and LF; a stream that is aborted is opened by nobody again.
function parse(raw) {
  let name = "";
  const data = [];
  for (const line of raw.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7).trim();
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return name && data.length > 0 ? { name, data: JSON.parse(data.join("\n")) } : null;
}

async function handle({ name, data }) {
  if (name === "kill_switch") killed = data.active ? { active: true, message: data.message } : { active: false };
  if (name === "policy_updated") await fetchPolicy();
  say({ event: name, data });
}

function connect() {
  if (stopped) return;
  stream = new AbortController();
  const headers = { Authorization: `Bearer ${session.accessToken}`, Accept: "text/event-stream" };
  fetch(`${base}/api/v1/events/${encodeURIComponent(session.orgId)}/stream`, { headers, signal: stream.signal })
    .then(async (response) => {
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      retry = 1000;
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of response.body) {
        text += decoder.decode(chunk, { stream: true });
        const parts = text.split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts) {
          const found = parse(part);
          if (found) await handle(found);
        }
      }
      say({ event: "stream-ended" });
      reconnect();
    })
    .catch((error) => {
      if (stopped || String(error.message ?? error).includes("abort")) {
        say({ event: "stream-aborted" });
        return;
      }
      reconnect();
    });
}

async function reconnect() {
  await sleep(retry);
  retry = Math.min(retry * 2, 30000);
  connect();
}

async function refresh() {
  const answer = await post("/api/v1/auth/exchange", { grantType: "refresh_token", refreshToken: session.refreshToken });
  if (answer.status !== 200) return { status: answer.status };
  session = answer.body;
  retry = 1000;
  stream?.abort();
  return { status: 200 };
}

// The whole buffer in one request; what is refused stays in it.
async function flush(count) {
  const at = Date.now();
  for (let number = 0; number < count; number += 1) {
    buffer.push({
      userId: session.userId,
      orgId: session.orgId,
      agentId: "main",
      sessionKey: "agent:main:main",
      eventType: "tool_call_attempt",
      toolName: "exec",
      timestamp: at + number,
      outcome: "blocked",
      metadata: { reason: "deny_list", note: "x".repeat(300) },
    });
  }
  const sent = buffer;
  const answer = await post(`/api/v1/audit/${encodeURIComponent(session.orgId)}/events`, { events: sent }, true);
  if (answer.status < 300) buffer = [];
  return { status: answer.status, ...answer.body, bytes: JSON.stringify({ events: sent }).length, left: buffer.length };
}

const COMMANDS = {
  enroll: ({ token, email, name }) => sign("/api/v1/auth/enroll", { token, email, name }),
  login: ({ email, password }) => sign("/api/v1/auth/login", { email, password }),
  policy: async () => ({ status: await fetchPolicy(), policy }),
  listen: async () => (connect(), {}),
  tool: async ({ name }) => judge(name),
  beat,
  refresh,
  flush: ({ count }) => flush(count),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    say(await COMMANDS[command.do](command));
  } catch (error) {
    say({ failed: String(error.cause?.code ?? error) });
  }
}
stopped = true;
stream?.abort();
process.exit(0);
