// The composer of a target profile: one card per goal, with sliders, its curve, and the histogram of the training set.

import { ask, tell } from "./api.js";
import { drawGoal } from "./chart.js";
import { debounce, find, format, make } from "./dom.js";

const AIMS = { at_most: "at most", at_least: "at least", range: "between", min: "as low as possible", max: "as high as possible" };
const STEPS = 200;
const FIRST = [
  ["herg", "at_most", 0.3],
  ["ames", "at_most", 0.3],
  ["solubility", "at_least", -4],
  ["qed", "at_least", 0.6],
  ["sa", "at_most", 3.5],
  ["mw", "range", 200, 500],
];

let properties = new Map();
const histograms = new Map();
const cards = [];

export async function startGoals() {
  properties = new Map((await ask("/properties")).properties.map((one) => [one.name, one]));
  const groups = new Map();
  for (const one of properties.values()) {
    const group = one.kind === "prediction" ? `predicted by ${one.model}` : "computed from the structure";
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(make("option", { value: one.name, title: one.description }, one.name));
  }
  const choices = [...groups].map(([label, options]) => make("optgroup", { label }, ...options));
  find("add-goal").replaceChildren(make("option", { value: "" }, "a property…"), ...choices);
  find("add-goal").addEventListener("change", (event) => {
    if (event.target.value) addGoal(event.target.value);
    event.target.value = "";
  });
  find("text-goal-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = find("text-goal").value.trim();
    if (text) addCard({ text: () => text, marks: () => [], name: null, title: text });
    find("text-goal").value = "";
  });
  for (const [name, aim, ...bounds] of FIRST) if (properties.has(name)) addGoal(name, aim, bounds);
}

export function listGoals() {
  return cards.map((card) => card.text());
}

function addGoal(name, aim, bounds) {
  const about = properties.get(name);
  const middle = about.low + 0.5 * (about.high - about.low);
  const isLower = about.direction?.startsWith("lower");
  const state = {
    aim: aim ?? (isLower ? "at_most" : "at_least"),
    from: bounds?.[0] ?? middle,
    to: bounds?.[1] ?? about.low + 0.75 * (about.high - about.low),
    weight: 1,
  };
  const controls = makeControls(about, state);
  addCard({
    name,
    title: name.replaceAll("_", " "),
    hint: [about.unit === "probability" ? "" : about.unit, about.reference_range || about.description].filter(Boolean).join("; "),
    controls,
    marks: () => (state.aim === "range" ? [state.from, state.to] : state.aim.startsWith("at") ? [state.from] : []),
    text: () => writeGoal(about.goal, state),
  });
}

function writeGoal(name, { aim, from, to, weight }) {
  const aims = { at_most: `<= ${from}`, at_least: `>= ${from}`, range: `in ${from}..${to}`, min: "min", max: "max" };
  return `${name} ${aims[aim]}${weight === 1 ? "" : ` * ${weight}`}`;
}

function makeControls(about, state) {
  const aim = make("select", { "aria-label": "aim" }, ...Object.entries(AIMS).map(([value, label]) => make("option", { value }, label)));
  aim.value = state.aim;
  const weight = make("select", { "aria-label": "weight" }, ...[1, 2, 3, 5].map((value) => make("option", { value }, `weight ${value}`)));
  const first = makeSlider(about, state, "from", `${about.name} bound`);
  const second = makeSlider(about, state, "to", `${about.name} upper end`);
  const arrange = () => {
    first.hidden = !(state.aim === "range" || state.aim.startsWith("at"));
    second.hidden = state.aim !== "range";
  };
  aim.addEventListener("change", () => {
    state.aim = aim.value;
    arrange();
    check();
  });
  weight.addEventListener("change", () => {
    state.weight = Number(weight.value);
    check();
  });
  arrange();
  return [make("div", { class: "line" }, aim, weight), first, second];
}

function makeSlider(about, state, key, label) {
  const step = (about.high - about.low) / STEPS;
  const slider = make("input", { type: "range", min: about.low, max: about.high, step, value: state[key], "aria-label": label });
  const field = make("input", { type: "number", step: "any", value: format(state[key]), "aria-label": `${label}, as a number` });
  slider.addEventListener("input", () => {
    state[key] = Number(Number(slider.value).toPrecision(4));
    field.value = state[key];
    check();
  });
  field.addEventListener("change", () => {
    if (field.value === "" || !Number.isFinite(Number(field.value))) return;
    state[key] = Number(field.value);
    slider.value = field.value;
    check();
  });
  return make("div", { class: "slider" }, slider, field);
}

function addCard(card) {
  card.chart = make("div", { class: "chart" });
  card.problem = make("p", { class: "problem", role: "alert", hidden: true });
  card.note = make("p", { class: "hint" });
  const remove = make("button", { type: "button", class: "quiet", "aria-label": `remove ${card.title}`, onclick: () => removeCard(card) }, "×");
  card.element = make(
    "article",
    { class: "goal", "data-goal": card.name ?? "text" },
    make("div", { class: "line" }, make("h3", { title: card.hint }, card.title), remove),
    ...(card.controls ?? []),
    card.chart,
    card.note,
    card.problem,
  );
  cards.push(card);
  find("goals").append(card.element);
  if (card.name) loadHistogram(card);
  else card.note.textContent = "no training values are known for this";
  check();
}

function removeCard(card) {
  cards.splice(cards.indexOf(card), 1);
  card.element.remove();
  check();
}

async function loadHistogram(card) {
  try {
    const goal = properties.get(card.name).goal;
    if (!histograms.has(card.name)) histograms.set(card.name, ask(`/properties/${encodeURIComponent(goal)}/histogram`));
    const told = await histograms.get(card.name);
    card.histogram = told.histogram;
    card.note.textContent = told.histogram ? `${told.histogram.n.toLocaleString("en")} values, ${told.histogram.source}` : told.reason;
    drawCard(card);
  } catch (error) {
    histograms.delete(card.name);
    card.note.textContent = error.message;
  }
}

function drawCard(card) {
  if (card.curve) card.chart.replaceChildren(drawGoal(card.curve, card.histogram, card.marks()));
}

// Asks the server, which knows the curves, and what contradicts what.
const check = debounce(150, async () => {
  const problem = find("profile-problem");
  problem.hidden = true;
  if (!cards.length) return;
  const asked = [...cards];
  try {
    const told = await tell("/profile", { goals: asked.map((card) => card.text()) });
    asked.forEach((card, k) => {
      card.curve = told.goals[k].curve;
      say(card, told.goals[k].warnings.join("; "));
      drawCard(card);
    });
  } catch (error) {
    const row = /^goals\.(\d+)/.exec(error.field ?? "");
    asked.forEach((card) => say(card, ""));
    if (row && asked[row[1]]) say(asked[row[1]], error.message);
    else {
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }
});

function say(card, text) {
  card.problem.textContent = text;
  card.problem.hidden = text === "";
  card.element.classList.toggle("wrong", text !== "");
}
