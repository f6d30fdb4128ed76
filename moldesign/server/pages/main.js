// Puts the tabs together.

import { keepToken, takeToken } from "./api.js";
import { find } from "./dom.js";
import { startGoals } from "./goals.js";
import { startMolecule } from "./molecule.js";
import { listRuns, startRuns } from "./runs.js";
import { showGoals, startScreening } from "./screening.js";

const TABS = ["molecule", "design", "screen", "runs"];

function openTab(name) {
  for (const tab of TABS) {
    find(tab).hidden = tab !== name;
    find(`tab-${tab}`).setAttribute("aria-selected", String(tab === name));
  }
  if (name === "runs") listRuns();
  if (name === "screen") showGoals();
}

function say(text) {
  find("notice").textContent = text;
  find("notice").hidden = text === "";
}

async function start() {
  takeToken();
  for (const tab of TABS) find(`tab-${tab}`).addEventListener("click", () => openTab(tab));
  addEventListener("token-needed", () => (find("login").hidden = false));
  find("login").addEventListener("submit", (event) => {
    event.preventDefault();
    keepToken(find("token").value);
    location.reload();
  });
  startRuns(openTab);
  startScreening(openTab);
  try {
    await Promise.all([startMolecule(), startGoals()]);
    document.body.dataset.ready = "true";
  } catch (error) {
    say(error.message);
  }
}

start();
