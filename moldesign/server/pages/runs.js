// Runs: start one, watch its hits arrive, stop it, keep favourites, search near a hit, take the files.

import { ask, follow, save, tell } from "./api.js";
import { drawLine } from "./chart.js";
import { drawDownloads } from "./downloads.js";
import { find, format, make } from "./dom.js";
import { listGoals } from "./goals.js";
import { currentSmiles, show } from "./molecule.js";
import { drawPictures } from "./pictures.js";
import { openScreening } from "./screening.js";

const MOST_SHOWN = 60;
const ANALOGUE_SIMILARITY = 0.4;
const KINDS = { generate: "search", screen: "screening" };
const FINISHED = ["done", "stopped", "failed"];

let run = null;
let watch = null;
let hits = new Map();
let levels = [];
let openTab = () => {};

export function startRuns(open) {
  openTab = open;
  find("run-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const smiles = currentSmiles();
    const near = find("from-molecule").checked && smiles ? { start: [smiles], min_similarity: ANALOGUE_SIMILARITY } : {};
    begin({ goals: listGoals(), ...readForm(), ...near });
  });
  find("stop-run").addEventListener("click", stop);
  find("only-favourites").addEventListener("change", drawHits);
  find("save-favourites").addEventListener("click", saveFavourites);
  find("refresh-runs").addEventListener("click", listRuns);
}

export async function listRuns() {
  const place = find("run-list");
  try {
    const { runs } = await ask("/runs");
    const cards = runs.map((one) =>
      make(
        "button",
        { class: "run-line", onclick: () => open(one.id) },
        make("b", {}, one.title || "Run"),
        make("span", { class: "kind" }, KINDS[one.kind]),
        make("span", { class: `state ${one.state}` }, one.state),
        make("span", {}, new Date(one.created * 1000).toLocaleString()),
        make("small", {}, one.message),
      ),
    );
    place.replaceChildren(...(cards.length ? cards : [make("p", { class: "hint" }, "none yet; start one in the tab Design")]));
  } catch (error) {
    place.replaceChildren(make("p", { class: "problem" }, error.message));
  }
}

function readForm() {
  return {
    budget: Number(find("budget").value),
    n: Number(find("n-hits").value),
    threshold: Number(find("threshold").value),
    seed: Number(find("seed").value),
  };
}

async function begin(request) {
  const button = find("start-run");
  button.disabled = true;
  try {
    const started = await tell("/generate", request);
    tellProblem(started.warnings.join("; "));
    await open(started.id);
  } catch (error) {
    tellProblem(error.message);
  } finally {
    button.disabled = false;
  }
}

function say(text) {
  find("run-message").textContent = text;
}

function tellProblem(text) {
  find("profile-problem").textContent = text;
  find("profile-problem").hidden = text === "";
}

async function open(id) {
  const asked = await ask(`/runs/${id}`);
  if (asked.kind === "screen") {
    openScreening(asked);
    return;
  }
  watch?.abort();
  watch = new AbortController();
  const { signal } = watch;
  run = asked;
  hits = new Map();
  levels = [];
  find("current-run").hidden = false;
  find("hits").replaceChildren();
  find("run-figures").textContent = "loading models…";
  find("run-chart").replaceChildren();
  find("run-progress").value = 0;
  showState(run);
  openTab("design");
  find("current-run").scrollIntoView({ block: "nearest", behavior: "smooth" });
  follow(`/runs/${id}/events`, { state: showState, progress: showProgress, hits: takeHits }, signal).catch((error) => {
    say(error.message);
  });
}

function showState(state) {
  Object.assign(run, state);
  const isFinished = FINISHED.includes(run.state);
  find("run-title").textContent = `${run.title || "Run"}: ${run.state}`;
  find("stop-run").hidden = isFinished;
  find("stop-run").disabled = run.state === "stopping";
  say(run.message);
  if (isFinished && find("run-figures").textContent === "loading models…") find("run-figures").textContent = "";
  drawDownloads(find("downloads"), isFinished ? run : { ...run, files: [] }, say);
}

function showProgress(progress) {
  find("run-progress").value = progress.n_calls / progress.budget;
  const left = progress.calls_per_second ? Math.round((progress.budget - progress.n_calls) / progress.calls_per_second) : null;
  const parts = [
    `${progress.n_calls.toLocaleString("en")} of ${progress.budget.toLocaleString("en")} molecules scored`,
    `${progress.n_hits.toLocaleString("en")} hits of ${progress.n_scaffolds} scaffolds`,
    `best ten ${format(progress.top_10)}`,
    `valid ${Math.round(100 * progress.validity)} %`,
    left !== null && !FINISHED.includes(run.state) ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left` : "",
  ];
  find("run-figures").textContent = parts.filter(Boolean).join(" · ");
  levels.push([progress.n_calls, progress.top_10]);
  find("run-chart").replaceChildren(drawLine(levels, progress.budget));
}

function takeHits(news) {
  for (const hit of news) if (!hits.has(hit.smiles)) hits.set(hit.smiles, hit);
  drawHits();
}

function readFavourites() {
  return new Set(JSON.parse(localStorage.getItem(`favourites-${run.id}`) ?? "[]"));
}

function toggleFavourite(smiles) {
  const favourites = readFavourites();
  if (!favourites.delete(smiles)) favourites.add(smiles);
  localStorage.setItem(`favourites-${run.id}`, JSON.stringify([...favourites]));
  drawHits();
}

function chooseShown(favourites) {
  const wanted = find("only-favourites").checked ? [...hits.values()].filter((hit) => favourites.has(hit.smiles)) : [...hits.values()];
  return wanted.sort((a, b) => b.score - a.score || a.call - b.call).slice(0, MOST_SHOWN);
}

function drawHits() {
  const favourites = readFavourites();
  const shown = chooseShown(favourites);
  find("hits-heading").textContent = hits.size > shown.length ? `Hits (the best ${shown.length} of ${hits.size})` : `Hits (${hits.size})`;
  const known = new Map([...find("hits").children].map((card) => [card.dataset.smiles, card]));
  const cards = shown.map((hit) => known.get(hit.smiles) ?? makeCard(hit));
  cards.forEach((card) => {
    const isKept = favourites.has(card.dataset.smiles);
    card.querySelector(".star").textContent = isKept ? "★" : "☆";
    card.querySelector(".star").setAttribute("aria-pressed", String(isKept));
  });
  find("hits").replaceChildren(...cards);
  drawPictures(find("hits"), say);
}

function makeCard(hit) {
  const values = Object.entries(hit.values).slice(0, 8).map(([name, value]) =>
    make("li", { class: hit.scores[name] >= 0.99 ? "met" : "" }, make("span", {}, name), ` ${format(value)}`),
  );
  return make(
    "article",
    { class: "hit", "data-smiles": hit.smiles },
    make("div", { class: "line" }, make("b", { title: "score" }, format(hit.score)), make("button", { class: "star quiet", "aria-label": "favourite", onclick: () => toggleFavourite(hit.smiles) }, "☆")),
    make("div", { class: "picture" }),
    make("ul", {}, ...values),
    make("code", { title: hit.smiles }, hit.smiles),
    make("div", { class: "buttons" }, make("button", { class: "look", onclick: () => look(hit.smiles) }, "Look closer"), make("button", { class: "analogues", onclick: () => searchNear(hit.smiles) }, "Analogues")),
  );
}

function look(smiles) {
  openTab("molecule");
  show(smiles);
}

// The same goals as those of the run, near one of its hits.
function searchNear(smiles) {
  const { goals, budget, n, threshold, seed } = run.request;
  begin({ goals, budget, n, threshold, seed, start: [smiles], min_similarity: ANALOGUE_SIMILARITY, title: "Analogues" });
}

async function stop() {
  find("stop-run").disabled = true;
  try {
    showState(await tell(`/runs/${run.id}/stop`, {}));
  } catch (error) {
    say(error.message);
  }
}

function saveFavourites() {
  const kept = [...readFavourites()].map((smiles) => hits.get(smiles)).filter(Boolean);
  if (!kept.length) {
    say("no favourites yet: click the star of a hit");
    return;
  }
  const names = Object.keys(kept[0].values);
  const lines = kept.map((hit) => [hit.smiles, hit.score, ...names.map((name) => hit.values[name])]);
  const quote = (cell) => (/[",\n]/.test(String(cell ?? "")) ? `"${String(cell).replaceAll('"', '""')}"` : String(cell ?? ""));
  const text = [["smiles", "score", ...names], ...lines].map((line) => line.map(quote).join(",")).join("\n") + "\n";
  save(new Blob([text], { type: "text/csv" }), `${run.id}-favourites.csv`);
}
