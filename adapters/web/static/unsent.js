// Messages on their way: kept in the tab until the server has them, so that a reload or a lost line loses nothing.

const STORE = "crossdesk.unsent";

/** A version 4 UUID; `randomUUID` only exists where the page came over TLS or from this machine. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export class Unsent {
  constructor() {
    this.items = [];
    try {
      this.items = JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
    } catch {
      // Storage is switched off or broken: then a reload forgets, nothing worse.
    }
  }

  /** A message that the buyer sent: `state` goes from waiting to confirmed, or to refused. */
  add(message) {
    const item = { id: uuid(), at: new Date().toISOString(), state: "waiting", tried: false, ...message };
    this.items.push(item);
    this.keep();
    return item;
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    this.keep();
  }

  /** Take back one that the server does not have: while it is asked again, the answer decides whether it still can be. */
  takeBack(item) {
    if (!item.sending) this.remove(item);
    else item.unwanted = true;
    this.keep();
  }

  /** What the server said of the last attempt: `state` is waiting where it is to be tried again. */
  failed(item, state, trouble) {
    Object.assign(item, { sending: false, tried: true, state, trouble });
    if (item.unwanted) this.remove(item);
    this.keep();
  }

  /** The next one to send. */
  next() {
    return this.items.find((item) => item.state === "waiting");
  }

  /**
   * A line of the buyer's arrived: the message on its way that it is, if any. Lines come in the order of sending, but
   * the server may have cleared or masked the text; then the oldest confirmed one is it.
   */
  arrived(text) {
    const confirmed = this.items.filter((item) => item.state === "confirmed");
    const item = confirmed.find((other) => same(other.label, text)) ?? confirmed[0];
    if (item) this.remove(item);
    else {
      // Perhaps one whose confirmation was lost on its way to us.
      const lost = this.items.find((other) => other.state === "waiting" && other.tried && same(other.label, text));
      if (lost) lost.seen = true;
    }
    return item;
  }

  /** The server has it. If it had it before and its line is here already, there is nothing to wait for. */
  confirm(item, fresh) {
    Object.assign(item, { sending: false, unwanted: false, state: "confirmed" });
    if (!fresh && item.seen) this.remove(item);
    this.keep();
  }

  keep() {
    try {
      // After a reload nobody knows of an attempt any more, and what was taken back is not sent again.
      const kept = this.items.filter((item) => !item.unwanted).map((item) => ({ ...item, sending: false }));
      sessionStorage.setItem(STORE, JSON.stringify(kept));
    } catch {
      // As above.
    }
  }
}

function same(one, other) {
  return one.replace(/\s+/g, " ").trim() === other.replace(/\s+/g, " ").trim();
}
