// Reads molecules out of a text: a table with a column of SMILES (CSV, TSV), or one SMILES per line with its name behind.

// The same names as those by which `moldesign screen` finds the column, the most telling first.
const SMILES_NAMES = [
  "smiles", "canonicalsmiles", "isomericsmiles", "smi", "cxsmiles", "smilesstring", "drug", "mol",
  "molecule", "structure", "compound", "canonical", "ligand",
];
const NAMES = ["name", "id", "title", "compoundname", "moleculename", "compoundid", "moleculeid", "catalogid", "chemblid", "catalognumber"];
// A SMILES, with the extension |...| of a CXSMILES, and a name.
const SMILES_LINE = /^(\S+(?:[ \t]+\|[^|]*\|(?=\s|$))?)\s*(.*)$/;
const DELIMITERS = ["\t", ",", ";"];

// Returns { columns, smilesColumn, rows }; without columns where there is one SMILES per line.
export function readLibrary(text, fileName = "") {
  const plain = text.replace(/^\uFEFF/, "");
  if (plain.includes("\0")) throw new Error("this is no text; save the molecules as CSV, or as SMILES, one per line");
  const first = plain.split(/\r?\n/, 1)[0];
  const delimiter = DELIMITERS.reduce((best, one) => (first.split(one).length > first.split(best).length ? one : best));
  const header = parseTable(first, delimiter)[0] ?? [];
  const smilesColumn = findSmilesColumn(header);
  const isHeader = first.includes(delimiter) || !/\s/.test(first.trim());
  const isTable = smilesColumn >= 0 ? isHeader : /\.[ct]sv$/i.test(fileName);
  return isTable ? { columns: header, smilesColumn, rows: parseTable(plain, delimiter).slice(1) } : readLines(plain);
}

// Returns { smiles, names, columns }, one cell of each per row; an empty cell is a row, too, which the screening rejects.
// A column of names comes back under its own heading as well.
export function pickMolecules({ columns, rows }, smilesColumn) {
  const nameColumn = columns ? findColumn(columns, NAMES, smilesColumn) : 1;
  const cells = (column) => rows.map((row) => (row[column] ?? "").trim());
  const names = nameColumn < 0 ? [] : cells(nameColumn);
  const others = nameHeadings(columns ?? [], smilesColumn, nameColumn).map(([heading, column]) => [heading, cells(column)]);
  return { smiles: cells(smilesColumn), names: names.some(Boolean) ? names : [], columns: Object.fromEntries(others) };
}

// Returns [heading, column] of what is neither SMILES nor called "name"; every heading differs from the others.
function nameHeadings(columns, smilesColumn, nameColumn) {
  const taken = new Set(["smiles", "name"]);
  const headings = [];
  columns.forEach((text, column) => {
    if (column === smilesColumn || (column === nameColumn && text.trim() === "name")) return;
    const plain = text.trim() || `column ${column + 1}`;
    let heading = plain;
    for (let n = 2; taken.has(heading); n += 1) heading = `${plain} (${n})`;
    taken.add(heading);
    headings.push([heading, column]);
  });
  return headings;
}

export function findSmilesColumn(columns) {
  const usual = findColumn(columns, SMILES_NAMES, -1);
  return usual >= 0 ? usual : columns.findIndex((name) => name.toLowerCase().includes("smiles"));
}

function readLines(text) {
  const rows = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => SMILES_LINE.exec(line).slice(1));
  const isHeader = rows.length > 0 && SMILES_NAMES.includes(simplify(rows[0][0]));
  return { columns: null, smilesColumn: 0, rows: isHeader ? rows.slice(1) : rows };
}

function findColumn(columns, names, taken) {
  const simple = columns.map((name, column) => (column === taken ? "" : simplify(name)));
  const found = names.find((name) => simple.includes(name));
  return found === undefined ? -1 : simple.indexOf(found);
}

function simplify(name) {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

// Cells may be quoted, and then hold delimiters, line ends, and quotes written twice (RFC 4180).
function parseTable(text, delimiter) {
  const rows = [];
  let row = [];
  const pattern = new RegExp(`("(?:[^"]|"")*"|[^"${delimiter}\\r\\n][^${delimiter}\\r\\n]*|)(${delimiter}|\\r?\\n|$)`, "gy");
  while (pattern.lastIndex <= text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) throw new Error(`the table is broken after ${rows.length} rows: a quote is not closed, or stands inside a cell`);
    row.push(match[1].startsWith('"') ? match[1].slice(1, -1).replaceAll('""', '"') : match[1]);
    if (match[2] !== delimiter) {
      if (row.some((cell) => cell.trim())) rows.push(row);
      row = [];
    }
    if (at + match[0].length >= text.length && match[2] !== delimiter) break;
  }
  return rows;
}
