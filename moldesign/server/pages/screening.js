// Screenings: a library that was pasted or chosen, ranked by the goals of the composer.

import { ask, follow, tell } from "./api.js";
import { drawDownloads } from "./downloads.js";
import { debounce, find, format, make } from "./dom.js";
import { listGoals } from "./goals.js";
import { readLibrary, pickMolecules } from "./library.js";
import { show } from "./molecule.js";
import { drawPictures } from "./pictures.js";
import { makeFunnel, makeTable } from "./screened.js";

const MOST_SHOWN = 100;
const MOST_FILE_BYTES = 50 * 2 ** 20;
const PROGRESS_FILE = "metrics.jsonl";
const WAITING = { queued: "waiting until one of the other runs ends", running: "loading models…", stopping: "ending, and making the report…" };
const FINISHED = ["done", "stopped", "failed"];

let limits = null;
let library = null;
let libraryName = "";
let run = null;
let watch = null;
let openTab = () => {};

export function startScreening(open) {
  openTab = open;
  find("library-text").addEventListener("input", debounce(300, () => {
    find("library-file").value = "";
    takeText(find("library-text").value, "");
  }));
  find("library-file").addEventListener("change", takeFile);
  find("smiles-column").addEventListener("change", tellLibrary);
  find("screen-form").addEventListener("submit", (event) => {
    event.preventDefault();
    begin();
  });
  find("change-goals").addEventListener("click", () => openTab("design"));
  find("stop-screening").addEventListener("click", stop);
}

// Called when the tab opens: the goals may have changed meanwhile.
export function showGoals() {
  const goals = listGoals();
  find("screen-goals").replaceChildren(...goals.map((text) => make("li", {}, make("code", {}, text))));
  find("no-goals").hidden = goals.length > 0;
}

async function takeFile() {
  const [file] = find("library-file").files;
  if (!file) return;
  find("library-text").value = "";
  if (file.size > MOST_FILE_BYTES) {
    library = null;
    complain(`${file.name} is larger than 50 MB; screen it on the command line: moldesign screen FILE --goal …`);
    return;
  }
  await takeText(await file.text(), file.name);
}

async function takeText(text, name) {
  library = null;
  libraryName = name;
  find("column-choice").hidden = true;
  find("library-said").textContent = "";
  complain("");
  if (text.trim() === "") return;
  try {
    limits ??= await ask("/limits");
    library = readLibrary(text, name);
  } catch (error) {
    complain(error.message);
    return;
  }
  if (library.columns) {
    find("smiles-column").replaceChildren(...library.columns.map((column, k) => make("option", { value: k }, column)));
    find("smiles-column").value = Math.max(library.smilesColumn, 0);
    find("column-choice").hidden = library.columns.length < 2;
  }
  tellLibrary();
}

function chooseMolecules() {
  return pickMolecules(library, library.columns ? Number(find("smiles-column").value) : 0);
}

// Says what was read, or why it cannot be screened here.
function tellLibrary() {
  const { smiles, names, columns } = chooseMolecules();
  const long = smiles.findIndex((text) => text.length > limits.smiles);
  const count = smiles.length.toLocaleString("en");
  if (smiles.length === 0) complain("there are no molecules in it");
  else if (smiles.length > limits.molecules) {
    complain(`${count} molecules; at most ${limits.molecules.toLocaleString("en")} can be screened here. The command line takes libraries of any size: moldesign screen FILE --goal …`);
  } else if (long >= 0) complain(`row ${long + 1} has ${smiles[long].length.toLocaleString("en")} characters where a SMILES is expected; at most ${limits.smiles.toLocaleString("en")} are allowed. Is it the right column?`);
  else complain("");
  const first = smiles.find(Boolean) ?? "";
  find("library-said").textContent = `${count} molecules${describeRest(names, Object.keys(columns))}; the first is ${first.length > 60 ? first.slice(0, 59) + "…" : first}`;
}

// Says what comes with the molecules: names, and the first headings of other columns.
function describeRest(names, headings) {
  const parts = names.length ? ["names"] : [];
  if (headings.length) {
    const more = headings.length > 5 ? ", …" : "";
    parts.push(`the column${headings.length > 1 ? "s" : ""} ${headings.slice(0, 5).join(", ")}${more}`);
  }
  return parts.length ? `, with ${parts.join(" and ")}` : "";
}

function complain(text) {
  find("screen-problem").textContent = text;
  find("screen-problem").hidden = text === "";
}

function makeRequest() {
  const goals = listGoals();
  const { smiles, names, columns } = chooseMolecules();
  const threshold = find("screen-threshold").value;
  return {
    goals,
    must: find("goals-reject").checked ? goals.map((text) => text.replace(/\s*\*\s*[\d.]+$/, "")).filter((text) => /(<=|>=|\sin\s)/.test(text)) : [],
    title: libraryName.slice(0, 80) || "Screening",
    smiles,
    names: names.map((name) => name.slice(0, limits.name)),
    columns,
    top: Number(find("screen-top").value),
    threshold: threshold === "" ? null : Number(threshold),
    diverse: find("screen-diverse").checked,
  };
}

async function begin() {
  if (library === null) {
    complain("paste molecules, or choose a file, first");
    return;
  }
  tellLibrary();
  if (!find("screen-problem").hidden) return;
  const request = makeRequest();
  if (new Blob([JSON.stringify(request)]).size > limits.bytes) {
    complain(`this is more than ${(limits.bytes / 2 ** 20).toFixed(0)} MB; screen fewer molecules, a file with fewer columns, or on the command line`);
    return;
  }
  find("start-screening").disabled = true;
  try {
    const started = await tell("/screen", request);
    complain(started.warnings.join("; "));
    openScreening(await ask(`/runs/${started.id}`));
  } catch (error) {
    complain(error.message);
  } finally {
    find("start-screening").disabled = false;
  }
}

// Shows a screening, running or finished; `asked` is what the server says of it.
export async function openScreening(asked) {
  watch?.abort();
  watch = new AbortController();
  const { signal } = watch;
  run = asked;
  find("current-screening").hidden = false;
  for (const id of ["funnel", "screened-hits", "screening-figures"]) find(id).replaceChildren();
  find("screening-progress").value = 0;
  showState(run);
  openTab("screen");
  find("current-screening").scrollIntoView({ block: "nearest", behavior: "smooth" });
  try {
    await follow(`/runs/${run.id}/events`, { state: showState, progress: showProgress }, signal);
    if (!signal.aborted) await showResults(run.id, signal);
  } catch (error) {
    if (!signal.aborted) say(error.message);
  }
}

function say(text) {
  find("screening-message").textContent = text;
}

function showState(state) {
  Object.assign(run, state);
  const isFinished = FINISHED.includes(run.state);
  find("screening-title").textContent = `${run.title || "Screening"}: ${run.state}`;
  find("stop-screening").hidden = isFinished;
  find("stop-screening").disabled = run.state === "stopping";
  find("screening-progress").hidden = isFinished;
  say(isFinished ? run.message : (WAITING[run.state] ?? ""));
  const files = isFinished ? run.files.filter((name) => name !== PROGRESS_FILE) : [];
  drawDownloads(find("screening-downloads"), { ...run, files }, say);
}

function showProgress(progress) {
  if (!FINISHED.includes(run.state)) say("");
  find("screening-progress").value = progress.n_done / progress.n_rows;
  const figures = [
    `${progress.n_done.toLocaleString("en")} of ${progress.n_rows.toLocaleString("en")} rows screened`,
    `${progress.n_fallen.toLocaleString("en")} rejected`,
    `${progress.n_hits.toLocaleString("en")} kept so far`,
    `${format(progress.rows_per_second)} rows/s`,
  ];
  find("screening-figures").textContent = figures.join(" · ");
}

async function showResults(id, signal) {
  const [{ counts }, { hits }] = await Promise.all([ask(`/runs/${id}`, signal), ask(`/runs/${id}/hits?n=${MOST_SHOWN}`, signal)]);
  if (!counts) return;
  find("screening-figures").textContent = "";
  find("funnel").replaceChildren(...makeFunnel(counts));
  find("screened-hits").replaceChildren(...makeTable(hits, counts.hits, look));
  drawPictures(find("screened-hits"), say);
}

function look(smiles) {
  openTab("molecule");
  show(smiles);
}

async function stop() {
  find("stop-screening").disabled = true;
  try {
    showState(await tell(`/runs/${run.id}/stop`, {}));
  } catch (error) {
    say(error.message);
  }
}
