// Who we are to the server: on our own page a cookie says it. On a store's page browsers keep no cookie of ours: there
// a signed token says it, which the page around us keeps, and a ticket where a request can't carry the token.

const origins = JSON.parse(document.body.dataset.origins ?? "null");
export const embedded = origins !== null;
/** The page around us must answer within this, or we are somebody new. */
const PATIENCE = 3_000;
let token, ticket, around;
let shown = !embedded;
let onShown = () => {};

/** What each request carries. */
export const headers = () => (token ? { Authorization: `Bearer ${token}` } : {});

/** An address that can be opened without headers. */
export const address = (path) => (ticket ? `${path}?ticket=${encodeURIComponent(ticket)}` : path);

/** Whether somebody may be looking. */
export const isShown = () => shown && !document.hidden;

/** Tell the page around us something. */
export function tell(message) {
  if (around) window.parent.postMessage({ crossdesk: message }, around);
}

/** Have the server say who we are, anew where it does not know us. Throws nothing. */
export async function renew() {
  if (!embedded) {
    await fetch("/chat", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
    return;
  }
  try {
    const answer = await fetch("/chat/visitor", { method: "POST", headers: headers(), credentials: "omit", cache: "no-store" });
    if (answer.ok) ({ token, ticket } = await answer.json());
  } catch {
    // Offline: the next request asks again.
  }
  if (token) tell({ visitor: token });
}

/** Learn who we are; `changed(on, focus)` is called when the page around us shows or hides us. */
export async function begin(changed) {
  if (!embedded) return;
  onShown = changed;
  await new Promise((done) => {
    window.addEventListener("message", (event) => {
      if (event.source !== window.parent || !origins.includes(event.origin)) return;
      const message = event.data?.crossdesk;
      if (typeof message !== "object" || message === null) return;
      around = event.origin;
      token ??= message.visitor ?? undefined;
      if (typeof message.shown === "boolean") {
        shown = message.shown;
        onShown(shown, message.focus === true);
      }
      done();
    });
    setTimeout(done, PATIENCE);
    // It holds nothing: whoever is around us may read it.
    window.parent.postMessage({ crossdesk: { ready: true } }, "*");
  });
  await renew();
  document.getElementById("close").addEventListener("click", () => tell({ close: true }));
  document.addEventListener("keydown", (event) => event.key === "Escape" && !event.isComposing && tell({ close: true }));
}
