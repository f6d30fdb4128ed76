// The server's API: JSON, downloads, and events that arrive while a run goes on.

const TOKEN = "moldesign-token";

export class ApiError extends Error {
  constructor(status, message, field) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

// The token stands behind the # of the address, which browsers send to nobody; it is kept for this tab alone.
export function takeToken() {
  const told = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!told) return;
  sessionStorage.setItem(TOKEN, told);
  history.replaceState(null, "", location.pathname);
}

export function keepToken(token) {
  sessionStorage.setItem(TOKEN, token);
}

function makeHeaders(more = {}) {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { authorization: `Bearer ${token}`, ...more } : more;
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "the server does not answer; is it still running?", null);
  }
  if (response.ok) return response;
  let told = {};
  try {
    told = await response.json();
  } catch {
    told = { error: `the server answered ${response.status}` };
  }
  if (response.status === 401) dispatchEvent(new Event("token-needed"));
  throw new ApiError(response.status, told.error, told.field);
}

export async function ask(path, signal) {
  return (await send(path, { headers: makeHeaders(), signal })).json();
}

export async function tell(path, content, signal) {
  const headers = makeHeaders({ "content-type": "application/json" });
  return (await send(path, { method: "POST", headers, body: JSON.stringify(content), signal })).json();
}

export async function download(path, name) {
  const response = await send(path, { headers: makeHeaders() });
  save(await response.blob(), name);
}

export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Reads server-sent events with fetch, because EventSource cannot send the token; goes on where it was cut off.
export async function follow(path, handlers, signal) {
  let last = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers = makeHeaders({ "last-event-id": String(last) });
      const response = await send(path, { headers, signal });
      failures = 0;
      for await (const event of readEvents(response.body)) {
        if (event.id !== null) last = event.id;
        handlers[event.name]?.(event.content);
      }
      return;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if ((error instanceof ApiError && error.status >= 400 && error.status !== 503) || failures > 20) throw error;
      await new Promise((go) => setTimeout(go, 1500));
    }
  }
}

async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => splitOnce(line)));
      if (fields.event) yield { name: fields.event, id: fields.id ? Number(fields.id) : null, content: JSON.parse(fields.data) };
    }
  }
}

function splitOnce(line) {
  const at = line.indexOf(": ");
  return [line.slice(0, at), line.slice(at + 2)];
}
