// Everything that the server cannot do: reading anew without flicker, sending pictures, and saving decisions.
"use strict";

const EVERY_MS = 5000;

async function text(address, options) {
  const answer = await fetch(address, options);
  const said = await answer.text();
  if (!answer.ok) throw new Error(said);
  return said;
}

// Only the parts that have changed are replaced, so that nothing flickers, and what has the focus keeps it.
function update(place, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const known = [...fresh.children].every((part) => part.id && place.querySelector(`:scope > #${part.id}`));
  if (!known || place.children.length !== fresh.children.length) {
    place.replaceChildren(...fresh.childNodes);
    return;
  }
  for (const part of [...fresh.children]) {
    const old = place.querySelector(`:scope > #${part.id}`);
    if (old.dataset.html === part.outerHTML || old.outerHTML === part.outerHTML) continue;
    const focus = old.contains(document.activeElement) && document.activeElement.getAttribute("href");
    const scroll = old.querySelector("pre")?.scrollTop;
    part.dataset.html = part.outerHTML;
    old.replaceWith(part);
    if (focus) [...part.querySelectorAll("a")].find((a) => a.getAttribute("href") === focus)?.focus();
    const pre = part.querySelector("pre");
    if (pre) pre.scrollTop = scroll ?? pre.scrollHeight;
  }
}

async function live(place) {
  const width = Math.round(place.clientWidth);
  const address = place.dataset.live + (place.dataset.live.includes("?") ? "&" : "?") + `w=${width}`;
  try {
    const html = await text(address);
    if (html !== place.seen) update(place, html);
    place.seen = html;
  } catch (error) {
    if (!place.seen) place.textContent = error.message;
  }
}

for (const place of document.querySelectorAll("[data-live]")) {
  const again = () => live(place).finally(() => setTimeout(next, EVERY_MS));
  const next = () => (document.hidden ? setTimeout(next, EVERY_MS) : again());
  again();
  let late;
  addEventListener("resize", () => { clearTimeout(late); late = setTimeout(() => live(place), 200); });
}

for (const place of document.querySelectorAll("[data-load]")) {
  text(place.dataset.load).then((html) => { place.innerHTML = html; }, (error) => { place.textContent = error.message; });
}

for (const pre of document.querySelectorAll("pre")) pre.scrollTop = pre.scrollHeight;

const run = document.getElementById("run");
if (run) {
  const { minutes, slider } = run.elements;
  const plan = document.getElementById("plan");
  let late;
  run.addEventListener("input", (event) => {
    if (event.target === slider) minutes.value = slider.value;
    else if (event.target === minutes) slider.value = minutes.value;
    clearTimeout(late);
    late = setTimeout(() => text("/start/plan", { method: "POST", body: new URLSearchParams(new FormData(run)) })
      .then((said) => { plan.textContent = said; }, (error) => { plan.textContent = error.message; }), 150);
  });
}

for (const form of document.querySelectorAll("form.decision")) {
  const said = form.querySelector("[role=status]");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", (event) => {
    if (event.target.name === "proposed") form.elements.action.value = "relabel";
    const body = new URLSearchParams(new FormData(form));
    for (const same of document.querySelectorAll(`form.decision[data-line="${form.dataset.line}"]`)) {
      same.elements.action.value = body.get("action");
      same.elements.proposed.value = body.get("proposed");
    }
    text("/data/decide", { method: "POST", body }).then(() => { said.textContent = "saved"; },
      (error) => { said.textContent = error.message; });
  });
}

const drop = document.getElementById("drop");
if (drop) {
  const form = document.getElementById("try");
  const answers = document.getElementById("answers");
  const said = document.getElementById("said");
  const pictures = [];

  const ask = async (picture) => {
    const chosen = new URLSearchParams({ model: form.elements.model.value, beside: form.elements.beside.value });
    try {
      picture.answer.innerHTML = await text(`/try/answer?${chosen}`, { method: "POST", body: picture.file });
    } catch (error) {
      picture.answer.textContent = error.message;
    }
  };

  const take = async (file, name) => {
    const section = document.createElement("section");
    const figure = document.createElement("figure");
    figure.className = "picture";
    const image = document.createElement("img");
    image.src = URL.createObjectURL(file);
    image.alt = name;
    const caption = document.createElement("figcaption");
    caption.className = "quiet";
    caption.textContent = name;
    figure.append(image, caption);
    const picture = { file, answer: document.createElement("div") };
    picture.answer.className = "answers";
    picture.answer.textContent = "…";
    section.append(figure, picture.answer);
    answers.prepend(section);
    pictures.push(picture);
    await ask(picture);
  };

  const all = async (files) => {
    said.textContent = `${files.length} picture${files.length === 1 ? "" : "s"}…`;
    for (const file of files) await take(file, file.name);
    said.textContent = "";
  };

  form.addEventListener("change", async () => { for (const picture of pictures) await ask(picture); });
  document.getElementById("files").addEventListener("change", (event) => all([...event.target.files]));
  drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    all([...event.dataTransfer.files]);
  });

  const video = document.getElementById("video");
  const shoot = document.getElementById("shoot");
  document.getElementById("camera").addEventListener("click", async () => {
    try {
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.hidden = shoot.hidden = false;
      await video.play();
    } catch (error) {
      said.textContent = `The camera cannot be used: ${error.message}. Browsers allow it only on this machine or over HTTPS.`;
    }
  });
  shoot.addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => take(blob, "camera"), "image/png");
  });
}
