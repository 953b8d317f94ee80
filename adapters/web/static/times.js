// Times in the reader's own zone and clocks that count.

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function span(seconds) {
  const whole = Math.abs(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return minutes < 10 ? `${minutes}:${String(Math.floor(whole % 60)).padStart(2, "0")} min` : `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const days = Math.floor(minutes / 1440);
  return days === 1 ? "1 day" : `${days} days`;
}

function ago(seconds) {
  return seconds < 60 ? "just now" : `${span(seconds - (seconds % 60)).replace(":00", "")} ago`;
}

/** Bring every time on the page up to now. */
export function tick() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    const left = (at - now) / 1000;
    let text;
    if ("due" in time.dataset) {
      text = `${span(left)} ${left > 0 ? "left" : "late"}`;
      time.parentElement.classList.toggle("soon", left > 0 && left < 60);
      time.parentElement.classList.toggle("over", left <= 0);
    } else if ("ago" in time.dataset) text = ago(-left);
    else text = at.toDateString() === new Date().toDateString() ? clock.format(at) : full.format(at);
    if (time.textContent !== text) time.textContent = text;
    if (!time.title) time.title = full.format(at);
  }
}
