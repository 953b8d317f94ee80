// Fields of the card that were asked for stay readable on this page, however often the card is made anew.

const clear = new Map();

/** Note what a page shows in clear. */
export function learn(page) {
  for (const field of page.querySelectorAll("[data-clear]")) clear.set(field.dataset.field, field.textContent);
}

/** Show it again, as long as this person may see it at all. */
export function show(mayReveal) {
  if (!mayReveal) clear.clear();
  for (const [name, value] of clear) {
    const field = document.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!field) continue;
    field.textContent = value;
    field.parentElement.querySelector("form.reveal")?.remove();
  }
}
