// The files of a run, to be taken.

import { download } from "./api.js";
import { make } from "./dom.js";

// `say` is told what goes wrong.
export function drawDownloads(place, run, say) {
  const take = async (name) => {
    try {
      await download(`/runs/${run.id}/files/${name}`, `${run.id}-${name}`);
    } catch (error) {
      say(error.message);
    }
  };
  const buttons = run.files.map((name) => make("button", { type: "button", "data-file": name, onclick: () => take(name) }, name.replace("hits.csv.", "")));
  place.replaceChildren(...buttons);
}
