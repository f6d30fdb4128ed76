"use strict";
/* Hits as files: CSV, SMILES and SDF, made from the data of the page. */
const Export = (() => {
  const toText = (value) => value === null ? "" : value === true ? "True" : value === false ? "False" : String(value);

  function quote(value) {
    const text = toText(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function toCsv(data, rows) {
    const lines = [data.columns, ...rows.map((row) => data.rows[row])];
    return lines.map((line) => line.map(quote).join(",")).join("\n") + "\n";
  }

  const toSmiles = (data, rows) => rows.map((row) => `${data.smiles[row]} ${data.name.replace(/\s+/g, "_")}-${row + 1}\n`).join("");

  /* Data items are one line each: an empty line would end them. */
  function toSdf(data, rows) {
    const oneLine = (text) => toText(text).replace(/\s+/g, " ").trim();
    return rows.filter((row) => data.blocks[row]).map((row) => {
      const items = data.columns.map((name, k) => [oneLine(name).replace(/[<>]/g, "_"), oneLine(data.rows[row][k])]);
      const block = data.blocks[row].split("\n");
      block[0] = `${oneLine(data.name)}-${row + 1}`.slice(0, 80);
      return block.join("\n") + items.filter(([, text]) => text).map(([name, text]) => `>  <${name}>\n${text}\n\n`).join("") + "$$$$\n";
    }).join("");
  }

  const KINDS = {
    csv: [toCsv, "text/csv"],
    smi: [toSmiles, "text/plain"],
    sdf: [toSdf, "chemical/x-mdl-sdfile"],
  };

  function download(data, rows, kind) {
    const [make, type] = KINDS[kind];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([make(data, rows)], { type }));
    link.download = `${data.name.replace(/[^\w.-]+/g, "_") || "hits"}-${rows.length}.${kind}`;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  return { toCsv, toSmiles, toSdf, download };
})();
