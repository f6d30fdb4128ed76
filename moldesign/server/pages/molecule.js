// The tab of one molecule: draw or paste it, see what is predicted, and why.

import { ask, tell } from "./api.js";
import { drawValue } from "./chart.js";
import { debounce, find, format, formatProbability, make, makePicture } from "./dom.js";

const frame = find("editor");
let models = [];
let current = "";
let shownRow = null;
let isEditorReady = false;
let request = null;

export function currentSmiles() {
  return current;
}

export async function startMolecule() {
  addEventListener("message", listen);
  find("smiles-form").addEventListener("submit", (event) => {
    event.preventDefault();
    show(find("smiles").value.trim());
  });
  find("model").addEventListener("change", () => current && show(current));
  models = (await ask("/models")).models;
  find("model").replaceChildren(...models.map((one) => make("option", { value: one.name }, one.name)));
  find("model").value = "admet";
}

// Shows a molecule that comes from somewhere else than the editor: the text field, a hit, a neighbour.
export async function show(smiles) {
  find("smiles").value = smiles;
  if (await predict(smiles)) drawInEditor(smiles);
}

function listen(event) {
  if (event.source !== frame.contentWindow || event.origin !== origin || !event.data) return;
  if (event.data.kind === "ready") isEditorReady = true;
  if (event.data.kind === "drawn") takeDrawing(String(event.data.smiles));
}

const takeDrawing = debounce(400, (smiles) => {
  if (smiles === "" || smiles === find("smiles").value) return;
  find("smiles").value = smiles;
  predict(smiles);
});

function drawInEditor(smiles) {
  const draw = () => frame.contentWindow.postMessage({ kind: "draw", smiles }, origin);
  if (isEditorReady) draw();
  else setTimeout(() => drawInEditor(smiles), 300);
}

async function predict(smiles) {
  markError(smiles, null);
  find("explanation").replaceChildren();
  if (smiles === "") return false;
  request?.abort();
  request = new AbortController();
  const model = find("model").value;
  try {
    const { rows } = await tell("/predict", { smiles: [smiles], model }, request.signal);
    if (rows[0].error) {
      markError(smiles, rows[0].error);
      return false;
    }
    current = smiles;
    find("start-text").textContent = smiles.length > 40 ? smiles.slice(0, 37) + "…" : smiles;
    showRow(rows[0], models.find((one) => one.name === model));
    return true;
  } catch (error) {
    if (error.name !== "AbortError") markError(smiles, { message: error.message, position: null });
    return false;
  }
}

// The text, with the character at which it goes wrong marked.
function markError(smiles, error) {
  const place = find("smiles-error");
  place.hidden = error === null;
  find("smiles").setAttribute("aria-invalid", String(error !== null));
  if (error === null) return;
  const at = error.position;
  const marked = at === null ? null : make("code", {}, smiles.slice(0, at), make("mark", {}, smiles[at]), smiles.slice(at + 1));
  place.replaceChildren(...(marked ? [marked, make("br")] : []), error.message);
  if (at !== null) find("smiles").setSelectionRange(at, at + 1);
}

function showRow(row, model) {
  shownRow = row;
  const n = Object.values(row.endpoints).filter((one) => one.in_domain).length;
  const summary = find("prediction-summary");
  summary.replaceChildren(
    `${model.endpoints.length} properties; for ${n} of them the model has measured similar molecules (●), for the others (○) `,
    "the prediction may mean nothing. Click a property to see which atoms it rests on.",
  );
  find("predictions").tBodies[0].replaceChildren(...model.endpoints.map((endpoint) => makeRow(endpoint, row.endpoints[endpoint.name], model)));
}

function makeRow(endpoint, figures, model) {
  const write = endpoint.unit === "probability" ? formatProbability : format;
  const interval = figures.low === null ? `± ${write(figures.std)}` : `${format(figures.low)} … ${format(figures.high)}`;
  const unit = endpoint.unit === "probability" ? "" : endpoint.unit;
  const row = make(
    "tr",
    { tabindex: "0", title: [endpoint.description, endpoint.reference_range].filter(Boolean).join("; "), "data-endpoint": endpoint.name },
    make("th", { scope: "row" }, endpoint.name.replaceAll("_", " ")),
    make("td", {}, drawValue(figures, endpoint, chooseTone(endpoint, figures))),
    make("td", { class: "number" }, make("b", {}, write(figures.value)), " ", make("small", {}, interval, " ", unit)),
    make("td", { class: "domain", title: figures.in_domain ? "similar molecules were measured" : "nothing similar was measured" }, figures.in_domain ? "●" : "○"),
  );
  const open = () => explain(endpoint, model, row);
  row.addEventListener("click", open);
  row.addEventListener("keydown", (event) => event.key === "Enter" && open());
  return row;
}

// Good and bad, where the card says which way is better; a probability between 0.3 and 0.7 is neither.
function chooseTone(endpoint, figures) {
  if (endpoint.task !== "classification" || !endpoint.direction || endpoint.direction.startsWith("depends")) return "plain";
  const badness = endpoint.direction.startsWith("lower") ? figures.value : 1 - figures.value;
  return badness < 0.3 ? "good" : badness > 0.7 ? "bad" : "plain";
}

async function explain(endpoint, model, row) {
  for (const other of find("predictions").querySelectorAll("tr.open")) other.classList.remove("open");
  row.classList.add("open");
  const place = find("explanation");
  place.replaceChildren(make("p", { class: "hint" }, "asking the model…"));
  try {
    const told = await tell("/explain", { smiles: shownRow.smiles, endpoint: endpoint.name, model: model.name });
    place.replaceChildren(...describe(told, endpoint));
    place.scrollIntoView({ block: "nearest", behavior: "smooth" });
  } catch (error) {
    place.replaceChildren(make("p", { class: "problem" }, error.message));
  }
}

function describe(told, endpoint) {
  const measured = (one) => {
    if (one.value === null) return "value not stored";
    if (endpoint.task === "classification") return one.value >= 0.5 ? "measured: yes" : "measured: no";
    return `measured ${format(one.value)} ${endpoint.unit}`;
  };
  const neighbours = told.neighbours.map((one) =>
    make(
      "figure",
      { title: one.smiles, tabindex: "0", onclick: () => show(one.smiles) },
      makePicture(one.svg, one.smiles),
      make("figcaption", {}, make("b", {}, measured(one)), make("br"), `similarity ${one.similarity.toFixed(2)}`),
    ),
  );
  const unit = told.unit ? ` (${told.unit})` : "";
  return [
    make("h3", {}, `Why ${endpoint.name.replaceAll("_", " ")} ${format(told.value)}?`),
    makePicture(told.svg, `heat map of ${told.smiles}`, { class: "heat-map" }),
    make("p", { class: "legend" }, make("span", { class: "lowers" }, "blue lowers"), make("span", { class: "raises" }, "orange raises"), ` the value; strongest atom ±${format(told.scale)}${unit}`),
    make("h3", {}, `Nearest measured molecules; ${told.in_domain ? "inside" : "outside"} the domain of the model`),
    make("div", { class: "grid neighbours" }, ...neighbours),
  ];
}
