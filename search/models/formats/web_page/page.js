// What a person sees. Names of classes and files are text, and never markup.
import { answer, ready } from "./network.js";

const MOST_BARS = 6, MOST_NAMES = 12;
const [said, answers, drop] = ["said", "answers", "drop"].map((id) => document.getElementById(id));

const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const percent = (share) => `${(100 * share).toFixed(1)}%`;

const seenBy = (seen, size) => {
  const canvas = element("canvas", { width: size, height: size, className: "seen" });
  const image = canvas.getContext("2d").createImageData(size, size);
  for (let place = 0; place < size * size; place++) {
    image.data.set(seen.subarray(3 * place, 3 * place + 3), 4 * place);
    image.data[4 * place + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "the picture as the network got it");
  return canvas;
};

const shown = ({ seen, probabilities, milliseconds }, { classes, decision, input }) => {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]), [first] = order;
  const unsure = decision && probabilities[first] < decision.thresholds[first];
  const bars = order.slice(0, MOST_BARS).map((place, rank) => {
    const bar = element("progress", { max: 1, value: probabilities[place] });
    bar.setAttribute("aria-hidden", "true");
    const row = element("tr", { className: rank ? "" : "first" });
    row.append(element("th", { scope: "row", textContent: classes[place] }), element("td", {}, bar),
      element("td", { textContent: percent(probabilities[place]) }));
    return row;
  });
  const rest = order.length - bars.length;
  const facts = `${input.image_size} × ${input.image_size} pixels, ${milliseconds.toFixed(1)}\u00a0ms`;
  return [
    element("p", { className: "decided", textContent: unsure ? "unsure" : classes[first] }),
    ...(unsure ? [element("p", { className: "quiet", textContent: `most likely ${classes[first]}` })] : []),
    element("table", { className: "bars" }, element("tbody", {}, ...bars)),
    ...(rest > 0 ? [element("p", { className: "quiet", textContent: `and ${rest} less likely` })] : []),
    element("p", { className: "facts quiet" }, seenBy(seen, input.image_size),
      element("span", { textContent: `The network got this: ${facts}.` })),
  ];
};

const take = async (file) => {
  const image = element("img", { src: URL.createObjectURL(file), alt: file.name });
  const caption = element("figcaption", { className: "quiet", textContent: file.name });
  const place = element("div", { className: "answer", textContent: "…" });
  answers.prepend(element("article", {}, element("figure", {}, image, caption), place));
  try {
    const found = await answer(file);
    place.replaceChildren(...shown(found, (await ready).description));
  } catch (error) {
    image.remove();
    place.replaceChildren(element("p", { className: "warn", textContent: error.message }));
  }
};

const all = async (files) => {
  for (const [number, file] of files.entries()) {
    said.textContent = files.length > 1 ? `picture ${number + 1} of ${files.length}…` : "";
    await take(file);
  }
  said.textContent = "";
};

const listen = () => {
  const files = document.getElementById("files");
  files.addEventListener("change", () => all([...files.files]).then(() => { files.value = ""; }));
  document.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    all([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => all([...event.clipboardData.files]));
};

said.textContent = "The network is loading…";
ready.then(({ description: { classes } }) => {
  const names = classes.slice(0, MOST_NAMES), rest = classes.length - names.length;
  document.getElementById("classes").textContent =
    `The network tells ${classes.length} classes: ${names.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}.`;
  said.textContent = "";
  document.body.classList.add("ready");
  listen();
}, (error) => {
  said.className = "warn";
  said.textContent = `The network cannot be loaded. ${error.message}`;
});
