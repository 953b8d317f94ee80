// One key a decision: whatever bears `data-key` is pressed, followed or entered by that key.
import { tick } from "./times.js";

document.body.classList.add("js");
tick();
// On a phone the tabs are wider than the screen.
document.querySelector(".parts [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  const typing = event.target instanceof Element && event.target.closest("input:not([type=checkbox]), textarea, select");
  if (typing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const wanted = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key);
  if (!wanted) return;
  event.preventDefault();
  if (wanted.matches("input, textarea")) wanted.focus();
  else wanted.click();
  if (wanted.matches("summary")) wanted.parentElement.querySelector("input").focus();
});

// Words that are chosen with the mouse are those to be marked.
document.querySelector(".messages")?.addEventListener("mouseup", () => {
  const chosen = getSelection();
  const words = chosen.anchorNode?.parentElement?.closest(".messages .words");
  const text = chosen.toString().trim();
  if (!text || !words?.contains(chosen.focusNode)) return;
  const marking = words.closest("li").querySelector(".marking");
  marking.open = true;
  marking.querySelector("[name=words]").value = text;
});

// A form acts once, however fast the keys are.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

document.querySelector("#flash p")?.addEventListener("click", (event) => event.currentTarget.remove());
