// What a screening has found: where its rows fell, and the hits as a table.

import { format, make, makeSvg } from "./dom.js";

const OUTRANKED = "passed, but not among the best";

// From all rows to the hits: how many fell at each filter.
export function makeFunnel(counts) {
  const fallen = Object.entries(counts.rejected).map(([name, n]) => [`fell at: ${name}`, n, "fell"]);
  const outranked = counts[OUTRANKED] ? [[OUTRANKED, counts[OUTRANKED], "fell"]] : [];
  const steps = [["rows read", counts.rows, "kept"], ...fallen, ...outranked, ["hits", counts.hits, "kept"]];
  const rows = steps.map(([name, n, kind]) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, name),
      make("td", { class: "number" }, n.toLocaleString("en")),
      make("td", { class: "share" }, makeBar(n / Math.max(counts.rows, 1), kind)),
    ),
  );
  return [
    make("h3", {}, "From the library to the hits"),
    make("table", { class: "funnel" }, make("tbody", {}, ...rows)),
    make("p", { class: "hint" }, "A row counts at the first filter that rejects it; the file rejected.csv names each row with its reason."),
  ];
}

// `n` is the number of all hits; `look` is called with the SMILES of a hit to look at closer.
export function makeTable(hits, n, look) {
  if (!hits.length) return [make("p", { class: "problem" }, "No molecule passed: relax the filter at which most rows fell.")];
  const goals = Object.keys(hits[0]).filter((name) => `${name}_score` in hits[0] && !name.startsWith("must "));
  const hasDomain = "in_domain" in hits[0];
  const heads = ["", "molecule", "score", ...goals, ...(hasDomain ? ["domain"] : []), "nearest known"];
  const table = make(
    "table",
    { class: "screened" },
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head.replaceAll("_", " "))))),
    make("tbody", {}, ...hits.map((hit) => makeRow(hit, goals, hasDomain, look))),
  );
  const title = n > hits.length ? `The best ${hits.length} of ${n.toLocaleString("en")} hits; the files have all` : `Hits (${n.toLocaleString("en")})`;
  return [make("h3", {}, title), make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "hits" }, table)];
}

function makeRow(hit, goals, hasDomain, look) {
  const smiles = hit.standardized_smiles || hit.smiles;
  const isInside = hit.in_domain === "True";
  return make(
    "tr",
    { "data-smiles": smiles },
    make("td", { class: "picture" }),
    make(
      "td",
      { class: "molecule" },
      make("b", {}, `${hit.rank}. ${hit.name ?? ""}`),
      make("code", { title: smiles }, smiles),
      make("button", { type: "button", class: "look", onclick: () => look(smiles) }, "Look closer"),
    ),
    make("td", { class: "number" }, make("b", {}, format(hit.score))),
    ...goals.map((name) => make("td", { class: Number(hit[`${name}_score`]) >= 0.99 ? "number met" : "number" }, format(hit[name]))),
    hasDomain ? make("td", { class: "domain", title: isInside ? "similar molecules were measured" : "nothing similar was measured" }, isInside ? "●" : "○") : null,
    make("td", { class: "number", title: hit.nearest_training_smiles }, format(hit.nearest_training_similarity)),
  );
}

function makeBar(share, kind) {
  const bar = makeSvg("rect", { width: share ? Math.max(100 * share, 0.5) : 0, height: 8, class: kind });
  return makeSvg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, bar);
}
