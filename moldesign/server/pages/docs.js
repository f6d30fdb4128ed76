// The description of the API, written from openapi.json.

import { ask, takeToken } from "./api.js";
import { find, make } from "./dom.js";

takeToken();

function resolve(schema, all) {
  return schema.$ref ? all[schema.$ref.split("/").pop()] : schema;
}

function nameType(schema) {
  if (schema.anyOf) return schema.anyOf.map(nameType).join(" or ");
  if (schema.enum) return schema.enum.map((one) => JSON.stringify(one)).join(" | ");
  if (schema.type === "array") return `list of ${nameType(schema.items ?? {})}`;
  return schema.type ?? "any";
}

function listLimits(schema) {
  const keys = ["minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems", "maxItems"];
  return keys.filter((key) => key in schema).map((key) => `${key} ${schema[key]}`).join(", ");
}

function describeFields(schema) {
  const required = new Set(schema.required ?? []);
  const rows = Object.entries(schema.properties ?? {}).map(([name, one]) => {
    const otherwise = "default" in one ? `by default ${JSON.stringify(one.default)}` : "";
    const notes = [required.has(name) ? "required" : otherwise, listLimits(one)].filter(Boolean).join("; ");
    return make("tr", {}, make("th", { scope: "row" }, make("code", {}, name)), make("td", {}, nameType(one)), make("td", {}, notes));
  });
  return make("table", {}, make("tbody", {}, ...rows));
}

function describeRoute(path, method, route, all) {
  const body = route.requestBody ? resolve(route.requestBody.content["application/json"].schema, all) : null;
  const parameters = (route.parameters ?? []).map((one) => make("li", {}, make("code", {}, one.name), ` (${one.in}, ${nameType(one.schema)})`));
  const curl = method === "post" ? `curl -H 'content-type: application/json' ${location.origin}${path} -d '{…}'` : `curl ${location.origin}${path}`;
  return make(
    "article",
    { class: "route" },
    make("h3", {}, make("span", { class: "method" }, method.toUpperCase()), " ", make("code", {}, path)),
    make("p", {}, route.description ?? route.summary ?? ""),
    parameters.length ? make("ul", {}, ...parameters) : null,
    body ? describeFields(body) : null,
    make("pre", {}, curl),
  );
}

async function start() {
  try {
    const told = await ask("/openapi.json");
    const routes = Object.entries(told.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, route]) => describeRoute(path, method, route, told.components.schemas)),
    );
    find("routes").replaceChildren(...routes);
  } catch (error) {
    find("routes").replaceChildren(make("p", { class: "problem" }, error.message));
  }
}

start();
