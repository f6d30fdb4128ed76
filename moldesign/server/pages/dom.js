// Elements are made from text and attributes, never from HTML: whatever a user types stays text.

const SVG = "http://www.w3.org/2000/svg";

export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function makeSvg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function find(id) {
  return document.getElementById(id);
}

// A picture from the server is shown as an image, in which no script runs.
export function makePicture(svg, alt, attributes = {}) {
  return make("img", { src: "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg), alt, ...attributes });
}

export function format(value) {
  if (value === null || value === undefined || value === "") return "–";
  const number = Number(value);
  if (!Number.isFinite(number)) return String(value);
  if (number !== 0 && (Math.abs(number) < 0.001 || Math.abs(number) >= 1e5)) return number.toExponential(2);
  return String(Number(number.toPrecision(3)));
}

// Of a probability nobody believes the eighth digit.
export function formatProbability(value) {
  if (typeof value === "number" && value > 0 && value < 0.001) return "<0.001";
  return typeof value === "number" && value < 1 && value > 0.999 ? ">0.999" : format(value);
}

export function debounce(milliseconds, act) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...values), milliseconds);
  };
}
