// Talking to the server: one request at a time with a limit, and a stream that brings the news.

import { address, headers, renew } from "./visitor.js";

const PATIENCE = 15_000;
/** The server sends a beat every 15 seconds: after this long the stream is dead whatever the browser thinks. */
const SILENCE = 40_000;
const LONGEST_WAIT = 15_000;

/** The server will not take this, however often it is tried. */
export class Refused extends Error {
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** Not now. */
export class Later extends Error {
  constructor(code, seconds) {
    super(code);
    this.code = code;
    this.seconds = seconds;
  }
}

/** The answer's JSON. Throws Refused or Later, nothing else. */
export async function ask(path, { method = "GET", json } = {}, again = true) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { ...headers(), ...(json && { "Content-Type": "application/json" }) },
      body: json && JSON.stringify(json),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
    if (response.ok) return await response.json();
  } catch {
    throw new Later("unreachable");
  }
  if (response.status === 401 && again) {
    // What says who we are is gone or no longer good.
    await renew();
    return ask(path, { method, json }, false);
  }
  throw await failure(response);
}

/** What an answer that is none means. */
async function failure(response) {
  const code = await response.json().then((body) => body.error.code, () => "unreachable");
  if (response.status === 429 || response.status === 408 || response.status >= 500) {
    return new Later(code, Number(response.headers.get("Retry-After")) || undefined);
  }
  return new Refused(code);
}

const UPLOAD_PATIENCE = 300_000;

/** Send a file; its token. Throws Refused or Later, nothing else. */
export async function uploaded({ id, file, name }, again = true) {
  let response;
  try {
    response = await fetch(`/chat/files?${new URLSearchParams({ id, name })}`, {
      method: "POST",
      headers: { ...headers(), "Content-Type": file.type },
      body: file,
      credentials: "same-origin",
      signal: AbortSignal.timeout(UPLOAD_PATIENCE),
    });
    if (response.ok) return await response.json();
  } catch {
    throw new Later("unreachable");
  }
  if (response.status === 401 && again) {
    await renew();
    return uploaded({ id, file, name }, false);
  }
  throw await failure(response);
}

/** Waits that grow, with some chance in them so that a restarted server isn't met by everyone at once. */
export function backoff(tries) {
  return Math.min(LONGEST_WAIT, 1000 * 2 ** tries) * (0.7 + 0.6 * Math.random());
}

/** The event stream: calls `on.ready`, `on.signal(name, data)` and `on.lost`, and reopens itself. */
export class Stream {
  constructor(path, names, on) {
    Object.assign(this, { path, names, on, tries: 0 });
    window.addEventListener("online", () => this.source || this.open());
  }

  open() {
    this.close();
    this.source = new EventSource(address(this.path));
    this.source.addEventListener("ready", () => {
      this.tries = 0;
      this.on.ready();
    });
    this.source.addEventListener("error", () => this.retry());
    for (const name of ["ready", "beat", ...this.names]) {
      this.source.addEventListener(name, ({ data }) => {
        this.watch();
        if (this.names.includes(name)) this.on.signal(name, data);
      });
    }
    this.watch();
  }

  close() {
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.source?.close();
    this.source = undefined;
  }

  watch() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.retry(), SILENCE);
  }

  retry() {
    this.close();
    this.on.lost();
    this.timer = setTimeout(() => this.open(), backoff(this.tries++));
  }
}
