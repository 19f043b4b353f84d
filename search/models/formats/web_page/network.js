// The network and what makes pictures fit for it: as the program that trained it does.
import * as ort from "onnxruntime-web";
import { square } from "./square.js";

const MOST_PIXELS = 50_000_000;

const got = async (address, options) => {
  const reply = await fetch(address, options);
  if (!reply.ok) throw new Error(`${address} cannot be loaded: ${reply.status} ${reply.statusText}`);
  return reply;
};

const load = async () => {
  const { wasm, integrity } = document.body.dataset;
  const binary = got(wasm, { integrity }).then((reply) => reply.arrayBuffer());
  const model = got("model.onnx").then((reply) => reply.arrayBuffer());
  const description = await got("description.json").then((reply) => reply.json());
  ort.env.wasm.numThreads = 1; // more need headers that simple servers do not send
  ort.env.wasm.wasmBinary = await binary;
  const session = await ort.InferenceSession.create(await model, { executionProviders: ["wasm"] });
  return { description, session };
};

// -> { description, session }
export const ready = load();

// RGB bytes of the network's size, size x size x 3 -> Float32Array, a probability for each class
export const probabilities = async (rgb) => {
  const { description, session } = await ready;
  const size = description.input.image_size, places = size * size, planes = new Uint8Array(3 * places);
  for (let place = 0; place < places; place++)
    for (let channel = 0; channel < 3; channel++) planes[channel * places + place] = rgb[3 * place + channel];
  const [input] = session.inputNames, [output] = session.outputNames;
  const found = await session.run({ [input]: new ort.Tensor("uint8", planes, [1, 3, size, size]) });
  return found[output].data;
};

// A picture's file -> { rgb, width, height }: its pixels, upright by its EXIF data, on white, without colour management
const pixels = async (file) => {
  const options = { imageOrientation: "from-image", colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const picture = await createImageBitmap(file, options).catch(() => {
    throw new Error("This browser cannot read it as a picture.");
  });
  const { width, height } = picture;
  if (width * height > MOST_PIXELS) throw new Error(`It has ${width} x ${height} pixels, which are too many.`);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(picture, 0, 0);
  picture.close();
  const { data } = context.getImageData(0, 0, width, height), rgb = new Uint8Array(width * height * 3);
  for (let from = 0, to = 0; to < rgb.length; from += 4, to += 3) {
    rgb[to] = data[from];
    rgb[to + 1] = data[from + 1];
    rgb[to + 2] = data[from + 2];
  }
  return { rgb, width, height };
};

// A picture's file -> { seen, probabilities, milliseconds }: what the network got, and what it answers
export const answer = async (file) => {
  const { description: { input } } = await ready;
  const { rgb, width, height } = await pixels(file);
  const seen = square(rgb, height, width, input.image_size, input.fit === "crop");
  const started = performance.now();
  return { seen, probabilities: await probabilities(seen), milliseconds: performance.now() - started };
};
