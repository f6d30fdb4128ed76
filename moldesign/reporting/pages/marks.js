"use strict";
/* Marks under the atoms of a drawn structure: heat maps, and what a search has found. */
const Marks = (() => {
  const SVG = "http://www.w3.org/2000/svg";
  const RADIUS = 13;

  function clear(picture) {
    picture.querySelector(".marks").replaceChildren();
    picture.classList.remove("is-mapped", "is-found");
  }

  /* A disc per atom: orange raises the value, blue lowers it, the stronger the more. */
  function drawHeat(picture, places, weights, scale) {
    clear(picture);
    picture.classList.add("is-mapped");
    const discs = places.map(([x, y], i) => {
      const disc = document.createElementNS(SVG, "circle");
      disc.setAttribute("cx", x);
      disc.setAttribute("cy", y);
      disc.setAttribute("r", RADIUS);
      disc.setAttribute("class", weights[i] > 0 ? "raises" : "lowers");
      disc.setAttribute("opacity", Math.min(Math.abs(weights[i]) / (scale || 1), 1).toFixed(2));
      return disc;
    });
    picture.querySelector(".marks").replaceChildren(...discs);
  }

  /* Thick strokes along the bonds between the atoms of each match. */
  function drawMatches(picture, places, bonds, matches) {
    clear(picture);
    if (!matches.length) return;
    picture.classList.add("is-found");
    const drawn = new Set();
    for (const match of matches) {
      const atoms = new Set(match);
      for (const [a, b] of bonds) if (atoms.has(a) && atoms.has(b)) drawn.add(`M${places[a]}L${places[b]}`);
      if (atoms.size === 1) drawn.add(`M${places[match[0]]}l0 0`);
    }
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", [...drawn].join(""));
    path.setAttribute("class", "found");
    picture.querySelector(".marks").replaceChildren(path);
  }

  return { clear, drawHeat, drawMatches };
})();
