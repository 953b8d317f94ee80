// Building elements from data. Text is only ever text: nothing here parses HTML.

/** An element with properties, attributes (in `attributes`) and children (elements or texts). */
export function build(tag, { attributes = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** "{name} is writing" with the values put in. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** A text as nodes, its web addresses as links that give nothing of ours away. */
export function withLinks(text, opens) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(/https?:\/\/[^\s<>"'`{}|\\^]+/giu)) {
    const address = trimmed(match[0]);
    const url = parsed(address);
    if (!url) continue;
    nodes.push(text.slice(from, match.index));
    nodes.push(
      build("a", {
        href: url.href,
        target: "_blank",
        rel: "noopener noreferrer nofollow",
        title: opens,
        dir: "ltr",
        textContent: address,
      }),
    );
    from = match.index + address.length;
  }
  nodes.push(text.slice(from));
  return nodes.filter((node) => node !== "");
}

/** Without the punctuation of the sentence around it. */
function trimmed(address) {
  let end = address.replace(/[.,:;!?。、，：；！？…»”’]+$/u, "");
  while (end.endsWith(")") && end.split(")").length > end.split("(").length) end = end.slice(0, -1);
  return end;
}

function parsed(address) {
  try {
    const url = new URL(address);
    return url.protocol === "https:" || url.protocol === "http:" ? url : null;
  } catch {
    return null;
  }
}

/** How many characters a reader would say (and the server counts): code points, line ends as one. */
export function lengthOf(text) {
  return [...text.replace(/\r\n?/g, "\n").trim()].length;
}
