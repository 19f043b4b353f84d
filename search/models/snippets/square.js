// RGB bytes, height x width x 3, upright -> Uint8Array, size x size x 3. As Pillow's bilinear resizing with antialiasing.
function square(rgb, height, width, size, crop) {
  const side = Math.min(height, width);
  const weights = (count) => {
    const [start, length] = crop ? [(count - side) / 2, side] : [0, count];
    const scale = length / size, reach = Math.max(scale, 1);
    return Array.from({ length: size }, (_, place) => {
      const center = start + (place + 0.5) * scale, found = [];
      const first = Math.max(Math.floor(center - reach + 0.5), 0);
      for (let at = first; at < Math.min(Math.floor(center + reach + 0.5), count); at++)
        found.push(Math.max(1 - Math.abs(at + 0.5 - center) / reach, 0));
      const sum = found.reduce((a, b) => a + b);
      return [first, found.map((weight) => weight / sum)];
    });
  };
  const pass = (source, lines, offset, step, result, start, next) => {
    lines.forEach(([first, all], place) => {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0.5;
        all.forEach((weight, index) => (sum += weight * source[offset + (first + index) * step + channel]));
        result[start + place * next + channel] = Math.floor(sum);
      }
    });
  };
  const across = weights(width), down = weights(height);
  const narrow = new Uint8Array(height * size * 3), result = new Uint8Array(size * size * 3);
  for (let y = 0; y < height; y++) pass(rgb, across, y * width * 3, 3, narrow, y * size * 3, 3);
  for (let x = 0; x < size; x++) pass(narrow, down, x * 3, size * 3, result, x * 3, size * 3);
  return result;
}
