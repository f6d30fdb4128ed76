"use strict";
/* Substructure search: SMARTS parsed and matched on graphs that RDKit has prepared (molecule_data.py).
   Left out: stereochemistry (read, not compared), hybridisation (^n), ring-bond ranges, component brackets, reactions.
   tests/reporting/test_smarts_browser.py compares it with RDKit. */
const Smarts = (() => {
  const SYMBOLS = ("H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr " +
    "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W " +
    "Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn").split(" ");
  const NUMBER = new Map(SYMBOLS.map((symbol, i) => [symbol, i + 1]));
  const AROMATIC = ["se", "as", "te", "si", "b", "c", "n", "o", "p", "s"];
  const ORGANIC = ["Cl", "Br", "B", "C", "N", "O", "P", "S", "F", "I"];
  const MAX_STEPS = 200000;
  const MAX_MATCHES = 60;

  class SmartsError extends Error {
    constructor(message, position) {
      super(message);
      this.position = position;
    }
  }

  function parse(text) {
    let at = 0;
    const query = { atoms: [], bonds: [], ignoresStereo: false };
    const fail = (message, position = at) => { throw new SmartsError(message, position); };
    const peek = (word) => text.startsWith(word, at);
    const take = (word) => peek(word) && ((at += word.length), true);
    const takeNumber = () => {
      const found = /^\d+/.exec(text.slice(at));
      if (!found) return null;
      at += found[0].length;
      return Number(found[0]);
    };

    /* Expressions of atoms and bonds alike: ; binds least, then , then & (which may be left out), then ! */
    function parseExpression(primitive, ends) {
      const list = (operator, parseNext, join) => {
        const parts = [parseNext()];
        while (take(operator)) parts.push(parseNext());
        return parts.length === 1 ? parts[0] : join(parts);
      };
      const all = (parts) => (...where) => parts.every((part) => part(...where));
      const any = (parts) => (...where) => parts.some((part) => part(...where));
      const negatable = () => {
        if (!take("!")) return primitive();
        const part = negatable();
        return (...where) => !part(...where);
      };
      const conjunction = () => {
        const parts = [negatable()];
        while (at < text.length && !ends() && !peek(",") && !peek(";")) {
          take("&");
          parts.push(negatable());
        }
        return parts.length === 1 ? parts[0] : all(parts);
      };
      return list(";", () => list(",", conjunction, any), all);
    }

    function parseAtomPrimitive(isFirst) {
      const start = at;
      const count = (usual) => takeNumber() ?? usual;
      if (take("$(")) return parseRecursive(start);
      if (take("*")) return () => true;
      if (take("#")) {
        const number = takeNumber() ?? fail("a number of an element is expected after #");
        return (mol, i) => mol.atoms[i][0] === number;
      }
      if (take("@")) {
        while (take("@") || (peek("?") && take("?"))) { /* chirality is read, and not compared */ }
        /^(TH|AL|SP|TB|OH)\d/.exec(text.slice(at)) && fail("this kind of chirality is not known here");
        query.ignoresStereo = true;
        return () => true;
      }
      if (take("+")) return parseCharge("+", 1);
      if (take("-")) return parseCharge("-", -1);
      if (take(":")) {
        takeNumber() ?? fail("a number is expected after :");
        return () => true;
      }
      const isotope = takeNumber();
      if (isotope !== null) return (mol, i) => mol.atoms[i][5] === isotope;
      const two = text.slice(at, at + 2);
      if (two.length === 2 && NUMBER.has(two)) {
        at += 2;
        return (mol, i) => mol.atoms[i][0] === NUMBER.get(two) && !mol.atoms[i][1];
      }
      const aromatic = AROMATIC.find((symbol) => peek(symbol));
      if (aromatic) {
        at += aromatic.length;
        const number = NUMBER.get(aromatic[0].toUpperCase() + aromatic.slice(1));
        return (mol, i) => mol.atoms[i][0] === number && mol.atoms[i][1] === 1;
      }
      const letter = text[at++];
      const after = text[at];
      switch (letter) {
        case "a": return (mol, i) => mol.atoms[i][1] === 1;
        case "A": return (mol, i) => mol.atoms[i][1] === 0;
        case "D": { const n = count(1); return (mol, i) => mol.neighbours[i].length === n; }
        case "X": { const n = count(1); return (mol, i) => mol.neighbours[i].length + mol.atoms[i][3] === n; }
        case "H": {
          if (isFirst && /[\]+\-:]/.test(after ?? "")) return (mol, i) => mol.atoms[i][0] === 1;
          const n = count(1);
          return (mol, i) => mol.atoms[i][3] + countHydrogens(mol, i) === n;
        }
        case "h": { const n = takeNumber(); return (mol, i) => n === null ? mol.atoms[i][4] > 0 : mol.atoms[i][4] === n; }
        case "v": { const n = count(1); return (mol, i) => mol.atoms[i][6] === n; }
        case "R": { const n = takeNumber(); return (mol, i) => n === null ? mol.sizes[i].length > 0 : mol.sizes[i].length === n; }
        case "r": { const n = takeNumber(); return (mol, i) => n === null ? mol.sizes[i].length > 0 : mol.sizes[i].includes(n) && Math.min(...mol.sizes[i]) === n; }
        case "x": { const n = takeNumber(); return (mol, i) => n === null ? mol.ringDegree[i] > 0 : mol.ringDegree[i] === n; }
        default:
          if (letter && NUMBER.has(letter)) return (mol, i) => mol.atoms[i][0] === NUMBER.get(letter) && !mol.atoms[i][1];
          return fail(letter ? `${JSON.stringify(letter)} is not understood in an atom` : "an atom is not finished: ] is missing", start);
      }
    }

    function parseCharge(sign, unit) {
      let charge = unit;
      const number = takeNumber();
      if (number !== null) charge = unit * number;
      else while (take(sign)) charge += unit;
      return (mol, i) => mol.atoms[i][2] === charge;
    }

    function parseRecursive(start) {
      let depth = 1;
      const from = at;
      while (at < text.length && depth > 0) {
        if (text[at] === "(") depth++;
        if (text[at] === ")") depth--;
        at++;
      }
      if (depth > 0) fail("$( is not closed", start);
      let inner;
      try {
        inner = parse(text.slice(from, at - 1));
      } catch (error) {
        throw error instanceof SmartsError ? new SmartsError(error.message, from + error.position) : error;
      }
      query.ignoresStereo ||= inner.ignoresStereo;
      return (mol, i) => {
        if (!mol.memo.has(inner)) mol.memo.set(inner, new Map());
        const known = mol.memo.get(inner);
        if (!known.has(i)) known.set(i, search(inner, mol, i, 1).length > 0);
        return known.get(i);
      };
    }

    function parseAtom() {
      const start = at;
      if (take("[")) {
        let isFirst = true;
        const test = parseExpression(() => {
          const part = parseAtomPrimitive(isFirst || /\[\d+$/.test(text.slice(start, at)));
          isFirst = false;
          return part;
        }, () => peek("]"));
        if (!take("]")) fail("] is missing", start);
        return test;
      }
      if (take("*")) return () => true;
      const aromatic = AROMATIC.filter((symbol) => symbol.length === 1).find((symbol) => peek(symbol));
      if (aromatic) {
        at++;
        const number = NUMBER.get(aromatic.toUpperCase());
        return (mol, i) => mol.atoms[i][0] === number && mol.atoms[i][1] === 1;
      }
      const symbol = ORGANIC.find((one) => peek(one));
      if (symbol) {
        at += symbol.length;
        const number = NUMBER.get(symbol);
        return (mol, i) => mol.atoms[i][0] === number && mol.atoms[i][1] === 0;
      }
      if (take("a")) return (mol, i) => mol.atoms[i][1] === 1;
      if (take("A")) return (mol, i) => mol.atoms[i][1] === 0;
      return fail(at < text.length ? `${JSON.stringify(text[at])} is not understood` : "an atom is missing at the end");
    }

    const BONDS = {
      "-": (order) => order === 1, "/": (order) => order === 1, "\\": (order) => order === 1,
      "=": (order) => order === 2, "#": (order) => order === 3, ":": (order) => order === 4,
      "~": () => true, "@": (order, inRing) => inRing,
    };
    const isBond = () => at < text.length && "-=#:~@/\\!".includes(text[at]);
    const parseBond = () => parseExpression(() => {
      const sign = text[at];
      if (!(sign in BONDS)) fail("a bond is expected");
      at++;
      if (sign === "/" || sign === "\\") { query.ignoresStereo = true; take("?"); }
      return BONDS[sign];
    }, () => !isBond() && !peek("&"));
    const usualBond = (order) => order === 1 || order === 4;

    function parseRingNumber() {
      if (take("%(")) {
        const number = takeNumber() ?? fail("a ring number is expected");
        take(")") || fail(") is missing");
        return number;
      }
      if (take("%")) {
        const found = /^\d\d/.exec(text.slice(at));
        if (!found) fail("two digits are expected after %");
        at += 2;
        return Number(found[0]);
      }
      return Number(text[at++]);
    }

    const open = new Map();
    const branches = [];
    let previous = null;
    let bond = null;
    while (at < text.length) {
      if (peek("(")) {
        if (previous === null) fail("a bracket cannot stand here; groups of components are not known");
        branches.push([previous, at++]);
      } else if (take(")")) {
        if (branches.length === 0) fail(") has no beginning", at - 1);
        if (bond) fail("an atom is missing after the bond", at - 1);
        previous = branches.pop()[0];
      } else if (take(".")) {
        if (previous === null || bond) fail("an atom is missing before the dot", at - 1);
        previous = null;
      } else if (isBond()) {
        if (previous === null || bond) fail("a bond cannot stand here");
        bond = parseBond();
      } else if (/[\d%]/.test(text[at]) && previous !== null) {
        const start = at;
        const number = parseRingNumber();
        if (open.has(number)) {
          const [other, itsBond] = open.get(number);
          if (other === previous) fail("a ring cannot close at its own atom", start);
          query.bonds.push([other, previous, bond ?? itsBond ?? usualBond]);
          open.delete(number);
        } else open.set(number, [previous, bond, start]);
        bond = null;
      } else if (text[at] === ">") {
        fail("a reaction is no substructure");
      } else {
        query.atoms.push(parseAtom());
        const atom = query.atoms.length - 1;
        if (previous !== null) query.bonds.push([previous, atom, bond ?? usualBond]);
        previous = atom;
        bond = null;
      }
    }
    if (bond) fail("an atom is missing after the bond");
    if (branches.length) fail("( is not closed", branches[0][1]);
    if (open.size) fail("a ring is not closed", [...open.values()][0][2]);
    if (query.atoms.length === 0) fail("there is no atom");
    query.links = query.atoms.map((_, i) => query.bonds.filter(([a, b]) => Math.max(a, b) === i)
      .map(([a, b, test]) => [Math.min(a, b), test]));
    return query;
  }

  /* Adds to a graph what matching needs of it. */
  function prepare(graph) {
    const mol = { atoms: graph.atoms, memo: new Map() };
    mol.neighbours = graph.atoms.map(() => []);
    mol.bond = new Map();
    mol.sizes = graph.atoms.map(() => []);
    mol.ringDegree = graph.atoms.map(() => 0);
    const n = graph.atoms.length;
    const ringBonds = new Set();
    for (const ring of graph.rings) {
      ring.forEach((atom, k) => {
        const next = ring[(k + 1) % ring.length];
        mol.sizes[atom].push(ring.length);
        ringBonds.add(Math.min(atom, next) * n + Math.max(atom, next));
      });
    }
    for (const [a, b, order] of graph.bonds) {
      const inRing = ringBonds.has(Math.min(a, b) * n + Math.max(a, b));
      mol.neighbours[a].push(b);
      mol.neighbours[b].push(a);
      mol.bond.set(a * n + b, [order, inRing]);
      mol.bond.set(b * n + a, [order, inRing]);
      if (inRing) { mol.ringDegree[a]++; mol.ringDegree[b]++; }
    }
    return mol;
  }

  const countHydrogens = (mol, i) => mol.neighbours[i].filter((j) => mol.atoms[j][0] === 1).length;

  /* Returns up to `limit` matches, each the atoms of the molecule in the order of the query. */
  function search(query, mol, root = null, limit = MAX_MATCHES) {
    const n = mol.atoms.length;
    const chosen = [];
    const used = new Set();
    const found = [];
    let steps = 0;
    const fits = (k, atom) => {
      if (used.has(atom) || !query.atoms[k](mol, atom)) return false;
      return query.links[k].every(([earlier, test]) => {
        const bond = mol.bond.get(chosen[earlier] * n + atom);
        return bond !== undefined && test(...bond);
      });
    };
    const extend = (k) => {
      if (k === query.atoms.length) {
        found.push([...chosen]);
        return;
      }
      const near = query.links[k].length ? mol.neighbours[chosen[query.links[k][0][0]]] : null;
      const candidates = k === 0 && root !== null ? [root] : near ?? mol.atoms.keys();
      for (const atom of candidates) {
        if (++steps > MAX_STEPS) throw new SmartsError("this takes too long; ask for something more specific", 0);
        if (!fits(k, atom)) continue;
        chosen.push(atom);
        used.add(atom);
        extend(k + 1);
        chosen.pop();
        used.delete(atom);
        if (found.length >= limit) return;
      }
    };
    extend(0);
    return found;
  }

  return { parse, prepare, search, SmartsError };
})();
