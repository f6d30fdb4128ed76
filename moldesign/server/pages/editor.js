// The editor in its frame: it tells the page around it what was drawn, and draws what the page asks for.
"use strict";

const READING_MS = 3000;

let editor = null;
let waiting = null;
let isReading = false;

function jsmeOnLoad() {
  editor = new JSApplet.JSME("editor", "100%", "100%", { options: "query,hydrogens,nozoom,noautoez,newlook" });
  editor.setCallBack("AfterStructureModified", tellDrawing);
  if (waiting !== null) draw(waiting);
  parent.postMessage({ kind: "ready" }, origin);
}

// What the page asked for is not told back: the editor would write it in its own way.
function tellDrawing() {
  if (isReading) isReading = false;
  else parent.postMessage({ kind: "drawn", smiles: editor.smiles() }, origin);
}

function draw(smiles) {
  if (editor === null) {
    waiting = smiles;
    return;
  }
  isReading = true;
  setTimeout(() => (isReading = false), READING_MS);
  if (smiles === "") editor.reset();
  else editor.readGenericMolecularInput(smiles);
}

addEventListener("message", (event) => {
  if (event.source === parent && event.origin === origin && event.data && event.data.kind === "draw") draw(String(event.data.smiles));
});
