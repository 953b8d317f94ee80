// Replacing what changed and nothing else: whoever reads, selects or writes is not disturbed.

/** What the server sent, as it was before times were counted on: only that is compared. */
const sent = new WeakMap();

function signature(element) {
  if (!sent.has(element)) {
    const copy = element.cloneNode(true);
    // These count on by themselves.
    for (const time of copy.querySelectorAll("time")) time.textContent = "";
    for (const clock of copy.querySelectorAll(".clock")) clock.className = "clock";
    for (const open of copy.querySelectorAll("details")) open.removeAttribute("open");
    sent.set(element, copy.outerHTML);
  }
  return sent.get(element);
}

for (const region of document.querySelectorAll("[data-live]")) {
  signature(region);
  if (region.dataset.live === "keyed") for (const child of region.children) signature(child);
}

/** Take every live region of a page that the server has just made. */
export function fresh(page) {
  for (const next of page.querySelectorAll("[data-live]")) {
    const now = document.getElementById(next.id);
    if (!now) continue;
    if (next.dataset.live === "keyed") keyed(now, next);
    else if (signature(now) !== signature(next) && !isBeingFilled(now)) replace(now, next);
  }
}

/** A list whose children have ids: those that stayed the same stay the same nodes. */
function keyed(now, next) {
  const known = new Map([...now.children].map((child) => [child.id, child]));
  let place = now.firstElementChild;
  for (const child of [...next.children]) {
    let keep = known.get(child.id);
    known.delete(child.id);
    if (!keep || (signature(keep) !== signature(child) && !isBeingFilled(keep))) {
      signature(child);
      if (keep) {
        if (keep === place) place = place.nextElementSibling;
        keep = replace(keep, child);
      } else keep = document.adoptNode(child);
    }
    if (keep === place) place = place.nextElementSibling;
    else now.insertBefore(keep, place);
  }
  for (const gone of known.values()) gone.remove();
}

function replace(now, next) {
  const focus = now.contains(document.activeElement) ? document.activeElement : undefined;
  signature(next);
  const put = document.adoptNode(next);
  now.replaceWith(put);
  if (focus && focus !== document.body) successor(put, focus)?.focus();
  return put;
}

/** The element that stands where the focused one stood. */
function successor(put, focus) {
  if (focus.id && put.querySelector(`#${CSS.escape(focus.id)}`)) return put.querySelector(`#${CSS.escape(focus.id)}`);
  const href = focus.getAttribute("href");
  return (href && put.querySelector(`[href="${CSS.escape(href)}"]`)) || put.querySelector("a, button, summary");
}

function isBeingFilled(region) {
  return [...region.querySelectorAll("form:not([data-done]) :is(textarea, input:not([type=hidden]))")].some(
    (field) => field.value !== field.defaultValue || field === document.activeElement,
  );
}
