"use strict";
/* The hits of the page: sorted, filtered, searched, marked, chosen and exported. Needs the elements of hits.html. */
(() => {
  const find = (selector, root = document) => root.querySelector(selector);
  const findAll = (selector, root = document) => [...root.querySelectorAll(selector)];
  const island = find("#hit-data");
  const grid = find("#hits-grid");
  if (!island || !grid) return;

  const data = JSON.parse(island.textContent);
  const cards = findAll(".hit", grid);
  const column = new Map(data.columns.map((name, k) => [name, k]));
  const mols = data.graphs.map((graph) => graph && Smarts.prepare(graph));
  const texts = data.rows.map((row) => row.filter((cell) => typeof cell === "string").join("\n").toLowerCase());
  const state = { query: null, matches: [], mapName: "", shown: cards.map((_, row) => row) };

  const cell = (row, name) => data.rows[row][column.get(name)];
  const picture = (row) => find(".own .mol", cards[row]);

  /* What is asked for */

  function readQuery() {
    const field = find("#smarts");
    const said = find("#smarts-said");
    const text = field.value.trim();
    field.removeAttribute("aria-invalid");
    said.textContent = "";
    state.query = null;
    if (!text) return;
    try {
      state.query = Smarts.parse(text);
      if (state.query.ignoresStereo) said.textContent = "Stereochemistry is not compared.";
    } catch (error) {
      if (!(error instanceof Smarts.SmartsError)) throw error;
      field.setAttribute("aria-invalid", "true");
      said.textContent = `${text}\n${" ".repeat(error.position)}^ character ${error.position + 1}: ${error.message}`;
    }
  }

  function runQuery() {
    state.matches = mols.map(() => null);
    if (!state.query) return;
    try {
      state.matches = mols.map((mol) => mol ? Smarts.search(state.query, mol) : []);
    } catch (error) {
      if (!(error instanceof Smarts.SmartsError)) throw error;
      find("#smarts-said").textContent = error.message;
    }
  }

  function readRanges() {
    return findAll(".range").map((row) => {
      const [low, high] = findAll("input", row).map((input) => input.value === "" ? null : Number(input.value));
      return { name: row.dataset.column, low, high };
    }).filter(({ low, high }) => low !== null || high !== null);
  }

  function passes(row, ranges, word) {
    if (state.matches[row] && state.matches[row].length === 0) return false;
    if (word && !texts[row].includes(word)) return false;
    if (find("#only-inside").checked && cell(row, "in_domain") === false) return false;
    if (find("#only-clean").checked && find(".flag.alert, .flag.bad:not(.domain)", cards[row])) return false;
    return ranges.every(({ name, low, high }) => {
      const value = cell(row, name);
      return typeof value === "number" && (low === null || value >= low) && (high === null || value <= high);
    });
  }

  function compare(a, b, name, sign) {
    const [x, y] = [cell(a, name), cell(b, name)];
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    return sign * (x - y) || a - b;
  }

  /* What is shown */

  function update() {
    runQuery();
    const ranges = readRanges();
    const word = find("#word").value.trim().toLowerCase();
    const name = find("#sort").value;
    const sign = find("#direction").getAttribute("aria-pressed") === "true" ? -1 : 1;
    const rows = cards.map((_, row) => row).filter((row) => passes(row, ranges, word));
    rows.sort((a, b) => compare(a, b, name, sign));
    state.shown = rows;
    const visible = new Set(rows);
    cards.forEach((card, row) => { card.hidden = !visible.has(row); });
    grid.append(...rows.map((row) => cards[row]));
    mark();
    find("#none-left").hidden = rows.length > 0;
    find("#filters summary span").textContent = ranges.length ? `(${ranges.length} set)` : "";
    findAll("[data-row].dot").forEach((point) => point.classList.toggle("is-dim", !visible.has(Number(point.dataset.row))));
    report();
  }

  function mark() {
    const map = data.maps.find((one) => one.name === state.mapName);
    cards.forEach((card, row) => {
      const drawn = picture(row);
      if (!drawn) return;
      const weights = map?.weights[row];
      if (weights) Marks.drawHeat(drawn, data.places[row], weights, map.scale);
      else if (state.matches[row]?.length) Marks.drawMatches(drawn, data.places[row], data.graphs[row].bonds, state.matches[row]);
      else Marks.clear(drawn);
    });
    const legend = find("#map-legend");
    if (legend) {
      legend.hidden = !map;
      if (map) find("#map-words").textContent =
        `${map.name}: blue atoms lower the prediction, orange ones raise it; full colour is ${map.scale} ${map.unit}`.trim();
    }
  }

  function chosenRows() {
    const boxes = state.shown.filter((row) => find(".choose input", cards[row]).checked);
    return boxes.length ? boxes : state.shown;
  }

  function report() {
    const n = state.shown.filter((row) => find(".choose input", cards[row]).checked).length;
    find("#count").textContent = `${state.shown.length} of ${cards.length} hits shown` + (n ? `, ${n} selected` : "");
    findAll("[data-export]").forEach((button) => {
      button.disabled = state.shown.length === 0;
      button.title = n ? `the ${n} selected hits` : `the ${state.shown.length} hits shown`;
    });
  }

  /* What the user does */

  function listen(selector, event, act) {
    findAll(selector).forEach((element) => element.addEventListener(event, () => act(element)));
  }

  function press(button) {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  }

  async function copy(button) {
    const text = data.smiles[Number(button.closest(".hit").dataset.row)];
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      const selection = getSelection();
      selection.selectAllChildren(button.previousElementSibling);
      button.textContent = "selected: press Ctrl-C";
    }
    setTimeout(() => { button.textContent = "copy"; }, 2000);
  }

  function preview(point) {
    const box = find("#map-preview");
    const row = Number(point.dataset.row);
    const clone = picture(row)?.cloneNode(true);
    const name = document.createElement("p");
    name.textContent = `${find(".rank", cards[row]).textContent}, score ${find(".score", cards[row])?.textContent ?? ""}`;
    box.replaceChildren(...(clone ? [clone, name] : [name]));
  }

  find("#toolbar").addEventListener("submit", (event) => event.preventDefault());
  listen("#sort, #only-inside, #only-clean", "change", update);
  listen(".range input, #word", "input", update);
  listen("#smarts", "input", () => { readQuery(); update(); });
  listen("#direction", "click", (button) => { press(button); update(); });
  listen("#only-structures", "click", (button) => {
    press(button);
    grid.classList.toggle("is-dense", button.getAttribute("aria-pressed") === "true");
  });
  listen("#reset", "click", () => {
    findAll(".range input, #word, #smarts").forEach((input) => { input.value = ""; });
    findAll("#only-inside, #only-clean").forEach((box) => { box.checked = false; });
    readQuery();
    update();
  });
  listen("#choose-all", "click", () => {
    const boxes = state.shown.map((row) => find(".choose input", cards[row]));
    const all = boxes.every((box) => box.checked);
    boxes.forEach((box) => { box.checked = !all; });
    report();
  });
  listen(".choose input", "change", report);
  listen("[data-export]", "click", (button) => Export.download(data, chosenRows(), button.dataset.export));
  listen(".copy", "click", copy);
  listen("#map-choice", "change", (choice) => { state.mapName = choice.value; mark(); });
  findAll(".map a").forEach((point) => {
    point.classList.add("dot");
    for (const event of ["focus", "mouseenter"]) point.addEventListener(event, () => preview(point));
    point.addEventListener("click", () => { cards[Number(point.dataset.row)].hidden && find("#reset").click(); });
  });
  findAll("[data-needs-script]").forEach((element) => { element.hidden = false; });
  update();
})();
