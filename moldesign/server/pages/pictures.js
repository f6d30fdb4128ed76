// Structures, asked for in batches and remembered: whatever has a SMILES and an empty place for a picture gets one.

import { tell } from "./api.js";
import { makePicture } from "./dom.js";

const BATCH = 24;
const pictures = new Map();
const busy = new Set();

// Inside `place`, elements with data-smiles hold an element of the class "picture"; `say` is told what goes wrong.
export async function drawPictures(place, say) {
  if (busy.has(place)) return;
  busy.add(place);
  try {
    for (;;) {
      const empty = [...place.querySelectorAll("[data-smiles]")].filter((one) => !one.querySelector("img"));
      const missing = empty.map((one) => one.dataset.smiles).filter((smiles) => !pictures.has(smiles)).slice(0, BATCH);
      if (missing.length) {
        const { svg } = await tell("/depict", { smiles: missing });
        missing.forEach((smiles, k) => pictures.set(smiles, svg[k]));
      }
      for (const one of empty) {
        const svg = pictures.get(one.dataset.smiles);
        if (svg) one.querySelector(".picture").replaceChildren(makePicture(svg, one.dataset.smiles));
      }
      if (!missing.length) return;
    }
  } catch (error) {
    say(error.message);
  } finally {
    busy.delete(place);
  }
}
